"""Times that notes name, and what they belong to."""

import datetime as dt
import json
from pathlib import Path

import pytest
import spacy
from clinigraph.kg.loading.facts import derive_facts
from clinigraph.kg.loading.rows import details_json
from clinigraph.pipeline.annotating import to_record
from clinigraph.pipeline.components.dates.expressions import Anchor, back, expressions
from clinigraph.pipeline.evaluation.dates import evaluate_dates
from clinigraph.pipeline.extensions import mention_spans
from clinigraph.schemas.annotation import Note
from hypothesis import given, settings
from hypothesis import strategies as st

GOLD = Path(__file__).parent / "dates_gold.jsonl"
WEDNESDAY = dt.date(2024, 5, 22)


def pipeline():
    nlp = spacy.blank("en")
    names = {"SYMPTOM": ["cough", "fever", "seizure"], "DISEASE": ["stroke", "diabetes"], "PROCEDURE": ["CABG"]}
    rules = [{"label": label, "pattern": word} for label, words in names.items() for word in words]
    nlp.add_pipe("entity_ruler").add_patterns(rules)
    for name in ("clinigraph_measurements", "clinigraph_dates"):
        nlp.add_pipe(name)
    return nlp


NLP = pipeline()


def read(text, date=WEDNESDAY):
    doc = NLP.make_doc(text)
    doc._.note = Note(note_id="n", patient_id="p", text="", date=date)
    return NLP(doc)


def test_gold():
    report = evaluate_dates(GOLD)
    assert report.expressions.support >= 100
    assert report.expressions.f1 >= 0.97
    assert report.calendar.recall >= 0.97
    assert (report.onset.f1, report.end.f1) >= (0.95, 0.9)


def test_each_mention_gets_its_own_time():
    doc = read(
        "Cough for 3 weeks and fever since yesterday. CABG in 2011. Stroke at age 40.".lower().replace("cabg", "CABG")
    )
    times = {s.text: s._.time for s in mention_spans(doc)}
    assert times["cough"].onset == dt.date(2024, 5, 1)
    assert times["fever"].onset == dt.date(2024, 5, 21)
    assert (times["CABG"].onset, times["CABG"].end, times["CABG"].precision) == (
        dt.date(2011, 1, 1), dt.date(2011, 12, 31), "year",
    )  # fmt: skip
    assert times["stroke"].onset is None  # the note does not say how old the patient is


def test_without_a_date_only_words_and_length_remain():
    time = next(iter(mention_spans(read("cough for 3 weeks", date=None))))._.time
    assert (time.text, time.onset, time.days) == ("for 3 weeks", None, 21)


def test_a_heading_gives_the_date():
    doc = read("DATE OF SERVICE: 04/10/2024\n\ncough for 3 days", date=None)
    assert next(s for s in mention_spans(doc) if s.text == "cough")._.time.onset == dt.date(2024, 4, 7)


@pytest.mark.parametrize(
    "text", ["Follow-up in 2 weeks.", "BP 120/80.", "Call 555-1234.", "20 pack years", "", "May have it"]
)
def test_no_times(text):
    assert list(expressions(text, Anchor(WEDNESDAY))) == []


@given(
    st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)),
    st.integers(0, 400),
    st.sampled_from(["day", "week", "month", "year"]),
)
def test_going_back_never_goes_forward(date, number, unit):
    assert back(date, number, unit) <= date


PIECES = ["since", "2006", "last", "week", "ago", "3", "/", "-", "for", "x", "days", "May", "31", "age", "a"]


@given(st.text(max_size=120) | st.lists(st.sampled_from(PIECES)).map(" ".join))
@settings(max_examples=100, deadline=None)
def test_any_text_is_safe(text):
    for e in expressions(text, Anchor(WEDNESDAY, 50)):
        assert text[e.start : e.end] == e.text
        assert e.first is None or e.last is None or e.first <= e.last


def test_times_reach_the_facts():
    note = Note(
        note_id="n", patient_id="p", text="Last seizure in March 2019. Diabetes since 2006.".lower(), date=WEDNESDAY
    )
    doc = NLP.make_doc(note.text)
    doc._.note = note
    record = to_record(NLP(doc), note)
    rows = [
        {
            "id": m.mention_id, "note_id": "n", "patient_id": "p", "start": m.start, "end": m.end, "text": m.text,
            "label": str(m.label), "experiencer": "patient", "temporality": "current", "certainty": "certain",
            "negated": False, "date": "2024-05-22", "concept_id": None, "details": details_json(m),
        }
        for m in record.mentions
    ]  # fmt: skip
    facts = {f.row["name"]: f.row for f in derive_facts(rows, {})}
    assert (facts["seizure"]["onset"], facts["seizure"]["last_seen"]) == ("2019-03-01", "2019-03-31")
    assert (facts["diabetes"]["onset"], facts["diabetes"]["onset_precision"]) == ("2006-01-01", "year")
    assert facts["diabetes"]["last_seen"] == "2024-05-22"


def test_gold_lines_are_readable():
    rows = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    assert {row["split"] for row in rows} == {"held-out", "development"}
    assert all(e["text"] in row["text"] for row in rows for e in row["expressions"])
