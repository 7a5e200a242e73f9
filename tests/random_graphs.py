"""Random small graphs of every label and type, with awkward values, and random changes to them."""

from __future__ import annotations

import random
from typing import Any

from clinigraph.schemas.graph import FACT_LABELS, NODES, RELATIONSHIPS, NodeType, endpoint_labels

Rows = dict[str, list[dict[str, Any]]]
STRINGS = ("plain", "Größe", "数值", "🫀 heart", "\ufb01ne", "a\nb\tc", "quote \" \\ '", "", " ", "İstanbul", "x" * 300)
CHOICES: dict[str, tuple[Any, ...]] = {
    "answer": ("yes", "yes", "no", "conflict"),
    "temporality": ("current", "historical", "hypothetical", None),
    "experiencer": ("patient", "family", None),
    "certainty": ("certain", "uncertain", None),
    "status": ("active", "stopped", "held", None),
    "relation": ("TREATS", "CAUSES", "CAUSES"),
    "stance": ("for", "against"),
    "label": ("DRUG", "DISEASE"),
    "date": ("2024-01-02", "2024-03-01", None),
    "review_state": ("extracted",),
    "name": ("Aspirin", "aspirin 81", "Ärger", "heart failure", "🫀 heart", "failure"),
}
ABOUT = {"MedicationStatement": ("Drug",), "Observation": ("LabTest",), "": ("Disease", "PhenotypicFeature", "Drug")}
PATIENTS = ("P1", "P2", "P3")


def value(rng: random.Random, name: str, type_: str, required: bool) -> Any:
    """A value of a property."""
    if name in CHOICES:
        return rng.choice(CHOICES[name])
    if not required and rng.random() < 0.5:
        return None
    if type_ == "int":
        return rng.choice((0, -1, 7, 2**62))
    if type_ == "float":
        return rng.choice((0, 1, 0.1, -2.5, 1e300, -0.0, 3.0))
    if type_ == "bool":
        return rng.random() < 0.5
    if type_ == "string[]":
        return [rng.choice(STRINGS) for _ in range(rng.randrange(3))]
    return rng.choice([s for s in STRINGS if s]) if required else rng.choice(STRINGS)


def node_row(rng: random.Random, kind: NodeType, id: str) -> dict[str, Any]:
    """A row of a label."""
    row = {p.name: value(rng, p.name, p.type, p.required) for p in kind.properties} | {"id": id}
    if "patient_id" in row:
        row["patient_id"] = rng.choice(PATIENTS)
    if "concept_id" in row:
        row["concept_id"] = rng.choice(
            [None, *(f"{w}:{i}" for w in ABOUT.get(kind.label, ABOUT[""]) for i in range(4))]
        )
    return row


def random_graph(seed: int, size: int = 4) -> tuple[Rows, Rows]:
    """Nodes by label and relationships by type; facts belong to the patient whose id they carry."""
    rng = random.Random(seed)
    nodes: Rows = {
        label: [node_row(rng, k, f"{label}:{i}") for i in range(size if k.world else 4 * size)]
        for label, k in NODES.items()
    }
    nodes["Patient"] = [node_row(rng, NODES["Patient"], id) for id in PATIENTS]
    for label in ("Disease", "Drug"):  # ids beyond the basic plane, where code points and UTF-16 sort differently
        nodes[label] += [node_row(rng, NODES[label], f"{label}:{tail}") for tail in ("\U0001f600", "\uff21", "é")]
    edges: Rows = {}
    for type_, kind in RELATIONSHIPS.items():
        rows = []
        for i in range(size * 3):
            row = {p.name: value(rng, p.name, p.type, p.required) for p in kind.properties}
            ends = {
                end: rng.choice(nodes[rng.choice(endpoint_labels(labels))])["id"]
                for end, labels in (("source", kind.sources), ("target", kind.targets))
            }
            rows.append(row | {"id": f"{type_}:{i}"} | ends)
        edges[type_] = rows
    edges["HAS_FACT"] = [
        {"id": f"HAS_FACT:{fact['id']}", "source": fact["patient_id"], "target": fact["id"]}
        for label in FACT_LABELS
        for fact in nodes[label]
    ]
    return nodes, edges
