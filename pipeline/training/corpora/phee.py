"""PHEE: sentences with adverse and therapeutic drug events, as JSON lines.

Every argument of an event becomes spans under its name (``Drug``, ``Effect``, ``Disorder``, ...), triggers under
``Trigger``; a multi-fragment argument gives one span per fragment. The id starts with the PubMed id.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .jsonlines import rows
from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".json", ".jsonl")


def read(path: Path, reading: CorpusReading) -> None:
    """Read one PHEE file."""
    for number, row in rows(path, reading):
        try:
            text, doc_id = row["context"], str(row["id"])
            events = [event for annotation in row["annotations"] for event in annotation["events"]]
            spans = [(start, end, label, number) for event in events for start, end, label in _arguments(event)]
        except (KeyError, TypeError, ValueError):
            reading.rejected.append(Rejected(path.name, number, "not a PHEE row (id, context, annotations)"))
            continue
        pmid = doc_id.split("_")[0]
        reading.records.append(
            Record(doc_id, text, checked_spans(text, spans, path.name, reading), pmid if pmid.isdigit() else None)
        )


def _arguments(event: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    for name, value in event.items():
        for argument in value if isinstance(value, list) else [value]:
            if not isinstance(argument, dict):
                continue
            if "start" in argument and "text" in argument:
                for texts, starts in zip(argument["text"], argument["start"], strict=True):
                    for fragment, start in zip(texts, starts, strict=True):
                        yield int(start), int(start) + len(fragment), name
            yield from _arguments(
                {key: inner for key, inner in argument.items() if key not in ("text", "start", "entity_id")}
            )
