"""The server store: Neo4j 5, through its driver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar

import neo4j
from neo4j.exceptions import ConstraintError

from ...schemas.graph import NODES, RELATIONSHIPS, WORLD_LABELS
from ...schemas.problems import UserError
from . import neo4j_statements as cypher
from .base import Counts, Row, node_type, relationship_type
from .canonical import canonical_lines
from .neo4j_errors import explained
from .neo4j_reading import free_cypher
from .neo4j_writing import Transaction, create_edges, create_nodes, fetch, parts, write_edges, write_nodes
from .rows import RowShape, Values, edge_shape, node_shape

_PAGE = 5_000  # rows read at once
_TRIES = 3  # when another writer makes the same node or relationship at the same moment
_T = TypeVar("_T")


class Neo4jStore:
    """A graph on a Neo4j server. Implements :class:`~clinigraph.kg.stores.base.GraphStore`.

    Threads may share it. A batch of :meth:`upsert_nodes` is one transaction and must fit the server's memory;
    :meth:`bulk_load` has no such limit.

    Parameters
    ----------
    address
        ``bolt://`` or ``neo4j://`` (``+s``, ``+ssc``) address, without user and password.
    username, password, database
        Who asks, and the database, which is always named.
    read_only
        Refuse writes; constraints are not made, either.

    Raises
    ------
    UserError
        If the server is down, refuses the password, has no such database, or is older than version 5.
    """

    def __init__(
        self, address: str, *, username: str, password: str, database: str = "neo4j", read_only: bool = False
    ) -> None:
        self.address = address
        self.database = database
        self._read_only = read_only
        self._local = threading.local()
        self._first_load: dict[str, bool] = {}  # label or type -> whether there was none of it, and none refused
        with explained(address, database):
            # no notifications: they would print the property names of an empty database as warnings
            self._driver = neo4j.GraphDatabase.driver(
                address, auth=(username, password), notifications_min_severity="OFF", connection_timeout=10.0
            )
        try:
            with explained(address, database):
                self._check_version(self._driver.get_server_info().agent)
                self._read("RETURN 1")  # the server says here if it has no such database
                if not read_only:
                    self._make_schema()
        except BaseException:
            self._driver.close()
            raise

    def _check_version(self, agent: str) -> None:
        version = agent.rpartition("/")[2]
        if version.partition(".")[0] in ("3", "4"):
            raise UserError(f"{self.address} runs Neo4j {version}", "use version 5 or later")

    def _make_schema(self) -> None:
        present = {r[0] for r in self._read("SHOW CONSTRAINTS YIELD name")}
        present |= {r[0] for r in self._read("SHOW INDEXES YIELD name")}
        missing = [s for name, s in cypher.schema_statements().items() if name not in present]
        if not missing:
            return
        with self._session() as session:
            with session.begin_transaction() as transaction:  # one for all: a commit each takes three times as long
                for statement in missing:
                    transaction.run(statement).consume()
                transaction.commit()
            session.run("CALL db.awaitIndexes(300)").consume()

    @property
    def description(self) -> str:
        """Address and database."""
        return f"Neo4j at {self.address}, database {self.database}" + (" (read-only)" if self._read_only else "")

    @property
    def read_only(self) -> bool:
        """True if writes are refused."""
        return self._read_only

    # talking to the server

    def _session(self, read: bool = False) -> neo4j.Session:
        mode = neo4j.READ_ACCESS if read or self._read_only else neo4j.WRITE_ACCESS
        return self._driver.session(database=self.database, default_access_mode=mode)

    def _read(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        def work(transaction: Transaction) -> list[tuple[Any, ...]]:
            return fetch(transaction, query, parameters or {})

        with explained(self.address, self.database):
            if (open_one := self._open_transaction()) is not None:
                return work(open_one)
            with self._session(read=True) as session:
                return session.execute_read(work)

    def _write(self, work: Callable[[Transaction], _T]) -> _T:
        if self._read_only:
            raise UserError(f"{self.description} is open for reading only", "open it for writing")
        with explained(self.address, self.database):
            if (open_one := self._open_transaction()) is not None:
                return work(open_one)
            with self._session() as session:
                for _ in range(_TRIES - 1):
                    try:
                        return session.execute_write(work)
                    except ConstraintError:
                        continue
                return session.execute_write(work)

    def _open_transaction(self) -> neo4j.Transaction | None:
        return getattr(self._local, "transaction", None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All calls within, of this thread, are written together or not at all; an inner one is part of the outer."""
        if self._read_only:
            raise UserError(f"{self.description} is open for reading only", "open it for writing")
        if self._open_transaction() is not None:
            yield
            return
        with (
            explained(self.address, self.database),
            self._session() as session,
            session.begin_transaction() as transaction,
        ):
            self._local.transaction = transaction
            try:
                yield
            finally:
                self._local.transaction = None
            transaction.commit()

    # writing

    def upsert_nodes(self, label: str, rows: Iterable[Row]) -> int:
        """See :meth:`GraphStore.upsert_nodes`."""
        shape = node_shape(label)
        first = create_nodes if self._starts_empty(label, cypher.count_nodes(label)) else write_nodes
        return self._attempt(shape, shape.clean(rows), write_nodes, first)

    def upsert_edges(self, type: str, rows: Iterable[Row]) -> int:
        """See :meth:`GraphStore.upsert_edges`."""
        shape = edge_shape(type)
        empty = self._starts_empty(type, cypher.count_edges(type))
        first = partial(create_edges, concepts={}) if empty else write_edges
        return self._attempt(shape, shape.clean(rows), write_edges, first)

    def delete_nodes(self, label: str, ids: Iterable[str]) -> int:
        """See :meth:`GraphStore.delete_nodes`."""
        node_type(label)
        return self._delete(cypher.delete_nodes(label), ids)

    def delete_edges(self, type: str, ids: Iterable[str]) -> int:
        """See :meth:`GraphStore.delete_edges`."""
        relationship_type(type)
        return self._delete(cypher.delete_edges(type), ids)

    def _delete(self, query: str, ids: Iterable[str]) -> int:
        chosen = sorted(set(ids))
        return self._write(
            lambda transaction: sum(fetch(transaction, query, {"ids": part})[0][0] for part in parts(chosen))
        )

    def bulk_load(self, nodes: Iterable[tuple[str, Iterable[Row]]], edges: Iterable[tuple[str, Iterable[Row]]]) -> int:
        """See :meth:`GraphStore.bulk_load`. Sorted, de-duplicated, a transaction per 10,000 rows."""
        changed = 0
        concepts: dict[str, str] = {}  # world nodes that are there for certain, with their labels
        for label, rows in nodes:
            shape = node_shape(label)
            batch = shape.clean(rows)
            first = create_nodes if self._starts_empty(label, cypher.count_nodes(label)) else write_nodes
            changed += self._load(shape, batch, write_nodes, first)
            if NODES[label].world:
                concepts |= dict.fromkeys(batch, label)
        for type_, rows in edges:
            shape = edge_shape(type_)
            empty = self._starts_empty(type_, cypher.count_edges(type_))
            create = partial(create_edges, concepts=concepts) if empty else write_edges
            changed += self._load(shape, shape.clean(rows), write_edges, create)
        return changed

    def _starts_empty(self, kind: str, count: str) -> bool:
        """Whether to write rows of this kind without looking: there was none when this object first wrote it.

        Later batches of a first load go the fast way, too. Never within the caller's transaction, which one refusal
        would end.
        """
        if self._open_transaction() is not None:
            return False
        if kind not in self._first_load:
            self._first_load[kind] = self._read(count)[0][0] == 0
        return self._first_load[kind]

    def _load(
        self, shape: RowShape, batch: dict[str, Values], write: Callable[..., int], first: Callable[..., int]
    ) -> int:
        """Write a batch in parts, each a transaction."""
        return sum(self._attempt(shape, {i: batch[i] for i in ids}, write, first) for ids in parts(sorted(batch)))

    def _attempt(
        self, shape: RowShape, batch: dict[str, Values], write: Callable[..., int], first: Callable[..., int]
    ) -> int:
        """Write a batch whole. What the server refuses to ``first``, or the driver repeats, ``write`` does."""
        attempts = iter((first,) if self._first_load.get(shape.name) else ())

        def work(transaction: Transaction) -> int:
            chosen = next(attempts, write)
            if chosen is write and first is not write:
                self._first_load[shape.name] = False  # some of it is there: look from now on
            return chosen(transaction, shape, batch)

        return self._write(work)

    def set_metadata(self, key: str, value: str) -> None:
        """See :meth:`GraphStore.set_metadata`."""
        self._write(lambda transaction: fetch(transaction, cypher.SET_METADATA, {"key": key, "value": value}))

    # reading

    def node(self, label: str, id: str) -> dict[str, Any] | None:
        """See :meth:`GraphStore.node`."""
        return next(self.nodes(label, id=id), None)

    def nodes(self, label: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """See :meth:`GraphStore.nodes`."""
        shape = node_shape(label)
        where, parameters = _conditions(shape.filters(equals), {})
        query = f"MATCH (n:{label}) WHERE {{where}} RETURN n.id, properties(n) ORDER BY n.id"
        found = self._sorted_rows(query, "n.id", where, parameters)
        return (_with_columns(shape, row[1]) for row in found)

    def edges(self, type: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """See :meth:`GraphStore.edges`."""
        shape = edge_shape(type)
        filters = shape.filters(equals)
        kind = RELATIONSHIPS[type]
        starts = [f"(a:{s})-[r:{type}]->(b)" for s in kind.sources] if "source" in filters else []
        ends = [f"(a)-[r:{type}]->(b:{t})" for t in kind.targets] if "target" in filters else []
        # an end's id is looked up in the index of its label, so each allowed label is asked for itself
        patterns = starts or ends or [f"(a)-[r:{type}]->(b)"]
        where, parameters = _conditions(filters, _EDGE_FIELDS)
        parameters["labels"] = list(NODES)
        found: list[Iterator[tuple[Any, ...]]] = [
            self._sorted_rows(
                f"MATCH {pattern} WHERE {{where}} RETURN r.id, properties(r), a.id, {_label('a')}, b.id, {_label('b')}"
                " ORDER BY r.id",
                "r.id",
                where,
                parameters,
            )
            for pattern in patterns
        ]
        rows = found[0] if len(found) == 1 else iter(sorted((r for part in found for r in part), key=lambda r: r[0]))
        return (_edge_row(shape, row) for row in rows)

    def _sorted_rows(
        self, query: str, id: str, where: list[str], parameters: dict[str, Any]
    ) -> Iterator[tuple[Any, ...]]:
        """All rows: in one go if filtered, else a page at a time, so that memory stays bounded."""
        if where:
            yield from self._read(query.format(where=" AND ".join(where)), parameters)
            return
        query = query.format(where=f"{id} > $last") + f" LIMIT {_PAGE}"
        last = ""
        while page := self._read(query, {**parameters, "last": last}):
            yield from page
            last = page[-1][0]

    def resolve(self, ids: Iterable[str]) -> dict[str, str]:
        """See :meth:`GraphStore.resolve`."""
        world = list(WORLD_LABELS)
        found: dict[str, str] = {}
        for part in parts(sorted(set(ids))):
            found.update(self._read(cypher.CONCEPT_LABELS, {"ids": part, "world": world}))  # type: ignore[arg-type]
        return found

    def run(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """See :meth:`GraphStore.run`."""
        from ..queries.library import named_query

        query = named_query(name)
        return query.result(self._read(query.cypher, query.checked(parameters)))

    def query_names(self) -> list[str]:
        """See :meth:`GraphStore.query_names`."""
        from ..queries.library import query_names

        return query_names()

    def cypher(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Answer a query in Cypher that only reads. Nodes and relationships come as dictionaries.

        Raises
        ------
        UserError
            If it would write, read a file (LOAD CSV), or is not valid Cypher.
        """
        with explained(self.address, self.database), self._session(read=True) as session:
            return free_cypher(session, query, dict(parameters or {}))

    def counts(self) -> Counts:
        """See :meth:`GraphStore.counts`."""
        return {
            "nodes": {label: self._read(cypher.count_nodes(label))[0][0] for label in NODES},
            "relationships": {t: self._read(cypher.count_edges(t))[0][0] for t in RELATIONSHIPS},
        }

    def canonical_lines(self) -> Iterator[str]:
        """See :meth:`GraphStore.canonical_lines`."""
        return canonical_lines(self)

    def metadata(self, key: str) -> str | None:
        """See :meth:`GraphStore.metadata`."""
        rows = self._read(cypher.GET_METADATA, {"key": key})
        return rows[0][0] if rows else None

    def close(self) -> None:
        """See :meth:`GraphStore.close`."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _label(variable: str) -> str:
    return f"[l IN labels({variable}) WHERE l IN $labels][0]"


_EDGE_FIELDS = {
    "source": "a.id",
    "target": "b.id",
    "source_label": _label("a"),
    "target_label": _label("b"),
    None: "r",
}


def _conditions(filters: dict[str, Any], fields: Mapping[str | None, str]) -> tuple[list[str], dict[str, Any]]:
    parts, parameters = [], {}
    for name, value in filters.items():
        field = fields.get(name) or f"{fields.get(None, 'n')}.{name}"
        if value is None:
            parts.append(f"{field} IS NULL")
        else:
            parts.append(f"{field} {'IN' if isinstance(value, list) else '='} $where_{name}")
            parameters[f"where_{name}"] = value
    return parts, parameters


def _with_columns(shape: RowShape, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: properties[name] for name in shape.columns if name in properties}


def _edge_row(shape: RowShape, row: tuple[Any, ...]) -> dict[str, Any]:
    id, properties, source, source_label, target, target_label = row
    ends = {"source": source, "source_label": source_label, "target": target, "target_label": target_label}
    return {**ends, **_with_columns(shape, properties), "id": id}
