"""Relations between the mentions of a sentence. Gold stands in the sentences: [words|label]."""

import re

import pytest
import spacy
from clinigraph.pipeline.extensions import register_extensions
from clinigraph.schemas.annotation import AllergyDetail, Assertion
from hypothesis import given, settings
from hypothesis import strategies as st

register_extensions()
LABELS = {"D": "DRUG", "S": "SYMPTOM", "I": "DISEASE", "T": "TEST", "P": "PROCEDURE", "A": "ANATOMY"}
NLP = spacy.blank("en")
NLP.add_pipe("clinigraph_relations")


def make(marked):
    text, ents, at = "", [], 0
    for match in re.finditer(r"\[([^\]|]+)\|([A-Z])\]", marked):
        text += marked[at : match.start()]
        ents.append((len(text), len(text) + len(match[1]), LABELS[match[2]]))
        text += match[1]
        at = match.end()
    doc = NLP.make_doc(text + marked[at:])
    doc.set_ents([doc.char_span(start, end, label=label) for start, end, label in ents])
    return doc


def read(doc):
    doc = NLP.get_pipe("clinigraph_relations")(doc)
    names = {span._.mention_id: span.text for span in doc.ents}
    return {(names[r.head], r.type.value, names[r.tail]) for r in doc._.relations}


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (
            "She was started on [Lasix|D] 40 mg daily for [edema|S] and [heart failure|I].",
            {("Lasix", "TREATS", "edema"), ("Lasix", "TREATS", "heart failure")},
        ),
        (
            "[metformin|D] 500 mg bid for [diabetes|I], [lisinopril|D] 10 mg daily for [hypertension|I]",
            {("metformin", "TREATS", "diabetes"), ("lisinopril", "TREATS", "hypertension")},
        ),
        ("[Hypertension|I]: continue [lisinopril|D] 10 mg daily", {("lisinopril", "TREATS", "Hypertension")}),
        (
            "[Hypertension|I] treated with [lisinopril|D] and [amlodipine|D]",
            {("lisinopril", "TREATS", "Hypertension"), ("amlodipine", "TREATS", "Hypertension")},
        ),
        ("[albuterol|D] 2 puffs q4h prn [wheezing|S]", {("albuterol", "TREATS", "wheezing")}),
        ("[amiodarone|D]-induced [thyroiditis|I]", {("amiodarone", "CAUSES", "thyroiditis")}),
        ("[AKI|I] likely secondary to [ibuprofen|D]", {("ibuprofen", "CAUSES", "AKI")}),
        ("developed [rash|S] after [penicillin|D]", {("penicillin", "CAUSES", "rash")}),
        ("[Lisinopril|D] was discontinued due to [cough|S].", {("Lisinopril", "CAUSES", "cough")}),
        (
            "[CT|T] of the chest showed [pneumonia|I] and [effusion|I]",
            {("CT", "REVEALS", "pneumonia"), ("CT", "REVEALS", "effusion")},
        ),
        ("[mass|S] seen on [MRI|T]", {("MRI", "REVEALS", "mass")}),
        ("[pain|S] in the left [knee|A]", {("pain", "LOCATED_IN", "knee")}),
        ("[knee|A] [pain|S]", {("pain", "LOCATED_IN", "knee")}),
        ("no [rash|S] from [penicillin|D]", set()),
        ("admitted for [pneumonia|I], [aspirin|D] given", set()),
        ("[prednisone|D] for 5 days, [cough|S] improved", set()),
        ("[Pneumonia|I]. [CT|T] pending", set()),
        ("He denies [pain|S] on [oxycodone|D]", set()),
        ("", set()),
    ],
)
def test_relations(marked, expected):
    assert read(make(marked)) == expected


def test_negated_ends_do_not_cause_and_allergies_do():
    doc = make("[Rash|S] due to [penicillin|D]")
    doc.ents[0]._.assertion = Assertion(negated=True)
    assert read(doc) == set()
    doc = make("Allergic to [penicillin|D] ([hives|S])")
    doc.ents[0]._.allergy = AllergyDetail(reaction="hives")
    assert read(doc) == {("penicillin", "CAUSES", "hives")}


def test_long_lists_do_not_explode():
    doc = make(", ".join(["[aspirin|D]"] * 150) + " for " + ", ".join(["[pain|S]"] * 150))
    NLP.get_pipe("clinigraph_relations")(doc)
    assert 0 < len(doc._.relations) <= 64


PIECES = [
    "[aspirin|D]",
    "[pain|S]",
    "[CT|T]",
    "[knee|A]",
    "[flu|I]",
    "for",
    "due to",
    "showed",
    "in the",
    "no",
    ",",
    ".",
    "\n",
    "İ",
    "-induced",
    "on",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
@settings(max_examples=80, deadline=None)
def test_ends_are_mentions_and_twice_is_once(marked):
    doc = make(marked)
    first = read(doc)  # names[...] fails on an unknown end
    assert read(doc) == first
    assert all(r.head != r.tail for r in doc._.relations)
