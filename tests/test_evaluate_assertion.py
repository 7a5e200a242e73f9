"""Assertion measured on a table of gold spans."""

import os
from pathlib import Path

import pytest
from clinigraph.pipeline.evaluation.assertion import evaluate_assertion, evaluate_passages
from clinigraph.schemas.problems import UserError

HEADER = "line number\tCondition\tsentence\tnegation_status (x, y)\ttemporality (x)\texperiencer (x)\n"
ROWS = (
    "1\tcough\tNo COUGH or fever.\tNegated\tRecent\tPatient\n"
    '2\tchest   pain\t"He has had CHEST\npain since Monday."\tAffirmed\tRecent\tPatient\n'
    "3\tstroke\tHistory of STROKE.\tAffirmed\tHistorical\tPatient\n"
    "4\tbleeding\tCall us if you have BLEEDING.\tAffirmed\tNot particular\tPatient\n"
    "5\tgout\tMother had GOUT.\tAffirmed\tRecent\tOther\n"
    "6\tlupus\tNo such word here.\tAffirmed\tRecent\tPatient\n"
    "7\tsepsis\tPossible SEPSIS.\tPossible\tRecent\tPatient\n"
)
DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))


def test_report(tmp_path):
    table = tmp_path / "gold.tsv"
    table.write_text(HEADER + ROWS)
    report = evaluate_assertion(table)
    result = report.to_dict()
    assert list(result) == ["negated", "historical", "hypothetical", "family", "n"]
    assert result["n"] == 6
    for axis in ("negated", "historical", "hypothetical", "family"):
        assert result[axis] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    assert [p.where for p in report.problems] == ["gold.tsv row 6"]
    assert "lupus" not in str(report.problems[0])
    assert not report.errors


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\tb\n1\t2\n", "no column that begins with 'condition'"),
        (b"", "no column"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a\0b", "binary"),
        (HEADER.encode(), "no row"),
    ],
)
def test_bad_files(tmp_path, content, message):
    table = tmp_path / "gold.tsv"
    table.write_bytes(content)
    with pytest.raises(UserError, match=message):
        evaluate_assertion(table)


def test_paths_that_are_no_file(tmp_path):
    for path in (tmp_path / "missing.tsv", tmp_path):
        with pytest.raises(UserError, match="cannot read"):
            evaluate_assertion(path)


def test_brat(tmp_path):
    (tmp_path / "1.txt").write_text("No fever. Possible gout. Cough.")
    (tmp_path / "1.ann").write_text(
        "T1\tSign_symptom 3 8\tfever\nE1\tSign_symptom:T1 \nA1\tPOLARITY E1 NEG\n"
        "T2\tDisease_disorder 19 23\tgout\nA2\tPOLARITY T2 UNCERTAIN\n"
        "T3\tSign_symptom 25 30\tCough\nT4\tSex 0 2\tNo\n"
    )
    result = evaluate_passages(tmp_path, "brat", ["Sign_symptom", "Disease_disorder"]).to_dict()
    assert result["n"] == 3
    for axis in ("negated", "uncertain"):
        assert (result[axis]["f1"], result[axis]["support"]) == (1.0, 1)
    with pytest.raises(UserError, match="no mention"):
        evaluate_passages(tmp_path, "brat", ["Age"])


def test_markup(tmp_path):
    gold = tmp_path / "gold.txt"
    gold.write_text('# a comment\nDenies <ent negated cue="Denies">pain</ent>, takes <ent DRUG>iron</ent>.\n')
    result = evaluate_passages(gold, "markup").to_dict()
    assert result["n"] == 2 and result["negated"]["f1"] == 1.0
    gold.write_text("<ent negatd>pain</ent>")
    with pytest.raises(UserError, match="negatd"):
        evaluate_passages(gold, "markup")


def test_folder_without_brat(tmp_path):
    with pytest.raises(UserError, match="holds no"):
        evaluate_passages(tmp_path, "brat")


def test_pipeline_without_assertion(tmp_path):
    import spacy

    with pytest.raises(UserError, match="clinigraph_assertion"):
        evaluate_assertion(tmp_path, spacy.blank("en"))


def test_targets_on_the_development_table():
    table = DATA / "text" / "negex" / "dev.tsv"
    if not table.exists():
        pytest.skip("needs text/negex/dev.tsv (set CLINIGRAPH_DATA)")
    result = evaluate_assertion(table).to_dict()
    assert result["negated"]["f1"] >= 0.975
    assert result["historical"]["f1"] >= 0.75
    assert result["hypothetical"]["f1"] >= 0.93
