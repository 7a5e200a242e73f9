"""Diagnosis: right answers on a small knowledge, complete explanations, and what must always hold."""

from __future__ import annotations

import pytest
from advice_knowledge import mini_view
from clinigraph.kg.advice import KnowledgeView, diagnose
from clinigraph.kg.advice.view import Rows
from clinigraph.schemas.advice import (
    Differential,
    Evidence,
    Finding,
    PatientCondition,
    PatientMedication,
    PatientState,
)
from hypothesis import given, settings
from hypothesis import strategies as st

COUGH, PRODUCTIVE, DYSPNEA, ORTHOPNEA, FEVER = "HP:20", "HP:21", "HP:22", "HP:23", "HP:30"
PLEURITIC, LEG, EDEMA, CRACKLES, RING = "HP:12", "HP:32", "HP:31", "HP:33", "HP:38"
ALL = [COUGH, PRODUCTIVE, DYSPNEA, ORTHOPNEA, FEVER, PLEURITIC, LEG, EDEMA, CRACKLES, RING, "HP:10", "HP:13", "HP:37"]


def patient(*present: str, absent: tuple[str, ...] = (), **known: object) -> PatientState:
    findings = [Finding(concept_id=c) for c in present] + [Finding(concept_id=c, present="no") for c in absent]
    return PatientState(findings=tuple(findings), **known)


def names(answer: Differential) -> list[str]:
    return [entry.name for entry in answer.entries]


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (patient(PRODUCTIVE, FEVER, CRACKLES, age=60), "pneumonia"),
        (patient(PLEURITIC, DYSPNEA, LEG, absent=(FEVER,), age=45), "pulmonary embolism"),
        (patient(ORTHOPNEA, EDEMA, CRACKLES, age=75), "heart failure"),
        (patient(COUGH, "HP:13", FEVER), "common cold"),
        (patient(RING, "HP:39"), "Wilson disease"),
    ],
)
def test_right_disease_first(state: PatientState, first: str) -> None:
    answer = diagnose(state, mini_view())
    assert answer.entries[0].name == first
    assert answer.enough_information


def test_one_finding_is_not_enough_information() -> None:
    answer = diagnose(patient(COUGH), mini_view())
    assert not answer.enough_information
    assert {e.probability_band for e in answer.entries} == {"not_enough_information"}


def test_nothing_known_gives_no_entries() -> None:
    answer = diagnose(PatientState(patient_id="p"), mini_view())
    assert answer.entries == () and answer.must_not_miss == () and not answer.enough_information


def test_empty_knowledge() -> None:
    view = KnowledgeView.compile(Rows({}, {}))
    answer = diagnose(patient(COUGH), view)
    assert answer.entries == ()
    assert answer.not_used[0].reason == "the knowledge holds no finding of this id"


def test_every_part_is_explained_with_evidence_and_source() -> None:
    place = Evidence(note_id="n1", start=3, end=8, source="test")
    state = PatientState(findings=(Finding(concept_id=PRODUCTIVE, evidence=(place,)), Finding(concept_id=FEVER)))
    entry = diagnose(state, mini_view()).entries[0]
    part = next(p for p in entry.evidence_for if p.finding and p.finding.id == PRODUCTIVE)
    assert part.match == "exact" and part.evidence == (place,)
    assert part.sources[0].primary_knowledge_source == "clinigraph-test"
    assert part.sources[0].edge_id == f"{entry.disease_id}|{PRODUCTIVE}|frequent"


def test_kinds_of_match() -> None:
    def match(disease: str, finding: str) -> str | None:
        answer = diagnose(patient(finding), mini_view(), limit=50)
        entry = next(e for e in answer.entries if e.disease_id == disease)
        return next(p.match for p in entry.parts if p.kind == "finding")

    assert match("MONDO:pneumonia", COUGH) == "exact"
    assert match("MONDO:cold", PRODUCTIVE) == "more_specific"
    assert match("MONDO:pneumonia", "HP:11") == "more_general"
    assert match("MONDO:migraine", PLEURITIC) == "related"
    assert match("MONDO:hf", FEVER) == "excluded"
    assert match("MONDO:wilson", LEG) == "unrelated"


def test_sex_excludes_and_age_weighs() -> None:
    woman = patient("HP:37", "HP:10", sex="female", age=28)
    assert names(diagnose(woman, mini_view()))[0] == "ectopic pregnancy"
    man = woman.model_copy(update={"sex": "male"})
    assert "ectopic pregnancy" not in names(diagnose(man, mini_view(), limit=50))
    child, adult = (patient(ORTHOPNEA, EDEMA, age=age) for age in (6, 75))
    scores = [
        next(e.score for e in diagnose(s, mini_view()).entries if e.name == "heart failure") for s in (child, adult)
    ]
    assert scores[0] < scores[1]


def test_known_disease_is_shown_as_known_and_explains() -> None:
    known = PatientCondition(concept_id="MONDO:hf", name="heart failure")
    state = patient(DYSPNEA, FEVER, COUGH).model_copy(update={"conditions": (known,)})
    answer = diagnose(state, mini_view(), limit=50)
    assert [k.id for k in answer.known] == ["MONDO:hf"]
    assert "heart failure" not in names(answer)
    part = next(p for p in answer.entries[0].parts if p.finding and p.finding.id == DYSPNEA)
    assert part.explained_by == ("heart failure",)


def test_a_drug_explains_its_adverse_effect() -> None:
    state = patient(COUGH, FEVER).model_copy(update={"medications": (PatientMedication(drug_id="DB:lisinopril"),)})
    part = next(p for p in diagnose(state, mini_view()).entries[0].parts if p.finding and p.finding.id == COUGH)
    assert part.explained_by == ("lisinopril",)


def test_named_as_possible_or_absent() -> None:
    def score(present: str) -> float:
        condition = PatientCondition(concept_id="MONDO:pe", present=present)
        state = patient(DYSPNEA, PLEURITIC).model_copy(update={"conditions": (condition,)})
        entry = next(e for e in diagnose(state, mini_view(), limit=50).entries if e.disease_id == "MONDO:pe")
        assert any(p.kind == "stated" for p in entry.parts)
        return entry.score

    plain = next(
        e.score for e in diagnose(patient(DYSPNEA, PLEURITIC), mini_view()).entries if e.disease_id == "MONDO:pe"
    )
    assert score("no") < plain < score("uncertain")


def test_dangerous_disease_is_listed_though_not_likely() -> None:
    answer = diagnose(patient(COUGH, DYSPNEA, FEVER), mini_view(), limit=1)
    assert "pulmonary embolism" in [e.name for e in answer.must_not_miss]
    assert answer.entries[0].name != "pulmonary embolism"


def test_ask_next_tells_candidates_apart_and_expected_is_what_is_missing() -> None:
    answer = diagnose(patient(DYSPNEA, CRACKLES, age=70), mini_view())
    asked = {q.concept.id for q in answer.ask_next}
    assert {ORTHOPNEA, FEVER} & asked and not {DYSPNEA, CRACKLES} & asked
    assert any(q.kind == "test" and q.concept.id == "CGTEST:ctpa" for q in answer.ask_next)
    heart = next(e for e in answer.entries if e.name == "heart failure")
    assert heart.expected_missing[0].finding.id in (EDEMA, "HP:40", ORTHOPNEA)


def test_two_diseases_at_once() -> None:
    answer = diagnose(patient(PRODUCTIVE, FEVER, CRACKLES, RING, "HP:39"), mini_view())
    assert {"Wilson disease"} < {c.name for c in answer.combination}
    assert answer.unexplained == ()


def test_a_general_finding_beside_a_specific_one_is_not_counted_twice() -> None:
    one, two = (diagnose(patient(*f), mini_view()) for f in ((PRODUCTIVE, FEVER), (PRODUCTIVE, COUGH, FEVER)))
    assert [e.score for e in one.entries] == [e.score for e in two.entries]
    assert two.not_used[0].concept.id == COUGH


def test_other_ids_of_a_finding_are_understood() -> None:
    assert names(diagnose(patient("SYMP:cough", FEVER), mini_view())) == names(
        diagnose(patient(COUGH, FEVER), mini_view())
    )


def test_the_rare_setting_is_fair_to_rare_diseases() -> None:
    answer = diagnose(patient("HP:39"), mini_view(), setting="rare")
    assert answer.entries[0].name == "Wilson disease"


FINDINGS = st.builds(
    Finding,
    concept_id=st.sampled_from(ALL),
    present=st.sampled_from(["yes", "no", "uncertain"]),
    weight=st.sampled_from([0.3, 0.7, 1.0]),
)
STATES = st.builds(
    PatientState,
    findings=st.lists(FINDINGS, max_size=8).map(tuple),
    sex=st.sampled_from([None, "female", "male"]),
    age=st.sampled_from([None, 0.5, 20, 70]),
)


@settings(max_examples=30, deadline=None)
@given(STATES, st.randoms())
def test_order_of_findings_does_not_matter(state: PatientState, random: object) -> None:
    shuffled = list(state.findings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = state.model_copy(update={"findings": tuple(shuffled)})
    one, two = diagnose(state, mini_view()), diagnose(other, mini_view())
    assert one == two


@settings(max_examples=30, deadline=None)
@given(STATES)
def test_score_is_the_sum_of_its_parts(state: PatientState) -> None:
    answer = diagnose(state, mini_view(), limit=50)
    for entry in (*answer.entries, *answer.must_not_miss):
        assert entry.score == pytest.approx(sum(part.log_odds for part in entry.parts), abs=1e-9)
    assert [e.score for e in answer.entries] == sorted((e.score for e in answer.entries), reverse=True)


@settings(max_examples=30, deadline=None)
@given(STATES, st.sampled_from(ALL))
def test_an_absent_finding_never_raises_a_disease(state: PatientState, finding: str) -> None:
    family = mini_view().matrix
    column = mini_view().finding_index[finding]
    related = {mini_view().findings[c] for c in (*family.ancestors_of(column), *family.descendants_of(column))}
    without = tuple(f for f in state.findings if f.concept_id not in related)
    before = state.model_copy(update={"findings": without})
    after = state.model_copy(update={"findings": (*without, Finding(concept_id=finding, present="no"))})
    scores = [
        {e.disease_id: e.score - _missing(e) for e in diagnose(s, mini_view(), limit=50).entries}
        for s in (before, after)
    ]
    assert all(scores[1][d] <= scores[0][d] + 1e-9 for d in scores[1].keys() & scores[0].keys())


def _missing(entry: object) -> float:
    return sum(p.log_odds for p in entry.parts if p.kind == "missing")  # type: ignore[attr-defined]
