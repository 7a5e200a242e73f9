"""Read notes from folders and files: text, CSV, JSON lines, Parquet, FHIR. Nothing bad vanishes: it is a Problem."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...schemas.annotation import Note, content_id
from ...schemas.problems import Level, Problem, UserError
from .columns import Columns
from .decoding import decode, unreadable
from .fhir import document_fields, is_fhir

FORMATS = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "json",
    ".parquet": "parquet",
}
_DATE = re.compile(r"\s*(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?\s*$")
_FIELDS = ("text", "note_id", "patient_id", "date", "type")


@dataclass(frozen=True)
class NoteReader:
    """Reads notes from files and folders, in a fixed order.

    Parameters
    ----------
    columns
        Names of the columns in CSV, JSON lines and Parquet.
    path_pattern
        Regular expression with the groups ``patient``, ``date``, ``note`` or ``type`` (each optional), searched in the
        path of a text file below the folder given. Without it a text file's id is its path and its patient unknown.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "anna_2024-03-01.txt").write_text("Fever.")
    ...     reader = NoteReader(path_pattern=r"(?P<patient>\\w+)_(?P<date>[\\d-]+)")
    ...     [(n.patient_id, str(n.date)) for n in reader.read([Path(folder)])]
    [('anna', '2024-03-01')]
    """

    columns: Columns = field(default_factory=Columns)
    path_pattern: str | None = None

    def read(self, paths: Iterable[Path]) -> Iterator[Note | Problem]:
        """Yield notes, and problems where something could not be read.

        Raises
        ------
        UserError
            If a path does not exist.
        """
        paths = list(paths)
        must_exist(paths)
        for path in paths:
            for file, root in _files(path):
                try:
                    yield from self._read_file(file, root)
                except OSError as error:
                    yield _cannot_read(str(file), error.strerror or type(error).__name__)
                except (pa.ArrowException, EOFError, gzip.BadGzipFile, csv.Error) as error:
                    yield _cannot_read(str(file), f"{type(error).__name__}: the file is damaged or of another format")
                except UserError as error:
                    yield Problem(where=str(file), message=error.message, solution=error.solution)

    def _read_file(self, path: Path, root: Path) -> Iterator[Note | Problem]:
        kind = _format(path)
        if kind is None:
            yield Problem(
                where=str(path),
                message="is of no known format",
                solution=f"known are {', '.join(FORMATS)}, each also as .gz; convert it or leave it out",
                level=Level.WARNING,
            )
        elif path.stat().st_size == 0:
            yield Problem(where=str(path), message="the file is empty", solution="fill it, or leave it out")
        elif kind == "text":
            yield from self._read_text(path, root)
        elif kind == "parquet":
            yield from self._read_parquet(path)
        elif kind == "json":
            yield from self._read_json(path)
        else:
            with _open(path) as stream:
                if b"\x00" in stream.peek(65_536)[:65_536]:  # type: ignore[attr-defined]
                    yield Problem(where=str(path), message="is a binary file", solution="convert it, or leave it out")
                    return
                yield from self._read_csv(stream, path) if kind == "csv" else self._read_lines(stream, path)

    def _read_text(self, path: Path, root: Path) -> Iterator[Note | Problem]:
        with _open(path) as stream:
            text, problem = decode(stream.read(), str(path))
        if problem:
            yield problem
        if text is None:
            return
        name = path.relative_to(root).as_posix().removesuffix(".gz")
        fields: dict[str, Any] = {"text": text, "note_id": name.rpartition(".")[0] or name}
        if self.path_pattern and (match := re.search(self.path_pattern, name)):
            groups = match.groupdict()
            fields |= {"patient_id": groups.get("patient"), "date": groups.get("date"), "type": groups.get("type")}
            fields["note_id"] = groups.get("note") or fields["note_id"]
        yield from self._note(fields, str(path))

    def _read_csv(self, stream: IO[bytes], path: Path) -> Iterator[Note | Problem]:
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the default, 128 KiB, is shorter than long notes
        lines = _text_lines(stream, str(path))
        problems: list[Problem] = []
        rows = csv.reader(_collect(lines, problems), delimiter="\t" if ".tsv" in path.suffixes else ",", strict=False)
        header = next(rows, [])
        found = self.columns.find(header, path.name)
        index = {ours: header.index(column) for ours, column in found.items()}
        for number, row in enumerate(rows, start=2):
            yield from problems
            problems.clear()
            where = f"{path} row {number}"
            if not row:
                continue
            if len(row) <= index["text"]:
                yield Problem(
                    where=where, message=f"has {len(row)} of {len(header)} columns", solution="repair the row"
                )
                continue
            yield from self._note({k: row[i] for k, i in index.items() if i < len(row)}, where)
        yield from problems

    def _read_lines(self, stream: IO[bytes], path: Path) -> Iterator[Note | Problem]:
        found: dict[str, str] | None = None
        for number, raw in enumerate(stream, start=1):
            where = f"{path} line {number}"
            line, problem = decode(raw, where)
            if problem:
                yield problem
            if line is None or not line.strip():
                continue
            try:
                data = json.loads(line)
            except json.JSONDecodeError as error:
                yield Problem(where=where, message=f"is not JSON (column {error.colno})", solution="repair the line")
                continue
            if found is None and isinstance(data, dict) and not is_fhir(data):
                found = self.columns.find(data, path.name)
            yield from self._from_json(data, where)

    def _read_json(self, path: Path) -> Iterator[Note | Problem]:
        with _open(path) as stream:
            text, problem = decode(stream.read(), str(path))
        if problem:
            yield problem
        if text is None:
            return
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            message = f"is not JSON (line {error.lineno}, column {error.colno})"
            yield Problem(where=str(path), message=message, solution="repair it; one record a line is .jsonl")
            return
        for number, item in enumerate(data if isinstance(data, list) else [data]):
            yield from self._from_json(item, f"{path} item {number}" if isinstance(data, list) else str(path))

    def _from_json(self, data: Any, where: str) -> Iterator[Note | Problem]:
        if is_fhir(data):
            for fields in document_fields(data, where):
                yield from [fields] if isinstance(fields, Problem) else self._note(fields, where)
            return
        if not isinstance(data, dict):
            yield Problem(where=where, message="is not a JSON object", solution="one object with a text field each")
            return
        try:
            found = self.columns.find(data, where)
        except UserError as error:
            yield Problem(where=where, message=error.message, solution=error.solution)
            return
        yield from self._note({ours: data[column] for ours, column in found.items()}, where)

    def _read_parquet(self, path: Path) -> Iterator[Note | Problem]:
        with pq.ParquetFile(path) as table:
            found = self.columns.find(table.schema_arrow.names, path.name)
            number = 0
            for batch in table.iter_batches(batch_size=256, columns=sorted(set(found.values()))):
                for row in batch.to_pylist():
                    number += 1
                    yield from self._note({ours: row[column] for ours, column in found.items()}, f"{path} row {number}")

    def _note(self, fields: dict[str, Any], where: str) -> Iterator[Note | Problem]:
        text = fields.get("text")
        if text is not None and not isinstance(text, str):
            yield Problem(where=where, message="the text is not a string", solution="repair the record")
            return
        problem = unreadable(text or "", where)
        if problem or text is None:
            yield problem or Problem(where=where, message="has no text", solution="fill it, or drop it")
            return
        date, doubt = _parse_date(fields.get("date"), where)
        if doubt:
            yield doubt
        note_id = _clean(fields.get("note_id")) or content_id("N", text)
        yield Note(
            note_id=note_id,
            patient_id=_clean(fields.get("patient_id")) or f"unknown-{note_id}",
            text=text,
            date=date,
            type=_clean(fields.get("type")),
            source=where,
        )


def count_notes(paths: Iterable[Path]) -> int | None:
    """How many notes there are, where that can be told without reading them all; else None."""
    total = 0
    for path in paths:
        for file, _ in _files(path):
            kind = _format(file)
            if kind in ("text", "json"):
                total += 1
            elif kind == "parquet":
                try:
                    total += pq.read_metadata(file).num_rows
                except (pa.ArrowException, OSError):
                    continue
            elif kind == "lines" and file.suffix != ".gz":
                with file.open("rb") as stream:
                    total += sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))
            elif kind is not None:
                return None
    return total


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """Files below a path in a fixed order, each with the folder its name is relative to."""
    if path.is_dir():
        hidden = ".", "__"
        for file in sorted(path.rglob("*")):
            if file.is_file() and not any(part.startswith(hidden) for part in file.relative_to(path).parts):
                yield file, path
    else:
        yield path, path.parent


def must_exist(paths: Iterable[Path]) -> None:
    """Stop before any work if a path was mistyped."""
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist", "give a file or folder of notes")


def _format(path: Path) -> str | None:
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return FORMATS.get(name.suffix.lower())


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _text_lines(stream: IO[bytes], where: str) -> Iterator[str | Problem]:
    """Lines of a table, each decoded alone, so that one broken row does not spoil the file."""
    for number, raw in enumerate(stream, start=1):
        text, problem = decode(raw, f"{where} line {number}")
        if problem:
            yield problem
        if text is not None:
            yield text


def _collect(lines: Iterable[str | Problem], problems: list[Problem]) -> Iterator[str]:
    for line in lines:
        if isinstance(line, Problem):
            problems.append(line)
        else:
            yield line


def _clean(value: Any) -> str | None:
    """Ids and types as text; a float id such as 12.0, which pandas makes of 12, is 12 again."""
    if value is None or value != value:  # NaN
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _parse_date(value: Any, where: str) -> tuple[dt.date | None, Problem | None]:
    if value is None or value != value or value == "":
        return None, None
    if isinstance(value, dt.datetime):
        return value.date(), None
    if isinstance(value, dt.date):
        return value, None
    if match := _DATE.match(str(value)):
        try:
            return dt.date(*map(int, match.groups())), None
        except ValueError:
            pass
    return None, Problem(
        where=where,
        message="the date is not of the form YYYY-MM-DD; the note is taken as undated",
        solution="write dates as YYYY-MM-DD",
        level=Level.WARNING,
    )


def _cannot_read(where: str, reason: str) -> Problem:
    return Problem(where=where, message=f"cannot be read ({reason})", solution="repair it, or leave it out")
