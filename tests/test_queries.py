"""The query library: headers, parameters, and answers on a small graph that a person can check."""

from __future__ import annotations

import pytest
from clinigraph.kg.queries.library import named_query, queries, query_names
from clinigraph.kg.stores import open_store
from clinigraph.schemas.graph import PYTHON_TYPES
from clinigraph.schemas.problems import UserError

SOURCE = {"primary_knowledge_source": "clinigraph-curated", "source_version": "1", "licence": "Apache-2.0"}
FACT = {"review_state": "extracted", "answer": "yes", "temporality": "current"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("queries") / "graph.db") as opened:
        fill(opened)
        yield opened


def fill(store):
    def world(label, **names):
        store.upsert_nodes(label, [{"id": i.replace("_", ":"), "name": n, **SOURCE} for i, n in names.items()])

    def edges(type_, *ends, **properties):
        rows = [{"id": f"{type_}-{a}-{b}", "source": a, "target": b, **SOURCE, **properties} for a, b in ends]
        store.upsert_edges(type_, rows)

    world("Disease", D_1="diabetes mellitus", D_2="type 2 diabetes mellitus", D_3="asthma")
    world("PhenotypicFeature", F_1="cough", F_2="productive cough")
    world("Drug", DB_1="metformin", DB_2="metformin/sitagliptin", DB_3="propranolol")
    world("DrugClass", C_1="biguanides", C_2="beta blockers")
    world("LabTest", L_1="haemoglobin A1c")
    edges("SUBCLASS_OF", ("D:2", "D:1"), ("F:2", "F:1"))
    edges("HAS_INGREDIENT", ("DB:2", "DB:1"))
    edges("IN_CLASS", ("DB:1", "C:1"), ("DB:3", "C:2"))
    edges("TREATS", ("DB:1", "D:1"), line="first")
    edges("CONTRAINDICATED_IN", ("C:2", "D:3"), severity="relative")
    store.upsert_nodes("Patient", [{"id": "P1"}, {"id": "P2"}])
    store.upsert_nodes(
        "Condition",
        [
            {"id": "c1", "patient_id": "P1", "concept_id": "D:2", "name": "T2DM", **FACT},
            {"id": "c2", "patient_id": "P2", "concept_id": "D:2", "name": "T2DM", **FACT, "answer": "no"},
        ],
    )
    store.upsert_nodes(
        "Observation",
        [
            {
                "id": "o1",
                "patient_id": "P1",
                "concept_id": "L:1",
                "name": "A1c",
                "value": 9.1,
                "date": "2024-01-01",
                **FACT,
            },
            {
                "id": "o2",
                "patient_id": "P1",
                "concept_id": "L:1",
                "name": "A1c",
                "value": 7.2,
                "date": "2024-05-01",
                **FACT,
            },
        ],
    )
    store.upsert_nodes(
        "MedicationStatement",
        [
            {"id": "m1", "patient_id": "P1", "concept_id": "DB:2", "name": "Janumet", "status": "active", **FACT},
            {"id": "m2", "patient_id": "P2", "concept_id": "DB:1", "name": "metformin", "status": "stopped", **FACT},
        ],
    )
    mention = {"note_id": "n1", "patient_id": "P1", "start": 3, "end": 8, "label": "SYMPTOM"}
    store.upsert_nodes("Mention", [{"id": "x1", "concept_id": "F:1", "negated": True, "text": "cough", **mention}])


def ids(rows, column):
    return [row[column] for row in rows]


def test_subclasses_count_and_denied_conditions_do_not(store):
    assert ids(store.run("patients_with_condition", disease="D:1"), "fact") == ["c1"]
    assert store.run("patients_with_condition", disease="D:3") == []


def test_last_value_decides(store):
    ask = {"disease": "D:1", "test": "L:1"}
    assert store.run("patients_with_condition_and_lab", **ask, limit=8) == []
    found = store.run("patients_with_condition_and_lab", **ask, limit=7)
    assert [(r["patient"], r["value"], r["date"]) for r in found] == [("P1", 7.2, "2024-05-01")]


def test_products_and_classes_count_and_stopped_drugs_do_not(store):
    assert ids(store.run("patients_on_drug", drug="DB:1"), "fact") == ["m1"]
    assert ids(store.run("patients_on_drug", drug="C:1"), "fact") == ["m1"]


def test_denying_the_broader_finding_denies_the_narrower(store):
    assert ids(store.run("patients_with_negated_finding", finding="F:2"), "mention") == ["x1"]
    assert ids(store.run("patients_with_negated_finding", finding="F:1"), "mention") == ["x1"]


def test_knowledge_along_hierarchies_with_source(store):
    found = store.run("drugs_for_disease", disease="D:2")
    assert [(r["drug"], r["used_for"], r["line"], r["source"]) for r in found] == [
        ("DB:1", "D:1", "first", "clinigraph-curated")
    ]
    found = store.run("contraindications_of_drug", drug="DB:3")
    assert [(r["condition"], r["through"], r["severity"]) for r in found] == [("D:3", "C:2", "relative")]


def test_search_ranks_exact_before_start_before_within(store):
    found = store.run("concept_search", text="Metformin")
    assert [(r["rank"], r["id"]) for r in found] == [(0, "DB:1"), (1, "DB:2")]
    assert ids(store.run("concept_search", text="mellitus", limit=1), "rank") == [2]


@pytest.mark.parametrize("name", query_names())
def test_header(name):
    query = named_query(name)
    assert query.name == name
    assert query.question.endswith("?")
    for type_ in [p.type for p in query.parameters] + [t for _, t in query.columns]:
        assert type_ in PYTHON_TYPES
    for p in query.parameters:
        assert f":{p.name}" in query.sql and f"${p.name}" in query.cypher
        assert p.required or p.default is None or isinstance(p.default, PYTHON_TYPES[p.type])


@pytest.mark.parametrize("name", query_names())
def test_runs_on_an_empty_answer_with_declared_columns(store, name):
    values = {"string": "nobody", "int": 3, "float": 1.0}
    parameters = {p.name: values[p.type] for p in queries()[name].parameters}
    for row in store.run(name, **parameters):
        assert tuple(row) == tuple(column for column, _ in queries()[name].columns)


@pytest.mark.parametrize(
    "name, parameters, said",
    [
        ("nonsense", {}, "use one of"),
        ("patient_facts", {}, 'needs the parameter "patient"'),
        ("patient_facts", {"patient": None}, 'needs the parameter "patient"'),
        ("patient_facts", {"patient": "P1", "drug": "x"}, 'has no parameter "drug"'),
        ("patient_facts", {"patient": 7}, "should be string, got int"),
        ("concept_search", {"text": "x", "limit": True}, "should be int, got bool"),
        ("concept_search", {"text": "x", "limit": 0}, "limit"),
        ("patients_with_condition_and_lab", {"disease": "a", "test": "b", "limit": "7"}, "should be float"),
    ],
)
def test_wrong_parameters_are_explained(store, name, parameters, said):
    with pytest.raises(UserError) as caught:
        store.run(name, **parameters)
    assert said in str(caught.value)


def test_parameters_are_never_pasted_into_the_text(store):
    assert store.run("patient_facts", patient="' OR 1=1 --") == []
