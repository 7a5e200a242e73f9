"""JSON lines: ``{"text": ..., "spans": [...]}``; the key may also be ``entities``, ``labels`` or ``label``.

A span is ``[start, end, label]`` or an object with ``start``, ``end`` and ``label``; ids may be under ``id``,
``doc_id`` or ``note_id``, a PubMed id under ``pmid``. Doccano's exports, as JSON lines or as one JSON list, have the
same shape and the same reader.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".json.gz")
_SPAN_KEYS = ("spans", "entities", "labels", "label")
_ID_KEYS = ("id", "doc_id", "note_id")


def read(path: Path, reading: CorpusReading) -> None:
    """Read one file of JSON lines, or one JSON list."""
    for number, row in rows(path, reading):
        _record(row, number, path, reading)


def rows(path: Path, reading: CorpusReading) -> Iterator[tuple[int, Any]]:
    """Yield (line or position, decoded row); broken lines are listed as rejected."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:  # type: ignore[operator]
        content = file.read()
    if content.lstrip().startswith("["):
        try:
            yield from enumerate(json.loads(content), 1)
        except json.JSONDecodeError as error:
            reading.rejected.append(Rejected(path.name, error.lineno, f"not JSON: {error.msg}"))
        return
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            reading.rejected.append(Rejected(path.name, number, f"not JSON: {error.msg}"))


def _record(row: Any, number: int, path: Path, reading: CorpusReading) -> None:
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        reading.rejected.append(Rejected(path.name, number, 'no "text"'))
        return
    key = next((key for key in _SPAN_KEYS if isinstance(row.get(key), list)), None)
    if key is None:
        reading.rejected.append(Rejected(path.name, number, 'no list "spans" (or "entities", "labels", "label")'))
        return
    spans = []
    for item in row[key]:
        try:
            if isinstance(item, dict):
                start, end, label = item["start"], item["end"], item["label"]
            else:
                start, end, label = item[:3]
            spans.append((int(start), int(end), str(label), number))
        except (KeyError, TypeError, ValueError):
            reading.rejected.append(Rejected(path.name, number, "a span without start, end and label"))
    doc_id = next((str(row[key]) for key in _ID_KEYS if row.get(key) is not None), f"{path.stem}:{number}")
    pmid = str(row["pmid"]) if row.get("pmid") is not None else None
    reading.records.append(Record(doc_id, text, checked_spans(text, spans, path.name, reading), pmid))
