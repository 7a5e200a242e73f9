"""Reads corpora whose mentions carry concept ids (PubTator), and puts their mentions on a Doc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ...schemas.problems import UserError
from ..extensions import SPANS_KEY, register_extensions

SUFFIXES = (".txt", ".pubtator")
_MESH = re.compile(r"^[DC]\d{5,}$")
_NO_ID = {"", "-1", "-"}


@dataclass(frozen=True)
class GoldMention:
    """One annotated span with the ids that count as right, as CURIEs."""

    start: int
    end: int
    text: str
    label: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class GoldDocument:
    """One annotated document."""

    pmid: str
    text: str
    mentions: list[GoldMention]


def read_documents(path: Path) -> Iterator[GoldDocument]:
    """Yield the documents of a PubTator file or of a folder of them, with the mentions that have an id.

    Raises
    ------
    UserError
        If there is no such file.
    """
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    files = [p for p in files if p.is_file()]
    if not files:
        raise UserError(f"there is no PubTator file in {path}", "name a .txt or .pubtator file, or a folder of them")
    for file in files:
        # newline="\n": a stray carriage return in an abstract must not shift the offsets
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            block: list[str] = []
            for line in lines:
                if line.strip():
                    block.append(line.rstrip("\r\n"))
                elif block:
                    yield _document(block)
                    block = []
            if block:
                yield _document(block)


def _document(block: list[str]) -> GoldDocument:
    parts = {"t": "", "a": ""}
    pmid = ""
    mentions: list[GoldMention] = []
    for line in block:
        head = line.split("|", 2)
        if len(head) == 3 and head[1] in parts and "\t" not in head[0]:
            pmid, parts[head[1]] = head[0], head[2]
            continue
        fields = line.split("\t")
        if len(fields) >= 6 and fields[1].isdigit() and fields[2].isdigit():
            ids = tuple(curie(part.strip()) for part in re.split(r"[|+,]", fields[5]) if part.strip() not in _NO_ID)
            if ids:
                mentions.append(GoldMention(int(fields[1]), int(fields[2]), fields[3], fields[4], ids))
    return GoldDocument(pmid, parts["t"] + "\n" + parts["a"], mentions)


def curie(text: str) -> str:
    """Write a corpus' id as the vocabulary does.

    Examples
    --------
    >>> curie("D003920"), curie("MESH:D003920"), curie("OMIM:154700")
    ('MESH:D003920', 'MESH:D003920', 'OMIM:154700')
    """
    return f"MESH:{text}" if _MESH.match(text) else text.strip()


def annotated_doc(nlp: Language, text: str, mentions: Iterable[GoldMention], labels: Mapping[str, str]) -> Doc:
    """A text with its gold mentions as spans, and with their long forms if the pipeline looks for these."""
    register_extensions()
    chosen = [m for m in mentions if m.label in labels]
    doc = _cut_at(nlp.make_doc(text), {at for m in chosen for at in (m.start, m.end)})
    spans = [doc.char_span(m.start, m.end, labels[m.label]) for m in chosen]
    doc.spans[SPANS_KEY] = [s for s in spans if s is not None]
    if "clinigraph_abbreviations" in nlp.pipe_names:
        doc = nlp.get_pipe("clinigraph_abbreviations")(doc)
    return doc


def _cut_at(doc: Doc, places: set[int]) -> Doc:
    """The same text with tokens that end at these offsets too: gold spans may end inside a word."""
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        inside = sorted(at - token.idx for at in places if token.idx < at < token.idx + len(token))
        for begin, end in zip([0, *inside], [*inside, len(token)], strict=True):
            words.append(token.text[begin:end])
            spaces.append(end == len(token) and bool(token.whitespace_))
    return Doc(doc.vocab, words=words, spaces=spaces)
