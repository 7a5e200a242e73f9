"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator:
    """A real Neo4j: the one at NEO4J_URI, else one that is started here, else the test is skipped.

    CLINIGRAPH_REQUIRE_NEO4J=1 makes a failure of the skip.
    """
    from neo4j_server import server

    refuse = pytest.fail if os.environ.get("CLINIGRAPH_REQUIRE_NEO4J") == "1" else pytest.skip
    try:
        own = server.environment_server()
    except server.CannotStartError as error:
        pytest.fail(str(error))
    if own is not None:
        yield own
        own.empty()
        return
    starting = server.started_server()
    try:
        started = starting.__enter__()
    except server.CannotStartError as error:
        refuse(f"Neo4j tests need a server: {error}")
    try:
        yield started
    finally:
        starting.__exit__(None, None, None)


@pytest.fixture
def neo4j_store(neo4j_server) -> Iterator:
    """A store on an empty Neo4j database."""
    from clinigraph.kg.stores.neo4j import Neo4jStore

    neo4j_server.empty()
    with Neo4jStore(
        neo4j_server.uri,
        username=neo4j_server.username,
        password=neo4j_server.password,
        database=neo4j_server.database,
    ) as store:
        yield store
