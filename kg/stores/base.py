"""The one interface behind which a graph is kept.

Rules that hold in every store (one conformance suite checks them):

- A row is the WHOLE node or relationship: a property that it does not hold, or that is None, is absent afterwards.
- A batch is checked before anything of it is written, and is written whole or not at all. If one id stands in it
  twice, the last row wins.
- Numbers returned by writes count what CHANGED, so loading the same rows again returns 0.
- World nodes (Disease, Drug, ...) share one space of ids; every other label has its own.
- Everything that comes out is sorted by id (by code points).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self, runtime_checkable

from ...schemas.graph import NODES, RELATIONSHIPS, NodeType, RelationshipType
from ...schemas.problems import UserError

Row = Mapping[str, Any]
Counts = dict[str, dict[str, int]]


class StoreRowError(UserError):
    """A row that the graph does not take. Nothing of its batch was written.

    Parameters
    ----------
    kind
        Node label or relationship type.
    row_id
        Id of the row.
    reason
        What is wrong with it.

    Examples
    --------
    >>> print(StoreRowError("TREATS", "T:1", 'target "MONDO:1" is not in the graph').message)
    TREATS "T:1": target "MONDO:1" is not in the graph
    """

    def __init__(
        self, kind: str, row_id: object, reason: str, solution: str = "correct the row and load the batch again"
    ) -> None:
        super().__init__(f'{kind} "{row_id}": {reason}', solution)
        self.kind = kind
        self.row_id = row_id
        self.reason = reason


@runtime_checkable
class GraphStore(Protocol):
    """A place where a graph is kept. See the module's rules."""

    @property
    def description(self) -> str:
        """What and where it is, for messages; never with a password."""

    @property
    def read_only(self) -> bool:
        """True if writes are refused (with a UserError)."""

    def upsert_nodes(self, label: str, rows: Iterable[Row]) -> int:
        """Add or replace nodes; return how many are new or different now."""

    def upsert_edges(self, type: str, rows: Iterable[Row]) -> int:
        """Add or replace relationships (``id, source, target`` and properties); return how many are new or different.

        Raises
        ------
        StoreRowError
            Also if an end is not in the graph.
        """

    def delete_nodes(self, label: str, ids: Iterable[str]) -> int:
        """Remove nodes with their relationships; return how many nodes there were. Unknown ids are no error."""

    def delete_edges(self, type: str, ids: Iterable[str]) -> int:
        """Remove relationships; return how many there were."""

    def node(self, label: str, id: str) -> dict[str, Any] | None:
        """One node with the properties that it has, or None."""

    def nodes(self, label: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """Nodes whose properties equal these values. A list means any of its values, None means absent."""

    def edges(self, type: str, /, **equals: Any) -> Iterator[dict[str, Any]]:
        """Relationships as ``id, source, source_label, target, target_label`` and properties, filtered as nodes are."""

    def resolve(self, ids: Iterable[str]) -> dict[str, str]:
        """Label of each of these world concepts; ids that the graph does not know are left out."""

    def run(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """Answer a named query of ``kg/queries``; rows are sorted and alike in all stores."""

    def query_names(self) -> list[str]:
        """Names that :meth:`run` knows."""

    def counts(self) -> Counts:
        """``{"nodes": {label: n}, "relationships": {type: n}}``, every label and type of the registry."""

    def canonical_lines(self) -> Iterator[str]:
        """The whole graph as JSON lines, the same to the byte for the same content in whatever store."""

    def metadata(self, key: str) -> str | None:
        """A remark about the graph, such as the version of its knowledge. Not part of the canonical export."""

    def set_metadata(self, key: str, value: str) -> None:
        """Write a remark."""

    def transaction(self) -> AbstractContextManager[None]:
        """All calls within are written together or, if an exception leaves the block, not at all."""

    def bulk_load(self, nodes: Iterable[tuple[str, Iterable[Row]]], edges: Iterable[tuple[str, Iterable[Row]]]) -> int:
        """Load much at once, fastest into an empty graph; return how many rows are new or different.

        SQLite writes all or nothing; Neo4j writes batches, and running it again completes what was interrupted.
        """

    def close(self) -> None:
        """Let go of the file or server. Closing twice is no error."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...


def node_type(label: str) -> NodeType:
    """Registry entry of a label.

    Raises
    ------
    UserError
        If there is no such label; lists those that exist.
    """
    try:
        return NODES[label]
    except KeyError:
        raise UserError(f'the graph has no node label "{label}"', f"use one of {', '.join(NODES)}") from None


def relationship_type(type: str) -> RelationshipType:
    """Registry entry of a relationship type.

    Raises
    ------
    UserError
        If there is no such type; lists those that exist.
    """
    try:
        return RELATIONSHIPS[type]
    except KeyError:
        raise UserError(
            f'the graph has no relationship type "{type}"', f"use one of {', '.join(RELATIONSHIPS)}"
        ) from None
