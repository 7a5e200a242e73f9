"""Entity figures: checked by hand on small corpora, and on the real ones where they are present."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import spacy
from clinigraph.pipeline.evaluation.entities import evaluate_entities, parse_mapping
from clinigraph.pipeline.evaluation.error_kinds import error_kinds
from clinigraph.pipeline.evaluation.spans import Counts, LabelledSpan, compare
from clinigraph.schemas.problems import UserError
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="module")
def ruler() -> Language:
    """A pipeline whose entities are known exactly."""
    nlp = spacy.blank("en")
    rules = nlp.add_pipe("entity_ruler")
    for label, terms in {"DRUG": ["aspirin", "insulin"], "DISEASE": ["asthma", "gout"], "SYMPTOM": ["cough"]}.items():
        rules.add_patterns([{"label": label, "pattern": term} for term in terms])
    return nlp


def jsonl(folder: Path, *rows: tuple[str, list]) -> Path:
    file = folder / "gold.jsonl"
    file.write_text("\n".join(json.dumps({"text": t, "spans": s}) for t, s in rows), encoding="utf-8")
    return file


def test_strict_figures_by_hand(tmp_path: Path, ruler: Language) -> None:
    file = jsonl(
        tmp_path,
        ("aspirin for asthma", [[0, 7, "DRUG"], [12, 18, "DISEASE"]]),
        ("insulin and bad cough", [[12, 21, "SYMPTOM"]]),
    )
    report = evaluate_entities(file, format="jsonl", nlp=ruler).to_dict()
    assert report["labels"]["DRUG"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}
    assert report["labels"]["DISEASE"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert report["labels"]["SYMPTOM"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert report["micro"] == {"precision": 0.5, "recall": 0.6667, "f1": 0.5714, "support": 3}
    assert 0 < report["calibration_error"] <= 1  # the rules are sure of all, right or wrong
    relaxed = evaluate_entities(file, format="jsonl", overlap=True, nlp=ruler).to_dict()
    assert relaxed["labels"]["SYMPTOM"]["f1"] == 1.0
    assert sorted(tuple(kind) for kind in evaluate_entities(file, format="jsonl", nlp=ruler).errors) == [
        ("invented", "", "DRUG"),
        ("too short", "SYMPTOM", "SYMPTOM"),
    ]
    assert set(report) == {"micro", "labels", "calibration_error"}


def test_a_map_merges_ours_into_the_gold_names(tmp_path: Path, ruler: Language) -> None:
    file = jsonl(tmp_path, ("aspirin, cough, gout", [[9, 14, "Disease"], [16, 20, "Disease"], [0, 7, "Gene"]]))
    report = evaluate_entities(file, format="jsonl", mapping="Disease=DISEASE+SYMPTOM", nlp=ruler).to_dict()
    assert report["labels"] == {"Disease": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2}}


def test_known_corpora_need_no_map(tmp_path: Path, ruler: Language) -> None:
    file = jsonl(tmp_path, ("aspirin, cough, gout", [[0, 7, "Chemical"], [9, 14, "Disease"], [16, 20, "Disease"]]))
    report = evaluate_entities(file, format="jsonl", nlp=ruler).to_dict()
    assert {name: row["f1"] for name, row in report["labels"].items()} == {"Chemical": 1.0, "Disease": 1.0}
    ncbi = jsonl(tmp_path, ("cough, gout", [[0, 5, "Modifier"], [7, 11, "SpecificDisease"]]))
    report = evaluate_entities(ncbi, format="jsonl", nlp=ruler).to_dict()
    # Both are our DISEASE or SYMPTOM and cannot be told apart: one row.
    assert list(report["labels"]) == ["Modifier+SpecificDisease"]


def test_conll(tmp_path: Path, ruler: Language) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("takes\tO\naspirin\tB-DRUG\n\ngout\tB-DISEASE\n", encoding="utf-8")
    assert evaluate_entities(file, format="conll", nlp=ruler).to_dict()["micro"]["f1"] == 1.0


def test_problems_say_what_to_do(tmp_path: Path, ruler: Language) -> None:
    file = jsonl(tmp_path, ("aspirin", [[0, 7, "Substance"]]))
    with pytest.raises(UserError, match="neither ours") as error:
        evaluate_entities(file, format="jsonl", nlp=ruler)
    assert "--map" in error.value.solution
    with pytest.raises(UserError, match="no gold span"):
        evaluate_entities(file, format="jsonl", mapping="Chemical=DRUG", nlp=ruler)
    with pytest.raises(UserError, match="not of the form"):
        evaluate_entities(file, format="jsonl", mapping="Chemical", nlp=ruler)
    with pytest.raises(UserError, match="does not exist"):
        evaluate_entities(tmp_path / "none", format="jsonl", nlp=ruler)
    with pytest.raises(UserError, match="holds no document"):
        evaluate_entities(file, format="pubtator", nlp=ruler)


def test_a_map_may_name_a_gold_label_twice() -> None:
    assert parse_mapping("A=X, A=Y+Z") == {"A": ("X", "Y", "Z")}


spans = st.lists(
    st.builds(
        lambda a, n, label: LabelledSpan(a, a + n, label), st.integers(0, 20), st.integers(1, 6), st.sampled_from("XY")
    ),
    max_size=6,
)


@given(spans, spans)
def test_comparing_is_symmetric_and_relaxed_is_never_stricter(gold: list, found: list) -> None:
    for overlap in (False, True):
        there, back = compare(gold, found, overlap=overlap), compare(found, gold, overlap=overlap)
        assert {k: v.correct for k, v in there.items()} == {k: v.correct for k, v in back.items()}
    strict, relaxed = compare(gold, found), compare(gold, found, overlap=True)
    assert all(strict[label].correct <= relaxed[label].correct for label in strict)
    assert all(counts.correct <= min(counts.predicted, counts.support) for counts in relaxed.values())


@given(spans, spans)
def test_every_difference_has_one_kind(gold: list, found: list) -> None:
    wrong = len(set(gold) - set(found)) + len(set(found) - set(gold))
    kinds = error_kinds(gold, found)
    both = sum(n for kind, n in kinds.items() if kind.kind not in ("missed", "invented", "split", "joined"))
    assert sum(kinds.values()) + both == wrong  # those of two sides explain one span of each
    turned = error_kinds(found, gold)
    assert sum(turned.values()) == sum(kinds.values())


def test_kinds_of_mistakes_by_hand() -> None:
    gold = [LabelledSpan(*each) for each in ((0, 10, "X"), (20, 30, "X"), (40, 45, "Y"), (50, 55, "X"), (60, 66, "Y"))]
    ours = [LabelledSpan(*each) for each in ((2, 10, "X"), (18, 26, "X"), (27, 30, "X"), (40, 45, "X"), (50, 55, "X"))]
    assert {(*kind, count) for kind, count in error_kinds(gold, ours).items()} == {
        ("too short", "X", "X", 1),
        ("shifted", "X", "X", 1),
        ("split", "X", "X", 1),
        ("other label", "Y", "X", 1),
        ("missed", "Y", "", 1),
    }


def test_overlap_finds_the_largest_matching() -> None:
    # The wide span must not take the only partner of the narrow one.
    gold = [LabelledSpan(0, 5, "X"), LabelledSpan(6, 9, "X")]
    found = [LabelledSpan(0, 9, "X"), LabelledSpan(1, 4, "X")]
    assert compare(gold, found, overlap=True)["X"] == Counts(2, 2, 2)


@pytest.mark.skipif(not DATA.is_dir(), reason="no corpora: set CLINIGRAPH_DATA to the data folder")
def test_the_shipped_model_on_case_reports() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_ner", config={"guideline": "maccrobat"})
    report = evaluate_entities(DATA / "text" / "maccrobat" / "dev", format="brat", nlp=nlp)
    assert report.micro.f1 > 0.6
