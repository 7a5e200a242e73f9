"""Loads the shipped knowledge into a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..stores.base import GraphStore, Row
from .tables import KnowledgeTables, knowledge_tables

VERSION_KEY = "knowledge_version"


def load_knowledge(store: GraphStore, tables: KnowledgeTables | None = None) -> int:
    """Load the knowledge into a graph, unless this version of it is there already.

    Parameters
    ----------
    store : GraphStore
    tables : KnowledgeTables, optional
        Default: the knowledge that ships with the package.

    Returns
    -------
    int
        Rows that are new or different in the graph.
    """
    tables = tables or knowledge_tables()
    if store.metadata(VERSION_KEY) == tables.version:
        return 0
    nodes: Callable[[str], Iterable[Row]] = tables.iter_nodes
    edges: Callable[[str], Iterable[Row]] = tables.iter_edges
    if tables.intact:  # every row was checked when the files were built
        nodes, edges = tables.checked_nodes, tables.checked_edges
    changed = store.bulk_load(
        ((label, nodes(label)) for label in tables.labels),
        ((type_, edges(type_)) for type_ in tables.types),
    )
    store.set_metadata(VERSION_KEY, tables.version)
    return changed
