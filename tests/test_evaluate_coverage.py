"""How coverage of indications and of names is counted, on small files of the right format."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from clinigraph.app import cli
from clinigraph.kg.advice.view import KnowledgeView, Rows
from clinigraph.kg.knowledge.indication_coverage import DRUGS, INDICATIONS, evaluate_indications
from clinigraph.kg.knowledge.name_coverage import evaluate_names
from clinigraph.kg.knowledge.spreadsheet import sheet_rows
from clinigraph.schemas.problems import UserError
from clinigraph.schemas.vocabulary import Vocabulary

DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared/data"))
SOURCE = {"primary_knowledge_source": "clinigraph-curated", "source_version": "1", "licence": "Apache-2.0"}
METFORMIN, LISINOPRIL = "DRUGBANK:DB00331", "DRUGBANK:DB00722"
DIABETES, TYPE_2, ASTHMA, HYPERTENSION = "MONDO:0005015", "MONDO:0005148", "MONDO:0004979", "MONDO:0005044"


def write_sheet(path: Path, rows: list[list[str]], *, shared: bool = False) -> None:
    """An .xlsx file with one sheet, its texts inline or in a shared table."""
    words: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for column, text in zip("ABCDEFGH", row, strict=False):
            if shared:
                words.append(text)
                cells.append(f'<c r="{column}{number}" t="s"><v>{len(words) - 1}</v></c>')
            elif text:
                cells.append(f'<c r="{column}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    with zipfile.ZipFile(path, "w") as book:
        sheet = f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>"
        book.writestr("xl/worksheets/sheet1.xml", sheet)
        if shared:
            items = "".join(f"<si><t>{escape(word)}</t></si>" for word in words)
            book.writestr("xl/sharedStrings.xml", f"<sst {space}>{items}</sst>")


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    drugs = [["curie", "alternate_ids"], ["CHEBI:6801", f"['CHEBI:6801', '{METFORMIN}']"], ["X:1", "[]"], ["X:2", "[]"]]
    write_sheet(tmp_path / DRUGS, drugs)
    header = [f"final normalized {what}" for what in ("drug id", "drug label", "disease id", "disease label")]
    pairs = [
        ["CHEBI:6801", "a salt of it", TYPE_2, "type 2 diabetes mellitus"],  # exact
        ["CHEBI:6801", "a salt of it", "UMLS:C0011860", "the same again"],  # the same concept by cross reference
        ["CHEBI:6801", "a salt of it", DIABETES, "diabetes mellitus"],  # ours is a kind of it
        ["CHEBI:6801", "a salt of it", ASTHMA, "asthma"],  # missed
        ["CHEBI:6801", "a salt of it", "X:9", "no such disease"],  # not known
        ["X:1", "Lisinopril", "X:8", "Uncomplicated kidney disorder"],  # by name; a kind of ours by its own name
        ["X:2", "not a drug of ours", ASTHMA, "asthma"],
    ]
    write_sheet(tmp_path / INDICATIONS, [header, *pairs])
    return tmp_path


@pytest.fixture(scope="module")
def view() -> KnowledgeView:
    concepts = {DIABETES: "diabetes mellitus", TYPE_2: "type 2 diabetes mellitus", HYPERTENSION: "hypertension"}
    concepts["MONDO:0005240"] = "kidney disorder"
    treats = [(METFORMIN, TYPE_2), (LISINOPRIL, HYPERTENSION), (LISINOPRIL, "MONDO:0005240")]
    edges = [{"id": f"{a}{b}", "source": a, "target": b, **SOURCE} for a, b in treats]
    above = {"id": "up", "source": TYPE_2, "target": DIABETES, **SOURCE}
    return KnowledgeView.compile(
        Rows(
            {
                "Disease": [{"id": i, "name": n, **SOURCE} for i, n in concepts.items()],
                "Drug": [{"id": METFORMIN, "name": "metformin"}, {"id": LISINOPRIL, "name": "lisinopril"}],
            },
            {"TREATS": edges, "SUBCLASS_OF": [above]},
        )
    )


def test_indications_are_counted_by_the_way_they_are_answered(lists: Path, view: KnowledgeView) -> None:
    report = evaluate_indications(lists, view, Vocabulary.default())
    assert (report.pairs, report.exact, report.broader, report.narrower, report.unmapped) == (5, 1, 1, 1, 1)
    assert (report.drugs, report.other_drugs) == (2, 1)
    assert [p.disease_name for p in report.missed] == ["asthma", "no such disease"]
    assert [p.words for p in report.ours] == ["lisinopril -> hypertension"]
    data = report.to_dict(sample=1, seed=3)
    assert data["answered"] == 0.6 and data["answered_of_known_diseases"] == 0.75
    assert data == report.to_dict(sample=1, seed=3)
    assert len(data["sample_theirs_not_ours"]) == len(data["sample_ours_not_theirs"]) == 1


def test_a_missing_list_is_named(tmp_path: Path, view: KnowledgeView) -> None:
    with pytest.raises(UserError, match=INDICATIONS):
        evaluate_indications(tmp_path, view, Vocabulary.default())


def test_workbooks_with_shared_texts_and_broken_ones(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.xlsx", [["drug", "dose"], ["aspirin & co", "300"]], shared=True)
    assert list(sheet_rows(tmp_path / "a.xlsx")) == [{"drug": "aspirin & co", "dose": "300"}]
    write_sheet(tmp_path / "b.xlsx", [["drug", "dose"], ["", "300"]])
    assert list(sheet_rows(tmp_path / "b.xlsx")) == [{"drug": "", "dose": "300"}]
    (tmp_path / "c.xlsx").write_text("no workbook")
    with pytest.raises(UserError, match="BadZipFile"):
        list(sheet_rows(tmp_path / "c.xlsx"))


def test_names_are_looked_up_as_written_in_brackets_and_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    rows = ["1,Asthma", "2,asthma", '3,"Lupus erythematosus (SLE)"', "4,no such thing", "5,Gout / xyzzy"]
    path.write_text("\n".join(["id,diagnosis", *rows]), encoding="utf-8")
    report = evaluate_names(path, Vocabulary.default(), column="diagnosis")
    assert report.missing == ("no such thing",)
    assert (report.names, report.found, report.rows, report.rows_found) == (5, 4, 5, 4)
    with pytest.raises(UserError, match="id, diagnosis"):
        evaluate_names(path, Vocabulary.default())
    (tmp_path / "names.txt").write_text("gout\n\nmetformin\n", encoding="utf-8")
    assert evaluate_names(tmp_path / "names.txt", Vocabulary.default()).by_label == {"Disease": 1, "Drug": 1}


def test_names_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "names.txt").write_text("gout\nno such thing\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clinigraph", "evaluate", "names", str(tmp_path / "names.txt"), "--json"])
    try:
        status = cli.main()
    except SystemExit as leaving:
        status = leaving.code
    assert not status and json.loads(capsys.readouterr().out)["share"] == 0.5


@pytest.mark.skipif(not (DATA / "knowledge/everycure").is_dir(), reason="Every Cure's lists are not here")
def test_floor_on_the_real_lists() -> None:
    """A floor, so that a change of the tables that loses much of them is seen."""
    from clinigraph.kg import open_graph

    with open_graph(":memory:") as graph:
        report = evaluate_indications(DATA / "knowledge/everycure", graph.knowledge, Vocabulary.default())
    assert report.drugs > 500 and report.answered > 0.3
