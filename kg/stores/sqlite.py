"""The embedded store: one SQLite file in WAL mode. Many may read while one writes; kill -9 loses no finished batch."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, Self

from ...schemas.graph import NODES, RELATIONSHIPS, NodeType, RelationshipType, endpoint_labels
from ...schemas.problems import UserError
from .base import Counts, Row, StoreRowError, node_type, relationship_type
from .canonical import canonical_lines
from .rows import RowShape, Values, edge_shape, node_shape
from .sqlite_file import explained, open_file
from .sqlite_tables import create_indexes, table_columns, upsert_statement

_PAGE = 5_000  # rows read at once
_FROM_SQL: dict[str, Callable[[Any], Any]] = {"string[]": json.loads, "bool": bool}


class SqliteStore:
    """A graph in one file. Implements :class:`~clinigraph.kg.stores.base.GraphStore`.

    One object may be shared by threads (calls wait for each other); every process opens its own.

    Parameters
    ----------
    path
        The file.
    read_only
        Refuse writes. A file without write permission is opened so in any case.
    create
        Make the file if there is none.

    Raises
    ------
    UserError
        If the file is missing (and not to be made), not ours, damaged, or of a newer version.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder, SqliteStore(pathlib.Path(folder, "g.db")) as store:
    ...     store.upsert_nodes("Encounter", [{"id": "E:1", "patient_id": "P1"}])
    ...     store.upsert_nodes("Encounter", [{"id": "E:1", "patient_id": "P1"}])
    ...     list(store.nodes("Encounter", patient_id="P1"))
    1
    0
    [{'id': 'E:1', 'patient_id': 'P1'}]
    """

    def __init__(self, path: str | Path, *, read_only: bool = False, create: bool = True) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection, self._read_only = open_file(self.path, read_only=read_only, create=create)

    @property
    def description(self) -> str:
        """The file's path."""
        return f"graph file {self.path}" + (" (read-only)" if self._read_only else "")

    @property
    def read_only(self) -> bool:
        """True if writes are refused."""
        return self._read_only

    # writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All calls within are written together or not at all; an inner one can fail alone."""
        with self._lock, explained(self.path):
            if self._read_only:
                raise UserError(f"{self.path} is open for reading only", "give it write permission, or copy it")
            name = f"level{self._depth}"
            begin, end, undo = (
                (f"SAVEPOINT {name}", f"RELEASE {name}", f"ROLLBACK TO {name}")
                if self._depth
                else ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
            )
            self._connection.execute(begin)
            self._depth += 1
            try:
                yield
                self._depth -= 1
                self._connection.execute(end)
            except BaseException:
                self._depth = int(name.removeprefix("level"))
                if self._connection.in_transaction:  # SQLite has rolled back already if the disk is full
                    try:
                        self._connection.execute(undo)
                    except sqlite3.OperationalError:
                        # Ctrl-C right after RELEASE: the savepoint is gone, and the outer transaction undoes it all
                        if not self._depth:
                            raise
                raise

    def upsert_nodes(self, label: str, rows: Iterable[Row]) -> int:
        """See :meth:`GraphStore.upsert_nodes`."""
        shape = node_shape(label)
        batch = shape.clean(rows)
        with self.transaction():
            if NODES[label].world:
                self._claim_concepts(label, batch, shape.columns.index("name"))
            return self._write(shape, (batch[id] for id in sorted(batch)))

    def _claim_concepts(self, label: str, batch: dict[str, Values], name: int) -> None:
        for id, other in self.resolve(batch).items():
            if other != label:
                raise StoreRowError(label, id, f"the graph has this id as {other}")
        self._connection.executemany(
            "INSERT INTO Concept (id, label, name) VALUES (?, ?, ?)"
            " ON CONFLICT(id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
            ((id, label, batch[id][name]) for id in sorted(batch)),
        )

    def upsert_edges(self, type: str, rows: Iterable[Row]) -> int:
        """See :meth:`GraphStore.upsert_edges`."""
        shape = edge_shape(type)
        batch = shape.clean(rows)
        with self.transaction():
            sources = self._end_labels(type, "source", batch.values(), 1)
            targets = self._end_labels(type, "target", batch.values(), 2)
            return self._write(
                shape,
                (
                    (id, source, sources[source], target, targets[target], *properties)
                    for id, source, target, *properties in map(batch.__getitem__, sorted(batch))
                ),
            )

    def _end_labels(self, type: str, end: str, rows: Iterable[Values], column: int) -> dict[str, str]:
        """Label of every node at this end of the rows."""
        rows = list(rows)
        kind = RELATIONSHIPS[type]
        allowed = kind.sources if end == "source" else kind.targets
        wanted = json.dumps(sorted({row[column] for row in rows}))
        doubtful: set[str] = set()
        labels = endpoint_labels(allowed)
        found: dict[str, str] = {}
        if any(NODES[label].world for label in labels):  # these share one space of ids
            query = "SELECT id, label FROM Concept WHERE id IN (SELECT value FROM json_each(?))"
            found = {id: own for id, own in self._connection.execute(query, (wanted,)) if own in labels}
        for label in (label for label in labels if not NODES[label].world):
            query = f'SELECT id FROM "{label}" WHERE id IN (SELECT value FROM json_each(?))'
            for (id,) in self._connection.execute(query, (wanted,)):
                if id in found:
                    doubtful.add(id)
                found[id] = label
        for row in rows:
            if row[column] not in found:
                reason = f'{end} "{row[column]}" is not in the graph as {" or ".join(allowed)}'
                raise StoreRowError(type, row[0], reason, "load the nodes before their relationships")
            if row[column] in doubtful:
                raise StoreRowError(type, row[0], f'{end} "{row[column]}" is the id of several nodes')
        return found

    def _write(self, shape: RowShape, rows: Iterable[Sequence[Any]]) -> int:
        lists = [i for i, t in enumerate(_column_types(shape)) if t == "string[]"]
        before = self._connection.total_changes
        self._connection.executemany(upsert_statement(shape), _encoded(rows, lists) if lists else rows)
        return self._connection.total_changes - before

    def delete_nodes(self, label: str, ids: Iterable[str]) -> int:
        """See :meth:`GraphStore.delete_nodes`."""
        kind = node_type(label)
        chosen = json.dumps(list(ids))
        among = "IN (SELECT value FROM json_each(?))"
        with self.transaction():
            for type_, relationship in RELATIONSHIPS.items():
                for end, allowed in (("source", relationship.sources), ("target", relationship.targets)):
                    if label in endpoint_labels(allowed):
                        query = f'DELETE FROM "{type_}" WHERE "{end}" {among} AND "{end}_label" = ?'
                        self._connection.execute(query, (chosen, label))
            if kind.world:
                self._connection.execute(f"DELETE FROM Concept WHERE id {among} AND label = ?", (chosen, label))
            return self._connection.execute(f'DELETE FROM "{label}" WHERE id {among}', (chosen,)).rowcount

    def delete_edges(self, type: str, ids: Iterable[str]) -> int:
        """See :meth:`GraphStore.delete_edges`."""
        relationship_type(type)
        query = f'DELETE FROM "{type}" WHERE id IN (SELECT value FROM json_each(?))'
        with self.transaction():
            return self._connection.execute(query, (json.dumps(list(ids)),)).rowcount

    def bulk_load(self, nodes: Iterable[tuple[str, Iterable[Row]]], edges: Iterable[tuple[str, Iterable[Row]]]) -> int:
        """See :meth:`GraphStore.bulk_load`. Indexes of tables that were empty are made once, at the end."""
        changed = 0
        deferred: dict[str, str] = {}
        with self.transaction():
            for label, rows in nodes:
                deferred |= self._drop_indexes(node_type(label), label)
                changed += self.upsert_nodes(label, rows)
            for type_, rows in edges:
                deferred |= self._drop_indexes(relationship_type(type_), type_)
                changed += self.upsert_edges(type_, rows)
            for statement in deferred.values():
                self._connection.execute(statement)
            self._connection.execute("PRAGMA optimize")
        return changed

    def _drop_indexes(self, kind: NodeType | RelationshipType, table: str) -> dict[str, str]:
        if self._fetch(f'SELECT 1 FROM "{table}" LIMIT 1'):
            return {}
        indexes = create_indexes(table, kind)
        for index in indexes:
            self._connection.execute(f'DROP INDEX IF EXISTS "{index}"')
        return indexes

    def set_metadata(self, key: str, value: str) -> None:
        """See :meth:`GraphStore.set_metadata`."""
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO Metadata (key, value) VALUES (?, ?)", (key, value))

    # reading

    def _fetch(self, query: str, parameters: Iterable[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, explained(self.path):
            chosen = parameters if isinstance(parameters, dict) else tuple(parameters)
            return self._connection.execute(query, chosen).fetchall()

    def node(self, label: str, id: str) -> dict[str, Any] | None:
        """See :meth:`GraphStore.node`."""
        return next(self.nodes(label, id=id), None)

    def nodes(self, label: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """See :meth:`GraphStore.nodes`."""
        return self._rows(node_shape(label), equals)

    def edges(self, type: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """See :meth:`GraphStore.edges`."""
        return self._rows(edge_shape(type), equals)

    def values(self, kind: str, columns: tuple[str, ...]) -> list[Values]:
        """Some properties of all nodes of a label or relationships of a type, sorted by id; None if absent."""
        shape = edge_shape(kind) if kind in RELATIONSHIPS else node_shape(kind)
        types = dict(zip(table_columns(shape.kind), _column_types(shape), strict=True))
        convert = [(i, _FROM_SQL[types[c]]) for i, c in enumerate(columns) if types[c] in _FROM_SQL]
        names = ", ".join(f'"{c}"' for c in columns)
        found = self._fetch(f'SELECT {names} FROM "{kind}" ORDER BY id')
        if not convert:
            return found
        rows = [list(row) for row in found]
        for index, from_sql in convert:
            for row in rows:
                if row[index] is not None:
                    row[index] = from_sql(row[index])
        return [tuple(row) for row in rows]

    def _rows(self, shape: RowShape, equals: dict[str, Any]) -> Iterator[dict[str, Any]]:
        columns = tuple(table_columns(shape.kind))
        names = ", ".join(f'"{c}"' for c in columns)
        select = f'SELECT {names} FROM "{shape.name}" WHERE '
        decode = _Decoder(columns, _column_types(shape))
        if equals:
            where, parameters = _conditions(shape.filters(equals))
            return map(decode, self._fetch(f"{select}{where} ORDER BY id", parameters))
        return map(decode, self._pages(f"{select}id > ? ORDER BY id LIMIT {_PAGE}"))

    def _pages(self, query: str) -> Iterator[tuple[Any, ...]]:
        """All rows, a page at a time, so that no cursor stays open between the caller's own writes."""
        last = ""
        while page := self._fetch(query, (last,)):
            yield from page
            last = page[-1][0]

    def resolve(self, ids: Iterable[str]) -> dict[str, str]:
        """See :meth:`GraphStore.resolve`."""
        query = "SELECT id, label FROM Concept WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._fetch(query, (json.dumps(list(ids)),)))

    def run(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """See :meth:`GraphStore.run`."""
        from ..queries.library import named_query

        query = named_query(name)
        return query.result(self._fetch(query.sql, query.checked(parameters)))

    def query_names(self) -> list[str]:
        """See :meth:`GraphStore.query_names`."""
        from ..queries.library import query_names

        return query_names()

    def counts(self) -> Counts:
        """See :meth:`GraphStore.counts`."""
        return {
            "nodes": {label: self._fetch(f'SELECT count(*) FROM "{label}"')[0][0] for label in NODES},
            "relationships": {t: self._fetch(f'SELECT count(*) FROM "{t}"')[0][0] for t in RELATIONSHIPS},
        }

    def canonical_lines(self) -> Iterator[str]:
        """See :meth:`GraphStore.canonical_lines`."""
        return canonical_lines(self)

    def metadata(self, key: str) -> str | None:
        """See :meth:`GraphStore.metadata`."""
        rows = self._fetch("SELECT value FROM Metadata WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _column_types(shape: RowShape) -> list[str]:
    own = dict(zip(shape.columns, shape.types, strict=True))
    return [own.get(column, "string") for column in table_columns(shape.kind)]


def _encoded(rows: Iterable[Sequence[Any]], lists: list[int]) -> Iterator[list[Any]]:
    for row in rows:
        values = list(row)
        for index in lists:
            if values[index] is not None:
                values[index] = f"[{', '.join(map(encode_basestring, values[index]))}]"  # as json.dumps, but faster
        yield values


class _Decoder:
    """Turns a table row into a row without absent properties."""

    def __init__(self, columns: tuple[str, ...], types: list[str]) -> None:
        self._columns = columns
        self._convert = [(c, _FROM_SQL[t]) for c, t in zip(columns, types, strict=True) if t in _FROM_SQL]

    def __call__(self, values: tuple[Any, ...]) -> dict[str, Any]:
        row = {name: value for name, value in zip(self._columns, values, strict=True) if value is not None}
        for name, convert in self._convert:
            if name in row:
                row[name] = convert(row[name])
        return row


def _conditions(filters: dict[str, Any]) -> tuple[str, list[Any]]:
    parts, parameters = [], []
    for name, value in filters.items():
        if value is None:
            parts.append(f'"{name}" IS NULL')
        elif isinstance(value, list):
            parts.append(f'"{name}" IN (SELECT value FROM json_each(?))')
            parameters.append(json.dumps(value))
        else:
            parts.append(f'"{name}" = ?')
            parameters.append(value)
    return " AND ".join(parts), parameters
