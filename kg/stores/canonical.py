"""The canonical export: one JSON object per line, the same to the byte for the same graph."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...schemas.graph import NODES, RELATIONSHIPS

if TYPE_CHECKING:
    from .base import GraphStore


def node_line(label: str, row: dict[str, Any]) -> str:
    """One node as a line, without line end.

    Examples
    --------
    >>> node_line("Patient", {"sex": "female", "id": "P1"})
    '{"label":"Patient","properties":{"id":"P1","sex":"female"}}'
    """
    return _line({"label": label, "properties": row})


def edge_line(type: str, row: dict[str, Any]) -> str:
    """One relationship, as :meth:`GraphStore.edges` gives it, as a line without line end."""
    ends = {k: row[k] for k in ("source", "source_label", "target", "target_label")}
    properties = {k: v for k, v in row.items() if k not in ends}
    return _line({"type": type, **ends, "properties": properties})


def canonical_lines(store: GraphStore) -> Iterator[str]:
    """All nodes in the order of the registry and of their ids, then all relationships."""
    for label in NODES:
        for row in store.nodes(label):
            yield node_line(label, row)
    for type_ in RELATIONSHIPS:
        for row in store.edges(type_):
            yield edge_line(type_, row)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
