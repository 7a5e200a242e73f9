"""Free-form Cypher that only reads: planned first, run in read access mode, and given back as plain values."""

from __future__ import annotations

from typing import Any

import neo4j
from neo4j import graph
from neo4j.exceptions import ClientError

from ...schemas.problems import UserError
from .neo4j_statements import HASH

_READS = ("r", "s")  # the server's own word for what a statement does: r read, w write, rw both, s schema


def free_cypher(session: neo4j.Session, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a query in a session of read access mode, if the server's plan says that it only reads."""
    try:
        summary = session.run("EXPLAIN " + query, parameters).consume()  # type: ignore[arg-type]
        if summary.query_type not in _READS:
            raise UserError("the query would write", "ask with MATCH ... RETURN; load data with: clinigraph build")
        if summary.plan is not None and "LoadCSV" in _operators(dict(summary.plan)):
            raise UserError("the query would read a file (LOAD CSV)", "load data with: clinigraph build")
        found = session.run(query, parameters)  # type: ignore[arg-type]
        return [{name: plain(value) for name, value in record.items()} for record in found]
    except ClientError as error:
        if not error.code or not error.code.startswith("Neo.ClientError.Statement."):
            raise
        if error.code == "Neo.ClientError.Statement.AccessMode":
            raise UserError("the query would write", "ask with MATCH ... RETURN") from error
        first_line = (error.message or "").splitlines()[0] if error.message else error.code
        raise UserError(f"the server does not take the query: {first_line}", "correct the Cypher") from error


def _operators(plan: dict[str, Any]) -> set[str]:
    found = {str(plan.get("operatorType", "")).partition("@")[0]}
    for child in plan.get("children", ()):
        found |= _operators(child)
    return found


def plain(value: Any) -> Any:
    """What Neo4j returns as plain Python values that JSON can hold."""
    if isinstance(value, graph.Node):
        return {"labels": sorted(value.labels), **_without_hash(value)}
    if isinstance(value, graph.Relationship):
        ends = {"source": value.start_node, "target": value.end_node}
        # the server sends an end's properties only if the query returns the node, too
        known = {name: node["id"] for name, node in ends.items() if node is not None and "id" in node}
        return {"type": value.type, **known, **_without_hash(value)}
    if isinstance(value, graph.Path):
        return {"nodes": [plain(n) for n in value.nodes], "relationships": [plain(r) for r in value.relationships]}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if name != HASH}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _without_hash(entity: graph.Entity) -> dict[str, Any]:
    return {name: plain(item) for name, item in sorted(entity.items()) if name != HASH}
