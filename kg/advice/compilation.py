"""Compile the graph's world knowledge into a :class:`~clinigraph.kg.advice.view.KnowledgeView`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from ...schemas.graph import WORLD_LABELS
from .parameters import parameters
from .phenotypes import PhenotypeMatrix, closure
from .view import DISEASE_PROPERTIES, STATEMENTS, KnowledgeSource, KnowledgeView

CURATED = "clinigraph-curated"
_DROPPED = ("source_label", "target_label", "licence", "knowledge_level", "agent_type")
Row = Mapping[str, Any]


def compile_view(source: KnowledgeSource, version: str) -> KnowledgeView:
    """Read all world nodes and edges once and build the view; the same knowledge gives the same view."""
    names: dict[str, str] = {}
    labels: dict[str, str] = {}
    xrefs: dict[str, list[str]] = {}
    properties: dict[str, dict[str, Any]] = {}
    for label in WORLD_LABELS:
        for row in source.nodes(label):
            concept = row["id"]
            names[concept], labels[concept] = row["name"], label
            if row.get("xrefs"):
                xrefs[concept] = list(row["xrefs"])
            if label == "Disease":
                properties[concept] = {k: row[k] for k in DISEASE_PROPERTIES if row.get(k) is not None}
    parents = _grouped(source, "SUBCLASS_OF")
    phenotypes = [row for row in _sorted(source, "HAS_PHENOTYPE") if row["source"] in names]
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


def _sorted(source: KnowledgeSource, type_: str) -> list[Row]:
    return sorted(source.edges(type_), key=lambda row: (row["source"], row["target"], row["id"]))


def _grouped(source: KnowledgeSource, type_: str) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in _sorted(source, type_):
        if row["target"] not in groups[row["source"]]:
            groups[row["source"]].append(row["target"])
    return dict(groups)


def _merged(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: [*first.get(key, ()), *second.get(key, ())] for key in dict.fromkeys([*first, *second])}


def _slim(row: Row) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k not in _DROPPED}


def _columns(labels: dict[str, str], xrefs: dict[str, list[str]], phenotypes: list[Row]) -> dict[str, int]:
    """Column of each finding. A disease that stands as a finding shares the column of its HPO twin."""
    findings = sorted(concept for concept, label in labels.items() if label == "PhenotypicFeature")
    columns = {concept: i for i, concept in enumerate(findings)}
    twins: dict[str, int] = {}
    for finding in findings:
        for other in xrefs.get(finding, ()):
            twins.setdefault(other, columns[finding])
    for target in sorted({row["target"] for row in phenotypes} - columns.keys()):
        own = next((columns[x] for x in xrefs.get(target, ()) if x in columns), twins.get(target))
        columns[target] = len(set(columns.values())) if own is None else own
    return columns


def _frequency(row: Row, bands: Mapping[str, float], default: float) -> float:
    value = row.get("frequency_value")
    return float(bands.get(row.get("frequency") or "", default) if value is None else value)


def _phenotypes(
    rows: list[Row], columns: dict[str, int], parents: dict[str, list[str]]
) -> tuple[PhenotypeMatrix, list[str], list[str], list[list[Any]], list[list[Any]]]:
    """Build the matrix; of several statements on one pair our own wins, else the highest frequency."""
    diseases = sorted({row["source"] for row in rows})
    disease_row = {d: i for i, d in enumerate(diseases)}
    findings = [""] * len(set(columns.values()))
    for concept, column in reversed(columns.items()):  # the first name of a column stays: the finding's own
        findings[column] = concept
    limits, bands = parameters()["likelihood"], parameters()["frequency"]
    lowest, highest, default = (limits[k] for k in ("min_frequency", "max_frequency", "default_frequency"))
    best: dict[tuple[int, int], tuple[bool, float, int]] = {}
    never: set[tuple[int, int]] = set()
    statements: list[list[Any]] = []
    sources: dict[tuple[str, str], int] = {}
    for row in rows:
        pair = (disease_row[row["source"]], columns[row["target"]])
        frequency = _frequency(row, bands, default)
        if row.get("frequency") == "excluded" or frequency <= 0:
            never.add(pair)
            continue
        who = (row["primary_knowledge_source"], row["source_version"])
        clipped = min(max(frequency, lowest), highest)
        candidate = (who[0] == CURATED, clipped, len(statements))
        if pair not in best or candidate[:2] > best[pair][:2]:
            best[pair] = candidate
        band = row.get("frequency")
        number = sources.setdefault(who, len(sources))
        statements.append([row["id"], number, row.get("confidence"), row.get("note"), band])
    pairs = sorted(best)
    shape = (len(diseases), len(findings))
    at = (np.array([p[0] for p in pairs], np.int32), np.array([p[1] for p in pairs], np.int32))
    direct = sparse.csr_matrix((np.array([best[p][1] for p in pairs], np.float64), at), shape=shape)
    edges = sparse.csr_matrix((np.array([best[p][2] + 1 for p in pairs], np.int32), at), shape=shape)
    out = sorted(never - best.keys())
    never_at = (np.array([p[0] for p in out], np.int32), np.array([p[1] for p in out], np.int32))
    matrix = PhenotypeMatrix(
        direct=direct,
        edges=edges,
        never=sparse.csc_matrix((np.ones(len(out), bool), never_at), shape=shape),
        ancestors=closure(len(findings), _column_parents(columns, parents)),
    )
    return matrix, diseases, findings, statements, [list(who) for who in sources]


def _column_parents(columns: dict[str, int], parents: dict[str, list[str]]) -> dict[int, list[int]]:
    """Superclasses among the columns."""
    up: dict[int, list[int]] = defaultdict(list)
    for child, column in columns.items():
        for parent in parents.get(child, ()):
            other = columns.get(parent)
            if other is not None and other != column:
                up[column].append(other)
    return dict(up)
