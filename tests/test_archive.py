"""Readers, runner and writers on real files: nothing bad ends a run, nothing bad vanishes."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from clinigraph.pipeline.archive.columns import Columns
from clinigraph.pipeline.archive.decoding import decode
from clinigraph.pipeline.archive.page import NotePages
from clinigraph.pipeline.archive.reading import NoteReader, count_notes
from clinigraph.pipeline.archive.running import SeenNotes, batches
from clinigraph.pipeline.archive.writing import MENTION_TABLE, file_name, open_writer
from clinigraph.schemas.annotation import (
    AnnotatedNote,
    Assertion,
    ConceptLink,
    Cue,
    Mention,
    Note,
    Relation,
    Section,
)
from clinigraph.schemas.problems import Level, Problem, UserError
from hypothesis import given, settings
from hypothesis import strategies as st


def read(path, **options):
    items = list(NoteReader(**options).read([path]))
    return [i for i in items if isinstance(i, Note)], [i for i in items if isinstance(i, Problem)]


def document(text: str, **extra) -> dict:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "subject": {"reference": "Patient/p7"},
        "date": "2024-03-01T10:00:00Z",
        "type": {"text": "Progress note"},
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
        **extra,
    }


def test_text_folder_with_path_pattern(tmp_path):
    (tmp_path / "p1").mkdir()
    (tmp_path / "p1" / "2024-03-01_progress.txt").write_text("Fever.\r\n", newline="")
    (tmp_path / ".hidden.txt").write_text("not a note")
    notes, problems = read(tmp_path, path_pattern=r"(?P<patient>p\d)/(?P<date>[\d-]+)_(?P<type>\w+)")
    assert [(n.note_id, n.patient_id, n.date, n.type, n.text) for n in notes] == [
        ("p1/2024-03-01_progress", "p1", dt.date(2024, 3, 1), "progress", "Fever.\r\n")
    ]
    assert not problems


def test_text_without_pattern_keeps_patients_apart(tmp_path):
    (tmp_path / "a.txt").write_text("Fever.")
    (tmp_path / "b.txt").write_text("Cough.")
    notes, _ = read(tmp_path)
    assert len({n.patient_id for n in notes}) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_tables_and_lines(tmp_path, packed):
    rows = [
        {"note_id": 1, "patient_id": "p1", "text": 'He said "ouch",\nthen left.', "date": "2024-01-02"},
        {"note_id": 2, "patient_id": "p2", "text": "x" * 200_000, "date": ""},
    ]
    frame = pd.DataFrame(rows)
    ending = ".gz" if packed else ""
    frame.to_csv(tmp_path / f"a.csv{ending}", index=False)
    frame.to_json(tmp_path / f"b.jsonl{ending}", orient="records", lines=True)
    frame.to_parquet(tmp_path / "c.parquet")
    frame.to_csv(tmp_path / f"d.tsv{ending}", index=False, sep="\t")
    for file in sorted(tmp_path.iterdir()):
        notes, problems = read(file)
        assert [(n.note_id, n.patient_id, n.text) for n in notes] == [
            (str(r["note_id"]), r["patient_id"], r["text"]) for r in rows
        ], file.name
        assert notes[0].date == dt.date(2024, 1, 2) and notes[1].date is None
        assert not problems


def test_column_names_are_mappable_and_missing_ones_are_explained(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("id,Body,day\n7,Cough.,20240105\n")
    notes, problems = read(path)
    assert not notes
    assert problems[0].message.endswith('has no column "text". Columns found: id, Body, day')
    assert "--text-column" in problems[0].solution
    notes, _ = read(path, columns=Columns(text="body", note_id="ID", date="day"))
    assert (notes[0].note_id, notes[0].text, notes[0].date) == ("7", "Cough.", dt.date(2024, 1, 5))
    _, problems = read(path, columns=Columns(text="body", patient_id="mrn"))
    assert 'no column "mrn"' in problems[0].message


def test_fhir_document_bundle_and_bulk_lines(tmp_path):
    patient = {"resourceType": "Patient"}
    (tmp_path / "one.json").write_text(json.dumps(document("No fever.")))
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": document("A.", id="a")}, {"resource": patient}],
    }
    (tmp_path / "two.json").write_text(json.dumps(bundle))
    (tmp_path / "three.ndjson").write_text(json.dumps(document("B.", id="b")) + "\n" + json.dumps(patient))
    link = document("", content=[{"attachment": {"contentType": "application/pdf", "url": "x"}}])
    (tmp_path / "four.json").write_text(json.dumps(link))
    notes, problems = read(tmp_path)
    assert {(n.note_id, n.patient_id, n.date, n.type) for n in notes} == {
        (i, "p7", dt.date(2024, 3, 1), "Progress note") for i in ("d1", "a", "b")
    }
    assert sorted(p.message for p in problems) == [
        "has no plain text inside (attachments are links or other formats)",
        "is a FHIR Patient, not a DocumentReference",
    ]


def test_bad_files_are_listed_and_the_others_read(tmp_path):
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "blank.txt").write_text(" \n ")
    (tmp_path / "latin1.txt").write_bytes("Fièvre et toux, température élevée.".encode("latin-1"))
    (tmp_path / "chinese.txt").write_text("患者胸痛三天，伴有发热和咳嗽。")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not really")
    (tmp_path / "broken.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "binary.csv").write_bytes(b"\x00\x01\x02")
    (tmp_path / "lines.jsonl").write_text('{"text": "Good."}\n{broken\n[1]\n{"text": 5}\n')
    (tmp_path / "rows.csv").write_text("note_id,text\n1\n2,Good too.\n3,\n")
    (tmp_path / "good.txt").write_text("Good.")
    notes, problems = read(tmp_path)
    assert sorted(n.source.rsplit("/", 1)[1] for n in notes) == [
        "good.txt",
        "latin1.txt",
        "lines.jsonl line 1",
        "rows.csv row 3",
    ]
    by_file = {p.where.rsplit("/", 1)[1]: p for p in problems}
    assert set(by_file) == {
        "binary.txt", "empty.txt", "blank.txt", "latin1.txt", "chinese.txt", "scan.pdf", "broken.parquet",
        "broken.csv.gz", "binary.csv", "lines.jsonl line 2", "lines.jsonl line 3", "lines.jsonl line 4",
        "rows.csv row 2", "rows.csv row 4",
    }  # fmt: skip
    assert by_file["latin1.txt"].level == Level.WARNING and "replaced" in by_file["latin1.txt"].message
    assert "binary" in by_file["binary.txt"].message
    assert "Latin script" in by_file["chinese.txt"].message
    assert all(p.solution for p in problems)
    assert "Good" not in " ".join(map(str, problems))


def test_a_mistyped_path_stops_before_any_work(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        list(NoteReader().read([tmp_path / "nothing"]))


def test_bad_dates_are_said_and_the_note_taken(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "Cough.", "date": "03/04/24"}\n')
    notes, problems = read(tmp_path)
    assert notes[0].date is None and problems[0].level == Level.WARNING


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(data):
    text, problem = decode(data, "x")
    assert (text is not None) or (problem is not None and problem.level == Level.ERROR)
    if text is not None and problem is None and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert text.encode("utf-8") == data


def test_counting(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n{"text": "y"}\n')
    assert count_notes([tmp_path]) == 3
    (tmp_path / "c.csv").write_text("text\nx\n")
    assert count_notes([tmp_path]) is None


def test_repeated_ids(tmp_path):
    seen = SeenNotes()
    first = Note(note_id="n", patient_id="p", text="Fever.")
    assert seen.problem(first) is None
    assert seen.problem(first).level == Level.INFO
    changed = seen.problem(first.model_copy(update={"text": "Cough."}))
    assert changed.level == Level.ERROR and "another text" in changed.message and "Cough" not in str(changed)


@given(st.lists(st.integers(1, 300_000), max_size=30))
@settings(max_examples=30, deadline=None)
def test_batches_lose_nothing_and_stay_small(lengths):
    notes = [Note(note_id=str(i), patient_id="p", text="x" * n) for i, n in enumerate(lengths)]
    made = list(batches(notes))
    assert [n for batch in made for n in batch] == notes
    assert all(len(batch) == 1 or sum(len(n.text) for n in batch) <= 200_000 for batch in made)


@pytest.fixture
def annotated() -> AnnotatedNote:
    text = "PLAN: No fe\nver <b>. Took aspirin & slept."
    note = Note(note_id="w/1", patient_id="p<1>", text=text, date=dt.date(2024, 1, 2))
    cue = Cue(axis="negated", value="negated", start=6, end=8, text="No")
    fever = Mention(
        note_id="w/1", start=9, end=15, text="fe\nver", label="SYMPTOM", assertion=Assertion(negated=True, cues=(cue,)),
        concept=ConceptLink(id="HP:0001945", name="Fever", score=1, method="exact"),
    )  # fmt: skip
    drug = Mention(note_id="w/1", start=26, end=33, text="aspirin", label="DRUG")
    assert text[26:33] == "aspirin"
    relation = Relation(head=drug.mention_id, tail=fever.mention_id, type="TREATS")
    section = Section(kind="plan", title="PLAN", start=0, body_start=5, end=len(text))
    return AnnotatedNote(note=note, sections=(section,), mentions=(fever, drug), relations=(relation,))


def test_jsonl_reads_back(tmp_path, annotated):
    with open_writer("jsonl", tmp_path / "out" / "a.jsonl") as writer:
        writer.write(annotated)
    (line,) = (tmp_path / "out" / "a.jsonl").read_text().splitlines()
    assert AnnotatedNote.model_validate_json(line) == annotated


def test_an_interrupted_file_is_not_left_half_written(tmp_path, annotated):
    with pytest.raises(KeyboardInterrupt), open_writer("parquet", tmp_path / "a.parquet") as writer:
        writer.write(annotated)
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_parquet_has_one_row_a_mention(tmp_path, annotated):
    with open_writer("parquet", tmp_path / "a.parquet") as writer:
        writer.write(annotated)
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.equals(MENTION_TABLE)
    fever, drug = table.to_pylist()
    assert (fever["negated"], fever["concept_id"], fever["cues"]) == (True, "HP:0001945", ["negated=negated: No"])
    assert drug["relations"] == [f"TREATS {fever['mention_id']}"]


def test_brat_offsets_hold(tmp_path, annotated):
    with open_writer("brat", tmp_path) as writer:
        writer.write(annotated)
    text = (tmp_path / "w_1.txt").read_bytes().decode()
    lines = (tmp_path / "w_1.ann").read_text().splitlines()
    assert text == annotated.note.text
    assert lines[0] == "T1\tSYMPTOM 9 11;12 15\tfe ver"
    assert "A1\tNegated T1" in lines and "R1\tTREATS Arg1:T2 Arg2:T1" in lines
    assert "N1\tReference T1 HP:0001945\tFever" in lines


def test_html_escapes_and_marks(tmp_path, annotated):
    with open_writer("html", tmp_path) as writer:
        writer.write(annotated)
    page = (tmp_path / "w_1.html").read_text()
    assert "&lt;b&gt;" in page and "<b>" not in page.split("<main>")[1].replace("<br>", "")
    assert '<mark class="SYMPTOM negated"' in page
    assert 'href="w_1.html"' in (tmp_path / "index.html").read_text()
    assert "http" not in page.replace("http-equiv", "")  # nothing is fetched


@given(st.text(max_size=200))
def test_pages_hold_any_text(text):
    page = NotePages().note(AnnotatedNote(note=Note(note_id="n", patient_id="p", text=text)))
    assert page.startswith("<!doctype html>")


@given(st.lists(st.text(max_size=30), max_size=20))
def test_file_names_are_safe_and_unique(ids):
    taken: set[str] = set()
    names = [file_name(i, taken) for i in ids]
    assert len({n.lower() for n in names}) == len(names)
    assert all("/" not in n and not n.startswith(".") and n for n in names)


def test_gzip_text(tmp_path):
    with gzip.open(tmp_path / "a.txt.gz", "wt") as stream:
        stream.write("Fever.")
    notes, _ = read(tmp_path)
    assert notes[0].note_id == "a" and notes[0].text == "Fever."
