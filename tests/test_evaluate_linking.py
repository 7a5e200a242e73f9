"""Linking figures: what counts, and a floor on the development sets where they are present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import spacy
from clinigraph.pipeline.evaluation.gold_links import read_documents
from clinigraph.pipeline.evaluation.linking import evaluate_linking, guideline_of
from clinigraph.pipeline.evaluation.linking_end_to_end import evaluate_end_to_end
from clinigraph.schemas.problems import UserError
from spacy.language import Language

DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared/data"))

ABSTRACT = """1|t|Metformin in asthma
1|a|Aspirin and gout. A made-up thing.
1\t0\t9\tMetformin\tChemical\tD008687
1\t13\t19\tasthma\tDisease\tD001249
1\t20\t27\tAspirin\tChemical\tD001241|D999999
1\t32\t36\tgout\tDisease\tD003924
1\t38\t53\tA made-up thing\tDisease\tC999999999
1\t38\t39\tA\tDisease\t-1
1\tCID\tD008687\tD001249
"""


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_linker")
    return nlp


def test_what_counts(tmp_path: Path, nlp: Language) -> None:
    (tmp_path / "x.txt").write_text(ABSTRACT, encoding="utf-8")
    report = evaluate_linking(tmp_path, nlp=nlp).to_dict()
    assert (report["n"], report["coverage"], report["accuracy"]) == (5, 0.8, 0.75)
    assert report["labels"]["Chemical"] == {"accuracy": 1.0, "coverage": 1.0, "n": 2}
    only = evaluate_linking(tmp_path / "x.txt", nlp=nlp, types={"Chemical": "DRUG"}).to_dict()
    assert only["n"] == 2


def test_gold_is_read_with_its_offsets(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(ABSTRACT, encoding="utf-8")
    (document,) = read_documents(tmp_path / "x.txt")
    text, mentions = document.text, document.mentions
    assert document.pmid == "1"
    assert [text[m.start : m.end] for m in mentions] == [m.text for m in mentions]
    assert mentions[2].ids == ("MESH:D001241", "MESH:D999999")


def test_the_guideline_is_that_of_the_labels_and_the_plain_figures_stand_beside(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(ABSTRACT, encoding="utf-8")
    assert guideline_of(read_documents(tmp_path / "x.txt")) == "bc5cdr"
    report = evaluate_linking(tmp_path).to_dict()
    assert report["guideline"] == "bc5cdr" and report["without_guideline"]["guideline"] == "none"
    assert report["without_guideline"]["n"] == report["n"] == 5
    assert "without_guideline" not in evaluate_linking(tmp_path, guideline=None).to_dict()
    (tmp_path / "x.txt").write_text(ABSTRACT.replace("\tDisease\t", "\tSpecificDisease\t"), encoding="utf-8")
    assert guideline_of(read_documents(tmp_path / "x.txt")) == "ncbi-disease"
    (tmp_path / "x.txt").write_text(ABSTRACT.replace("\tDisease\t", "\tThing\t").replace("Chemical", "Thing"))
    assert guideline_of(read_documents(tmp_path / "x.txt")) is None


def test_a_finer_concept_is_counted_apart(tmp_path: Path, nlp: Language) -> None:
    line = "1\t0\t27\tAcute myocardial infarction\tDisease\tD009203"
    (tmp_path / "x.txt").write_text(f"1|t|Acute myocardial infarction\n1|a|\n{line}\n", encoding="utf-8")
    report = evaluate_linking(tmp_path, nlp=nlp).to_dict()
    assert (report["accuracy"], report["accuracy_or_finer"]) == (0.0, 1.0)


def test_gold_spans_that_end_inside_a_word(tmp_path: Path, nlp: Language) -> None:
    line = "1\t4\t10\tasthma\tDisease\tD001249"
    (tmp_path / "x.txt").write_text(f"1|t|antiasthmatics\n1|a|\n{line}\n", encoding="utf-8")
    assert evaluate_linking(tmp_path, nlp=nlp).to_dict()["accuracy"] == 1.0


def test_end_to_end_counts_place_kind_and_concept(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(ABSTRACT, encoding="utf-8")
    own = spacy.blank("en")
    ruler = own.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "DRUG", "pattern": "Metformin"},  # right
            {"label": "SYMPTOM", "pattern": "asthma"},  # right: a problem
            {"label": "DISEASE", "pattern": "Aspirin"},  # another kind
            {"label": "DISEASE", "pattern": "made"},  # no concept: no answer
        ]
    )
    own.add_pipe("clinigraph_linker")
    report = evaluate_end_to_end(tmp_path, nlp=own).to_dict()
    assert report["labels"]["drug"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert report["labels"]["problem"]["support"] == 3 and report["labels"]["problem"]["recall"] == 0.3333
    assert report["guideline"] == "bc5cdr" and report["documents"] == 1
    with pytest.raises(UserError, match="no clinigraph_linker"):
        evaluate_end_to_end(tmp_path, nlp=spacy.blank("en"))


def test_what_cannot_be_measured_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no PubTator file"):
        evaluate_linking(tmp_path)
    with pytest.raises(UserError, match="brat"):
        evaluate_linking(tmp_path, format="brat")
    (tmp_path / "x.txt").write_text(ABSTRACT, encoding="utf-8")
    with pytest.raises(UserError, match="no clinigraph_linker"):
        evaluate_linking(tmp_path, nlp=spacy.blank("en"))


@pytest.mark.parametrize(
    ("path", "accuracy", "coverage"),
    [("text/bc5cdr/dev_corpus.txt", 0.80, 0.93), ("text/ncbi-disease/original-data/devel", 0.70, 0.95)],
)
def test_development_sets(path: str, accuracy: float, coverage: float) -> None:
    """Without a guideline: the guidelines' names were learned from these very sets."""
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not in CLINIGRAPH_DATA ({DATA})")
    report = evaluate_linking(DATA / path, guideline=None).to_dict()
    assert report["accuracy"] >= accuracy and report["coverage"] >= coverage
