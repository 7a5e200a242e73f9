"""Compile the graph's world knowledge into a :class:`~clinigraph.kg.advice.view.KnowledgeView`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from ...schemas.graph import WORLD_LABELS
from ..knowledge.sources import known_sources
from .parameters import parameters
from .phenotypes import GROUPS, PhenotypeMatrix, closure
from .view import DISEASE_PROPERTIES, STATEMENTS, KnowledgeSource, KnowledgeView, PhenotypeStatements

CURATED = "clinigraph-curated"
_PHENOTYPE = (
    *("source", "target", "id", "frequency", "frequency_value"),
    *("primary_knowledge_source", "source_version", "confidence", "note", "sex", "age"),
)
_DROPPED = ("source_label", "target_label", "licence", "knowledge_level", "agent_type")
Row = Mapping[str, Any]
Values = tuple[Any, ...]


@runtime_checkable
class ColumnSource(Protocol):
    """A source that gives some properties of all rows without making a dictionary of each."""

    def values(self, kind: str, columns: tuple[str, ...], /) -> Iterable[Values]:
        """Properties of the nodes of a label, or relationships of a type; None for what is absent."""


def compile_view(source: KnowledgeSource, version: str) -> KnowledgeView:
    """Read all world nodes and edges once and build the view; the same knowledge gives the same view."""
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    xrefs: dict[str, list[str]] = {}
    properties: dict[str, dict[str, Any]] = {}
    for label in WORLD_LABELS:
        of_diseases = DISEASE_PROPERTIES if label == "Disease" else ()
        for concept, name, others, *rest in _values(source, label, ("id", "name", "xrefs", *of_diseases)):
            names[concept], labels[concept] = name, label
            if others:
                xrefs[concept] = list(others)
            if rest:
                properties[concept] = {k: v for k, v in zip(DISEASE_PROPERTIES, rest, strict=True) if v is not None}
    parents = _grouped(source, "SUBCLASS_OF")
    phenotypes = [row for row in _values(source, "HAS_PHENOTYPE", _PHENOTYPE) if row[0] in names]
    phenotypes.sort(key=itemgetter(0, 1, 2))
    columns = _columns(labels, xrefs, phenotypes)
    matrix, diseases, findings, statements, sources = _phenotypes(phenotypes, columns, parents)
    return KnowledgeView(
        version=version,
        names=names,
        labels=labels,
        xrefs=xrefs,
        parents=parents,
        diseases=diseases,
        findings=findings,
        disease_properties=[properties.get(d, {}) for d in diseases],
        statements={type_: [_slim(row) for row in _sorted(source, type_)] for type_ in STATEMENTS},
        phenotype_statements=statements,
        sources=sources,
        memberships=_merged(_grouped(source, "HAS_INGREDIENT"), _grouped(source, "IN_CLASS")),
        matrix=matrix,
    )


def _values(source: KnowledgeSource, kind: str, columns: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
    """These properties of all nodes of a label or relationships of a type, None for what is absent."""
    if isinstance(source, ColumnSource):
        return source.values(kind, columns)
    rows = source.nodes(kind) if kind in WORLD_LABELS else source.edges(kind)
    return (tuple(map(row.get, columns)) for row in rows)


def _sorted(source: KnowledgeSource, type_: str) -> list[Row]:
    return sorted(source.edges(type_), key=lambda row: (row["source"], row["target"], row["id"]))


def _grouped(source: KnowledgeSource, type_: str) -> dict[str, list[str]]:
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for start, end in sorted(_values(source, type_, ("source", "target"))):
        groups[start][end] = None
    return {start: list(ends) for start, ends in groups.items()}


def _merged(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: [*first.get(key, ()), *second.get(key, ())] for key in dict.fromkeys([*first, *second])}


def _slim(row: Row) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k not in _DROPPED}


def _columns(labels: dict[str, str], xrefs: dict[str, list[str]], phenotypes: list[Values]) -> dict[str, int]:
    """Column of each finding. A disease that stands as a finding shares the column of its HPO twin."""
    findings = sorted(concept for concept, label in labels.items() if label == "PhenotypicFeature")
    columns = {concept: i for i, concept in enumerate(findings)}
    twins: dict[str, int] = {}
    for finding in findings:
        for other in xrefs.get(finding, ()):
            twins.setdefault(other, columns[finding])
    size = len(findings)
    for target in sorted({row[1] for row in phenotypes} - columns.keys()):
        own = next((columns[x] for x in xrefs.get(target, ()) if x in columns), twins.get(target))
        columns[target] = size if own is None else own
        size += own is None
    return columns


def _phenotypes(
    rows: list[Values], columns: dict[str, int], parents: dict[str, list[str]]
) -> tuple[PhenotypeMatrix, list[str], list[str], PhenotypeStatements, list[list[Any]]]:
    """Build the matrix; of several statements on one pair our own wins, else the highest frequency.

    A statement that an import brought without a frequency never stands above one that has a frequency.
    """
    diseases = sorted({row[0] for row in rows})
    disease_row = {d: i for i, d in enumerate(diseases)}
    findings = [""] * len(set(columns.values()))
    for concept, column in reversed(columns.items()):  # the first name of a column stays: the finding's own
        findings[column] = concept
    limits, bands = parameters()["likelihood"], parameters()["frequency"]
    lowest, highest, default = (limits[k] for k in ("min_frequency", "max_frequency", "default_frequency"))
    best: dict[tuple[int, int], tuple[bool, bool, float, int]] = {}
    shipped = known_sources()
    never: set[tuple[int, int]] = set()
    kept: list[Values] = []
    sources: dict[tuple[str, str], int] = {}
    whom: dict[tuple[tuple[int, int], bool], set[str]] = defaultdict(set)
    for source, target, id_, band, value, who, version, confidence, note, sex, age in rows:
        pair = (disease_row[source], columns[target])
        frequency = float(bands.get(band or "", default) if value is None else value)
        if band == "excluded" or frequency <= 0:
            never.add(pair)
            continue
        certain = who in shipped or band is not None or value is not None
        candidate = (who == CURATED, certain, min(max(frequency, lowest), highest), len(kept))
        if pair not in best or candidate[:3] > best[pair][:3]:
            best[pair] = candidate
        whom[pair, who == CURATED].add(next((group for group in (sex, age) if group in GROUPS), ""))
        kept.append((id_, sources.setdefault((who, version), len(sources)), confidence, note, band))
    statements = PhenotypeStatements(*(list(c) for c in zip(*kept, strict=True)) if kept else ([] for _ in range(5)))
    pairs = sorted(best)
    shape = (len(diseases), len(findings))
    at = (np.array([p[0] for p in pairs], np.int32), np.array([p[1] for p in pairs], np.int32))
    direct = sparse.csr_matrix((np.array([best[p][2] for p in pairs], np.float64), at), shape=shape)
    edges = sparse.csr_matrix((np.array([best[p][3] + 1 for p in pairs], np.int32), at), shape=shape)
    out = sorted(never - best.keys())
    never_at = (np.array([p[0] for p in out], np.int32), np.array([p[1] for p in out], np.int32))
    matrix = PhenotypeMatrix(
        direct=direct,
        edges=edges,
        never=sparse.csc_matrix((np.ones(len(out), bool), never_at), shape=shape),
        ancestors=closure(len(findings), _column_parents(columns, parents)),
        limited=tuple((*pair, group) for pair in pairs if (group := _only(whom[pair, best[pair][0]]))),
    )
    return matrix, diseases, findings, statements, [list(who) for who in sources]


def _only(groups: set[str]) -> str:
    """The group to which all who state an entry limit it, or nothing."""
    return next(iter(groups)) if len(groups) == 1 else ""


def _column_parents(columns: dict[str, int], parents: dict[str, list[str]]) -> dict[int, list[int]]:
    """Superclasses among the columns."""
    up: dict[int, list[int]] = defaultdict(list)
    for child, column in columns.items():
        for parent in parents.get(child, ()):
            other = columns.get(parent)
            if other is not None and other != column:
                up[column].append(other)
    return dict(up)
