"""The knowledge that advice needs, compiled from a graph into arrays and look-up tables that fit in memory."""

from __future__ import annotations

import json
import os
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy import sparse

from ...schemas.advice import ConceptRef, Source
from ...schemas.graph import WORLD_LABELS
from .parameters import parameters
from .phenotypes import FloatArray, PhenotypeMatrix

STATEMENTS = (
    "TREATS",
    "CONTRAINDICATED_IN",
    "INTERACTS_WITH",
    "HAS_ADVERSE_EVENT",
    "CROSS_REACTIVE_WITH",
    "DOSE_ADJUST_FOR",
    "DIAGNOSED_BY",
    "IN_CLASS",
    "HAS_INGREDIENT",
    "RISK_FACTOR_FOR",
    "RED_FLAG_FOR",
)
_FORMAT = "clinigraph-view-3"
DISEASE_PROPERTIES = (
    "prevalence_primary",
    "prevalence_emergency",
    "prevalence_hospital",
    "sex",
    "age_onset_min",
    "age_onset_max",
    "urgency",
    "must_not_miss",
)


class KnowledgeSource(Protocol):
    """What a view is compiled from: any graph store, or tables that look like one."""

    def nodes(self, label: str, /) -> Iterable[Mapping[str, Any]]:
        """World nodes of one label."""

    def edges(self, type: str, /) -> Iterable[Mapping[str, Any]]:
        """Relationships of one type: ``id, source, target`` and properties."""


Statement = dict[str, Any]


class PhenotypeStatements(NamedTuple):
    """Provenance of all entries of the matrix, a list per property: there are hundreds of thousands."""

    ids: list[str]
    sources: list[int]
    confidences: list[float | None]
    notes: list[str | None]
    bands: list[str | None]


@dataclass
class KnowledgeView:
    """Compiled knowledge: what diagnosis and drug advice compute on.

    Built once per version of the knowledge with :meth:`compile`, or read from a file that :meth:`save` wrote.

    Attributes
    ----------
    version
        Version of the knowledge it was compiled from.
    names, labels, xrefs, parents
        By concept id: preferred name, node label, the same thing in other vocabularies, direct superclasses.
    diseases
        Ids of the diseases that have findings: the rows of ``matrix``.
    findings
        Ids of the findings: the columns of ``matrix``.
    disease_properties
        Prevalence, sex, age, urgency per disease, in the order of ``diseases``.
    statements
        Relationships by type, as rows; see ``STATEMENTS``.
    phenotype_statements
        Provenance of the matrix's entries, numbered by ``matrix.edges``.

    Examples
    --------
    >>> view = KnowledgeView.compile(Rows({"Disease": [{"id": "MONDO:1", "name": "flu"}]}, {}))
    >>> view.name("MONDO:1")
    'flu'
    """

    version: str
    names: dict[str, str]
    labels: dict[str, str]
    xrefs: dict[str, list[str]]
    parents: dict[str, list[str]]
    diseases: list[str]
    findings: list[str]
    disease_properties: list[dict[str, Any]]
    statements: dict[str, list[Statement]]
    phenotype_statements: PhenotypeStatements
    sources: list[list[Any]]
    memberships: dict[str, list[str]]
    matrix: PhenotypeMatrix
    _keys: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _above: dict[str, dict[str, int]] = field(default_factory=dict, repr=False)
    _priors: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    _backgrounds: dict[str, FloatArray] = field(default_factory=dict, repr=False)

    # -- building ------------------------------------------------------------------------------------------

    @classmethod
    def compile(cls, source: KnowledgeSource, *, version: str = "", cache: Path | None = None) -> KnowledgeView:
        """Compile a view from a graph store or anything with ``nodes(label)`` and ``edges(type)``.

        Parameters
        ----------
        source
            Where the knowledge is read.
        version
            Version of the knowledge; a cache of another version is not used.
        cache
            File to read the view from if it holds this version, and to write it to if not.
        """
        if cache is not None and cache.exists():
            cached = cls.load(cache, version=version)
            if cached is not None:
                return cached
        from .compilation import compile_view

        view = compile_view(source, version)
        if cache is not None:
            view.save(cache)
        return view

    def save(self, path: Path) -> None:
        """Write the view as one ``.npz`` file without pickles; the file appears whole or not at all."""
        tables = {name: getattr(self, name) for name in _TABLES}
        tables["limited"] = self.matrix.limited
        text = json.dumps({"format": _FORMAT, **tables}, ensure_ascii=False, separators=(",", ":"))
        arrays: dict[str, Any] = {"tables": np.frombuffer(text.encode("utf-8"), dtype=np.uint8)}
        for name in ("direct", "edges", "never", "ancestors", "carried"):
            part = getattr(self.matrix, name)
            arrays |= {f"{name}_data": part.data, f"{name}_indices": part.indices, f"{name}_indptr": part.indptr}
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
        with temporary.open("wb") as file:
            np.savez(file, **arrays)
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path, *, version: str | None = None) -> KnowledgeView | None:
        """Read a view; None if the file is of another version, of another format, or damaged."""
        try:
            with np.load(path, allow_pickle=False) as archive:
                tables = json.loads(archive["tables"].tobytes().decode("utf-8"))
                if tables.pop("format", None) != _FORMAT or (version is not None and tables["version"] != version):
                    return None
                tables["phenotype_statements"] = PhenotypeStatements(*tables["phenotype_statements"])
                limited = tuple((int(row), int(column), str(whom)) for row, column, whom in tables.pop("limited"))
                matrix = _matrix(archive, len(tables["diseases"]), len(tables["findings"]), limited)
                return cls(**tables, matrix=matrix)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None

    # -- concepts ------------------------------------------------------------------------------------------

    def name(self, concept_id: str, default: str = "") -> str:
        """Preferred name, or the default, or the id."""
        return self.names.get(concept_id) or default or concept_id

    def ref(self, concept_id: str, default: str = "") -> ConceptRef:
        """Id with name."""
        return ConceptRef(id=concept_id, name=self.name(concept_id, default))

    @cached_property
    def by_xref(self) -> dict[str, list[str]]:
        """Concepts of the graph that carry a given cross reference."""
        index: dict[str, list[str]] = defaultdict(list)
        for concept, others in self.xrefs.items():
            for other in others:
                index[other].append(concept)
        return dict(index)

    def same_as(self, concept_id: str) -> tuple[str, ...]:
        """The concept and its twins in the graph (a MONDO disease and the HPO finding of the same meaning)."""
        others = [x for x in self.xrefs.get(concept_id, ()) if x in self.names]
        return tuple(dict.fromkeys((concept_id, *others, *self.by_xref.get(concept_id, ()))))

    def equivalent_ids(self, concept_id: str) -> set[str]:
        """Ids under which this concept is known: itself, twins, cross references of all of them."""
        twins = self.same_as(concept_id)
        return set(twins).union(*(self.xrefs.get(twin, ()) for twin in twins))

    def above(self, concept_id: str) -> dict[str, int]:
        """The concept, its twins and all superclasses, with the number of steps up."""
        known = self._above.get(concept_id)
        if known is None:
            known = self._above[concept_id] = self._walk(concept_id, self.parents)
        return known

    def below(self, concept_id: str) -> dict[str, int]:
        """The concept, its twins and all kinds of it, with the number of steps down."""
        return self._walk(concept_id, self.children)

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Direct subclasses."""
        index: dict[str, list[str]] = defaultdict(list)
        for child, parents in self.parents.items():
            for parent in parents:
                index[parent].append(child)
        return dict(index)

    def _walk(self, concept_id: str, step: Mapping[str, Sequence[str]]) -> dict[str, int]:
        seen = dict.fromkeys(self.same_as(concept_id), 0)
        level, steps = list(seen), 0
        while level:
            steps += 1
            found = (twin for c in level for n in step.get(c, ()) for twin in self.same_as(n))
            level = [c for c in dict.fromkeys(found) if c not in seen]
            seen.update(dict.fromkeys(level, steps))
        return seen

    # -- diseases ------------------------------------------------------------------------------------------

    @cached_property
    def disease_index(self) -> dict[str, int]:
        """Row of each disease, also under its cross references (where those are unambiguous)."""
        index = dict(self.disease_row)
        for other, concepts in self.by_xref.items():
            rows = {index[c] for c in concepts if c in index}
            if len(rows) == 1 and other not in index:
                index[other] = rows.pop()
        return index

    def disease_kinds(self, concept_id: str) -> tuple[int, ...]:
        """Rows of the disease and of all kinds of it."""
        index = self.disease_row
        return tuple(sorted({index[c] for c in self.below(concept_id) if c in index}))

    @cached_property
    def disease_row(self) -> dict[str, int]:
        """Row of each disease under its own id alone."""
        return {d: i for i, d in enumerate(self.diseases)}

    @cached_property
    def finding_index(self) -> dict[str, int]:
        """Column of each finding, also under its twins' ids."""
        index = {f: i for i, f in enumerate(self.findings)}
        for finding, column in list(index.items()):
            for twin in self.same_as(finding):
                index.setdefault(twin, column)
            for other in self.xrefs.get(finding, ()):
                index.setdefault(other, column)
        return index

    @cached_property
    def risks(self) -> dict[str, list[Statement]]:
        """RISK_FACTOR_FOR statements about diseases of the matrix, by factor and by each of its twins."""
        index: dict[str, list[Statement]] = defaultdict(list)
        for statement in self.statements.get("RISK_FACTOR_FOR", ()):
            if statement["target"] in self.disease_row:
                for twin in self.same_as(statement["source"]):
                    index[twin].append(statement)
        return dict(index)

    @cached_property
    def red_flags(self) -> dict[int, list[Statement]]:
        """RED_FLAG_FOR statements by row of the disease."""
        index: dict[int, list[Statement]] = defaultdict(list)
        for statement in self.statements.get("RED_FLAG_FOR", ()):
            row = self.disease_row.get(statement["target"])
            if row is not None:
                index[row].append(statement)
        return dict(index)

    def itself(self, row: int) -> set[int]:
        """Columns of findings that are the disease itself or a kind of it.

        They say that the disease is there, so nobody can be asked for them in order to find it.
        """
        disease = self.diseases[row]
        index, name = self.finding_index, self.name(disease).casefold()
        own = {index[c] for c in self.below(disease) if c in index}
        called = self._columns_by_name.get(name)
        return own if called is None else {*own, called}

    @cached_property
    def _columns_by_name(self) -> dict[str, int]:
        return {self.name(finding).casefold(): column for column, finding in enumerate(self.findings)}

    @cached_property
    def age_limits(self) -> tuple[FloatArray, FloatArray]:
        """Usual youngest and oldest age of onset per disease, in years."""
        low = [p.get("age_onset_min") for p in self.disease_properties]
        high = [p.get("age_onset_max") for p in self.disease_properties]
        return (
            np.array([0.0 if x is None else x for x in low], dtype=np.float64),
            np.array([130.0 if x is None else x for x in high], dtype=np.float64),
        )

    def log_prior(self, setting: str) -> FloatArray:
        """Log prior odds per disease in the setting; flat in the setting "rare"."""
        if setting not in self._priors:
            bands = parameters()["prevalence"]
            if setting == "rare":
                share = np.full(len(self.diseases), bands["unknown"])
            else:
                words = (p.get(f"prevalence_{setting}") or "unknown" for p in self.disease_properties)
                share = np.array([bands.get(word, bands["unknown"]) for word in words], dtype=np.float64)
            self._priors[setting] = np.log(share / (1 - share))
        return self._priors[setting]

    def background(self, setting: str) -> FloatArray:
        """How often each finding is seen in the setting: its frequency over the diseases, by their priors."""
        if setting not in self._backgrounds:
            weight = np.exp(self.log_prior(setting))
            total = weight.sum() or 1.0
            seen = self.matrix.carried.T @ (weight / total) if len(weight) else np.zeros(len(self.findings))
            doubt = min(0.5 / max(len(self.diseases), 1), parameters()["likelihood"]["background_doubt"])
            self._backgrounds[setting] = np.clip((seen + doubt) / (1 + doubt), doubt, 1.0)
        return self._backgrounds[setting]

    def phenotype_source(self, disease: int, finding: int, number: int) -> Source:
        """The statement behind one entry of the matrix."""
        found = self.phenotype_statements
        who, version = self.sources[found.sources[number]]
        band = found.bands[number]
        how_often = f" ({str(band).replace('_', ' ')})" if band else ""
        return Source(
            statement=f"{self.name(self.diseases[disease])}: {self.name(self.findings[finding])}{how_often}",
            primary_knowledge_source=who,
            source_version=version,
            edge_id=found.ids[number],
            confidence=found.confidences[number],
            note=found.notes[number],
        )

    # -- drugs ---------------------------------------------------------------------------------------------

    def drug_keys(self, drug_id: str) -> tuple[str, ...]:
        """The drug, its ingredients, and all classes of these: every id under which a rule may name it."""
        if drug_id not in self._keys:
            seen = dict.fromkeys(self.same_as(drug_id))
            queue = list(seen)
            for key in queue:  # grows while it is read
                for other in (*self.memberships.get(key, ()), *self.parents.get(key, ())):
                    if other not in seen:
                        seen[other] = None
                        queue.append(other)
            self._keys[drug_id] = tuple(seen)
        return self._keys[drug_id]

    def classes(self, drug_id: str) -> tuple[str, ...]:
        """Classes of the drug and of its ingredients, nearest first."""
        return tuple(k for k in self.drug_keys(drug_id) if self.labels.get(k) == "DrugClass")

    def ingredients(self, drug_id: str) -> tuple[str, ...]:
        """The drug itself and what it contains."""
        return tuple(k for k in self.drug_keys(drug_id) if self.labels.get(k) == "Drug") or (drug_id,)

    @cached_property
    def statements_from(self) -> dict[str, dict[str, list[Statement]]]:
        """Statements by type and source id; interactions and cross-reactivity under both ends."""
        index: dict[str, dict[str, list[Statement]]] = {type_: defaultdict(list) for type_ in STATEMENTS}
        for type_, rows in self.statements.items():
            for row in rows:
                index[type_][row["source"]].append(row)
                if type_ in ("INTERACTS_WITH", "CROSS_REACTIVE_WITH") and row["target"] != row["source"]:
                    index[type_][row["target"]].append(row)
        return index

    @cached_property
    def treatments(self) -> dict[str, list[Statement]]:
        """TREATS statements by what is treated."""
        index: dict[str, list[Statement]] = defaultdict(list)
        for row in self.statements.get("TREATS", ()):
            index[row["target"]].append(row)
        return dict(index)

    def about(self, type_: str, keys: Iterable[str]) -> Iterator[Statement]:
        """Statements of the type whose subject is one of the keys; for symmetric types either end."""
        index = self.statements_from[type_]
        for key in keys:
            yield from index.get(key, ())

    def source_of(self, row: Statement, verb: str) -> Source:
        """Provenance of a statement, in words."""
        return Source(
            statement=f"{self.name(row['source'])} {verb} {self.name(row['target'])}",
            primary_knowledge_source=row["primary_knowledge_source"],
            source_version=row["source_version"],
            edge_id=row.get("id"),
            confidence=row.get("confidence"),
            note=row.get("note") or row.get("effect") or row.get("detail"),
        )


_TABLES = (
    "version",
    "names",
    "labels",
    "xrefs",
    "parents",
    "diseases",
    "findings",
    "disease_properties",
    "statements",
    "phenotype_statements",
    "sources",
    "memberships",
)


@dataclass(frozen=True)
class Rows:
    """Knowledge as plain rows in memory, in the shape that a graph store has.

    Examples
    --------
    >>> [n["id"] for n in Rows({"Drug": [{"id": "DRUGBANK:1", "name": "x"}]}, {}).nodes("Drug")]
    ['DRUGBANK:1']
    """

    node_rows: Mapping[str, Sequence[Mapping[str, Any]]]
    edge_rows: Mapping[str, Sequence[Mapping[str, Any]]]

    def nodes(self, label: str, /) -> Iterator[Mapping[str, Any]]:
        """Nodes of one label."""
        assert label in WORLD_LABELS, label
        return iter(self.node_rows.get(label, ()))

    def edges(self, type: str, /) -> Iterator[Mapping[str, Any]]:
        """Relationships of one type."""
        return iter(self.edge_rows.get(type, ()))


def _matrix(
    archive: Mapping[str, Any], diseases: int, findings: int, limited: tuple[tuple[int, int, str], ...]
) -> PhenotypeMatrix:
    """Put the matrices of a saved view together again."""
    shapes = {"ancestors": (findings, findings)}
    kinds = {"never": sparse.csc_matrix, "carried": sparse.csc_matrix}
    parts = {
        name: kinds.get(name, sparse.csr_matrix)(
            (archive[f"{name}_data"], archive[f"{name}_indices"], archive[f"{name}_indptr"]),
            shape=shapes.get(name, (diseases, findings)),
        )
        for name in ("direct", "edges", "never", "ancestors", "carried")
    }
    carried = parts.pop("carried")
    matrix = PhenotypeMatrix(**parts, limited=limited)
    matrix.__dict__["carried"] = carried  # fills the cached property
    return matrix
