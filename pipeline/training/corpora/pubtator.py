"""PubTator: ``id|t|title``, ``id|a|abstract``, then tab-separated annotations; blank line between documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".txt", ".pubtator")


def read(path: Path, reading: CorpusReading) -> None:
    """Read one PubTator file. Offsets count title, one separator, abstract."""
    for block in _blocks(path):
        _read_document(block, path.name, reading)


def _blocks(path: Path) -> Iterator[list[tuple[int, str]]]:
    block: list[tuple[int, str]] = []
    # newline="\n": a stray carriage return or U+2028 in an abstract must not shift the offsets.
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.strip():
                block.append((number, line))
            elif block:
                yield block
                block = []
    if block:
        yield block


def _read_document(block: list[tuple[int, str]], file: str, reading: CorpusReading) -> None:
    parts: dict[str, str] = {}
    doc_id = ""
    spans: list[tuple[int, int, str, int]] = []
    for number, line in block:
        head = line.split("|", 2)
        if len(head) == 3 and head[1] in ("t", "a") and "\t" not in head[0]:
            doc_id = head[0].strip()
            parts[head[1]] = head[2].rstrip("\r")
            continue
        fields = line.rstrip("\r").split("\t")
        if len(fields) >= 5 and fields[1].isdigit() and fields[2].isdigit():
            spans.append((int(fields[1]), int(fields[2]), fields[4], number))
        elif len(fields) < 3:
            reading.rejected.append(Rejected(file, number, "neither title, abstract, annotation nor relation"))
    if "t" not in parts and "a" not in parts:
        reading.rejected.append(Rejected(file, block[0][0], "document without a title or an abstract"))
        return
    text = parts.get("t", "") + "\n" + parts.get("a", "")
    reading.records.append(Record(doc_id, text, checked_spans(text, spans, file, reading), doc_id or None))
