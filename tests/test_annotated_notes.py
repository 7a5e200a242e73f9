"""The notes annotated by hand: gold for measuring, and others for training; offsets only, the texts are MTSamples'."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from pathlib import Path

import pytest
from clinigraph.pipeline.encoder import LABELS
from clinigraph.pipeline.training.corpora.offsets import annotation_file, read_offsets
from clinigraph.pipeline.training.gold_notes import gold_note_ids

GOLD = Path(__file__).parent / "gold_notes" / "annotations.jsonl"
TRAINING = annotation_file("annotated_notes.jsonl")
DATA = Path(os.environ.get("CLINIGRAPH_DATA", Path(__file__).parents[2] / "shared" / "data"))
NOTES = DATA / "text" / "mtsamples" / "notes.jsonl.gz"


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("path", [GOLD, TRAINING], ids=["gold", "training"])
def test_annotations_are_well_formed(path: Path) -> None:
    for row in rows(path):
        assert set(row) - {"relations"} == {"note_id", "sha256", "spans"}, "no text of anybody's"
        spans = row["spans"]
        assert spans and all(a < b and label in LABELS for a, b, label in spans)
        assert all(one[1] <= two[0] for one, two in itertools.pairwise(spans)), "flat and in order"


def test_gold_notes_are_kept_for_measuring() -> None:
    gold, training = ({row["note_id"] for row in rows(path)} for path in (GOLD, TRAINING))
    assert gold == gold_note_ids() and len(gold) == 30
    assert not gold & training
    labels = {label for row in rows(GOLD) for _, _, label in row["spans"]}
    assert labels == set(LABELS)


def test_texts_and_offsets_fit(tmp_path: Path) -> None:
    text = "Took aspirin."
    texts, annotations = tmp_path / "t.jsonl", tmp_path / "a.jsonl"
    texts.write_text(
        "\n".join(json.dumps({"note_id": name, "text": words}) for name, words in (("1", text), ("2", "Changed."))),
        encoding="utf-8",
    )
    checksum = hashlib.sha256(text.encode()).hexdigest()
    annotations.write_text(
        "\n".join(
            json.dumps({"note_id": name, "sha256": checksum, "spans": [[5, 12, "DRUG"]]}) for name in ("1", "2", "3")
        ),
        encoding="utf-8",
    )
    reading = read_offsets(texts, annotations)
    assert [(r.doc_id, r.text[s.start : s.end]) for r in reading.records for s in r.spans] == [("1", "aspirin")]
    assert [row.line for row in reading.rejected] == [2, 3]
    assert not any("Changed" in row.reason for row in reading.rejected)


@pytest.mark.skipif(not NOTES.exists(), reason=f"the MTSamples notes are not at {NOTES} (set CLINIGRAPH_DATA)")
@pytest.mark.parametrize("path", [GOLD, TRAINING], ids=["gold", "training"])
def test_the_annotated_texts_are_those_of_mtsamples(path: Path) -> None:
    reading = read_offsets(NOTES, path)
    assert not reading.rejected and len(reading.records) == len(rows(path))
    for record in reading.records:
        for span in record.spans:
            surface = record.text[span.start : span.end]
            assert surface == surface.strip() and surface
