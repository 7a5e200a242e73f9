"""Abbreviations: defined by the note, or told by the words around them."""

import pickle
import re
from pathlib import Path

import pytest
import spacy
from clinigraph.pipeline.components.abbreviations.definitions import find_definitions
from clinigraph.pipeline.components.abbreviations.senses import known_sense, sense_of, senses, short_form
from clinigraph.pipeline.evaluation.abbreviations import evaluate_abbreviations, parse_rows
from clinigraph.schemas.problems import UserError
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

GOLD = Path(__file__).parent / "abbreviation_sense_gold.txt"
TEXT = "She has chronic kidney disease (CKD) and atrial fibrillation (AF). CKD is stable; AF rate controlled. XYZ none."


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    patterns = [{"label": "DISEASE", "pattern": word} for word in ("CKD", "AF", "XYZ", "RA", "LFTs")]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe("clinigraph_abbreviations")
    return nlp


def test_every_mention_gets_the_long_form(nlp):
    found = [(e.text, e._.long_form) for e in nlp(TEXT).ents]
    kidney, heart = ("CKD", "chronic kidney disease"), ("AF", "atrial fibrillation")
    assert found == [kidney, heart, kidney, heart, ("XYZ", None)]


def test_definitions_do_not_leak_into_the_next_note(nlp):
    nlp("She has xylo-yellow zone (XYZ).")
    assert [e._.long_form for e in nlp("XYZ (both).").ents] == [None]


def test_a_note_may_define_a_word_anew(nlp):
    doc = nlp("Ataxia features (AF) were seen. AF is mild. Later atrial fibrillation (AF) began; AF persists.")
    assert [e._.long_form for e in doc.ents] == ["Ataxia features"] * 2 + ["atrial fibrillation"] * 2


def test_a_definition_goes_before_the_inventory(nlp):
    doc = nlp("Refractory anemia (RA) was found. Methotrexate for RA and her joints.")
    assert [e._.long_form for e in doc.ents] == ["Refractory anemia"] * 2


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("chronic obstructive pulmonary disease (COPD)", "COPD", "chronic obstructive pulmonary disease"),
        ("COPD (chronic obstructive pulmonary disease)", "COPD", "chronic obstructive pulmonary disease"),
        ("the left anterior descending (LAD) artery", "LAD", "left anterior descending"),
        ("magnetic resonance imaging ( MRI )", "MRI", "magnetic resonance imaging"),
        ("deep venous thrombosis (DVT; on the left)", "DVT", "deep venous thrombosis"),
        ("He came home. Urinary tract\ninfection (UTI)", "UTI", "Urinary tract infection"),
        ("5-fluorouracil (5-FU)", "5-FU", None),
        ("no such thing (CKD)", "CKD", None),
        ("Pain. Kidney failure (CKD)", "CKD", None),
        ("seen by him (today)", "today", None),
    ],
)
def test_definitions(text, short, long):
    found = {d.short: d.long for d in find_definitions(text)}
    assert found.get(short) == long or (short == "5-FU" and found.get(short) in (None, "5-fluorouracil"))


def test_inventory_without_sections_and_on_other_labels():
    nlp = spacy.blank("en")
    patterns = [{"label": "PROBLEM", "pattern": word} for word in ("RA", "LFTs")]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe("clinigraph_abbreviations")
    doc = nlp("Sat 94% on RA. Elevated LFTs. RA.")
    assert [e._.long_form for e in doc.ents] == ["room air", "liver function tests", None]


def test_inventory_can_be_left_out():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "DISEASE", "pattern": "RA"}])
    nlp.add_pipe("clinigraph_abbreviations", config={"inventory": False})
    assert nlp("Sat 94% on RA.").ents[0]._.long_form is None


def test_table_is_clean():
    table = senses()
    assert len(table) >= 85 and sum(map(len, table.values())) >= 300
    for short, rows in table.items():
        assert short_form(short) == short or not 2 <= len(short) <= 6, short
        names = [row.long for row in rows]
        assert len(set(names)) == len(names), short
        assert all(0 <= row.prior <= 1.5 for row in rows), short
        assert all(re.fullmatch(r"\S(.*\S)?", name) for name in names), short


def test_known_sense():
    assert known_sense("RA", "room air").concept is False
    assert known_sense("RA", "rheumatoid arthritis").concept is True
    assert known_sense("RA", "right arm") is None and known_sense("fever", "room air") is None


def test_words_in_small_letters_are_no_abbreviations():
    assert short_form("as") is None and short_form("As") is None and short_form("AS") == "AS"


def test_gold_rows_that_the_inventory_was_made_with():
    result = evaluate_abbreviations(GOLD, "1,2,3/4").to_dict()
    assert result["accuracy"] >= 0.99 and result["coverage"] >= 0.95 and result["unknown_guessed"] == 0


def test_gold_rows_held_out():
    result = evaluate_abbreviations(GOLD, "4/4").to_dict()
    assert result["known"] >= 30 and result["unknown"] >= 6
    assert result["accuracy"] >= 0.95 and result["coverage"] >= 0.8 and result["unknown_guessed"] == 0


def test_rows_are_named_or_refused(tmp_path):
    assert parse_rows("1,2,3/4") == (frozenset({1, 2, 3}), 4)
    for rows in ("all", "4/0", ""):
        with pytest.raises(UserError):
            parse_rows(rows)
    with pytest.raises(UserError, match="cannot read"):
        evaluate_abbreviations(tmp_path / "missing.txt")
    (tmp_path / "empty.txt").write_text("nothing here")
    with pytest.raises(UserError, match="no abbreviation"):
        evaluate_abbreviations(tmp_path / "empty.txt")


def test_doc_can_be_stored_and_pickled(nlp):
    doc = nlp(TEXT)
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes()).ents[0]._.long_form == "chronic kidney disease"
    assert pickle.loads(pickle.dumps(doc)).ents[0]._.long_form == "chronic kidney disease"


def test_saved_pipeline(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(TEXT).ents[0]._.long_form == "chronic kidney disease"


@pytest.mark.parametrize(
    "text", ["", "(", ")(", "( CKD", "CKD (((", "CKD () ( )", "CKD (中文)", "CKD " + "( " * 50_000, "a (" * 50_000]
)
def test_odd_brackets(nlp, text):
    assert nlp(text).text == text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.sampled_from(["RA", "(", ")", "(RA)", "room air", ". ", "İ"]), st.text(max_size=5)), max_size=20
    )
)
def test_any_text_is_safe(pieces):
    text = " ".join(pieces)
    for definition in find_definitions(text):
        assert text[definition.start] == "("
    for match in re.finditer("RA", text):
        sense_of(text, *match.span(), "DISEASE")
