"""The pipeline as a whole: plain spaCy Docs, whatever way it is assembled, saved, or spread over processes."""

from __future__ import annotations

import pickle
from functools import cache

import pytest
import spacy
from clinigraph.pipeline import annotate, annotate_all, load, pipeline_identity
from clinigraph.pipeline.extensions import mention_spans
from clinigraph.schemas.annotation import AnnotatedNote, Note
from clinigraph.schemas.problems import Problem, UserError
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import DocBin

TEXT = """HPI: 67-year-old woman with type 2 diabetes and COPD. Denies chest pain, fever or cough.
Mother had breast cancer. Return if syncope.
ALLERGIES: Penicillin (anaphylaxis).
MEDICATIONS: metformin 500 mg PO BID, lisinopril 10 mg daily.
LABS: K 5.9, Cr 2.1 mg/dL, Hgb 8.2 (12-16) L. BP 142/88."""


@cache
def whole_pipeline():
    return load()


@pytest.fixture
def nlp():
    return whole_pipeline()


def summary(doc) -> list[tuple]:
    return [
        (
            s.text, s.label_, s._.assertion, s._.concept, s._.medication, s._.measurement, s._.allergy, s._.section,
            round(s._.score, 3),
        )
        for s in mention_spans(doc)
    ]  # fmt: skip


def test_it_reads_a_note(nlp):
    found = {s.text: s for s in nlp(TEXT).ents}
    assert found["chest pain"]._.assertion.negated and found["cough"]._.assertion.negated
    assert found["breast cancer"]._.assertion.experiencer == "family"
    assert found["syncope"]._.assertion.temporality == "hypothetical"
    assert found["type 2 diabetes"]._.concept.id == "MONDO:0005148"
    assert found["Penicillin"]._.allergy.reaction == "anaphylaxis"
    assert (found["metformin"]._.medication.frequency_per_day, found["metformin"]._.medication.dose_value) == (2, 500)
    assert found["K"]._.measurement.flag == "high" and found["Hgb"]._.measurement.flag == "low"
    assert found["metformin"]._.section == "medications"


def test_saved_and_loaded_by_spacy_it_says_the_same(nlp, tmp_path):
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")
    assert again.pipe_names == nlp.pipe_names
    assert summary(again(TEXT)) == summary(nlp(TEXT))


def test_batches_and_processes_say_the_same(nlp):
    texts = [TEXT, "No pneumonia.", "", TEXT.lower(), "Gout on allopurinol."] * 3
    alone = [summary(nlp(text)) for text in texts]
    assert [summary(doc) for doc in nlp.pipe(texts, batch_size=4)] == alone
    assert [summary(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=4)] == alone


def test_docs_can_be_stored(nlp):
    doc = nlp(TEXT)
    packed = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    (stored,) = DocBin().from_bytes(packed).get_docs(nlp.vocab)
    assert [s[:-1] for s in summary(stored)] == [s[:-1] for s in summary(doc)]
    assert summary(pickle.loads(pickle.dumps(doc))) == summary(doc)


def test_components_can_be_left_out_and_configured():
    small = load(exclude=["clinigraph_linker", "clinigraph_relations"], config={"clinigraph_ner": {"threads": 1}})
    assert all(s._.concept is None or s.label_ in ("DEMOGRAPHIC", "TEST") for s in small(TEXT).ents)
    with pytest.raises(UserError, match="clinigraph_nothing"):
        load(exclude=["clinigraph_nothing"])
    assert pipeline_identity(exclude=("clinigraph_linker",)) != pipeline_identity()


def test_a_long_note_is_read_to_its_last_line(nlp):
    filler = "The patient was seen and examined on the ward today with the team.\n"
    text = filler * (200_000 // len(filler)) + "Assessment: acute pancreatitis."
    last = mention_spans(nlp(text))[-1]
    assert last.text.endswith("pancreatitis") and last.start_char > 199_000


def test_offsets_are_into_the_text_as_given(nlp):
    text = "Dx:\tPneumonia\r\n\r\n• Température 38.9 °C — “asthma” \U0001f600 naïve cough\u0301 "
    annotated = annotate(nlp, Note(note_id="n", patient_id="p", text=text))
    assert annotated.mentions and all(text[m.start : m.end] == m.text for m in annotated.mentions)
    assert AnnotatedNote.model_validate_json(annotated.model_dump_json()) == annotated


def test_relations_join_mentions_of_the_note(nlp):
    text = "Started prednisone for gout. Rash due to amoxicillin. Chest X-ray showed pneumonia."
    annotated = annotate(nlp, Note(note_id="n", patient_id="p", text=text))
    words = {m.mention_id: m.text for m in annotated.mentions}
    found = {(r.type.value, words[r.head].lower(), words[r.tail].lower()) for r in annotated.relations}
    assert ("TREATS", "prednisone", "gout") in found
    assert ("CAUSES", "amoxicillin", "rash") in found


class Failing:
    """A component that cannot read one note, as somebody's own component may."""

    def __call__(self, doc):
        if "poison" in doc.text:
            raise RuntimeError("secret words of the note: " + doc.text)
        return doc


@spacy.Language.factory("failing_for_tests")
def make_failing(nlp, name):
    return Failing()


def test_one_bad_note_is_named_and_the_others_are_read():
    fragile = load(exclude=["clinigraph_linker"])
    fragile.add_pipe("failing_for_tests")
    texts = ["Cough.", "A poison note of Mrs. Smith.", "Gout."]
    notes = [Note(note_id=f"n{i}", patient_id="p", text=text, source=f"a.csv row {i}") for i, text in enumerate(texts)]
    results = [result for _, result in annotate_all(fragile, notes)]
    assert isinstance(results[0], AnnotatedNote) and isinstance(results[2], AnnotatedNote)
    assert isinstance(results[1], Problem) and "n1 (a.csv row 1)" in results[1].where
    assert "Smith" not in str(results[1]) and "RuntimeError" in results[1].message


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_safe(text):
    annotated = annotate(whole_pipeline(), Note(note_id="n", patient_id="p", text=text))
    assert all(text[m.start : m.end] == m.text for m in annotated.mentions)
