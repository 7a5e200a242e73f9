"""The compiled view: what compiling keeps, saving and loading, twins and cross references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from advice_knowledge import mini_rows, mini_view
from clinigraph.kg.advice import KnowledgeView, check, diagnose
from clinigraph.kg.advice.phenotypes import carry_up, closure
from clinigraph.kg.advice.view import Rows
from clinigraph.schemas.advice import Finding, PatientMedication, PatientState
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

STATE = PatientState(
    findings=(Finding(concept_id="HP:22"), Finding(concept_id="HP:12"), Finding(concept_id="HP:30", present="no")),
    medications=(PatientMedication(drug_id="DB:warfarin"),),
)


def test_saved_and_loaded_view_gives_the_same_answers(tmp_path: Path) -> None:
    file = tmp_path / "view.npz"
    mini_view().save(file)
    loaded = KnowledgeView.load(file)
    assert loaded is not None
    assert diagnose(STATE, loaded) == diagnose(STATE, mini_view())
    assert check(STATE, loaded, "DB:sertraline") == check(STATE, mini_view(), "DB:sertraline")


def test_cache_is_used_only_for_its_version(tmp_path: Path) -> None:
    file = tmp_path / "view.npz"
    KnowledgeView.compile(mini_rows(), version="1", cache=file)
    empty = Rows({}, {})
    assert len(KnowledgeView.compile(empty, version="1", cache=file).diseases) > 0
    assert len(KnowledgeView.compile(empty, version="2", cache=file).diseases) == 0
    assert [f.name for f in tmp_path.iterdir()] == ["view.npz"]


def test_a_damaged_cache_is_no_view(tmp_path: Path) -> None:
    file = tmp_path / "view.npz"
    file.write_bytes(b"PK\x03\x04 not really")
    assert KnowledgeView.load(file) is None
    assert KnowledgeView.compile(mini_rows(), version="1", cache=file).diseases
    np.savez(file, tables=np.frombuffer(b"{}", dtype=np.uint8))
    assert KnowledgeView.load(file) is None


def test_the_order_of_rows_does_not_matter() -> None:
    rows = mini_rows()
    turned = Rows(
        {k: list(reversed(v)) for k, v in rows.node_rows.items()},
        {k: list(reversed(v)) for k, v in rows.edge_rows.items()},
    )
    assert diagnose(STATE, KnowledgeView.compile(turned)) == diagnose(STATE, mini_view())


def test_twins_cross_references_and_hierarchy() -> None:
    view = mini_view()
    assert set(view.same_as("HP:40")) == {"HP:40", "MONDO:htn"}
    assert view.disease_index["OMIM:277900"] == view.disease_index["MONDO:wilson"]
    assert view.finding_index["MONDO:htn"] == view.finding_index["HP:40"]
    assert view.above("HP:12")["HP:10"] == 2
    assert view.equivalent_ids("MONDO:wilson") == {"MONDO:wilson", "OMIM:277900", "ORPHA:905"}
    assert "CG:beta_lactam" in view.classes("DB:coamoxiclav")


def test_our_own_statement_wins_over_others_and_the_highest_among_those() -> None:
    source = {"source": "MONDO:a", "target": "HP:1", "source_version": "1"}
    edges = [
        {**source, "id": "e1", "frequency": "obligate", "primary_knowledge_source": "hpoa"},
        {**source, "id": "e2", "frequency": "occasional", "primary_knowledge_source": "clinigraph-curated"},
    ]
    nodes = {"Disease": [{"id": "MONDO:a", "name": "a"}], "PhenotypicFeature": [{"id": "HP:1", "name": "x"}]}
    view = KnowledgeView.compile(Rows(nodes, {"HAS_PHENOTYPE": edges}))
    assert view.matrix.direct.toarray().tolist() == [[0.17]]
    assert view.phenotype_source(0, 0, int(view.matrix.row(0)[2][0])).edge_id == "e2"


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=3), max_size=8),
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 7)), st.floats(0.01, 0.95), max_size=12),
)
def test_carrying_up_keeps_the_greatest_of_all_kinds(parents: dict, cells: dict) -> None:
    ancestors = closure(8, parents)
    dense = np.zeros((4, 8))
    for at, value in cells.items():
        dense[at] = value
    carried = carry_up(sparse.csr_matrix(dense), ancestors).toarray()
    for finding in range(8):
        kinds = [k for k in range(8) if ancestors[k, finding]]
        assert np.allclose(carried[:, finding], dense[:, kinds].max(axis=1))
