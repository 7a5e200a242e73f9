"""Hetionet 1.0: the JSON of hetio (with licences), or its two tables.

Compound-treats-Disease and compound-palliates-Disease are PharmacotherapyDB, the answer key of a benchmark: they are
never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .json_stream import array_items
from .reading import InputFiles, Place, Rejected
from .records import Concept, Fact, LeftOut, Record

_VERSION = re.compile(r"hetionet-(v\d[\w.]*?)(?:-|\.json|\.tsv|\.sif|$)")
# metanode -> label and prefix of its identifiers (None: they are CURIEs)
_NODES: dict[str, tuple[str, str | None]] = {
    "Compound": ("Drug", "DRUGBANK"),
    "Disease": ("Disease", None),
    "Side Effect": ("PhenotypicFeature", "UMLS"),
    "Symptom": ("PhenotypicFeature", "MESH"),
    "Pharmacologic Class": ("DrugClass", "NDFRT"),
}
# metaedge -> relationship, and whether it runs the other way in the graph
_EDGES = {"CcSE": ("HAS_ADVERSE_EVENT", False), "DpS": ("HAS_PHENOTYPE", False), "PCiC": ("IN_CLASS", True)}
_ANSWER_KEY = ("CtD", "CpD")
_ABBREVIATIONS = {
    ("Compound", "causes", "Side Effect"): "CcSE",
    ("Disease", "presents", "Symptom"): "DpS",
    ("Pharmacologic Class", "includes", "Compound"): "PCiC",
    ("Compound", "treats", "Disease"): "CtD",
    ("Compound", "palliates", "Disease"): "CpD",
}


def version(files: InputFiles) -> str | None:
    """The version in the file name."""
    files.find("hetionet*.json", "hetionet*nodes.tsv", "hetionet*edges.sif")
    return next((m[1] for f in files.all if (m := _VERSION.search(f.plain_name))), None)


def records(files: InputFiles) -> Iterator[Record]:
    """Nodes, then edges."""
    network = files.optional("hetionet*.json", "*.json")
    if network is None:
        yield from _tables(files)
        return
    for item in array_items(network, ("nodes", "edges")):
        if isinstance(item, Rejected):
            yield item
            continue
        key, number, value = item
        place = network.place(number, f"{key} item")
        try:
            yield _node_item(value, place) if key == "nodes" else _edge_item(value, place)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            yield Rejected(place, f"the item is not as hetio writes it ({type(error).__name__}: {error})")


def _node_item(value: Any, place: Place) -> Record:
    data = value.get("data") or {}
    return _node(
        value["kind"], str(value["identifier"]), str(value["name"]), place, data.get("source"), data.get("license")
    )


def _edge_item(value: Any, place: Place) -> Record:
    (source_kind, source), (target_kind, target) = value["source_id"], value["target_id"]
    kind, data = value["kind"], value.get("data") or {}
    metaedge = _ABBREVIATIONS.get((source_kind, kind, target_kind))
    if metaedge is None:
        metaedge = _ABBREVIATIONS.get((target_kind, kind, source_kind))  # "both" may be written from either side
        if metaedge is not None:
            source, target = target, source
    said = data.get("source") or next(iter(data.get("sources") or ()), None)
    return _edge(
        metaedge or f"{source_kind} {kind} {target_kind}", str(source), str(target), place, said, data.get("license")
    )


def _tables(files: InputFiles) -> Iterator[Record]:
    nodes = files.one("hetionet*nodes.tsv", "*nodes.tsv")
    edges = files.one("hetionet*edges.sif", "*edges.sif", "*edges.tsv")
    for row in nodes.table("id", "name", "kind"):
        if isinstance(row, Rejected):
            yield row
        else:
            number, fields = row
            identifier = fields["id"].partition("::")[2]
            yield _node(fields["kind"], identifier, fields["name"], nodes.place(number))
    for row in edges.table("source", "metaedge", "target"):
        if isinstance(row, Rejected):
            yield row
        else:
            number, fields = row
            source, target = fields["source"].partition("::")[2], fields["target"].partition("::")[2]
            yield _edge(fields["metaedge"], source, target, edges.place(number))


def _node(
    kind: str, identifier: str, name: str, place: Place, source: str | None = None, licence: str | None = None
) -> Record:
    if kind not in _NODES:
        return LeftOut("Hetionet: nodes that the graph does not hold (genes, pathways, anatomy ...)")
    if not identifier:
        return Rejected(place, f"a {kind} without an identifier")
    label, prefix = _NODES[kind]
    return Concept(
        f"{prefix}:{identifier}" if prefix else identifier,
        label,
        name,
        place,
        source=f"hetionet/{source}" if source else None,
        licence=licence or None,
    )


def _edge(
    metaedge: str, source: str, target: str, place: Place, said: str | None = None, licence: str | None = None
) -> Record:
    if metaedge in _ANSWER_KEY:
        return LeftOut("Hetionet: treats and palliates (PharmacotherapyDB, the answer key of a benchmark)")
    if metaedge not in _EDGES:
        return LeftOut("Hetionet: edges that the graph does not hold (genes, anatomy, resemblance ...)")
    if not source or not target:
        return Rejected(place, "an edge without both its ends")
    type_, turned = _EDGES[metaedge]
    ends = {
        "CcSE": ("Compound", "Side Effect"),
        "DpS": ("Disease", "Symptom"),
        "PCiC": ("Pharmacologic Class", "Compound"),
    }
    first, second = (
        f"{_NODES[kind][1]}:{id}" if _NODES[kind][1] else id
        for kind, id in zip(ends[metaedge], (source, target), strict=True)
    )
    subject, object_ = (second, first) if turned else (first, second)
    return Fact(type_, subject, object_, place, source=f"hetionet/{said}" if said else None, licence=licence or None)
