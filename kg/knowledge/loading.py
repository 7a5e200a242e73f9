"""Loads the shipped knowledge into a graph."""

from __future__ import annotations

from ..stores.base import GraphStore
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
    changed = store.bulk_load(
        ((label, tables.iter_nodes(label)) for label in tables.labels),
        ((type_, tables.iter_edges(type_)) for type_ in tables.types),
    )
    store.set_metadata(VERSION_KEY, tables.version)
    return changed
