"""One Parquet table per node label and relationship type, with the registry's types."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...schemas.graph import NODES, RELATIONSHIPS, NodeType, RelationshipType
from ..stores.base import GraphStore

_TYPES = {
    "string": pa.string(),
    "date": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "string[]": pa.list_(pa.string()),
}
_ENDS = ("source", "source_label", "target", "target_label")
_ROWS = 50_000  # in memory at once


def write_parquet(store: GraphStore, folder: Path) -> None:
    """Write the tables that have rows, ``nodes_LABEL.parquet`` and ``relationships_TYPE.parquet``."""
    for label, node in NODES.items():
        _write(folder / f"nodes_{label}.parquet", _schema(node), store.nodes(label))
    for type_, relationship in RELATIONSHIPS.items():
        _write(folder / f"relationships_{type_}.parquet", _schema(relationship), store.edges(type_))
    text = "One table per node label and relationship type of a clinigraph graph.\n"
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _schema(kind: NodeType | RelationshipType) -> pa.Schema:
    fields = [(p.name, _TYPES[p.type]) for p in kind.properties]
    if isinstance(kind, RelationshipType):
        fields[1:1] = [(name, pa.string()) for name in _ENDS]
    return pa.schema(fields)


def _write(path: Path, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> None:
    first = list(islice(rows, _ROWS))
    if not first:
        return
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while first:
            writer.write_table(pa.Table.from_pylist(first, schema=schema))
            first = list(islice(rows, _ROWS))
