"""Abbreviations that a note defines itself."""

import pickle
import sys

import pytest
import spacy
from clinigraph.schemas.problems import UserError
from spacy.tokens import Doc

pytest.importorskip("scispacy", reason="needs the extra scispacy")

TEXT = "She has chronic kidney disease (CKD) and atrial fibrillation (AF). CKD is stable; AF rate controlled. CHF none."


@pytest.fixture
def nlp():
    nlp = spacy.blank("en")
    patterns = [{"label": "DISEASE", "pattern": word} for word in ("CKD", "AF", "CHF")]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe("clinigraph_abbreviations")
    return nlp


def test_every_mention_gets_the_long_form(nlp):
    found = [(e.text, e._.long_form) for e in nlp(TEXT).ents]
    kidney, heart = ("CKD", "chronic kidney disease"), ("AF", "atrial fibrillation")
    assert found == [kidney, heart, kidney, heart, ("CHF", None)]


def test_definitions_do_not_leak_into_the_next_note(nlp):
    nlp(TEXT)
    assert [e._.long_form for e in nlp("CKD and AF (both).").ents] == [None, None]


def test_doc_can_be_stored_and_pickled(nlp):
    doc = nlp(TEXT)
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes()).ents[0]._.long_form == "chronic kidney disease"
    assert pickle.loads(pickle.dumps(doc)).ents[0]._.long_form == "chronic kidney disease"
    assert not Doc.has_extension("abbreviations")


def test_two_processes(nlp):
    docs = list(nlp.pipe([TEXT, TEXT, "No brackets."], n_process=2, batch_size=1))
    assert [d.ents[0]._.long_form for d in docs[:2]] == ["chronic kidney disease"] * 2


def test_saved_pipeline(nlp, tmp_path):
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)(TEXT).ents[0]._.long_form == "chronic kidney disease"


@pytest.mark.parametrize(
    "text", ["", "(", ")(", "( CKD", "CKD (((", "CKD () ( )", "CKD (中文)", "CKD " + "( " * 50_000]
)
def test_odd_brackets(nlp, text):
    assert nlp(text).text == text


def test_without_scispacy_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scispacy.abbreviation", None)  # what Python does for a package that is not there
    with pytest.raises(UserError, match=r"clinigraph\[scispacy\]"):
        spacy.blank("en").add_pipe("clinigraph_abbreviations")
