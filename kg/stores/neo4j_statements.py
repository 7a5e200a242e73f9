"""Cypher of the Neo4j store, generated from the registry: one static statement per label or (type, label, label).

``_hash`` on every node and relationship tells a changed row from an unchanged one; it is never handed out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from ...schemas.graph import CONCEPT, NODES, RELATIONSHIPS, WORLD_LABELS

METADATA = "ClinigraphMetadata"
HASH = "_hash"


def row_hash(values: Sequence[Any]) -> str:
    """Hash of a row's values.

    Examples
    --------
    >>> row_hash(["P1", None, 3]) == row_hash(("P1", None, 3)), row_hash(["P1"]) == row_hash(["P2"])
    (True, False)
    """
    return hashlib.blake2b(json.dumps(values, ensure_ascii=False).encode(), digest_size=12).hexdigest()


def schema_statements() -> dict[str, str]:
    """Constraints and indexes by name. Constraints first: they must stand before the first row."""
    found: dict[str, str] = {}
    for label, key in [(label, "id") for label in NODES] + [(CONCEPT, "id"), (METADATA, "key")]:
        name = f"clinigraph_{label}_{key}"
        found[name] = f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
    for type_ in RELATIONSHIPS:
        name = f"clinigraph_{type_}_id"
        found[name] = f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR ()-[r:{type_}]-() REQUIRE r.id IS UNIQUE"
    for label, node in NODES.items():
        for name in (p.name for p in node.properties if p.indexed):
            index = f"clinigraph_{label}_{name}"
            found[index] = f"CREATE INDEX {index} IF NOT EXISTS FOR (n:{label}) ON (n.{name})"
    for type_, relationship in RELATIONSHIPS.items():
        for name in (p.name for p in relationship.properties if p.indexed):
            index = f"clinigraph_{type_}_{name}"
            found[index] = f"CREATE INDEX {index} IF NOT EXISTS FOR ()-[r:{type_}]-() ON (r.{name})"
    return found


def node_labels(label: str) -> str:
    """Labels as they are written: world nodes are Concepts, too.

    Examples
    --------
    >>> node_labels("Drug"), node_labels("Note")
    ('Concept:Drug', 'Note')
    """
    return f"{CONCEPT}:{label}" if label in WORLD_LABELS else label


def node_hashes(label: str) -> str:
    """Which of these nodes are there, and their hashes."""
    return f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) RETURN n.id, n.{HASH}"


def edge_hashes(type: str) -> str:
    """Which of these relationships are there, and their hashes."""
    return f"UNWIND $ids AS id MATCH ()-[r:{type} {{id: id}}]->() RETURN r.id, r.{HASH}"


def count_nodes(label: str) -> str:
    """How many nodes there are; the server has the number at hand."""
    return f"MATCH (n:{label}) RETURN count(n)"


def count_edges(type: str) -> str:
    """How many relationships there are; the server has the number at hand."""
    return f"MATCH ()-[r:{type}]->() RETURN count(r)"


def create_nodes(label: str) -> str:
    """Add nodes that are not there; the constraint on the id refuses what another writer made meanwhile."""
    return f"UNWIND $rows AS row CREATE (n:{node_labels(label)}) SET n = row"


def replace_nodes(label: str) -> str:
    """Replace the properties of nodes that are there."""
    return f"UNWIND $rows AS row MATCH (n:{label} {{id: row.id}}) SET n = row"


def write_edges(type: str, source_label: str, target_label: str) -> str:
    """Add relationships that are not there: the caller has looked, and has removed those that differ.

    CREATE takes half the time of MERGE here, and the constraint on the id refuses what another writer made meanwhile.
    """
    return (
        f"UNWIND $rows AS row MATCH (a:{source_label} {{id: row.source}}) MATCH (b:{target_label} {{id: row.target}})"
        f" CREATE (a)-[r:{type}]->(b) SET r = row.properties RETURN count(*)"
    )


def delete_edges(type: str) -> str:
    """Remove relationships."""
    return f"UNWIND $ids AS id MATCH ()-[r:{type} {{id: id}}]->() DELETE r RETURN count(*)"


def delete_nodes(label: str) -> str:
    """Remove nodes with their relationships."""
    return f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) DETACH DELETE n RETURN count(*)"


CONCEPT_LABELS = (
    "UNWIND $ids AS id MATCH (n:Concept {id: id}) RETURN n.id, [l IN labels(n) WHERE l IN $world][0] AS label"
)
SET_METADATA = f"MERGE (m:{METADATA} {{key: $key}}) SET m.value = $value"
GET_METADATA = f"MATCH (m:{METADATA} {{key: $key}}) RETURN m.value"
