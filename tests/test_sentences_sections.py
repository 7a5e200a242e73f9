"""Sentences and sections on notes as people write them (all written for this test)."""

import pickle

import pytest
import spacy
from clinigraph.pipeline.components.sections.headings import find_sections, section_kinds, titles
from clinigraph.pipeline.components.sentences.boundaries import sentence_starts
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def nlp():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sentences")
    nlp.add_pipe("clinigraph_sections")
    return nlp


SENTENCES = [
    # wrapped prose, abbreviations, decimals
    (
        "Mr. Doe was seen by Dr. Lee for chest pain that radiates to the left arm and\n"
        "the jaw. Troponin was 0.04 ng/mL. He takes aspirin 81 mg p.o. q.d. and feels well.",
        ["Mr. Doe was seen", "Troponin was 0.04", "He takes aspirin 81 mg p.o. q.d. and feels well."],
    ),
    ("Takes aspirin 81 mg q.d. She is well.", ["Takes aspirin 81 mg q.d.", "She is well."]),
    ("CHF vs. pneumonia. Treat both.", ["CHF vs. pneumonia.", "Treat both."]),
    ("Seen by J. Smith today. Hepatitis C. The viral load is low.", ["Seen by J. Smith", "Hepatitis C.", "The viral"]),
    ("no fever. no chills. ambulating well", ["no fever.", "no chills.", "ambulating well"]),
    # lists, headings, blank lines
    ("MEDICATIONS:\n1. Aspirin 81 mg\n2. Plavix 75 mg\n", ["MEDICATIONS:", "1. Aspirin 81 mg", "2. Plavix 75 mg"]),
    ("- cough\n- fever\n\nPlan: rest", ["- cough", "- fever", "Plan: rest"]),
    ("Plan: 1. Continue aspirin. 2. Follow up.", ["Plan: 1. Continue aspirin.", "2. Follow up."]),
    ("Stable overnight\n\nafebrile this morning", ["Stable overnight", "afebrile this morning"]),
    ("aspirin\nlisinopril\nmetformin", ["aspirin", "lisinopril", "metformin"]),
    # tables
    ("Na\t138\nK\t4.1", ["Na\t138", "K\t4.1"]),
    ("WBC    7.2    normal\nHgb    9.1    low", ["WBC    7.2", "Hgb    9.1"]),
    # commas in place of line breaks
    (
        "HISTORY OF PRESENT ILLNESS:,The patient is ill.,MEDICATIONS:,1.  Atenolol.,2.  Cardura.,PLAN:, Rest.",
        [
            "HISTORY OF PRESENT ILLNESS:",
            "The patient is ill.",
            "MEDICATIONS:",
            "1.  Atenolol.",
            "2.  Cardura.",
            "PLAN:",
            "Rest.",
        ],
    ),
    ("Pain got worse.He went home.", ["Pain got worse.", "He went home."]),
    ("Fever? Yes. Cough! No.", ["Fever?", "Yes.", "Cough!", "No."]),
    ("患者发热。无咳嗽。", ["患者发热。", "无咳嗽。"]),
]


@pytest.mark.parametrize(("text", "begins"), SENTENCES)
def test_sentences(nlp, text, begins):
    found = [s.text.strip() for s in nlp(text).sents]
    assert len(found) == len(begins), found
    for sentence, begin in zip(found, begins, strict=True):
        assert sentence.startswith(begin)


def test_wrapped_line_does_not_end_a_sentence(nlp):
    text = "The patient denies any fever, chills, nausea, vomiting or\nabdominal pain at this time."
    assert len(list(nlp(text).sents)) == 1


def test_long_line_is_cut():
    text = "word " * 60_000
    starts = sentence_starts(text, 2000)
    lengths = [b - a for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    assert max(lengths) <= 2000
    assert all(text[s - 1] == " " for s in starts[1:])


def test_boundaries_of_others_are_kept():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("clinigraph_sentences")
    assert len(list(nlp("One\n\nTwo").sents)) == 1


def test_glued_tokens_are_split(nlp):
    assert [t.text for t in nlp("MEDICATIONS:,1.  Atenolol.,2.  Cardura.")][:3] == ["MEDICATIONS", ":,", "1"]


@pytest.mark.parametrize("unit", ["a ", " ", "\n", ".", ",", "1. ", "A: ", "- ", "#", "(", "\t", "x", "a. b: ", "。"])
def test_no_pattern_explodes(unit):
    text = (unit * 300_000)[:300_000]
    assert sentence_starts(text)[0] == 0
    assert find_sections(text)[-1].end == len(text)


SECTIONS = [
    ("PMH: HTN, DM2. Meds: lisinopril", ["past_medical_history", "medications"]),
    ("CHIEF COMPLAINT: cough\nHPI: two days of cough", ["chief_complaint", "hpi"]),
    ("Seen today.\n\nPast Medical History:\n- gout\n\n## Plan\nrest", ["unknown", "past_medical_history", "plan"]),
    ("1. ALLERGIES: none\n2. FAMILY HISTORY: gout", ["allergies", "family_history"]),
    ("**Assessment and Plan:** rest", ["assessment_plan"]),
    ("Discharge Medications\naspirin\n\nFollow-up\nin a week", ["discharge_medications", "follow_up"]),
    ("ALLERGIES:, None.,SOCIAL HISTORY: , Retired.,PLAN:,Rest.", ["allergies", "social_history", "plan"]),
    ("PHYSICAL EXAM:\nHEENT: normal\nLungs: clear\nLABS: Na 138", ["physical_exam", "labs"]),
    ("FAMILY HISTORY:\nMOTHER: gout\nFATHER: stroke", ["family_history"]),
    ("ROS: no fever. PE: clear lungs. A/P: rest", ["review_of_systems", "physical_exam", "assessment_plan"]),
    ("The plan was discussed at 10:30 with family.", ["unknown"]),
    ("Past medical history is significant for gout.", ["unknown"]),
    ("IMPRESSION - stable disease", ["assessment"]),
    ("S: tired\nO: BP 120/80\nA: anemia\nP: iron", ["hpi", "physical_exam", "assessment", "plan"]),
    ("Brief Hospital Course: well\nReturn precautions: fever", ["hospital_course", "instructions"]),
    ("Surgeries: none. Vitals: stable. Imaging: CT done", ["past_surgical_history", "vitals", "imaging"]),
    ("PAST MEDICAL HISTORY: PHYSICAL EXAM: General: well", ["past_medical_history", "physical_exam"]),
    ("FH/SH: mother had gout. IMMUNIZATIONS: tetanus 2010", ["family_history", "immunizations"]),
    ("PLAN: rest\nDVT PROPHYLAXIS: heparin", ["plan", "prophylaxis"]),
    ("HOUSING SITUATION\nlives alone", ["other"]),
    ("Seen.\n\nHOUSING SITUATION\nlives alone", ["unknown", "other"]),
]


@pytest.mark.parametrize(("text", "kinds"), SECTIONS)
def test_sections(text, kinds):
    assert [s.kind for s in find_sections(text)] == kinds


def test_offsets():
    text = "Seen today.\nPMH: gout\n"
    section = find_sections(text)[1]
    assert (text[section.start :], text[section.body_start : section.end]) == ("PMH: gout\n", "gout\n")
    assert section.title == "PMH"


def test_title_table_is_clean():
    assert "unknown" not in section_kinds()
    assert {t.where for t in titles().values()} == {"any", "line", "sub"}
    assert all(title == " ".join(title.lower().split()) for title in titles())
    assert all(not t.loinc or t.loinc.replace("-", "").isdigit() for t in titles().values())


def test_span_knows_its_section(nlp):
    doc = nlp("PMH: gout. Meds: allopurinol")
    assert doc[2:3]._.section == "past_medical_history"
    assert doc[-1:]._.section == "medications"


def test_saved_and_pickled(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    text = "PMH: gout.\nMeds: none."
    doc = spacy.load(tmp_path)(text)
    assert [s.text for s in doc.sents] == [s.text for s in nlp(text).sents]
    for name in nlp.pipe_names:
        pickle.loads(pickle.dumps(nlp.get_pipe(name)))(nlp.make_doc(text))


NOTE_PIECES = [
    "PMH:",
    "PLAN:",
    "\n",
    "\n\n",
    ".,",
    ",",
    ". ",
    "1. ",
    "Dr. ",
    "- ",
    "fever",
    "## ",
    "A",
    ":",
    "\t",
    "İ",
    "\r\n",
]


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(NOTE_PIECES), st.text(max_size=6)), max_size=30))
def test_sections_cover_and_sentences_partition(nlp, pieces):
    doc = nlp("".join(pieces))
    sections = doc._.sections
    assert "".join(doc.text[s.start : s.end] for s in sections) == doc.text
    for section in sections:
        assert section.start <= section.body_start <= section.end
    sentences = list(doc.sents)
    assert [t.i for s in sentences for t in s] == list(range(len(doc)))
    starts = sentence_starts(doc.text)
    assert starts == sorted(set(starts))
