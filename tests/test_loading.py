"""Facts and loader: whatever the order, repetition or withdrawal, the graph says what its notes say."""

from __future__ import annotations

import datetime as dt

import pytest
from clinigraph.kg import open_graph
from clinigraph.kg.loading.facts import derive_facts
from clinigraph.schemas.annotation import (
    AllergyDetail,
    AnnotatedNote,
    Assertion,
    ConceptLink,
    Cue,
    Measurement,
    MedicationDetail,
    Mention,
    Note,
    Relation,
)
from clinigraph.schemas.problems import UserError
from hypothesis import given, settings
from hypothesis import strategies as st

SOURCE = {"primary_knowledge_source": "test", "source_version": "1", "licence": "CC0"}
CONCEPTS = {
    "Disease": {"MONDO:1": "diabetes mellitus", "MONDO:2": "type 2 diabetes", "MONDO:3": "pneumonia"},
    "PhenotypicFeature": {"HP:1": "Cough", "HP:2": "Hyperkalemia"},
    "Drug": {"DRUGBANK:1": "metformin", "DRUGBANK:2": "penicillin"},
    "LabTest": {"CGTEST:k": "Potassium"},
    "Context": {"CG:age": "Age", "CG:sex": "Sex", "CG:pregnancy": "Pregnancy"},
}
DATES = [None, dt.date(2024, 1, 1), dt.date(2024, 2, 1)]


@pytest.fixture
def graph():
    with open_graph(":memory:", knowledge=False) as opened:
        add_concepts(opened)
        yield opened


def add_concepts(graph) -> None:
    for label, names in CONCEPTS.items():
        graph.store.upsert_nodes(label, [{"id": i, "name": n, **SOURCE} for i, n in names.items()])
    edge = {"id": "E1", "source": "MONDO:2", "target": "MONDO:1", **SOURCE}
    graph.store.upsert_edges("SUBCLASS_OF", [edge])


def note(note_id: str, *mentions: dict, patient: str = "p", date: dt.date | None = None, text: str | None = None):
    """A note whose mentions follow one another; each is given by its fields."""
    made, at, body = [], 0, ""
    for m in mentions:
        words = m.get("text", "word")
        concept = m.get("concept")
        link = ConceptLink(id=concept, name=concept, score=1, method="exact") if concept else None
        fields = {k: v for k, v in m.items() if k not in ("text", "concept")}
        made.append(Mention(note_id=note_id, start=at, end=at + len(words), text=words, concept=link, **fields))
        body += words + " "
        at = len(body)
    given = Note(note_id=note_id, patient_id=patient, text=text or body or "-", date=date)
    return AnnotatedNote(note=given, mentions=tuple(made), pipeline="test 1")


def said(label, concept=None, text="word", **assertion):
    details = {k: assertion.pop(k) for k in ("medication", "measurement", "allergy") if k in assertion}
    return {"label": label, "concept": concept, "text": text, "assertion": Assertion(**assertion), **details}


def answers(graph, patient="p"):
    return {(f.kind, f.name): f.answer for f in graph.patient(patient).facts}


def test_what_is_not_the_patients_is_no_condition(graph):
    graph.add(
        note(
            "n1",
            said("DISEASE", "MONDO:1", experiencer="family"),
            said("DISEASE", "MONDO:3", temporality="hypothetical"),
            said("SYMPTOM", "HP:1", negated=True),
            said("DISEASE", "MONDO:2", experiencer="other"),
        )
    )
    assert answers(graph) == {("FamilyMemberHistory", "diabetes mellitus"): "yes", ("Condition", "Cough"): "no"}
    assert graph.counts()["nodes"]["Mention"] == 4  # all can still be asked for


def test_symptoms_come_and_go_diseases_conflict(graph):
    graph.add(note("n1", said("SYMPTOM", "HP:1"), said("DISEASE", "MONDO:3"), date=DATES[1]))
    graph.add(
        note("n2", said("SYMPTOM", "HP:1", negated=True), said("DISEASE", "MONDO:3", negated=True), date=DATES[2])
    )
    assert answers(graph) == {("Condition", "Cough"): "no", ("Condition", "pneumonia"): "conflict"}
    conflict = next(f for f in graph.patient("p").facts if f.answer == "conflict")
    assert {e.stance for e in conflict.evidence} == {"for", "against"}


def test_a_disease_under_past_medical_history_still_stands(graph):
    def past(words: str) -> dict:
        cue = Cue(axis="temporality", value="historical", start=0, end=3, text=words)
        return {"temporality": "historical", "cues": (cue,)}

    graph.add(
        note(
            "n1",
            said("DISEASE", "MONDO:1", **past("PMH")),
            said("DISEASE", "MONDO:3", **past("in 2015")),
            said("SYMPTOM", "HP:1", **past("PMH")),
        )
    )
    facts = {f.name: f.temporality for f in graph.patient("p").facts}
    assert facts == {"diabetes mellitus": "current", "pneumonia": "historical", "Cough": "historical"}
    assert {c.name: c.status for c in graph.state("p").conditions} == {
        "diabetes mellitus": "active",
        "pneumonia": "historical",
    }


def test_certain_words_outweigh_uncertain_ones(graph):
    graph.add(note("n1", said("DISEASE", "MONDO:3", certainty="uncertain"), said("DISEASE", "MONDO:3", negated=True)))
    assert answers(graph) == {("Condition", "pneumonia"): "no"}


def test_values_drugs_and_allergies(graph):
    potassium = Measurement(
        value=5.9, unit="mmol/L", normal_value=5.9, normal_unit="mmol/L", flag="high", finding="HP:2"
    )
    graph.add(
        note(
            "n1",
            said("TEST", "CGTEST:k", "K", measurement=potassium),
            said("DRUG", "DRUGBANK:1", "metformin", medication=MedicationDetail(strength="500 mg", status="active")),
            said("DRUG", "DRUGBANK:2", "PCN", allergy=AllergyDetail(reaction="rash")),
            date=DATES[1],
        )
    )
    graph.add(note("n2", said("DRUG", "DRUGBANK:1", medication=MedicationDetail(status="stopped")), date=DATES[2]))
    record = graph.patient("p")
    facts = {(f.kind, f.name): f for f in record.facts}
    assert facts["Observation", "Potassium"].details["value"] == 5.9
    assert facts["Condition", "Hyperkalemia"].answer == "yes"
    assert facts["MedicationStatement", "metformin"].details["status"] == "stopped"
    assert facts["AllergyIntolerance", "penicillin"].details["reaction"] == "rash"
    assert ("MedicationStatement", "penicillin") not in facts
    state = graph.state("p")
    assert [(m.drug_id, m.status) for m in state.medications] == [("DRUGBANK:1", "stopped")]
    assert [(a.concept_id, a.reaction) for a in state.allergies] == [("DRUGBANK:2", "rash")]
    assert [(f.concept_id, f.present) for f in state.findings] == [("HP:2", "yes")]
    assert state.measurements[0].value == 5.9


def test_demographics_reach_the_patient(graph):
    age = said("DEMOGRAPHIC", "CG:age", "67 yo", measurement=Measurement(value=67, unit="year"))
    sex = said("DEMOGRAPHIC", "CG:sex", "woman", measurement=Measurement(value_text="female"))
    pregnancy = said("DEMOGRAPHIC", "CG:pregnancy", "test negative", measurement=Measurement(value_text="no"))
    graph.add(note("n1", age, sex, pregnancy, date=dt.date(2024, 5, 1)))
    record, state = graph.patient("p"), graph.state("p")
    assert (record.age, record.sex, record.birth_year) == (67, "female", 1957)
    assert (state.age, state.sex, state.pregnant, state.lactating) == (67, "female", False, None)


def test_a_measured_test_is_no_symptom(graph):
    potassium = said("TEST", "CGTEST:k", "Potassium", measurement=Measurement(value=4.1, flag="normal"))
    annotated = note("n1", potassium)
    as_symptom = annotated.mentions[0].model_copy(update={"label": "SYMPTOM", "measurement": None})
    graph.add(annotated.model_copy(update={"mentions": (*annotated.mentions, as_symptom)}))
    assert answers(graph) == {("Observation", "Potassium"): "yes"}


def test_four_answers(graph):
    graph.add(note("n1", said("DISEASE", "MONDO:2"), said("DISEASE", "MONDO:3", negated=True)))
    assert graph.ask("p", "MONDO:1").answer == "yes"  # a kind of it
    assert graph.ask("p", "MONDO:3").answer == "no"
    assert graph.ask("p", "HP:1").answer == "unknown"  # silence is never "no"
    graph.add(note("n2", said("DISEASE", "MONDO:3")))
    reply = graph.ask("p", "MONDO:3")
    assert reply.answer == "conflict" and len(reply.facts[0].evidence) == 2
    with pytest.raises(UserError, match="no concept"):
        graph.ask("p", "MONDO:99")
    with pytest.raises(UserError, match="no patient"):
        graph.ask("nobody", "MONDO:1")


def test_notes_text_stays_out_unless_asked_for(graph):
    secret = "Mrs. Smith of 12 Elm Street has cough."
    graph.add(note("n1", said("SYMPTOM", "HP:1", "cough"), text=secret))
    everything = "\n".join(graph.store.canonical_lines())
    assert "Elm Street" not in everything and "cough" in everything
    with open_graph(":memory:", knowledge=False, store_text=True) as with_text:
        with_text.add(note("n1", text=secret))
        assert "Elm Street" in "\n".join(with_text.store.canonical_lines())


def test_relations_and_unknown_concepts(graph):
    drug, cough = said("DRUG", "DRUGBANK:1"), said("SYMPTOM", "HP:404", "strange cough")
    plain = note("n1", drug, cough)
    related = plain.model_copy(
        update={
            "relations": (
                Relation(head=plain.mentions[0].mention_id, tail=plain.mentions[1].mention_id, type="TREATS"),
            )
        }
    )
    graph.add(related)
    (edge,) = graph.store.edges("RELATED_TO")
    assert edge["relation"] == "TREATS"
    assert len(list(graph.store.edges("REFERS_TO"))) == 1  # HP:404 is not in this graph
    assert ("Condition", "HP:404") in answers(graph)


MENTIONS = st.builds(
    lambda label, concept, negated, who, when, sure: said(
        label, concept, negated=negated, experiencer=who, temporality=when, certainty=sure
    ),
    st.sampled_from(["DISEASE", "SYMPTOM", "DRUG", "PROCEDURE"]),
    st.sampled_from([None, "MONDO:1", "MONDO:2", "HP:1", "DRUGBANK:1", "MONDO:404"]),
    st.booleans(),
    st.sampled_from(["patient", "patient", "family", "other"]),
    st.sampled_from(["current", "current", "historical", "hypothetical"]),
    st.sampled_from(["certain", "uncertain"]),
)
ARCHIVES = st.lists(
    st.tuples(st.sampled_from(["p", "q"]), st.sampled_from(DATES), st.lists(MENTIONS, max_size=4)),
    min_size=1,
    max_size=5,
)


def lines(graph) -> list[str]:
    return list(graph.store.canonical_lines())


def loaded(notes, batch_size=64) -> list[str]:
    with open_graph(":memory:", knowledge=False) as graph:
        add_concepts(graph)
        graph.add(notes, batch_size=batch_size)
        return lines(graph)


@given(ARCHIVES, st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_order_batches_and_repetition_leave_no_trace(archive, random, batch_size):
    notes = [note(f"n{i}", *mentions, patient=p, date=d) for i, (p, d, mentions) in enumerate(archive)]
    expected = loaded(notes)
    shuffled = notes[:]
    random.shuffle(shuffled)
    assert loaded(shuffled, batch_size) == expected
    with open_graph(":memory:", knowledge=False) as graph:
        add_concepts(graph)
        graph.add(notes)
        again = graph.add(shuffled, batch_size=batch_size)
        assert again.changed == 0 and lines(graph) == expected


@given(ARCHIVES, st.data())
@settings(max_examples=25, deadline=None)
def test_withdrawing_a_note_is_as_if_it_had_never_been(archive, data):
    notes = [note(f"n{i}", *mentions, patient=p, date=d) for i, (p, d, mentions) in enumerate(archive)]
    gone = data.draw(st.sampled_from(notes))
    rest = [n for n in notes if n is not gone]
    with open_graph(":memory:", knowledge=False) as graph:
        add_concepts(graph)
        graph.add(notes)
        assert graph.withdraw(gone.note.note_id)
        assert lines(graph) == loaded(rest)
        assert not graph.withdraw(gone.note.note_id)


@given(ARCHIVES, ARCHIVES)
@settings(max_examples=25, deadline=None)
def test_a_changed_note_replaces_its_old_self(before, after):
    old = [note(f"n{i}", *mentions, patient=p, date=d) for i, (p, d, mentions) in enumerate(before)]
    new = [note(f"n{i}", *mentions, patient=p, date=d) for i, (p, d, mentions) in enumerate(after)]
    kept = old[len(new) :]
    with open_graph(":memory:", knowledge=False) as graph:
        add_concepts(graph)
        graph.add(old)
        graph.add(new)
        assert lines(graph) == loaded([*new, *kept])


def test_derive_facts_of_nothing():
    assert derive_facts([], {}) == []
