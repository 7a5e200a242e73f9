"""CoNLL: one token and its BIO tag per line, blank line between sentences.

The first column is the token, the last the tag. Such a file has no text: it is rebuilt with one space between
tokens, and offsets count in the rebuilt text. BIO, IOB1, IOE, BIOES and BILOU prefixes are understood.
"""

from __future__ import annotations

from pathlib import Path

from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".tsv", ".conll", ".bio", ".iob", ".iob2", ".txt")


def read(path: Path, reading: CorpusReading) -> None:
    """Read one file; every sentence becomes a record."""
    tokens: list[tuple[str, str, int]] = []
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\r\n")
            if not line.strip() or line.startswith("-DOCSTART-"):
                _sentence(tokens, path, reading)
                tokens = []
                continue
            fields = line.split("\t") if "\t" in line else line.split()
            tag = fields[-1].strip()
            if len(fields) < 2 or not (tag == "O" or tag[1:2] == "-"):
                reading.rejected.append(Rejected(path.name, number, "a line must hold a token and a BIO tag"))
                continue
            tokens.append((fields[0], tag, number))
    _sentence(tokens, path, reading)


def _sentence(tokens: list[tuple[str, str, int]], path: Path, reading: CorpusReading) -> None:
    if not tokens:
        return
    spans: list[tuple[int, int, str, int]] = []
    position, open_label, ended = 0, "", True
    for token, tag, number in tokens:
        prefix, _, label = tag.partition("-")
        end = position + len(token)
        if prefix == "O":
            open_label = ""
        elif prefix in ("B", "S", "U") or ended or label != open_label:
            spans.append((position, end, label, number))
            open_label = label
        else:
            start, _, _, first = spans[-1]
            spans[-1] = (start, end, label, first)
        ended = prefix in ("O", "S", "U", "E", "L")
        position = end + 1
    text = " ".join(token for token, _, _ in tokens)
    reading.records.append(Record(f"{path.stem}:{tokens[0][2]}", text, checked_spans(text, spans, path.name, reading)))
