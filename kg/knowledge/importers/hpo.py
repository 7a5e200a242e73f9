"""A newer release of the Human Phenotype Ontology: hp.obo (terms) and phenotype.hpoa (findings of diseases)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from ..findings import ROOTS, below, pooled_frequency
from ..obo import Term, read_terms
from ..sources import known_sources
from .reading import InputFile, InputFiles, Place, Rejected
from .records import Concept, Fact, Joined, LeftOut, Record

_ANNOTATIONS = "hpo-annotations"
_VERSIONS = ("data-version: hp/releases/", "data-version: ", "#version: ", "#date: ")
_COLUMNS = ("database_id", "disease_name", "qualifier", "hpo_id", "evidence", "onset", "frequency", "sex", "aspect")
_DATABASES = ("OMIM:", "ORPHA:", "DECIPHER:")


def version(files: InputFiles) -> str | None:
    """Release date in the header of either file."""
    for file in files.find("hp.obo", "phenotype.hpoa"):
        head = file.head()
        for marker in _VERSIONS:
            for line in head:
                if line.startswith(marker):
                    return line.removeprefix(marker).strip().removesuffix("/hp.obo")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Terms and hierarchy, then annotations."""
    ontology, annotations = files.optional("hp.obo"), files.optional("phenotype.hpoa")
    if ontology is None and annotations is None:
        ontology = files.one("hp.obo", "*.obo")
    terms: dict[str, Term] = {}
    if ontology is not None:
        yield from _terms(ontology, terms)
    if annotations is not None:
        onsets = {id: term.name for id, term in terms.items()}
        yield from _annotations(annotations, onsets)


class _Lines:
    """Lines of an OBO file that remember where the last term began."""

    def __init__(self, file: InputFile) -> None:
        self.file = file
        self.rejected: list[Rejected] = []
        self._begins = [0, 0]

    def __iter__(self) -> Iterator[str]:
        for line in self.file.lines():
            if isinstance(line, Rejected):
                self.rejected.append(line)
                continue
            number, text = line
            if text.startswith("["):
                self._begins = [self._begins[1], number]
            yield text
        self._begins = [self._begins[1], self._begins[1]]

    @property
    def begin(self) -> int:
        """Where the term began that has just been read to its end."""
        return self._begins[0]


def _terms(file: InputFile, terms: dict[str, Term]) -> Iterator[Record]:
    lines = _Lines(file)
    places: dict[str, Place] = {}
    for term in read_terms(lines):
        yield from lines.rejected
        lines.rejected.clear()
        place = file.place(lines.begin)
        if term.obsolete:
            yield LeftOut("HPO: obsolete terms")
        elif not term.id.startswith("HP:"):
            yield LeftOut("HPO: terms of other ontologies")
        elif not term.name:
            yield Rejected(place, f"the term {term.id} has no name")
        else:
            terms[term.id], places[term.id] = term, place
    yield from lines.rejected
    kept = set().union(*(below(root, terms) for root in ROOTS))
    for id in sorted(kept):
        term = terms[id]
        names = tuple(text for text, _, type_ in term.synonyms if "obsolete" not in type_)
        references = [x for x in term.xrefs if x.startswith(("UMLS:", "MSH:", "MESH:", "MONDO:"))]
        same_as = (*references, *term.alt_ids)
        yield Concept(id, "PhenotypicFeature", term.name, places[id], same_as, names, by_name=False, update=True)
    left = sum(id not in kept for id in terms)
    for _ in range(left):
        yield LeftOut("HPO: branches other than abnormality and past medical history")
    for id in sorted(kept):
        for parent in terms[id].parents:
            if parent in kept:
                properties = {"knowledge_level": None, "agent_type": None, "confidence": None}
                yield Fact("SUBCLASS_OF", id, parent, places[id], properties, orders_ours=True)
            else:
                yield LeftOut("HPO: parents that are left out")


_Row = tuple[str, str, str, Place, dict[str, str]]  # disease, finding, sex, place, what is said


def _annotations(file: InputFile, onsets: dict[str, str]) -> Iterator[Record]:
    """Diseases, then their findings."""
    licence = known_sources()[_ANNOTATIONS].licence
    rows: list[_Row] = []
    named: set[str] = set()
    for row in file.table(*_COLUMNS, comment="#"):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        place = file.place(number)
        disease, finding = fields["database_id"], fields["hpo_id"]
        if fields["aspect"] != "P":
            yield LeftOut("HPO annotations: inheritance, course, modifiers")
        elif not disease.startswith(_DATABASES) or not finding.startswith("HP:"):
            yield Rejected(place, f'"{disease}" or "{finding}" is no id of a disease or a finding')
        else:
            kept = {c: fields[c] for c in ("qualifier", "frequency", "evidence", "onset")}
            rows.append((disease, finding, fields["sex"].lower(), place, kept))
            if disease not in named:
                named.add(disease)
                name = fields["disease_name"]
                yield Concept(
                    disease, "Disease", name, place, by_name=False, update=True, source=_ANNOTATIONS, licence=licence
                )
    yield Joined(lambda home: _findings(rows, onsets, licence, home))


def _findings(rows: list[_Row], onsets: dict[str, str], licence: str, home: Callable[[str], str]) -> Iterator[Record]:
    """Rows of one disease of ours (OMIM and Orphanet may be one), finding and sex are pooled, as the build does."""
    pooled: dict[tuple[str, str, str], list[_Row]] = defaultdict(list)
    for row in rows:
        pooled[home(row[0]), home(row[1]), row[2]].append(row)
    for (disease, finding, sex), group in pooled.items():
        said = [fields for *_, fields in group]
        frequency, share = pooled_frequency(said)
        onset = sorted({onsets.get(fields["onset"], "") for fields in said} - {""})
        properties = {
            "frequency": frequency,
            "frequency_value": share,
            "sex": sex,
            "onset": onset[0] if onset else None,
            "confidence": 0.9 if any(fields["evidence"] == "PCS" for fields in said) else 0.8,
        }
        place = group[0][3]
        yield Fact("HAS_PHENOTYPE", disease, finding, place, properties, source=_ANNOTATIONS, licence=licence)
