"""Drug advice: the gates that must hold, bounded penalties, honest "not checked", and what must always hold."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest
from advice_knowledge import DRUGS, SOURCE, edges, mini_view
from clinigraph.kg.advice import check, recommend
from clinigraph.kg.advice.view import KnowledgeView, Rows
from clinigraph.schemas.advice import (
    DrugSuggestion,
    Evidence,
    Finding,
    PatientAllergy,
    PatientCondition,
    PatientMeasurement,
    PatientMedication,
    PatientState,
    Recommendation,
)
from hypothesis import given, settings
from hypothesis import strategies as st

PLACE = Evidence(note_id="n1", start=10, end=20, source="test")


def condition(concept: str, **more: object) -> PatientCondition:
    return PatientCondition(concept_id=concept, evidence=(PLACE,), **more)


def allergy(concept: str, **more: object) -> PatientAllergy:
    return PatientAllergy(concept_id=concept, evidence=(PLACE,), **more)


def drug(concept: str, **more: object) -> PatientMedication:
    return PatientMedication(drug_id=concept, evidence=(PLACE,), **more)


def value(test: str, number: float, day: int = 1) -> PatientMeasurement:
    return PatientMeasurement(test_id=f"CGTEST:{test}", value=number, date=dt.date(2024, 1, day), evidence=(PLACE,))


def verdict(state: PatientState, name: str) -> tuple[str, list[str]]:
    answer = check(state, mini_view(), f"DB:{name}")
    return answer.verdict, [r.kind for r in (*answer.blocks, *answer.cautions)]


def listed(answer: Recommendation) -> dict[str, DrugSuggestion]:
    return {s.name: s for s in (*answer.suggested, *answer.cautioned)}


def test_penicillin_allergy() -> None:
    for allergen in ("DB:penicillin_g", "CG:penicillin", "DB:amoxicillin"):
        state = PatientState(
            allergies=(allergy(allergen, reaction="hives"),), conditions=(condition("MONDO:pneumonia"),)
        )
        answer = recommend(state, mini_view())
        assert {b.name for b in answer.blocked} == {"amoxicillin", "amoxicillin-clavulanate"}
        assert all(r.evidence == (PLACE,) and "hives" in r.message for b in answer.blocked for r in b.reasons)
        sources = [s.primary_knowledge_source for b in answer.blocked for r in b.reasons for s in r.sources]
        assert "clinigraph-test" in sources
        cautioned = {s.name: s for s in answer.cautioned}
        assert [r.severity for r in cautioned["cephalexin"].cautions] == ["low"]
        assert "aztreonam" in {s.name for s in answer.suggested}
    severe = PatientState(allergies=(allergy("CG:penicillin", severity="severe"),))
    assert check(severe, mini_view(), "DB:cephalexin").cautions[0].severity == "moderate"


def test_pregnancy_blocks() -> None:
    pregnant = PatientState(pregnant=True, sex="female", age=30, demographics_evidence=(PLACE,))
    assert verdict(pregnant, "warfarin") == ("blocked", ["pregnancy"])
    assert verdict(pregnant, "lisinopril") == ("blocked", ["pregnancy"])
    assert verdict(pregnant, "doxycycline") == ("caution", ["pregnancy"])
    block = check(pregnant, mini_view(), "DB:warfarin").blocks[0]
    assert block.evidence == (PLACE,) and block.sources[0].primary_knowledge_source == "clinigraph-test"
    unknown = check(PatientState(sex="female", age=30), mini_view(), "DB:warfarin")
    assert unknown.verdict == "no_problem_found"
    assert "pregnancy: matters for this drug, status not recorded" in unknown.not_checked
    man = check(PatientState(sex="male", age=30), mini_view(), "DB:warfarin")
    assert not any("pregnancy" in line for line in man.not_checked)


@pytest.mark.parametrize(("egfr", "expected"), [(25, "blocked"), (40, "caution"), (60, "no_problem_found")])
def test_metformin_and_kidney_function(egfr: float, expected: str) -> None:
    state = PatientState(measurements=(value("egfr", 90, 1), value("egfr", egfr, 5)))
    answer = check(state, mini_view(), "DB:metformin")
    assert answer.verdict == expected
    assert any(r.kind == "monitoring" for r in answer.notes)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_values_of_one_day_the_worse_counts(order: int) -> None:
    both = (value("egfr", 25, 5), value("egfr", 90, 5))[::order]
    assert check(PatientState(measurements=both), mini_view(), "DB:metformin").verdict == "blocked"
    both = (value("creatinine", 0.8, 5), value("creatinine", 2.4, 5))[::order]
    state = PatientState(age=67, sex="male", measurements=both)
    assert check(state, mini_view(), "DB:metformin").verdict == "blocked"


def test_kidney_function_from_creatinine() -> None:
    state = PatientState(age=67, sex="male", measurements=(value("creatinine", 2.4),))
    block = check(state, mini_view(), "DB:metformin").blocks[0]
    assert "computed from creatinine" in block.message and block.evidence == (PLACE,)
    unknown = check(state.model_copy(update={"sex": None}), mini_view(), "DB:metformin")
    assert "kidney function: matters for this drug, no eGFR" in unknown.not_checked


def test_maoi_and_ssri() -> None:
    for taken, asked in (("phenelzine", "sertraline"), ("sertraline", "phenelzine")):
        state = PatientState(medications=(drug(f"DB:{taken}"),))
        answer = check(state, mini_view(), f"DB:{asked}")
        assert answer.verdict == "blocked" and answer.blocks[0].kind == "interaction"
        assert taken in answer.blocks[0].message and answer.blocks[0].evidence == (PLACE,)
    stopped = PatientState(medications=(drug("DB:phenelzine", status="stopped"),))
    assert verdict(stopped, "sertraline") == ("no_problem_found", [])


def test_major_interaction_is_a_caution_and_duplicates_are_named() -> None:
    state = PatientState(medications=(drug("DB:warfarin"), drug("DB:lisinopril")))
    assert verdict(state, "sertraline") == ("caution", ["interaction"])
    assert verdict(state, "enalapril") == ("caution", ["duplicate"])
    assert verdict(PatientState(medications=(drug("DB:amoxicillin"),)), "coamoxiclav") == ("caution", ["duplicate"])
    # serotonergic drugs share a group that says what they do: that is no duplicate by itself
    assert verdict(PatientState(medications=(drug("DB:warfarin"),)), "apixaban") == ("no_problem_found", [])


def test_contraindication_through_the_hierarchy_and_twins() -> None:
    severe = PatientState(conditions=(condition("MONDO:severe_asthma"),))
    assert verdict(severe, "propranolol") == ("blocked", ["contraindication"])
    past = PatientState(conditions=(condition("MONDO:asthma", status="historical"),))
    assert verdict(past, "propranolol") == ("caution", ["contraindication"])
    absent = PatientState(conditions=(condition("MONDO:asthma", present="no"),))
    assert verdict(absent, "propranolol") == ("no_problem_found", [])
    finding = PatientState(findings=(Finding(concept_id="HP:35", evidence=(PLACE,)),))
    assert verdict(finding, "lisinopril") == ("blocked", ["contraindication"])


def test_an_adverse_effect_that_is_there_already() -> None:
    state = PatientState(findings=(Finding(concept_id="HP:21"),), conditions=(condition("MONDO:htn"),))
    assert verdict(state, "enalapril") == ("caution", ["adverse_effect"])
    answer = recommend(state, mini_view())
    assert "enalapril" in {s.name for s in answer.cautioned}
    names = [s.name for s in answer.suggested]
    assert names[0] == "amlodipine" and "enalapril" not in names


def test_mild_cautions_do_not_keep_a_drug_from_being_suggested() -> None:
    state = PatientState(medications=(drug("DB:warfarin"),), conditions=(condition("MONDO:pneumonia"),))
    suggested = {s.name: s for s in recommend(state, mini_view()).suggested}
    assert [r.severity for r in suggested["doxycycline"].cautions] == ["moderate"]
    assert suggested["doxycycline"].score < suggested["amoxicillin"].score


def test_what_a_drug_is_given_for_is_no_adverse_effect_of_it() -> None:
    state = PatientState(conditions=(condition("MONDO:htn"),), findings=(Finding(concept_id="HP:40"),))
    assert verdict(state, "amlodipine") == ("no_problem_found", [])


def test_already_taken_is_said() -> None:
    state = PatientState(medications=(drug("DB:lisinopril"),), conditions=(condition("MONDO:htn"),))
    found = listed(recommend(state, mini_view()))
    assert found["lisinopril"].already_taken
    assert any(r.kind == "already_taken" and r.evidence == (PLACE,) for r in found["lisinopril"].reasons)
    assert not any(r.kind == "duplicate" for r in found["lisinopril"].cautions)


def test_candidates_by_condition_hierarchy_and_component_only() -> None:
    general = listed(recommend(PatientState(), mini_view(), condition="MONDO:pneumonia"))
    kind = listed(recommend(PatientState(), mini_view(), condition="MONDO:bacterial_pneumonia"))
    assert general.keys() == kind.keys() and "clavulanic acid" not in general
    assert kind["amoxicillin"].score < general["amoxicillin"].score == 1.0
    assert (
        recommend(PatientState(), mini_view(), condition="MONDO:wilson").no_drug_known_for[0].name == "Wilson disease"
    )


def test_what_was_not_checked_is_said() -> None:
    lines = recommend(PatientState(), mini_view(), condition="MONDO:htn").not_checked
    assert {line.split(":")[0] for line in lines} == {
        "allergies", "interactions", "age", "sex", "kidney function", "pregnancy",
    }  # fmt: skip
    state = PatientState(
        allergies=(allergy("text:shellfish", name="shellfish"),), medications=(drug("text:herb", name="a herb"),)
    )
    lines = recommend(state, mini_view()).not_checked
    assert "allergy to shellfish: not a drug or class known here" in lines
    assert "interactions with a herb: not a drug known here" in lines


def test_unknown_drug() -> None:
    answer = check(PatientState(), mini_view(), "DB:nothing")
    assert answer.verdict == "unknown_drug" and answer.not_checked


CONDITIONS = ["MONDO:pneumonia", "MONDO:asthma", "MONDO:htn", "MONDO:t2d", "MONDO:depression", "MONDO:pe"]
DRUG_IDS = sorted(DRUGS)
STATES = st.builds(
    PatientState,
    age=st.sampled_from([None, 30, 80]),
    sex=st.sampled_from([None, "female", "male"]),
    pregnant=st.sampled_from([None, False]),
    conditions=st.lists(st.sampled_from(CONDITIONS).map(condition), max_size=3).map(tuple),
    medications=st.lists(st.sampled_from(DRUG_IDS).map(drug), max_size=3).map(tuple),
    allergies=st.lists(st.sampled_from([*DRUG_IDS, "CG:penicillin"]).map(allergy), max_size=2).map(tuple),
    findings=st.lists(
        st.sampled_from(["HP:20", "HP:34", "HP:36"]).map(lambda c: Finding(concept_id=c)), max_size=2
    ).map(tuple),
)
HARMS = st.sampled_from(
    [
        {"allergies": (allergy("DB:penicillin_g"),)},
        {"allergies": (allergy("DB:lisinopril"),)},
        {"conditions": (condition("MONDO:asthma"),)},
        {"findings": (Finding(concept_id="HP:35"),)},
        {"findings": (Finding(concept_id="HP:34"),)},
        {"medications": (drug("DB:phenelzine"),)},
        {"medications": (drug("DB:warfarin"),)},
        {"pregnant": True},
        {"measurements": (value("egfr", 20),)},
    ]
)


@settings(max_examples=40, deadline=None)
@given(STATES, HARMS, st.sampled_from(CONDITIONS))
def test_a_further_reason_never_raises_a_drug(state: PatientState, harm: dict, target: str) -> None:
    more = {k: (*getattr(state, k), *v) if isinstance(v, tuple) else v for k, v in harm.items()}
    before = recommend(state, mini_view(), condition=target)
    after = recommend(state.model_copy(update=more), mini_view(), condition=target)
    scores = {s.drug_id: s.score for s in (*before.suggested, *before.cautioned)}
    for entry in (*after.suggested, *after.cautioned):
        assert entry.score <= scores.get(entry.drug_id, 0) + 1e-9
    assert {b.drug_id for b in before.blocked} <= {b.drug_id for b in after.blocked}


@settings(max_examples=40, deadline=None)
@given(STATES, st.randoms())
def test_blocked_is_never_suggested_and_order_does_not_matter(state: PatientState, random: object) -> None:
    answer = recommend(state, mini_view())
    offered = {s.drug_id for s in (*answer.suggested, *answer.cautioned)}
    assert not offered & {b.drug_id for b in answer.blocked}
    assert all(b.reasons for b in answer.blocked)
    for entry in (*answer.suggested, *answer.cautioned):
        assert 0 < entry.score <= 1 and entry.sources
        assert check(state, mini_view(), entry.drug_id).verdict != "blocked"
    turned = {}
    for name in ("conditions", "medications", "allergies", "findings"):
        rows = list(getattr(state, name))
        random.shuffle(rows)  # type: ignore[attr-defined]
        turned[name] = tuple(rows)
    assert recommend(state.model_copy(update=turned), mini_view()) == answer


KIDNEY = {
    "MONDO:0001106": ("kidney failure", None),
    "MONDO:0005300": ("chronic kidney disease", "MONDO:0001106"),
    "MONDO:0004375": ("end stage renal failure", "MONDO:0005300"),
    "MONDO:0002492": ("acute kidney injury", "MONDO:0001106"),
    "HP:0012624": ("Stage 2 chronic kidney disease", "MONDO:0005300"),
    "MONDO:0000755": ("ectopic pregnancy", None),
    "MONDO:0008383": ("rheumatoid arthritis", None),
}


@cache
def kidney_view() -> KnowledgeView:
    """Metformin with statements on several grades of kidney disease; methotrexate for two conditions."""
    metformin = [("MONDO:0001106", "absolute"), ("MONDO:0005300", "relative"), ("MONDO:0004375", "absolute")]
    metformin += [("MONDO:0002492", "absolute")]
    rows = [("DB:metformin", c, severity) for c, severity in metformin] + [("DB:mtx", "CG:pregnancy", "absolute")]
    above = [(c, parent) for c, (_, parent) in KIDNEY.items() if parent]
    treats = [("DB:mtx", "MONDO:0000755", "first"), ("DB:mtx", "MONDO:0008383", "first")]
    dose = {"population": "renal", "threshold": 30.0, "action": "avoid", "target": "CG:renal_function"}
    return KnowledgeView.compile(
        Rows(
            {
                "Disease": [{"id": i, "name": name, **SOURCE} for i, (name, _) in KIDNEY.items()],
                "Drug": [{"id": f"DB:{name}", "name": name} for name in ("metformin", "mtx")],
                "Context": [{"id": "CG:pregnancy", "name": "pregnancy"}],
            },
            {
                "SUBCLASS_OF": edges(above),
                "CONTRAINDICATED_IN": edges(rows, "severity"),
                "TREATS": edges(treats, "line"),
                "DOSE_ADJUST_FOR": [{"id": "d", "source": "DB:metformin", **dose, **SOURCE}],
            },
        )
    )


@pytest.mark.parametrize(
    ("concept", "expected"),
    [
        ("MONDO:0001106", "blocked"),
        ("MONDO:0005300", "caution"),
        ("HP:0012624", "caution"),
        ("MONDO:0004375", "blocked"),
        ("MONDO:0002492", "blocked"),
    ],
)
def test_the_nearest_statement_wins(concept: str, expected: str) -> None:
    state = PatientState(conditions=(condition(concept),))
    assert check(state, kidney_view(), "DB:metformin").verdict == expected
    both = PatientState(conditions=(condition(concept), condition("MONDO:0004375")))
    assert check(both, kidney_view(), "DB:metformin").verdict == "blocked"


def test_a_measured_kidney_function_decides_over_the_word() -> None:
    def verdict_with(concept: str, egfr: float) -> str:
        state = PatientState(conditions=(condition(concept),), measurements=(value("egfr", egfr),))
        return check(state, kidney_view(), "DB:metformin").verdict

    assert verdict_with("MONDO:0001106", 70) == "caution"
    assert verdict_with("MONDO:0001106", 20) == "blocked"
    assert verdict_with("MONDO:0005300", 20) == "blocked"
    assert verdict_with("MONDO:0002492", 70) == "blocked"  # eGFR lags behind an acute injury
    assert verdict_with("MONDO:0004375", 70) == "blocked"


def test_pregnancy_does_not_hold_back_what_treats_an_ectopic_one() -> None:
    state = PatientState(pregnant=True, sex="female", age=28, conditions=(condition("MONDO:0000755"),))
    answer = recommend(state, kidney_view())
    assert [s.name for s in answer.suggested] == ["mtx"] and not answer.blocked
    assert any("but given for ectopic pregnancy" in r.message for r in answer.suggested[0].reasons)
    assert check(state, kidney_view(), "DB:mtx").verdict == "no_problem_found"
    arthritis = state.model_copy(update={"conditions": (condition("MONDO:0008383"),)})
    assert recommend(arthritis, kidney_view()).blocked
    both = state.model_copy(update={"conditions": (condition("MONDO:0000755"), condition("MONDO:0008383"))})
    assert [b.name for b in recommend(both, kidney_view(), condition="MONDO:0008383").blocked] == ["mtx"]


NOTES = ("renal failure", "ESRD", "end-stage renal disease on hemodialysis", "acute kidney injury")


def test_kidney_failure_in_a_note_blocks_metformin_and_nsaids() -> None:
    """Through the pipeline, the graph and the shipped knowledge."""
    from clinigraph.kg import open_graph
    from clinigraph.pipeline import load
    from clinigraph.pipeline.annotating import annotate
    from clinigraph.schemas.annotation import Note

    with open_graph(":memory:") as graph:
        stated = {(r["source"], r["target"]) for r in graph.knowledge.statements["CONTRAINDICATED_IN"]}
        remedy = "the shipped knowledge is older than the curated tables: clinigraph knowledge build"
        assert ("DRUGBANK:DB00331", "MONDO:0004375") in stated, remedy
        nlp = load()
        texts = {name: f"Assessment: Patient has {name}." for name in NOTES}
        texts["dialysis"] = "Assessment: Patient is on dialysis three times a week."
        texts["stage"] = "Assessment: Patient has chronic kidney disease."
        for name, text in texts.items():
            graph.add(annotate(nlp, Note(note_id=name, patient_id=name, text=text)))
        for name in texts:
            for drug_id in ("DRUGBANK:DB00331", "DRUGBANK:DB01050"):  # metformin, ibuprofen
                found = check(graph.state(name), graph.knowledge, drug_id).verdict
                assert found == ("caution" if name == "stage" else "blocked"), (name, drug_id)
