"""Open a graph by where it is: a file's path or a server's address."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ...schemas.problems import UserError
from .base import GraphStore

_URL = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]+)://")
SERVER_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
DEFAULT_USERNAME = "neo4j"
DEFAULT_DATABASE = "neo4j"


def is_server(location: str | Path) -> bool:
    """True if a location names a Neo4j server and no file.

    Examples
    --------
    >>> is_server("bolt://localhost:7687"), is_server("notes.graph")
    (True, False)
    """
    return isinstance(location, str) and (location == "neo4j" or _URL.match(location) is not None)


def open_store(location: str | Path, *, read_only: bool = False, create: bool = True) -> GraphStore:
    """Open the graph in a file or on a Neo4j server.

    Parameters
    ----------
    location
        Path of a graph file; or ``bolt://``, ``neo4j://`` (``+s``, ``+ssc``) address of a server; or ``neo4j``, which
        stands for the address in NEO4J_URI. User, password and database of a server come from NEO4J_USERNAME,
        NEO4J_PASSWORD and NEO4J_DATABASE.
    read_only
        Refuse writes.
    create
        Make the file if there is none.

    Raises
    ------
    UserError
        If it cannot be opened; says what to do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/graph.db") as store:
    ...     store.upsert_nodes("Patient", [{"id": "P1", "sex": "female"}])
    1
    """
    if not is_server(location):
        from .sqlite import SqliteStore

        return SqliteStore(location, read_only=read_only, create=create)
    from .neo4j import Neo4jStore  # its driver takes a while to import: only who asks for a server pays

    return Neo4jStore(
        _server_address(str(location)),
        username=os.environ.get("NEO4J_USERNAME") or DEFAULT_USERNAME,
        password=os.environ.get("NEO4J_PASSWORD") or "",
        database=os.environ.get("NEO4J_DATABASE") or DEFAULT_DATABASE,
        read_only=read_only,
    )


def _server_address(location: str) -> str:
    address = os.environ.get("NEO4J_URI", "") if location == "neo4j" else location
    if not address:
        raise UserError("NEO4J_URI is not set", "set it to the server's address, for example bolt://localhost:7687")
    scheme = _URL.match(address)
    if scheme is None or scheme[1].lower() not in SERVER_SCHEMES:
        raise UserError(
            f'"{scheme[1] if scheme else address}" is no scheme of a Neo4j server',
            f"use one of {', '.join(s + '://' for s in SERVER_SCHEMES)}, or the path of a file",
        )
    if "@" in address.split("://", 1)[1]:
        raise UserError(
            "the server's address holds a user or password",
            "leave them out of the address; set NEO4J_USERNAME and NEO4J_PASSWORD instead",
        )
    return address
