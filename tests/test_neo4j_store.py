"""The server store: refusals in plain words, read-only Cypher, constraints."""

from __future__ import annotations

import socket
import threading

import pytest
from clinigraph.kg.stores import open_store
from clinigraph.schemas.problems import UserError


@pytest.fixture
def environment(monkeypatch, request):
    """NEO4J_* as a user sets them, for the server of the tests."""
    server = request.getfixturevalue("neo4j_server")
    monkeypatch.setenv("NEO4J_URI", server.uri)
    monkeypatch.setenv("NEO4J_USERNAME", server.username)
    monkeypatch.setenv("NEO4J_PASSWORD", server.password)
    monkeypatch.setenv("NEO4J_DATABASE", server.database)
    return monkeypatch


def refused(location, **options):
    with pytest.raises(UserError) as caught:
        open_store(location, **options)
    return str(caught.value)


def test_server_down(monkeypatch):
    monkeypatch.setenv("NEO4J_PASSWORD", "secret-password")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for scheme in ("bolt", "neo4j"):
        said = refused(f"{scheme}://127.0.0.1:{port}")
        assert "no Neo4j server answers" in said and "secret" not in said


@pytest.mark.parametrize("location", ["http://localhost:7474", "https://x", "postgres://x"])
def test_wrong_scheme(location):
    assert "is no scheme of a Neo4j server" in refused(location)


def test_address_without_variable_or_with_password(monkeypatch):
    monkeypatch.delenv("NEO4J_URI", raising=False)
    assert "NEO4J_URI is not set" in refused("neo4j")
    said = refused("bolt://neo4j:hunter22@localhost:7687")
    assert "NEO4J_PASSWORD" in said and "hunter22" not in said


@pytest.mark.neo4j
def test_wrong_password(environment, neo4j_server):
    environment.setenv("NEO4J_PASSWORD", "not-the-password")
    said = refused(neo4j_server.uri)
    assert "refuses the user or password" in said and "not-the-password" not in said


@pytest.mark.neo4j
def test_missing_database(environment):
    environment.setenv("NEO4J_DATABASE", "nowhere")
    assert 'has no database "nowhere"' in refused("neo4j")


@pytest.mark.neo4j
def test_encryption_that_the_server_does_not_speak(environment, neo4j_server):
    assert "the scheme" in refused(neo4j_server.uri.replace("bolt://", "bolt+s://"))


@pytest.mark.neo4j
def test_opened_by_the_environment(environment, neo4j_store, neo4j_server):
    neo4j_store.upsert_nodes("Patient", [{"id": "P1"}])
    with open_store("neo4j", read_only=True) as store:
        assert store.node("Patient", "P1") == {"id": "P1"}
        assert store.read_only and neo4j_server.password not in store.description
        for write in (
            lambda: store.upsert_nodes("Patient", [{"id": "P2"}]),
            lambda: store.set_metadata("a", "b"),
            lambda: store.transaction().__enter__(),
        ):
            with pytest.raises(UserError, match="reading only"):
                write()


@pytest.mark.neo4j
def test_cypher_only_reads(neo4j_store):
    neo4j_store.upsert_nodes("Patient", [{"id": "P1", "sex": "female"}])
    neo4j_store.upsert_nodes("Encounter", [{"id": "E1", "patient_id": "P1"}])
    neo4j_store.upsert_edges("HAS_ENCOUNTER", [{"id": "e", "source": "P1", "target": "E1"}])
    found = neo4j_store.cypher("MATCH (p:Patient {id: $id})-[r]->() RETURN p, r, [p.id] AS ids", {"id": "P1"})
    assert found == [
        {
            "p": {"labels": ["Patient"], "id": "P1", "sex": "female"},
            "r": {"type": "HAS_ENCOUNTER", "source": "P1", "id": "e"},
            "ids": ["P1"],
        }
    ]
    before = list(neo4j_store.canonical_lines())
    for query, said in {
        "MATCH (n) DETACH DELETE n": "would write",
        "CREATE (n:Patient {id: 'X'}) RETURN n": "would write",
        "MATCH (n) CALL (n) { SET n.x = 1 } IN TRANSACTIONS": "would write",
        "CREATE INDEX foo FOR (n:Foo) ON (n.bar)": "would write",
        "CALL db.createLabel('Foo')": "would write",
        "LOAD CSV FROM 'file:///x.csv' AS row RETURN row": "LOAD CSV",
        "MATCH (n RETURN n": "does not take the query",
        "MATCH (n) RETURN $missing": "does not take the query",
    }.items():
        with pytest.raises(UserError, match=said):
            neo4j_store.cypher(query)
    assert list(neo4j_store.canonical_lines()) == before


@pytest.mark.neo4j
def test_constraints_stand_and_hidden_hash_stays_hidden(neo4j_store):
    names = {row["name"] for row in neo4j_store.cypher("SHOW CONSTRAINTS YIELD name RETURN name")}
    assert {"clinigraph_Concept_id", "clinigraph_TREATS_id", "clinigraph_Patient_id"} <= names
    neo4j_store.upsert_nodes("Patient", [{"id": "P1"}])
    assert "_hash" not in "".join(neo4j_store.canonical_lines())
    assert neo4j_store.cypher("MATCH (n:Patient) RETURN properties(n) AS p") == [{"p": {"id": "P1"}}]


@pytest.mark.neo4j
def test_two_writers_of_the_same_rows(neo4j_store):
    rows = [{"id": f"P{i}"} for i in range(200)]
    visits = [{"id": f"E{i}", "patient_id": f"P{i}"} for i in range(200)]
    edges = [{"id": f"e{i}", "source": f"P{i}", "target": f"E{i}"} for i in range(200)]
    failures = []

    def write():
        try:
            neo4j_store.upsert_nodes("Patient", rows)
            neo4j_store.upsert_nodes("Encounter", visits)
            neo4j_store.upsert_edges("HAS_ENCOUNTER", edges)
        except UserError as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert neo4j_store.counts()["nodes"]["Patient"] == 200
    assert neo4j_store.counts()["relationships"]["HAS_ENCOUNTER"] == 200


@pytest.mark.neo4j
def test_batches_of_a_first_load_go_without_look_ups_until_one_is_refused(neo4j_store):
    asked = []
    read = neo4j_store._read
    neo4j_store._read = lambda query, *rest: asked.append(query) or read(query, *rest)
    source = {"primary_knowledge_source": "x", "source_version": "1", "licence": "CC0"}

    def drugs(*numbers, name="a drug"):
        return [{"id": f"D:{n}", "name": f"{name} {n}", **source} for n in numbers]

    def pairs(*numbers):
        return [{"id": f"K:{n}", "source": f"D:{n}", "target": "D:0", "severity": "major", **source} for n in numbers]

    assert neo4j_store.upsert_nodes("Drug", drugs(0, 1, 2)) == 3
    assert neo4j_store.upsert_nodes("Drug", drugs(3, 4)) == 2
    assert neo4j_store.upsert_edges("INTERACTS_WITH", pairs(1, 2)) == 2
    assert neo4j_store.upsert_edges("INTERACTS_WITH", pairs(3)) == 1
    assert len(asked) == 2  # one count for the label, one for the type
    assert neo4j_store.upsert_nodes("Drug", [*drugs(4, name="another"), *drugs(1, 5)]) == 2  # one changed, one new
    assert neo4j_store.upsert_edges("INTERACTS_WITH", pairs(3, 4)) == 1
    with pytest.raises(UserError, match="has this id as Drug"):
        neo4j_store.upsert_nodes("DrugClass", drugs(1))
    with pytest.raises(UserError, match="not in the graph"):
        neo4j_store.upsert_edges("INTERACTS_WITH", pairs(99))
    assert neo4j_store.counts()["nodes"]["Drug"] == 6
    assert neo4j_store.counts()["relationships"]["INTERACTS_WITH"] == 4
    assert neo4j_store.upsert_nodes("Drug", drugs(0, 1, 2, 3)) == 0
