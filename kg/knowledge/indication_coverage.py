"""How much of a list of indications the graph answers, and what each says that the other does not.

Made for the lists of Every Cure (one .xlsx of drug-disease pairs, one of drugs). They are read to compare, never
to add a row. A pair counts once per drug of ours; drugs that our curated list lacks are left out of the figure.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.problems import UserError
from ...schemas.vocabulary import Vocabulary
from .sources import CURATED
from .spreadsheet import sheet_rows

if TYPE_CHECKING:
    from ..advice.view import KnowledgeView

INDICATIONS = "matrix_indication_list.xlsx"
DRUGS = "merged_drugList_with_atc_and_labels.xlsx"
# A disease with more kinds than this is a chapter ("cancer", "bacterial infectious disease"): a statement about it
# says nothing about one of its kinds, nor the reverse, so nothing is matched through it.
CHAPTER = 300
_DISEASE_LABELS = ("Disease", "PhenotypicFeature")
_CURIE = re.compile(r"'([^']+)'")


@dataclass(frozen=True)
class Pair:
    """A drug and what it is given for, under our concepts, with the words of who says so."""

    drug: str
    disease: str | None
    drug_name: str
    disease_name: str
    widened: bool = False  # the disease is known only without the stage or course that the name says

    @property
    def words(self) -> str:
        """The pair as a line."""
        return f"{self.drug_name} -> {self.disease_name}"


@dataclass(frozen=True)
class IndicationReport:
    """How much of a list the graph answers.

    Attributes
    ----------
    pairs : int
        Their pairs whose drug is in our curated list.
    exact, broader, narrower : int
        Pairs answered: we state the drug for the same disease (or its twin); for a disease that theirs is a kind of
        (the advice follows this one), by the hierarchy or because their name adds no more than a stage or course;
        for a kind of theirs. The first that holds counts. Nothing is matched through a chapter of the hierarchy.
    unmapped : int
        Pairs whose disease the vocabulary does not know; they count as missed.
    missed : tuple of Pair
        What they say and we do not.
    ours : tuple of Pair
        What we say and they do not, in any of the three ways.
    """

    pairs: int
    exact: int
    broader: int
    narrower: int
    unmapped: int
    drugs: int
    other_drugs: int
    missed: tuple[Pair, ...]
    ours: tuple[Pair, ...]

    @property
    def answered(self) -> float:
        """Share of their pairs that are answered."""
        return (self.exact + self.broader + self.narrower) / self.pairs if self.pairs else 0.0

    def to_dict(self, sample: int = 0, seed: int = 0) -> dict[str, Any]:
        """The figures, and a sample of each list of differences.

        Examples
        --------
        >>> IndicationReport(4, 2, 1, 0, 1, 1, 0, (), ()).to_dict()["answered"]
        0.75
        """
        total = self.pairs or 1
        data: dict[str, Any] = {
            "pairs": self.pairs,
            "answered": round(self.answered, 4),
            "answered_of_known_diseases": round(self.answered * total / ((total - self.unmapped) or 1), 4),
            "exact": round(self.exact / total, 4),
            "ours_broader": round(self.broader / total, 4),
            "ours_narrower": round(self.narrower / total, 4),
            "unmapped_disease": self.unmapped,
            "drugs": self.drugs,
            "drugs_not_in_our_list": self.other_drugs,
            "theirs_not_ours": len(self.missed),
            "ours_not_theirs": len(self.ours),
        }
        if sample:
            draw = random.Random(seed)
            for name, rows in (("sample_theirs_not_ours", self.missed), ("sample_ours_not_theirs", self.ours)):
                data[name] = sorted(p.words for p in draw.sample(rows, min(sample, len(rows))))
        return data


def evaluate_indications(path: str | Path, view: KnowledgeView, vocabulary: Vocabulary) -> IndicationReport:
    """Compare the graph's indications with the list in a folder.

    Parameters
    ----------
    path
        Folder with ``matrix_indication_list.xlsx`` and ``merged_drugList_with_atc_and_labels.xlsx``.
    view
        Compiled knowledge.
    vocabulary
        Finds drugs and diseases by cross reference, then by name.
    """
    our_targets: dict[str, set[str]] = defaultdict(set)
    curated = set()
    for row in view.statements.get("TREATS", ()):
        our_targets[row["source"]].add(row["target"])
        if row["primary_knowledge_source"] == CURATED:
            curated.add(row["source"])
    theirs, others = _their_pairs(Path(path), vocabulary, frozenset(curated))
    match = _Matcher(view)
    counts: Counter[str] = Counter()
    missed, matched = [], set[tuple[str, str]]()
    for pair in theirs:
        how, targets = match(pair, our_targets.get(pair.drug, set()))
        counts[how] += 1
        matched |= {(pair.drug, target) for target in targets}
        if how == "missed":
            missed.append(pair)
    compared = {pair.drug for pair in theirs}
    ours = tuple(
        Pair(drug, target, view.name(drug), view.name(target))
        for drug in sorted(compared)
        for target in sorted(our_targets.get(drug, ()))
        if (drug, target) not in matched
    )
    return IndicationReport(
        pairs=len(theirs),
        exact=counts["exact"],
        broader=counts["broader"],
        narrower=counts["narrower"],
        unmapped=sum(pair.disease is None for pair in theirs),
        drugs=len(compared),
        other_drugs=others,
        missed=tuple(missed),
        ours=ours,
    )


class _Matcher:
    """Says how one of their diseases is answered by the targets of our drug, and by which of them."""

    def __init__(self, view: KnowledgeView) -> None:
        self.view = view
        self._is_chapter = lru_cache(maxsize=None)(lambda concept: len(view.below(concept)) > CHAPTER)
        self._below = lru_cache(maxsize=None)(lambda concept: frozenset(view.below(concept)))

    def __call__(self, pair: Pair, ours: Iterable[str]) -> tuple[str, set[str]]:
        disease = pair.disease
        if disease is None:
            return "missed", set()
        same = {t for t in ours if t in self.view.same_as(disease)}
        above = self.view.above(disease)
        broader = {t for t in ours if t in above and not self._is_chapter(t)}
        narrower = set() if self._is_chapter(disease) else {t for t in ours if t in self._below(disease)}
        if pair.widened:  # a kind of the disease under whose id it goes here
            return ("broader", same | broader) if same or broader else ("missed", set())
        how = "exact" if same else "broader" if broader else "narrower" if narrower else "missed"
        return how, same | broader | narrower


def _their_pairs(folder: Path, vocabulary: Vocabulary, ours: frozenset[str]) -> tuple[list[Pair], int]:
    """Their pairs under our concepts, each once, and how many of their drugs are not in our list."""
    for name in (INDICATIONS, DRUGS):
        if not (folder / name).is_file():
            raise UserError(f"there is no {name} in {folder}", "give the folder of Every Cure's lists")
    others = {row["curie"]: _CURIE.findall(row.get("alternate_ids", "")) for row in sheet_rows(folder / DRUGS)}
    find_drug = _DrugFinder(vocabulary, others, ours)
    pairs: dict[tuple[str, str], Pair] = {}
    unknown = set()
    for row in sheet_rows(folder / INDICATIONS):
        theirs, name = row["final normalized drug id"], row["final normalized drug label"]
        drug = find_drug(theirs, name)
        if drug is None:
            unknown.add(theirs)
            continue
        curie, words = row["final normalized disease id"], row["final normalized disease label"]
        disease, widened = _disease(curie, words, vocabulary)
        key = (drug, curie if widened or disease is None else disease)
        pairs.setdefault(key, Pair(drug, disease, name, words, widened))
    return list(pairs.values()), len(unknown)


class _DrugFinder:
    """Finds the drug of our curated list that one of theirs is: by its id, its name, then its other ids."""

    def __init__(self, vocabulary: Vocabulary, others: dict[str, list[str]], ours: frozenset[str]) -> None:
        self.vocabulary, self.others, self.ours = vocabulary, others, ours
        self.found: dict[str, str | None] = {}

    def __call__(self, curie: str, name: str) -> str | None:
        if curie not in self.found:
            self.found[curie] = next((d for d in self._candidates(curie, name) if d in self.ours), None)
        return self.found[curie]

    def _candidates(self, curie: str, name: str) -> Iterator[str]:
        yield from (c.id for c in self.vocabulary.resolve(curie))
        named = (self.vocabulary.concept(c.concept) for c in self.vocabulary.lookup(name))
        yield from (c.id for c in named if c.label == "Drug")
        ids = {c.id for other in self.others.get(curie, ()) for c in self.vocabulary.resolve(other)} & self.ours
        if len(ids) == 1:  # ids of several drugs of ours: a mixture, or a mistake
            yield from ids


def _disease(curie: str, name: str, vocabulary: Vocabulary) -> tuple[str | None, bool]:
    """The concept by id, by name, or by the name without its stage or course (then True)."""
    prefix, _, local = curie.partition(":")
    for id_ in (curie, f"{prefix.upper()}:{local}"):
        found = [c.id for c in vocabulary.resolve(id_) if c.label in _DISEASE_LABELS]
        if found:
            return found[0], False
    exact = _named(name, vocabulary)
    if exact is not None:
        return exact, False
    widened = (_named(bare, vocabulary) for bare in _without_qualifiers(name))
    return next((id_ for id_ in widened if id_), None), True


def _named(name: str, vocabulary: Vocabulary) -> str | None:
    found = (vocabulary.concept(c.concept) for c in vocabulary.lookup(name) if c.kind != "related")
    return next((c.id for c in found if c.label in _DISEASE_LABELS), None)


@lru_cache(maxsize=1)
def _qualifiers() -> tuple[tuple[re.Pattern[str], ...], frozenset[str]]:
    data = tomllib.loads(files(__package__).joinpath("disease_qualifiers.toml").read_text(encoding="utf-8"))
    patterns = tuple(re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in data["qualifiers"])
    return patterns, frozenset(data["not_with"])


def _without_qualifiers(name: str) -> Iterator[str]:
    """The name without one of the words that say course, stage or severity, then without all of them."""
    patterns, not_with = _qualifiers()
    if not_with & set(name.lower().split()):
        return
    bare = name
    for pattern in patterns:
        if pattern.search(name):
            yield pattern.sub(" ", name)
            bare = pattern.sub(" ", bare)
    if bare != name and bare.strip():
        yield bare
