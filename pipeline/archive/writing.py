"""Write annotations: JSON lines, Parquet, brat, HTML. A file appears whole or not at all."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ...schemas.annotation import AnnotatedNote, Mention
from ...schemas.problems import UserError
from .page import NotePages


class Writer(Protocol):
    """Takes annotated notes one by one. Use it in a with statement; leaving it by an error leaves no half file."""

    def write(self, annotated: AnnotatedNote) -> None:
        """Write one note."""

    def close(self, *, complete: bool) -> None:
        """Finish. ``complete=False`` drops what is half-written."""


class _Closing:
    def __enter__(self: Any) -> Any:
        return self

    def __exit__(self: Any, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.close(complete=kind is None)


class _WholeFile(_Closing):
    """Writes beside the target and moves into place at the end."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.partial = target.with_name(target.name + ".part")
        _make_folder(target.parent)

    def finish(self, complete: bool) -> None:
        if complete:
            self.partial.replace(self.target)
        else:
            self.partial.unlink(missing_ok=True)


class JsonLinesWriter(_WholeFile):
    """One :class:`AnnotatedNote` a line, as ``model_dump(mode="json")`` gives it. Reads back with
    ``AnnotatedNote.model_validate_json(line)``."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._stream: IO[str] = self.partial.open("w", encoding="utf-8", errors="surrogatepass")

    def write(self, annotated: AnnotatedNote) -> None:
        self._stream.write(json.dumps(annotated.model_dump(mode="json"), ensure_ascii=False) + "\n")

    def close(self, *, complete: bool) -> None:
        self._stream.close()
        self.finish(complete)


_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()
MENTION_TABLE = pa.schema(
    [
        ("note_id", _S), ("patient_id", _S), ("note_date", pa.date32()), ("mention_id", _S), ("start", _I), ("end", _I),
        ("text", _S), ("label", _S), ("score", _F), ("section", _S), ("sentence_start", _I), ("sentence_end", _I),
        ("negated", _B), ("certainty", _S), ("temporality", _S), ("experiencer", _S), ("cues", pa.list_(_S)),
        ("concept_id", _S), ("concept_name", _S), ("concept_score", _F), ("long_form", _S),
        ("dose", _S), ("strength", _S), ("form", _S), ("route", _S), ("frequency", _S), ("frequency_per_day", _F),
        ("duration", _S), ("prn", _B), ("status", _S), ("value", _F), ("value_high", _F), ("value_text", _S),
        ("comparator", _S), ("unit", _S), ("normal_value", _F), ("normal_unit", _S), ("flag", _S), ("finding", _S),
        ("reaction", _S), ("severity", _S), ("relations", pa.list_(_S)), ("extractor", _S),
    ]
)  # fmt: skip


def mention_table_row(annotated: AnnotatedNote, mention: Mention) -> dict[str, Any]:
    """One mention as a flat row: OMOP NOTE_NLP in spirit, details in columns of their own."""
    said, note = mention.assertion, annotated.note
    row: dict[str, Any] = mention.model_dump(
        include={"note_id", "mention_id", "start", "end", "text", "label", "score", "section", "sentence_start",
                 "sentence_end", "long_form", "extractor"}
    )  # fmt: skip
    row |= {"patient_id": note.patient_id, "note_date": note.date, "label": str(mention.label)}
    row |= {"negated": said.negated, "certainty": said.certainty, "temporality": said.temporality}
    row |= {"experiencer": said.experiencer, "cues": [f"{c.axis}={c.value}: {c.text}" for c in said.cues]}
    if mention.concept:
        concept = mention.concept
        row |= {"concept_id": concept.id, "concept_name": concept.name, "concept_score": concept.score}
    for details in (mention.medication, mention.measurement, mention.allergy):
        if details:
            row |= {k: v for k, v in details.model_dump().items() if k in MENTION_TABLE.names}
    own = mention.mention_id
    row["relations"] = [f"{r.type} {r.tail}" for r in annotated.relations if r.head == own]
    return row


class ParquetWriter(_WholeFile):
    """One row a mention (:data:`MENTION_TABLE`), in row groups, so that memory stays bounded."""

    ROWS = 20_000

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._table = pq.ParquetWriter(self.partial, MENTION_TABLE, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, annotated: AnnotatedNote) -> None:
        self._rows += [mention_table_row(annotated, mention) for mention in annotated.mentions]
        if len(self._rows) >= self.ROWS:
            self._flush()

    def _flush(self) -> None:
        self._table.write_table(pa.Table.from_pylist(self._rows, schema=MENTION_TABLE))
        self._rows = []

    def close(self, *, complete: bool) -> None:
        if complete and self._rows:
            self._flush()
        self._table.close()
        self.finish(complete)


def file_name(note_id: str, taken: set[str]) -> str:
    """A file name for a note id that no other note has.

    Examples
    --------
    >>> taken = set()
    >>> file_name("ward/7: A", taken), file_name("ward/7? A", taken)
    ('ward_7_A', 'ward_7_A-2')
    """
    base = re.sub(r"[^\w.-]+", "_", note_id).strip("._")[:100] or "note"
    name, number = base, 1
    while name.lower() in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name.lower())
    return name


class BratWriter(_Closing):
    """A ``.txt`` and an ``.ann`` per note in a folder, with assertion as attributes and links as normalisations."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._taken: set[str] = set()
        _make_folder(target)

    def write(self, annotated: AnnotatedNote) -> None:
        name = file_name(annotated.note.note_id, self._taken)
        text = annotated.note.text
        # newline="": offsets count every character of the text exactly as given
        with (self.target / f"{name}.txt").open("w", encoding="utf-8", newline="", errors="surrogatepass") as stream:
            stream.write(text)
        with (self.target / f"{name}.ann").open("w", encoding="utf-8", newline="\n", errors="surrogatepass") as stream:
            stream.writelines(line + "\n" for line in _brat_lines(annotated))

    def close(self, *, complete: bool) -> None:
        """Every note is written whole; nothing to drop."""


def _brat_lines(annotated: AnnotatedNote) -> Iterator[str]:
    numbers: dict[str, str] = {}
    attribute = normalisation = 0
    for number, m in enumerate(annotated.mentions, start=1):
        numbers[m.mention_id] = f"T{number}"
        words = annotated.note.text[m.start : m.end]
        # brat wants a span over a line break as fragments
        parts = [(p.start() + m.start, p.end() + m.start) for p in re.finditer(r"[^\r\n]+", words)]
        spans = ";".join(f"{a} {b}" for a, b in parts)
        shown = " ".join(annotated.note.text[a:b] for a, b in parts)
        yield f"T{number}\t{m.label} {spans}\t{shown}"
        said = m.assertion
        values = {
            "Negated": "" if said.negated else None,
            "Certainty": said.certainty if said.certainty != "certain" else None,
            "Temporality": said.temporality if said.temporality != "current" else None,
            "Experiencer": said.experiencer if said.experiencer != "patient" else None,
        }
        for name, value in values.items():
            if value is not None:
                attribute += 1
                yield f"A{attribute}\t{name} T{number} {value}".rstrip()
        if m.concept:
            normalisation += 1
            yield f"N{normalisation}\tReference T{number} {m.concept.id}\t{m.concept.name}"
    for number, relation in enumerate(annotated.relations, start=1):
        yield f"R{number}\t{relation.type} Arg1:{numbers[relation.head]} Arg2:{numbers[relation.tail]}"


class HtmlWriter(_Closing):
    """One self-contained page per note and an index, in a folder."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self._taken: set[str] = set()
        self._pages = NotePages()
        self._index: list[tuple[str, AnnotatedNote]] = []
        _make_folder(target)

    def write(self, annotated: AnnotatedNote) -> None:
        name = file_name(annotated.note.note_id, self._taken | {"index"}) + ".html"
        self._taken.add(name.removesuffix(".html").lower())
        (self.target / name).write_text(self._pages.note(annotated), encoding="utf-8", errors="replace")
        bare = annotated.model_copy(update={"note": annotated.note.model_copy(update={"text": ""}), "relations": ()})
        self._index.append((name, bare))

    def close(self, *, complete: bool) -> None:
        """Write the index, also of an interrupted run: the pages that are there can be read."""
        (self.target / "index.html").write_text(self._pages.index(self._index), encoding="utf-8", errors="replace")


WRITERS: dict[str, Callable[[Path], Any]] = {
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
    "brat": BratWriter,
    "html": HtmlWriter,
}
FOLDER_FORMATS = {"brat", "html"}


def open_writer(kind: str, target: Path) -> Any:
    """A writer of one of :data:`WRITERS`.

    Raises
    ------
    UserError
        If the format is unknown or the target cannot be written.
    """
    if kind not in WRITERS:
        raise UserError(f"there is no output format {kind!r}", f"choose from {', '.join(WRITERS)}")
    try:
        return WRITERS[kind](target)
    except OSError as error:
        raise UserError(f"cannot write {target} ({error.strerror})", "choose another --output") from error


def _make_folder(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise UserError(f"{folder} is a file, not a folder", "choose another --output")
