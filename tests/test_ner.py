"""The spaCy component, in anybody's pipeline."""

from __future__ import annotations

import pytest
import spacy
from clinigraph.schemas.problems import UserError
from spacy.language import Language
from spacy.tokens import Span

TEXT = "Started metformin 500 mg for type 2 diabetes. Denies chest pain."


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_ner")
    return nlp


def ents(doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_entities_groups_and_scores(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert ents(doc) == [("metformin", "DRUG"), ("type 2 diabetes", "DISEASE"), ("chest pain", "SYMPTOM")]
    assert [(s.start, s.end) for s in doc.spans["clinigraph"]] == [(e.start, e.end) for e in doc.ents]
    assert all(0 < ent._.score <= 1 for ent in doc.ents)
    assert doc.ents[0]._.extractor.startswith("clinigraph-ner-")


def test_pipe_gives_the_same_in_order(nlp: Language) -> None:
    texts = [TEXT, "", "Aspirin.", TEXT * 3] * 5
    assert [ents(doc) for doc in nlp.pipe(texts, batch_size=7)] == [ents(nlp(text)) for text in texts]


def test_entities_of_others_stay(nlp: Language) -> None:
    doc = nlp.make_doc(TEXT)
    doc.ents = [Span(doc, 5, 8, label="OTHER")]
    assert doc.ents[0].text == "type 2 diabetes"
    doc = nlp.get_pipe("clinigraph_ner")(doc)
    assert ("type 2 diabetes", "OTHER") in ents(doc) and ("metformin", "DRUG") in ents(doc)
    assert ("type 2 diabetes", "DISEASE") in [(s.text, s.label_) for s in doc.spans["clinigraph"]]


def test_two_mentions_in_one_spacy_token_do_not_collide() -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer = spacy.tokenizer.Tokenizer(nlp.vocab)  # splits at spaces only
    nlp.add_pipe("clinigraph_ner", config={"split_tokens": False})
    doc = nlp("Took aspirin/codeine for headache, and asthma.")
    assert next(ent.text for ent in doc.ents) == "aspirin/codeine"


def test_thresholds_leave_out_what_is_below() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_ner", config={"thresholds": {"DRUG": 1.01}})
    assert ents(nlp(TEXT)) == [("type 2 diabetes", "DISEASE"), ("chest pain", "SYMPTOM")]


def test_label_map_applies_to_the_shipped_model_too() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_ner", config={"label_map": {"DRUG": "CHEMICAL"}})
    assert ents(nlp(TEXT)) == [("metformin", "CHEMICAL")]


def test_a_saved_pipeline_stands_alone(nlp: Language, tmp_path) -> None:
    nlp.to_disk(tmp_path / "saved")
    loaded = spacy.load(tmp_path / "saved")
    assert ents(loaded(TEXT)) == ents(nlp(TEXT))
    assert str(tmp_path) in loaded.get_pipe("clinigraph_ner").model
    other = spacy.blank("en")
    other.add_pipe("clinigraph_ner")
    other.from_bytes(nlp.to_bytes())
    assert ents(other(TEXT)) == ents(nlp(TEXT))


def test_one_failing_doc_does_not_kill_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("clinigraph_ner")
    honest = tagger.classifier.tag

    def failing(texts):
        if any("poison" in text for text in texts):
            raise RuntimeError("broken")
        return honest(texts)

    monkeypatch.setattr(tagger.classifier, "tag", failing)
    texts = ["Aspirin.", "poison", "Metformin."]
    with pytest.raises(RuntimeError):
        list(nlp.pipe(texts))
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.extend(doc.text for doc in docs))
    assert [doc.text for doc in nlp.pipe(texts)] == ["Aspirin.", "Metformin."]
    assert failed == ["poison"]
    with pytest.raises(RuntimeError):
        tagger(nlp.make_doc("poison"))


def test_a_wrong_back_end_says_which_there_are() -> None:
    with pytest.raises(UserError, match="auto, onnx, torch"):
        spacy.blank("en").add_pipe("clinigraph_ner", config={"backend": "magic"})
