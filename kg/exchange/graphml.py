"""GraphML through networkx: for graphs that fit into memory."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ...schemas.graph import NODES, RELATIONSHIPS, WORLD_LABELS
from ..stores.base import GraphStore

# what XML 1.0 cannot hold
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_graphml(store: GraphStore, path: Path) -> None:
    """Write a directed multigraph. Lists are JSON text; nodes outside the world's ids are called ``LABEL/id``."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    for label in NODES:
        for row in store.nodes(label):
            graph.add_node(_key(label, row["id"]), label=label, **_values(row))
    for type_ in RELATIONSHIPS:
        for row in store.edges(type_):
            ends = _key(row["source_label"], row["source"]), _key(row["target_label"], row["target"])
            properties = {k: v for k, v in row.items() if not k.startswith(("source_l", "target_l"))}
            properties.pop("source")
            properties.pop("target")
            graph.add_edge(*ends, key=f"{type_}/{_clean(row['id'])}", type=type_, **_values(properties))
    nx.write_graphml_xml(graph, path, encoding="utf-8", named_key_ids=False)


def _key(label: str, id: str) -> str:
    return _clean(id if label in WORLD_LABELS else f"{label}/{id}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _values(row: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in row.items():
        if name == "id":
            continue
        if isinstance(value, list):
            value = json.dumps(value, ensure_ascii=False)
        # Mention has a property "label" of its own
        found["property_label" if name == "label" else name] = _clean(value) if isinstance(value, str) else value
    return found
