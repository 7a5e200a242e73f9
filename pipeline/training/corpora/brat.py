"""brat stand-off: ``X.txt`` beside ``X.ann``.

A discontinuous span (``341 350;357 358``) is read as its hull, 341 to 358: one tag sequence cannot hold the gap.
Of the ``.ann`` file only the text-bound rows (``T``) are read; a document whose file name is a number has that
as its PubMed id.
"""

from __future__ import annotations

from pathlib import Path

from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".txt",)


def read(path: Path, reading: CorpusReading) -> None:
    """Read one ``.txt`` and the ``.ann`` beside it."""
    annotations = path.with_suffix(".ann")
    if not annotations.exists():
        reading.rejected.append(Rejected(path.name, 0, f"no {annotations.name} beside it"))
        return
    # newline="": offsets count the characters of the file as it is, carriage returns included.
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
    spans = []
    for number, line in enumerate(annotations.read_text(encoding="utf-8", errors="replace").split("\n"), 1):
        if not line.startswith("T"):
            continue
        fields = line.rstrip("\r").split("\t")
        label, _, offsets = fields[1].partition(" ") if len(fields) > 1 else ("", "", "")
        try:
            fragments = [tuple(int(n) for n in part.split()) for part in offsets.split(";")]
            start, end = fragments[0][0], fragments[-1][1]
        except (ValueError, IndexError):
            reading.rejected.append(Rejected(annotations.name, number, "no start and end offset"))
            continue
        reading.discontinuous += len(fragments) > 1
        spans.append((start, end, label, number))
    pmid = path.stem if path.stem.isdigit() else None
    reading.records.append(Record(path.stem, text, checked_spans(text, spans, annotations.name, reading), pmid))
