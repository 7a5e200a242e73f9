"""Annotations kept apart from their texts: JSON lines with ``note_id``, ``sha256`` of the text and ``spans``.

The texts are somebody else's (a corpus that may not be copied): JSON lines with ``note_id`` and ``text`` each. A text
whose checksum differs is rejected, so that offsets never point into other words.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from ....schemas.problems import UserError
from .records import CorpusReading, Record, Rejected, checked_spans

FOLDER = Path(__file__).parent.parent


def read_offsets(texts: Path, annotations: Path) -> CorpusReading:
    """Join annotations with their texts.

    Parameters
    ----------
    texts : Path
        JSON lines, ``.gz`` or plain.
    annotations : Path
        JSON lines: ``{"note_id": "...", "sha256": "...", "spans": [[start, end, "LABEL"], ...]}``.

    Raises
    ------
    UserError
        If a file is missing or no text was found.
    """
    for path in (texts, annotations):
        if not path.is_file():
            raise UserError(f"{path} does not exist.", "Check the paths of texts and annotations.")
    rows = {}
    with annotations.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = json.loads(line)
                rows[row["note_id"]] = (number, row)
    reading = CorpusReading()
    opener: Any = gzip.open if texts.suffix == ".gz" else open
    found: dict[str, Record] = {}
    with opener(texts, "rt", encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            if note.get("note_id") not in rows:
                continue
            number, row = rows[note["note_id"]]
            if hashlib.sha256(note["text"].encode("utf-8")).hexdigest() != row["sha256"]:
                reading.rejected.append(Rejected(annotations.name, number, "the text has changed since"))
                continue
            spans = [(start, end, label, number) for start, end, label in row["spans"]]
            kept = checked_spans(note["text"], spans, annotations.name, reading)
            found[note["note_id"]] = Record(note["note_id"], note["text"], kept)
    for note_id, (number, _) in rows.items():
        if note_id in found:
            reading.records.append(found[note_id])
        elif not any(row.line == number for row in reading.rejected):
            reading.rejected.append(Rejected(annotations.name, number, f"{texts.name} has no such text"))
    if not reading.records:
        raise UserError(f"{texts} holds none of the annotated texts.", "Give the corpus that the annotations are of.")
    return reading


def annotation_file(name: str) -> Path:
    """A file beside the training configurations, or a path."""
    return FOLDER / name if (FOLDER / name).is_file() else Path(name)
