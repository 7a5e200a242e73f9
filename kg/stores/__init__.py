"""Where a graph is kept: one small interface, an embedded file (SQLite) and a server (Neo4j) behind it."""

from .base import GraphStore, StoreRowError
from .opening import open_store

__all__ = ["GraphStore", "StoreRowError", "open_store"]
