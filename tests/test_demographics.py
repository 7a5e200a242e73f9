"""Age, sex, pregnancy, lactation, smoking, alcohol of the patient and of nobody else."""

import pytest
import spacy
from clinigraph.pipeline.components.demographics.profile import patient_profile
from clinigraph.pipeline.extensions import mention_spans
from hypothesis import given, settings
from hypothesis import strategies as st

NLP = spacy.blank("en")
NLP.add_pipe("clinigraph_demographics")


def read(text):
    spans = mention_spans(NLP(text))
    assert all(s.label_ == "DEMOGRAPHIC" and s._.concept.method == "rule" for s in spans)
    said = {}
    for span in spans:
        measured = span._.measurement
        said[span._.concept.id] = measured.value_text or measured.value
        if span._.concept.id == "CG:age":
            said["CG:age"] = measured.value
            if measured.value_text:  # "67F" says both
                said["CG:sex"] = measured.value_text
    return said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("67-year-old African-American woman with cough", {"CG:age": 67, "CG:sex": "female"}),
        ("67 y/o M presents with chest pain", {"CG:age": 67, "CG:sex": "male"}),
        ("67F with CHF", {"CG:age": 67, "CG:sex": "female"}),
        ("HPI: 67M w/ DM", {"CG:age": 67, "CG:sex": "male"}),
        ("Age: 54 years  Sex: F", {"CG:age": 54, "CG:sex": "female"}),
        ("SEX: Male. AGE: 45.", {"CG:age": 45, "CG:sex": "male"}),
        ("3 month old boy with fever", {"CG:age": 0.25, "CG:sex": "male"}),
        ("The patient is a pleasant 78-year-old gentleman who fell", {"CG:age": 78, "CG:sex": "male"}),
        ("34-year-old mother of three presents with", {"CG:age": 34}),
        ("Mother is 88 years old. She smokes.", {"CG:smoking": "current"}),
        ("ALLERGIES: NKDA", {"CG:no_known_allergies": "yes"}),
        ("No known drug allergies.", {"CG:no_known_allergies": "yes"}),
        ("No allergies to penicillin.", {}),
        ("G2P1 at 28 weeks presents", {"CG:pregnancy": "yes"}),
        ("She is currently pregnant.", {"CG:pregnancy": "yes"}),
        ("32 weeks gestation", {"CG:pregnancy": "yes"}),
        ("positive pregnancy test", {"CG:pregnancy": "yes"}),
        ("Urine pregnancy test negative", {"CG:pregnancy": "no"}),
        ("Not pregnant. Not breastfeeding.", {"CG:pregnancy": "no", "CG:lactation": "no"}),
        ("Patient is breastfeeding.", {"CG:lactation": "yes"}),
        ("smokes 1 ppd", {"CG:smoking": "current"}),
        ("former smoker, quit in 2001", {"CG:smoking": "former"}),
        ("never smoker, denies alcohol", {"CG:smoking": "never", "CG:alcohol": "never"}),
        ("Smoking status: Former. EtOH: socially", {"CG:smoking": "former", "CG:alcohol": "current"}),
        ("Father died at age 67 of MI", {}),
        ("Her 34-year-old sister has lupus.", {}),
        ("Diagnosed at age 45 with DM", {}),
        ("born at 32 weeks gestation", {}),
        ("If pregnant, avoid", {}),
        ("nursing home resident", {}),
        ("PPD skin test placed", {}),
        ("Temp 99F, otherwise well", {}),
        ("", {}),
    ],
)
def test_statements(text, expected):
    assert read(text) == expected


def test_weeks_of_pregnancy_and_family_section():
    span = next(s for s in mention_spans(NLP("G2P1 at 28 weeks")))
    assert (span._.measurement.value, span._.measurement.unit) == (28, "weeks")
    doc = NLP.make_doc("Family History: a 50-year-old man with gout")
    doc.user_data[("clinigraph", "sections")] = [
        {"kind": "family_history", "title": "Family History", "start": 0, "body_start": 15, "end": len(doc.text)}
    ]
    assert mention_spans(NLP.get_pipe("clinigraph_demographics")(doc)) == []


def test_profile():
    assert patient_profile("His 40-year-old brother came. 67 y/o male.") == ("male", 67.0, False)
    assert patient_profile("") == (None, None, False)
    assert patient_profile("G2P1 at 32 weeks gestation.") == ("female", None, True)


WORDS = [
    "67",
    "67F",
    "y/o",
    "year",
    "old",
    "man",
    "woman",
    "M",
    "with",
    "mother",
    "age",
    "smokes",
    "1",
    "ppd",
    "pregnant",
    "no",
    "İ",
    "\n",
    ".",
    "28 weeks",
]


@given(st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join) | st.text(max_size=100))
@settings(max_examples=80, deadline=None)
def test_any_text_is_safe_and_twice_is_once(text):
    doc = NLP(text)
    first = [(s.start, s.end, s._.concept, s._.measurement) for s in mention_spans(doc)]
    assert all(0 <= m.value <= 122 for *_, c, m in first if c.id == "CG:age")
    NLP.get_pipe("clinigraph_demographics")(doc)
    assert [(s.start, s.end, s._.concept, s._.measurement) for s in mention_spans(doc)] == first


def test_pack_years_and_standard_drinks():
    from clinigraph.pipeline.components.demographics.profile import statements

    def amounts(text):
        return {
            s.concept: s.measurement.value
            for s in statements(text)
            if s.concept in ("CG:pack_years", "CG:drinks_per_week")
        }

    assert amounts("40 pack-year smoking history, quit 2010.") == {"CG:pack_years": 40}
    assert amounts("Smoked 1 ppd for 30 years.") == {"CG:pack_years": 30}
    assert amounts("half a pack per day x 20 years") == {"CG:pack_years": 10}
    assert amounts("Drinks 2 beers a night.") == {"CG:drinks_per_week": 14}
    assert amounts("3-4 drinks per week") == {"CG:drinks_per_week": 4}
    assert amounts("Father had a 60 pack-year history. One pack of eggs.") == {}
