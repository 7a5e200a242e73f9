"""The named queries: each question once, in SQL for the embedded file and in Cypher for the server."""

from .library import NamedQuery, named_query, query_names

__all__ = ["NamedQuery", "named_query", "query_names"]
