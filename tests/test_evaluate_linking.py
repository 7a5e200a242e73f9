"""Linking figures: what counts, and a floor on the development sets where they are present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import spacy
from clinigraph.pipeline.evaluation.linking import evaluate_linking, read_gold
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
    ((text, mentions),) = read_gold(tmp_path / "x.txt")
    assert [text[m.start : m.end] for m in mentions] == [m.text for m in mentions]
    assert mentions[2].ids == ("MESH:D001241", "MESH:D999999")


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
    [("text/bc5cdr/dev_corpus.txt", 0.74, 0.93), ("text/ncbi-disease/original-data/devel", 0.65, 0.95)],
)
def test_development_sets(path: str, accuracy: float, coverage: float, nlp: Language) -> None:
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not in CLINIGRAPH_DATA ({DATA})")
    report = evaluate_linking(DATA / path, nlp=nlp).to_dict()
    assert report["accuracy"] >= accuracy and report["coverage"] >= coverage
