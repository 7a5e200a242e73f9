"""The files that ship: ``nodes_<Label>.parquet``, ``edges_<TYPE>.parquet``, ``names.parquet``, and reading them.

Ids of edges and synonyms of nodes are not stored: both follow from the rest, and hashes do not compress.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import as_file, files
from itertools import repeat
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...schemas.graph import NODES, RELATIONSHIPS, NodeType, RelationshipType
from ...schemas.problems import UserError
from ..stores.rows import CheckedRows, edge_shape, node_shape
from .draft import DISCRIMINATORS, Draft, edge_id
from .ranking import Conflict, Name

_ARROW = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.string(),
    "string[]": pa.list_(pa.string()),
}
_NOT_STORED = {"synonyms"}
SYNONYM_LIMIT = 25


def _schema(kind: NodeType | RelationshipType) -> pa.Schema:
    fields = [(p.name, _ARROW[p.type]) for p in kind.properties if p.name not in _NOT_STORED]
    if isinstance(kind, RelationshipType):
        fields = [("source", pa.string()), ("target", pa.string()), *fields[1:]]
    return pa.schema(fields)


def write_tables(draft: Draft, names: list[Name], conflicts: list[Conflict], output: Path) -> dict[str, int]:
    """Write all files into a folder; return rows per file."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.parquet"):
        old.unlink()
    counts: dict[str, int] = {}
    for label in NODES:
        rows = [node for _, node in sorted(draft.nodes.items()) if node["label"] == label]
        if rows:
            plain = [{**row, "xrefs": sorted(row["xrefs"]) or None} for row in rows]
            counts[f"nodes_{label}.parquet"] = _write(plain, _schema(NODES[label]), output / f"nodes_{label}.parquet")
    for type_ in RELATIONSHIPS:
        rows = [row for (t, _), row in draft.edges.items() if t == type_]
        rows.sort(key=lambda r: (r["source"], r["target"], r["id"]))
        if rows:
            counts[f"edges_{type_}.parquet"] = _write(
                rows, _schema(RELATIONSHIPS[type_]), output / f"edges_{type_}.parquet"
            )
    counts["names.parquet"] = _write_names(draft, names, output / "names.parquet")
    _write_conflicts(conflicts, output / "conflicts.csv")
    return counts


def _write(rows: list[dict[str, Any]], schema: pa.Schema, path: Path) -> int:
    columns = {f.name: pa.array([row.get(f.name) for row in rows], type=f.type) for f in schema}
    table = pa.table(columns, schema=schema)
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=True)
    return len(rows)


def _write_names(draft: Draft, names: list[Name], path: Path) -> int:
    provenance = {source: draft.provenance(source) for source in {n.source for n in names}}
    table = pa.table(
        {
            "key": [n.key for n in names],
            "concept": [n.concept for n in names],
            "name": [n.name for n in names],
            "label": [draft.nodes[n.concept]["label"] for n in names],
            "kind": [n.kind for n in names],
            "rank": pa.array([n.rank for n in names], pa.int16()),
            "source": [n.source for n in names],
            "source_version": [provenance[n.source]["source_version"] for n in names],
            "licence": [provenance[n.source]["licence"] for n in names],
        }
    )
    pq.write_table(table, path, compression="zstd", compression_level=19, use_dictionary=True)
    return len(names)


def _write_conflicts(conflicts: list[Conflict], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["name", "label", "kind", "winner", "losers"])
        for c in conflicts:
            writer.writerow([c.name, c.label, c.kind, c.winner, "|".join(c.losers)])


class KnowledgeTables:
    """Rows of built knowledge, in the terms of the graph's registry, without a store.

    Parameters
    ----------
    folder : Path
        Folder that ``clinigraph knowledge build`` wrote.

    Examples
    --------
    >>> tables = knowledge_tables()
    >>> next(tables.iter_nodes("Context"))["id"]
    'CG:adult'
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def labels(self) -> list[str]:
        """Node labels that have rows."""
        return [label for label in NODES if (self.folder / f"nodes_{label}.parquet").is_file()]

    @property
    def types(self) -> list[str]:
        """Relationship types that have rows."""
        return [type_ for type_ in RELATIONSHIPS if (self.folder / f"edges_{type_}.parquet").is_file()]

    @cached_property
    def version(self) -> str:
        """Version of the knowledge: a hash over all its files."""
        from .build import Manifest

        return Manifest.read(self.folder).version

    def iter_nodes(self, label: str) -> Iterator[dict[str, Any]]:
        """Nodes of one label; a property without a value is left out."""
        path = self.folder / f"nodes_{label}.parquet"
        if path.is_file():
            synonyms = self._synonyms
            for row in self._rows(path):
                names = [n for n in synonyms.get(row["id"], ()) if n != row["name"]]
                if names:
                    row["synonyms"] = names[:SYNONYM_LIMIT]
                yield row

    def iter_edges(self, type_: str) -> Iterator[dict[str, Any]]:
        """Edges of one type: ``id``, ``source``, ``target`` and the properties that have a value."""
        path = self.folder / f"edges_{type_}.parquet"
        if path.is_file():
            for row in self._rows(path):
                row["id"] = edge_id(type_, row)
                yield row

    @cached_property
    def intact(self) -> bool:
        """True if all files are those that the build wrote, which had checked every row of them."""
        from .build import Manifest

        stated = {name: entry["sha256"] for name, entry in Manifest.read(self.folder).files.items()}
        return all(
            hashlib.sha256(file.read_bytes()).hexdigest() == stated.get(file.name)
            for file in self.folder.glob("*.parquet")
        )

    def checked_nodes(self, label: str) -> CheckedRows:
        """Nodes of one label as values, for a store to load as they are; only if the files are :attr:`intact`."""
        columns = _columns(self.folder / f"nodes_{label}.parquet")
        synonyms = self._synonyms
        columns["synonyms"] = [
            [n for n in synonyms.get(id_, ()) if n != name][:SYNONYM_LIMIT] or None
            for id_, name in zip(columns["id"], columns["name"], strict=True)
        ]
        return CheckedRows(list(zip(*(columns[name] for name in node_shape(label).columns), strict=True)))

    def checked_edges(self, type_: str) -> CheckedRows:
        """Edges of one type as values, sorted by id; only if the files are :attr:`intact`."""
        columns = _columns(self.folder / f"edges_{type_}.parquet")
        columns["id"] = _edge_ids(type_, columns)
        absent = [None] * len(columns["id"])  # a property that is younger than the files
        values = zip(*(columns.get(name, absent) for name in edge_shape(type_).columns), strict=True)
        return CheckedRows(sorted(values, key=itemgetter(0)))

    @staticmethod
    def _rows(path: Path) -> Iterator[dict[str, Any]]:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=20_000):
            for row in batch.to_pylist():
                yield {key: value for key, value in row.items() if value is not None}

    @cached_property
    def _synonyms(self) -> dict[str, list[str]]:
        table = pq.ParquetFile(self.folder / "names.parquet").read(columns=["concept", "name", "rank"])
        keys = [("concept", "ascending"), ("rank", "ascending"), ("name", "ascending")]
        order = table.take(pc.sort_indices(table, sort_keys=keys))  # Table.sort_by would import much more
        coded = order["concept"].combine_chunks().dictionary_encode()  # numbered as they appear
        starts = np.flatnonzero(np.diff(coded.indices.to_numpy(), prepend=-1)).tolist()
        names = order["name"].to_pylist()
        bounds = zip(starts, [*starts[1:], len(names)], strict=True)
        return {concept: names[a:b] for concept, (a, b) in zip(coded.dictionary.to_pylist(), bounds, strict=True)}


def _columns(path: Path) -> dict[str, list[Any]]:
    """Columns of a file as lists; equal strings are one object."""
    table = pq.ParquetFile(path).read()
    return {name: _column(table[name].combine_chunks()) for name in table.column_names}


def _column(values: Any) -> list[Any]:
    if pa.types.is_floating(values.type):
        return pc.add(values, 0.0).to_pylist()  # no negative zero
    if not pa.types.is_string(values.type):
        return values.to_pylist()
    coded = values.dictionary_encode()
    words = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    return words[coded.indices.fill_null(len(words) - 1).to_numpy()].tolist()


def _edge_ids(type_: str, columns: dict[str, list[Any]]) -> list[str]:
    """:func:`~.draft.edge_id` of all rows."""
    parts = [columns[name] for name in ("source", "target", "primary_knowledge_source")]
    parts += [list(map(str, columns[name])) for name in DISCRIMINATORS.get(type_, ())]
    texts = map("\x1f".join, zip(repeat(type_), *parts))
    return [f"K:{hashlib.sha256(text.encode()).hexdigest()[:20]}" for text in texts]


def knowledge_tables(folder: str | Path | None = None) -> KnowledgeTables:
    """The knowledge in a folder, or the one that ships with the package.

    Raises
    ------
    UserError
        If there is none.
    """
    if folder is None:
        with as_file(files(__package__).joinpath("data")) as path:
            folder = path
    folder = Path(folder)
    if not (folder / "manifest.json").is_file():
        raise UserError(f"there is no built knowledge in {folder}", "run: clinigraph knowledge build --data PATH")
    return KnowledgeTables(folder)
