"""KGX: a table of nodes and a table of edges in Biolink's terms. Several values of a cell are separated by ``|``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources
from typing import Any

from ....schemas.graph import RELATIONSHIPS, Property
from .curies import curie
from .reading import InputFile, InputFiles, Place, Rejected
from .records import Concept, Fact, LeftOut, Record

_ANSWER_KEYS = ("repodb", "pharmacotherapydb", "ddxplus")  # of benchmarks: never taken
_PROVENANCE = ("primary_knowledge_source", "source_version", "licence")


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources(__package__).joinpath("kgx.toml").read_text(encoding="utf-8"))


def version(files: InputFiles) -> str | None:
    """The files state none; they are asked for, so that their hash can stand in for one."""
    files.find("*nodes.tsv", "*edges.tsv")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Nodes, then edges."""
    nodes, edges = files.one("*nodes.tsv"), files.one("*edges.tsv")
    labels: dict[str, str] = {}
    for row in nodes.table("id", "category", "name"):
        yield row if isinstance(row, Rejected) else _node(nodes.place(row[0]), row[1], labels)
    for row in edges.table("subject", "predicate", "object"):
        yield row if isinstance(row, Rejected) else _edge(edges, row[0], row[1], labels)


def _values(text: str | None) -> list[str]:
    return [value for part in (text or "").split("|") if (value := part.strip())]


def _node(place: Place, fields: dict[str, str], labels: dict[str, str]) -> Record:
    if ":" not in fields["id"]:
        return Rejected(place, f'"{fields["id"]}" is no CURIE')
    categories = {c.removeprefix("biolink:") for c in _values(fields["category"])}
    if not categories:
        return Rejected(place, f"{fields['id']} has no category")
    label = next((_tables()["categories"][c] for c in _tables()["categories"] if c in categories), None)
    if label is None:
        return LeftOut("KGX: categories that the graph does not hold")
    labels[curie(fields["id"])] = label
    by = _values(fields.get("provided_by"))
    return Concept(
        fields["id"],
        label,
        fields["name"],
        place,
        (*_values(fields.get("same_as")), *_values(fields.get("equivalent_identifiers")), *_values(fields.get("xref"))),
        tuple(_values(fields.get("synonym"))),
        source=f"kgx/{by[0]}" if by else None,
        licence=fields.get("licence") or fields.get("license") or None,
    )


def _edge(file: InputFile, number: int, fields: dict[str, str], labels: dict[str, str]) -> Record:
    place = file.place(number)
    entry = _tables()["predicates"].get(fields["predicate"].removeprefix("biolink:"))
    if entry is None:
        return LeftOut("KGX: predicates that the graph does not hold")
    source = next(iter(_values(fields.get("primary_knowledge_source") or fields.get("knowledge_source"))), "")
    if not source:
        return Rejected(place, "the edge has no primary_knowledge_source: a fact without a source does not load")
    if any(key in source.lower() for key in _ANSWER_KEYS):
        return LeftOut(f"KGX: {source} is the answer key of a benchmark")
    if ":" not in fields["subject"] or ":" not in fields["object"]:
        return Rejected(place, "an end of the edge is no CURIE")
    if fields.get("negated", "").lower() == "true" and entry["type"] != "HAS_PHENOTYPE":
        return LeftOut("KGX: negated edges")
    properties = {k: v for k, v in entry.items() if k not in ("type", "reversed")}
    for property_ in RELATIONSHIPS[entry["type"]].properties:
        text = fields.get(property_.name, "").strip()
        if text and property_.name not in ("id", *_PROVENANCE):
            try:
                properties[property_.name] = _value(property_, text)
            except ValueError:
                return Rejected(place, f'"{property_.name}" should be {property_.type}, is "{text[:40]}"')
    if fields.get("negated", "").lower() == "true":
        properties |= {"frequency": "excluded", "frequency_value": 0.0}
    ends = (fields["subject"], fields["object"])
    subject, object_ = ends[::-1] if entry.get("reversed") else ends
    return Fact(
        entry["type"],
        subject,
        object_,
        place,
        properties,
        source=source,
        licence=fields.get("licence") or fields.get("license") or None,
    )


def _value(property_: Property, text: str) -> Any:
    if property_.type == "float":
        return float(text)
    if property_.type == "int":
        return int(text)
    if property_.type == "bool":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    return _values(text) if property_.type == "string[]" else text
