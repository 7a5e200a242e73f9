"""Every operation, on random graphs, in every store, against plain Python: whole results are compared."""

from __future__ import annotations

import random
from typing import Any

import pytest
from clinigraph.kg.queries.library import queries
from clinigraph.kg.stores import GraphStore, StoreRowError, open_store
from clinigraph.schemas.graph import NODES, RELATIONSHIPS, WORLD_LABELS
from clinigraph.schemas.problems import UserError
from random_graphs import PATIENTS, node_row, random_graph
from reference_store import ReferenceStore

STORES = ["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)]
SEEDS = [1, 2]
CASES = [("sqlite", 1), ("sqlite", 2), pytest.param("neo4j", 1, marks=pytest.mark.neo4j)]  # a server takes its time


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    if request.param == "neo4j":
        yield request.getfixturevalue("neo4j_store")
        return
    with open_store(tmp_path / "graph.db") as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path):
    with open_store(tmp_path / "other.db") as opened:
        yield opened


def filled(seed: int) -> ReferenceStore:
    reference = ReferenceStore()
    nodes, edges = random_graph(seed)
    for label, rows in nodes.items():
        reference.upsert_nodes(label, rows)
    for type_, rows in edges.items():
        reference.upsert_edges(type_, rows)
    return reference


def load(store: GraphStore, seed: int) -> int:
    nodes, edges = random_graph(seed)
    return store.bulk_load(nodes.items(), edges.items())


def test_is_a_graph_store(store):
    assert isinstance(store, GraphStore)


@pytest.mark.parametrize("store, seed", CASES, indirect=["store"])
def test_bulk_load_gives_the_graph_and_a_second_one_changes_nothing(store, seed):
    reference = filled(seed)
    assert load(store, seed) == sum(sum(part.values()) for part in reference.counts().values())
    assert list(store.canonical_lines()) == list(reference.canonical_lines())
    assert store.counts() == reference.counts()
    assert load(store, seed) == 0
    assert list(store.canonical_lines()) == list(reference.canonical_lines())


@pytest.mark.parametrize("store, seed", CASES, indirect=["store"])
def test_reads(store, seed):
    reference = filled(seed)
    load(store, seed)
    rng = random.Random(seed)
    for label, kind in NODES.items():
        rows = list(reference.nodes(label))
        assert list(store.nodes(label)) == rows
        assert store.node(label, rows[0]["id"]) == rows[0]
        assert store.node(label, "nobody") is None
        for p in kind.properties:
            if p.type != "string[]" and p.name in (row := rng.choice(rows)):
                wanted: Any = rng.choice([row[p.name], [row[p.name], row[p.name]], None])
                assert list(store.nodes(label, **{p.name: wanted})) == list(reference.nodes(label, **{p.name: wanted}))
    for type_ in RELATIONSHIPS:
        rows = list(reference.edges(type_))
        some = [rng.choice(rows)["source"] for _ in range(3)]
        target = rng.choice(rows)["target"]
        for equals in ({"source": some[0]}, {"source": some}, {"target": target}, {"source": some, "target": target}):
            assert list(store.edges(type_, **equals)) == list(reference.edges(type_, **equals))
        label = rows[0]["target_label"]
        assert list(store.edges(type_, target_label=label)) == list(reference.edges(type_, target_label=label))
    ids = ["Disease:0", "Drug:1", "nobody", "Condition:1"]
    assert store.resolve(ids) == reference.resolve(ids) == {"Disease:0": "Disease", "Drug:1": "Drug"}


def _step(rng: random.Random, target: Any, seed: int) -> Any:
    """One random change; the same for the same state of rng."""
    nodes, edges = random_graph(seed)
    label, type_ = rng.choice(list(NODES)), rng.choice(list(RELATIONSHIPS))
    what = rng.randrange(7)
    if what == 0:
        return target.upsert_nodes(label, rng.choices(nodes[label], k=5))
    if what == 1:  # changed, and one id twice
        return target.upsert_nodes(label, [node_row(rng, NODES[label], f"{label}:{i}") for i in (0, 1, 7, 1)])
    if what == 2:
        return target.delete_nodes(label, [*rng.choices([row["id"] for row in nodes[label]], k=2), "nobody"])
    if what == 3:
        return target.delete_edges(type_, [*rng.choices([row["id"] for row in edges[type_]], k=3), "nobody"])
    if what == 4:  # ids of one world label as another
        other = rng.choice(WORLD_LABELS)
        return target.upsert_nodes(other, [node_row(rng, NODES[other], f"{rng.choice(WORLD_LABELS)}:1")])
    rows = [dict(row) for row in rng.choices(edges[type_], k=4)]
    if what == 5:  # other ends
        for row in rows:
            row["source"] = rng.choice(edges[type_])["source"]
    return target.upsert_edges(type_, rows)


def _outcome(rng: random.Random, target: Any, seed: int) -> Any:
    try:
        return _step(rng, target, seed)
    except StoreRowError as error:
        return type(error), error.kind, error.reason.split('"')[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_changes(store, seed):
    reference = filled(seed)
    load(store, seed)
    for number in range(60):
        expected = _outcome(random.Random(seed * 1000 + number), reference, seed)
        assert _outcome(random.Random(seed * 1000 + number), store, seed) == expected, number
    assert list(store.canonical_lines()) == list(reference.canonical_lines())


BAD = [
    ("Patient", {"id": "X", "sex": 3}, "sex"),
    ("Patient", {"id": "X", "colour": "red"}, "colour"),
    ("Patient", {"sex": "male"}, "id"),
    ("Patient", {"id": "X", "age": float("nan")}, "finite"),
    ("Patient", {"id": "X", "birth_year": 2**63}, "64 bits"),
    ("Patient", {"id": "X", "sex": "\ud800"}, "surrogate"),
    ("Encounter", {"id": "X", "patient_id": ""}, "patient_id"),
    (
        "Mention",
        {"id": "X", "note_id": "n", "patient_id": "p", "start": 0, "end": 1, "label": "DRUG", "cues": [1]},
        "cues",
    ),
]


@pytest.mark.parametrize("label, row, said", BAD)
def test_a_bad_row_is_named_and_nothing_of_its_batch_is_written(store, label, row, said):
    good = {"id": "good", "patient_id": "p"} if label == "Encounter" else {"id": "good"}
    with pytest.raises(StoreRowError) as caught:
        store.upsert_nodes(label, [good, row] if label != "Mention" else [row])
    assert said in caught.value.message and caught.value.kind == label
    assert list(store.nodes(label)) == []


def test_an_edge_to_nowhere_is_named_and_nothing_is_written(store):
    store.upsert_nodes("Patient", [{"id": "P1"}])
    store.upsert_nodes("Encounter", [{"id": "E1", "patient_id": "P1"}])
    good = {"id": "e1", "source": "P1", "target": "E1"}
    with pytest.raises(StoreRowError, match='HAS_ENCOUNTER "e2": target "E9" is not in the graph as Encounter'):
        store.upsert_edges("HAS_ENCOUNTER", [good, {"id": "e2", "source": "P1", "target": "E9"}])
    assert list(store.edges("HAS_ENCOUNTER")) == []


def test_transaction_keeps_all_or_nothing(store):
    with store.transaction():
        store.upsert_nodes("Patient", [{"id": "P1"}])
        with pytest.raises(StoreRowError):
            store.upsert_nodes("Encounter", [{"id": "E1"}])
        assert store.node("Patient", "P1") == {"id": "P1"}
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.upsert_nodes("Patient", [{"id": "P2"}])
        with store.transaction():
            store.delete_nodes("Patient", ["P1"])
        _ = 1 / 0
    assert [row["id"] for row in store.nodes("Patient")] == ["P1"]


def test_metadata(store):
    assert store.metadata("knowledge") is None
    store.set_metadata("knowledge", "1")
    store.set_metadata("knowledge", "2 ü")
    assert store.metadata("knowledge") == "2 ü"
    assert list(store.canonical_lines()) == []


def test_unknown_names_are_user_errors(store):
    for call in (
        lambda: store.upsert_nodes("Person", []),
        lambda: store.upsert_edges("KNOWS", []),
        lambda: store.nodes("Person"),
        lambda: store.edges("KNOWS"),
        lambda: store.delete_nodes("Person", []),
        lambda: list(store.nodes("Patient", colour="red")),
        lambda: list(store.nodes("Patient", sex=3)),
        lambda: store.run("no_such_query"),
    ):
        with pytest.raises(UserError, match="What to do: "):
            call()


def _questions(seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Every query with several arguments."""
    candidates: dict[str, list[Any]] = {
        "patient": [*PATIENTS, "nobody"],
        "disease": [f"Disease:{i}" for i in range(4)] + ["PhenotypicFeature:1", "nobody"],
        "finding": [f"PhenotypicFeature:{i}" for i in range(4)] + ["Disease:2"],
        "drug": [f"Drug:{i}" for i in range(4)] + [f"DrugClass:{i}" for i in range(4)],
        "test": [f"LabTest:{i}" for i in range(4)],
        "note": ["plain", "Größe", "🫀 heart"],
        "text": ["aspirin", "HEART", "ä", "Disease:1", 'quote " \\', "no such thing"],
        "limit": [1, 5],
    }
    rng = random.Random(seed)
    found = []
    for name, query in queries().items():
        for _ in range(10 if query.parameters else 1):
            chosen = {
                p.name: rng.choice(candidates[p.name]) for p in query.parameters if p.required or rng.random() < 0.7
            }
            if "limit" in chosen and query.name != "concept_search":
                chosen["limit"] = rng.choice([-3.0, 0.05])
            found.append((name, chosen))
    return found


@pytest.mark.neo4j
@pytest.mark.parametrize("seed", SEEDS)
def test_queries_give_the_same_rows_in_both_stores(sqlite_store, neo4j_store, seed):
    load(sqlite_store, seed)
    load(neo4j_store, seed)
    answered = set()
    for name, parameters in _questions(seed):
        rows = sqlite_store.run(name, **parameters)
        assert neo4j_store.run(name, **parameters) == rows, (name, parameters)
        if rows:
            answered.add(name)
    assert len(answered) >= len(queries()) - 4  # most questions have an answer


def _closure(reference: ReferenceStore, start: str, types: tuple[str, ...], down: bool) -> set[str]:
    near, far = ("target", "source") if down else ("source", "target")
    found = {start} & set(reference.resolve([start]))
    todo = list(found)
    while todo:
        for type_ in types:
            for row in reference.edges(type_, **{near: todo[0]}):
                if row[far] not in found:
                    found.add(row[far])
                    todo.append(row[far])
        del todo[0]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_queries_along_hierarchies_against_plain_python(store, seed):
    reference = filled(seed)
    load(store, seed)
    for number in range(4):
        kinds = _closure(reference, f"Disease:{number}", ("SUBCLASS_OF",), down=True)
        expected = {row["id"] for k in kinds for row in reference.nodes("Condition", concept_id=k, answer="yes")}
        assert {r["fact"] for r in store.run("patients_with_condition", disease=f"Disease:{number}")} == expected
        drug = f"Drug:{number}"
        subjects = _closure(reference, drug, ("HAS_INGREDIENT", "IN_CLASS", "SUBCLASS_OF"), down=False)
        found = {(r["through"], r["other"]) for r in store.run("interactions_of_drug", drug=drug)}
        ends = [(e["source"], e["target"]) for e in reference.edges("INTERACTS_WITH")]
        assert found == {p for a, b in ends for p in ((a, b), (b, a)) if p[0] in subjects}
        found = {(r["through"], r["condition"]) for r in store.run("contraindications_of_drug", drug=drug)}
        rows = reference.edges("CONTRAINDICATED_IN")
        assert found == {(e["source"], e["target"]) for e in rows if e["source"] in subjects}
        kinds = _closure(reference, drug, ("HAS_INGREDIENT", "IN_CLASS", "SUBCLASS_OF"), down=True)
        expected = {
            row["id"]
            for row in reference.nodes("MedicationStatement", concept_id=sorted(kinds), answer="yes")
            if row.get("temporality", "current") == "current" and row.get("status") not in ("stopped", "held")
        }
        assert {r["fact"] for r in store.run("patients_on_drug", drug=drug)} == expected


def test_bulk_load_into_empty_kinds_still_refuses_what_is_wrong(store):
    source = {"primary_knowledge_source": "clinigraph-curated", "source_version": "1", "licence": "Apache-2.0"}
    node = {"id": "X:1", "name": "x", **source}
    other = {"id": "X:2", "name": "y", **source}
    store.upsert_nodes("Drug", [node])
    with pytest.raises(StoreRowError, match="the graph has this id as Drug"):
        store.bulk_load([("Disease", [node, other])], [])
    with pytest.raises(StoreRowError, match="the graph has this id as Disease"):
        store.bulk_load([("Disease", [other]), ("LabTest", [other])], [])
    assert list(store.nodes("LabTest")) == []
    edge = {"id": "e1", "source": "X:1", "target": "nowhere", **source}
    with pytest.raises(StoreRowError, match='target "nowhere" is not in the graph'):
        store.bulk_load([("Disease", [other])], [("TREATS", [edge])])
    with pytest.raises(StoreRowError, match='source "X:2" is not in the graph as Drug'):
        store.bulk_load([("Disease", [other])], [("TREATS", [edge | {"source": "X:2", "target": "X:2"}])])
    assert list(store.edges("TREATS")) == []
    assert store.bulk_load([("Disease", [other])], [("TREATS", [edge | {"target": "X:2"}])]) in (1, 2)
    assert [row["target_label"] for row in store.edges("TREATS")] == ["Disease"]
