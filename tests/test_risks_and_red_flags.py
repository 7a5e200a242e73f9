"""Risk factors count as bounded evidence, red flags are shown, and a frequency counts for those it holds for."""

from __future__ import annotations

from pathlib import Path

import pytest
from advice_knowledge import SOURCE
from clinigraph.kg.advice import KnowledgeView, diagnose
from clinigraph.kg.advice.parameters import parameters
from clinigraph.kg.advice.view import Rows
from clinigraph.schemas.advice import (
    DifferentialEntry,
    Finding,
    PatientCondition,
    PatientMedication,
    PatientState,
)

NODES = {
    "PhenotypicFeature": [
        {"id": "HP:1", "name": "Pain"},
        {"id": "HP:2", "name": "Chest pain"},
        {"id": "HP:3", "name": "Fever"},
        {"id": "HP:4", "name": "Hypotension"},
        {"id": "HP:5", "name": "Smoking"},
        {"id": "HP:6", "name": "Pulmonary embolism", "xrefs": ["MONDO:pe"]},
        {"id": "HP:7", "name": "Testicular pain"},
        {"id": "HP:8", "name": "Poor feeding"},
    ],
    "Disease": [
        {"id": "MONDO:pe", "name": "embolism of the lung", "prevalence_primary": "rare", "xrefs": ["HP:6"]},
        {"id": "MONDO:mumps", "name": "mumps", "prevalence_primary": "rare"},
        {"id": "MONDO:flu", "name": "influenza", "prevalence_primary": "rare"},
        {"id": "MONDO:cancer", "name": "cancer"},
        {"id": "MONDO:lungcancer", "name": "lung cancer"},
    ],
    "Drug": [{"id": "DB:pill", "name": "the pill"}],
    "DrugClass": [{"id": "CGCLASS:estrogen", "name": "oestrogen"}],
}
EDGES = {
    "SUBCLASS_OF": [("HP:2", "HP:1", {}), ("HP:7", "HP:1", {}), ("MONDO:lungcancer", "MONDO:cancer", {})],
    "HAS_PHENOTYPE": [
        ("MONDO:pe", "HP:2", {"frequency": "frequent"}),
        ("MONDO:pe", "HP:6", {"frequency": "obligate"}),
        ("MONDO:mumps", "HP:3", {"frequency": "frequent"}),
        ("MONDO:mumps", "HP:7", {"frequency": "frequent", "sex": "male"}),
        ("MONDO:mumps", "HP:8", {"frequency": "frequent", "age": "infant"}),
        ("MONDO:flu", "HP:3", {"frequency": "very_frequent"}),
        ("MONDO:flu", "HP:2", {"frequency": "very_rare"}),
    ],
    "IN_CLASS": [("DB:pill", "CGCLASS:estrogen", {})],
    "RISK_FACTOR_FOR": [
        ("HP:5", "MONDO:pe", {"strength": "weak"}),
        ("MONDO:cancer", "MONDO:pe", {"strength": "strong"}),
        ("CGCLASS:estrogen", "MONDO:pe", {"strength": "moderate"}),
    ],
    "RED_FLAG_FOR": [
        ("HP:4", "MONDO:pe", {"meaning": "massive embolism"}),
        ("HP:3", "MONDO:pe", {"meaning": "infarct or pneumonia"}),
    ],
}


@pytest.fixture(scope="module")
def view() -> KnowledgeView:
    edges = {
        type_: [{"id": f"{a}|{b}", "source": a, "target": b, **more, **SOURCE} for a, b, more in rows]
        for type_, rows in EDGES.items()
    }
    nodes = {label: [{**SOURCE, **row} for row in rows] for label, rows in NODES.items()}
    return KnowledgeView.compile(Rows(nodes, edges), version="risks")


def patient(*present: str, **known: object) -> PatientState:
    return PatientState(findings=tuple(Finding(concept_id=c) for c in present), **known)


def entry(state: PatientState, disease: str, view: KnowledgeView) -> DifferentialEntry:
    return next(e for e in diagnose(state, view, limit=9).entries if e.disease_id == disease)


@pytest.mark.parametrize(
    ("known", "strength", "factor"),
    [
        ({"conditions": (PatientCondition(concept_id="MONDO:cancer"),)}, "strong", "MONDO:cancer"),
        ({"conditions": (PatientCondition(concept_id="MONDO:lungcancer"),)}, "strong", "MONDO:cancer"),
        (
            {"conditions": (PatientCondition(concept_id="MONDO:cancer", status="historical"),)},
            "strong",
            "MONDO:cancer",
        ),
        ({"medications": (PatientMedication(drug_id="DB:pill"),)}, "moderate", "CGCLASS:estrogen"),
    ],
)
def test_a_disease_or_drug_raises_the_odds_by_what_its_strength_says(view, known, strength, factor):
    without, with_ = entry(patient("HP:2"), "MONDO:pe", view), entry(patient("HP:2", **known), "MONDO:pe", view)
    [part] = [p for p in with_.evidence_for if p.kind == "risk"]
    assert part.matched.id == factor and strength in part.reason and part.sources
    from math import log

    assert part.log_odds == pytest.approx(log(parameters()["risk"][strength]))
    assert with_.score - without.score == pytest.approx(part.log_odds)
    assert with_.score == pytest.approx(sum(p.log_odds for p in with_.parts))


def test_a_stopped_drug_or_a_denied_disease_is_no_risk(view):
    state = patient(
        "HP:2",
        medications=(PatientMedication(drug_id="DB:pill", status="stopped"),),
        conditions=(PatientCondition(concept_id="MONDO:cancer", present="no"),),
    )
    assert not [p for p in entry(state, "MONDO:pe", view).parts if p.kind == "risk"]


def test_a_risk_factor_that_no_disease_shows_still_counts(view):
    part = next(p for p in entry(patient("HP:2", "HP:5"), "MONDO:pe", view).evidence_for if p.finding.id == "HP:5")
    assert part.kind == "risk" and "weak" in part.reason


def test_red_flags_present_and_to_look_for(view):
    answer = entry(patient("HP:2", "HP:4"), "MONDO:pe", view)
    assert [(f.finding.id, f.meaning) for f in answer.red_flags] == [("HP:4", "massive embolism")]
    assert [f.finding.id for f in answer.red_flags_to_check] == ["HP:3"]
    denied = PatientState(
        findings=(Finding(concept_id="HP:2"), Finding(concept_id="HP:4", present="no"), Finding(concept_id="HP:3"))
    )
    answer = entry(denied, "MONDO:pe", view)
    assert [f.finding.id for f in answer.red_flags] == ["HP:3"] and not answer.red_flags_to_check


def test_nobody_is_asked_for_the_disease_itself(view):
    answer = diagnose(patient("HP:3"), view, limit=9)
    embolism = next(e for e in answer.entries if e.disease_id == "MONDO:pe")
    assert [m.finding.id for m in embolism.expected_missing] == ["HP:2"]
    assert "HP:6" not in [q.concept.id for q in answer.ask_next]


def test_a_frequency_holds_only_for_its_sex_and_age(view):
    man, woman = (entry(patient("HP:7", sex=sex), "MONDO:mumps", view) for sex in ("male", "female"))
    assert man.score > woman.score
    assert next(p for p in man.parts if p.kind == "finding").match == "exact"
    assert next(p for p in woman.parts if p.kind == "finding").match != "exact"
    infant, adult = (entry(patient("HP:3", age=age), "MONDO:mumps", view) for age in (0.5, 40))
    assert "HP:8" in [m.finding.id for m in infant.expected_missing]
    assert "HP:8" not in [m.finding.id for m in adult.expected_missing]
    unknown = entry(patient("HP:3"), "MONDO:mumps", view)
    assert {"HP:7", "HP:8"} <= {m.finding.id for m in unknown.expected_missing}


@pytest.mark.parametrize("sex", [None, "female", "male"])
@pytest.mark.parametrize("age", [None, 1, 10, 40, 70])
@pytest.mark.parametrize("finding", ["HP:1", "HP:3", "HP:7", "HP:8"])
def test_parts_add_up_for_everybody(view, sex, age, finding):
    for e in diagnose(patient(finding, sex=sex, age=age), view, limit=9).entries:
        assert e.score == pytest.approx(sum(p.log_odds for p in e.parts))


def test_what_is_not_known_to_be_shown_never_speaks_for_it(view):
    for finding in ("HP:1", "HP:2", "HP:3", "HP:7", "HP:8"):
        for e in diagnose(patient(finding), view, limit=9).entries:
            assert not [p for p in e.evidence_for if p.reason == "is not known to show it"]


def test_a_saved_view_keeps_limits_risks_and_flags(view, tmp_path: Path):
    view.save(tmp_path / "view.npz")
    again = KnowledgeView.load(tmp_path / "view.npz", version="risks")
    assert again is not None and again.matrix.limited == view.matrix.limited
    state = patient("HP:7", "HP:4", sex="female", medications=(PatientMedication(drug_id="DB:pill"),))
    assert diagnose(state, again) == diagnose(state, view)
