"""CSV files with headers for ``neo4j-admin database import full``, the fastest way into an empty Neo4j.

Tried with neo4j-admin 5.26: all values come through but empty lists. The store's own ``_hash`` goes along, so that a
later ``graph push`` knows what is there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ...schemas.graph import NODES, RELATIONSHIPS, WORLD_LABELS, NodeType
from ..stores.base import GraphStore
from ..stores.neo4j_statements import HASH, node_labels, row_hash
from ..stores.rows import edge_shape, node_shape

_TYPES = {
    "string": "string",
    "date": "string",
    "int": "long",
    "float": "double",
    "bool": "boolean",
    "string[]": "string[]",
}
ARRAY_DELIMITER = "\x1f"  # no text holds it by accident
_COMMAND = """Stop the server, then, in its home folder, with this folder as DIR:

bin/neo4j-admin database import full neo4j --overwrite-destination --multiline-fields=true --array-delimiter=U+001F \\
  {files}

Then open the graph once with clinigraph, which makes the constraints and indexes.
"""


def write_admin_import(store: GraphStore, folder: Path) -> None:
    """Write a file per label and relationship type, and README.txt with the command."""
    arguments = []
    for label, kind in NODES.items():
        rows = list(store.nodes(label))
        if rows:
            _write(folder / f"nodes_{label}.csv", _node_header(kind), (_node_values(label, row) for row in rows))
            arguments.append(f"--nodes={node_labels(label)}=DIR/nodes_{label}.csv")
    for type_ in RELATIONSHIPS:
        for (source, target), rows in _by_ends(store.edges(type_)).items():
            name = f"relationships_{type_}_{source}_{target}.csv"
            _write(folder / name, _edge_header(type_, source, target), (_edge_values(type_, row) for row in rows))
            arguments.append(f"--relationships={type_}=DIR/{name}")
    text = _COMMAND.format(files=" \\\n  ".join(arguments))
    (folder / "README.txt").write_text(text, encoding="utf-8")


def _space(label: str) -> str:
    """World nodes share one space of ids."""
    return "Concept" if label in WORLD_LABELS else label


def _node_header(kind: NodeType) -> list[str]:
    shape = node_shape(kind.label)
    properties = [f"{n}:{_TYPES[t]}" for n, t in zip(shape.columns[1:], shape.types[1:], strict=True)]
    return [f"id:ID({_space(kind.label)})", *properties, f"{HASH}:string"]


def _edge_header(type_: str, source: str, target: str) -> list[str]:
    shape = edge_shape(type_)
    properties = [f"{n}:{_TYPES[t]}" for n, t in zip(shape.columns[3:], shape.types[3:], strict=True)]
    ends = [f":START_ID({_space(source)})", f":END_ID({_space(target)})"]
    return [*ends, "id:string", *properties, f"{HASH}:string"]


def _node_values(label: str, row: dict[str, Any]) -> list[Any]:
    values = [row.get(name) for name in node_shape(label).columns]
    return [*values, _hash(values, values)]


def _edge_values(type_: str, row: dict[str, Any]) -> list[Any]:
    values = [row.get(name) for name in edge_shape(type_).columns]
    hash_ = _hash((*values, row["source_label"], row["target_label"]), values)
    return [row["source"], row["target"], row["id"], *values[3:], hash_]


def _hash(hashed: Sequence[Any], values: Sequence[Any]) -> str | None:
    """Hash of a row; none for lists that CSV cannot hold (``[]`` and ``[""]``), so that a push puts them right."""
    lossy = any(isinstance(value, list) and value in ([], [""]) for value in values)
    return None if lossy else row_hash(hashed)


def _text(value: Any) -> str:
    """A CSV field. neo4j-admin tells an absent value (nothing) from an empty one (quotes), Python's writer does not."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = ARRAY_DELIMITER.join(value)
    return '"' + str(value).replace('"', '""') + '"'


def _by_ends(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["source_label"], row["target_label"]), []).append(row)
    return groups


def _write(path: Path, header: list[str], rows: Iterable[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(header) + "\n")
        file.writelines(",".join(map(_text, row)) + "\n" for row in rows)
