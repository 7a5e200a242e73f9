"""The files a person brings: a folder, a zip archive or one file; gz, bz2, xz and zip are unpacked on the way.

Nothing here raises for a broken line: it becomes a :class:`Rejected` with its file and line, and reading goes on.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any, cast

from ....schemas.problems import UserError

_PACKED: dict[str, Callable[[Any], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BREAKS = (EOFError, zlib.error, zipfile.BadZipFile, lzma.LZMAError, OSError)  # gzip.BadGzipFile is an OSError
_CHUNK = 1 << 20
_TELL_EVERY = 2_000  # lines between two reports of progress


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the files.

    Examples
    --------
    >>> print(Place("kg.csv", 7))
    kg.csv line 7
    """

    file: str
    number: int
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.file} {self.unit} {self.number}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that should have become something and could not: listed with its reason."""

    place: Place
    reason: str
    solution: str = "correct the row in its source, or live without it"


class InputFile:
    """One file, wherever it lies. Knows how far it has been read."""

    def __init__(self, path: Path, member: str | None = None) -> None:
        self.path = path
        self.member = member
        inner = Path(member or path.name)
        self.name = inner.name
        self.plain_name = inner.stem if inner.suffix.lower() in _PACKED else inner.name
        self.done = 0
        self.advance: Callable[[int], None] = lambda _bytes: None

    @property
    def size(self) -> int:
        """Bytes to read, as they lie in the folder or archive."""
        if self.member is None:
            return self.path.stat().st_size
        with zipfile.ZipFile(self.path) as archive:
            return archive.getinfo(self.member).file_size

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading bytes, unpacked."""
        with self._raw() as raw:
            unpack = _PACKED.get(Path(self.name).suffix.lower())
            stream = cast(IO[bytes], unpack(raw) if unpack else raw)
            self._raw_stream = raw
            self.done = 0
            yield stream
            self.tell(all_of_it=True)

    @contextmanager
    def _raw(self) -> Iterator[IO[bytes]]:
        if self.member is None:
            with self.path.open("rb") as plain:
                yield plain
        else:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as packed:
                yield packed

    def tell(self, *, all_of_it: bool = False) -> None:
        """Report how many more bytes have been read."""
        now = self.size if all_of_it else self._raw_stream.tell()
        self.advance(now - self.done)
        self.done = now

    def lines(self) -> Iterator[tuple[int, str] | Rejected]:
        """Numbered lines without their ends; a line that is not UTF-8 is rejected."""
        number = 0
        try:
            with self.open() as stream:
                for number, raw in enumerate(stream, 1):
                    if number % _TELL_EVERY == 0:
                        self.tell()
                    try:
                        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                    except UnicodeDecodeError:
                        yield Rejected(self.place(number), "the line is not UTF-8", "save the file as UTF-8")
                        continue
                    yield number, text.rstrip("\r\n")
        except _BREAKS as error:
            yield self.broken_off(number + 1, error)

    def broken_off(self, number: int, error: BaseException, unit: str = "line") -> Rejected:
        """What is said of a file that ends before its end."""
        why = str(error) or type(error).__name__
        return Rejected(
            self.place(number, unit), f"the file breaks off here ({why}); the rest was not read", "fetch the file again"
        )

    def place(self, number: int, unit: str = "line") -> Place:
        """A place in this file."""
        return Place(self.name, number, unit)

    def rows(
        self, width: int, *, delimiter: str = "\t", exact: bool = False, quoted: bool = False
    ) -> Iterator[tuple[int, list[str]] | Rejected]:
        """Fields of each line that is not empty; a line with fewer than ``width`` (or not just so many) is rejected."""
        for line in self.lines():
            if isinstance(line, Rejected):
                yield line
                continue
            number, text = line
            if not text:
                continue
            try:
                fields = next(csv.reader([text], delimiter=delimiter, strict=True)) if quoted else text.split(delimiter)
            except (csv.Error, StopIteration) as error:
                yield Rejected(self.place(number), f"the line cannot be split ({error})")
                continue
            if len(fields) < width or (exact and len(fields) != width):
                yield Rejected(self.place(number), f"{len(fields)} fields where {width} belong")
            else:
                yield number, fields

    def table(
        self, *needed: str, delimiter: str = "\t", quoted: bool = False, comment: str | None = None
    ) -> Iterator[tuple[int, dict[str, str]] | Rejected]:
        """Rows of a table with a header line, as dictionaries.

        Raises
        ------
        UserError
            If the header lacks a needed column.
        """
        header: list[str] | None = None
        for row in self.rows(1, delimiter=delimiter, quoted=quoted):
            if isinstance(row, Rejected):
                yield row
                continue
            number, fields = row
            if header is None:
                if comment and fields[0].startswith(comment) and needed[0] not in fields:
                    continue
                header = [f.strip().lstrip("#") for f in fields]
                require_columns(self.name, header, needed)
                continue
            if len(fields) != len(header):
                yield Rejected(self.place(number), f"{len(fields)} fields where the header has {len(header)}")
            else:
                yield number, dict(zip(header, fields, strict=True))

    def head(self, lines: int = 60) -> list[str]:
        """The first lines, for a version that the file states."""
        found = []
        try:
            with self._raw() as raw:
                unpack = _PACKED.get(Path(self.name).suffix.lower())
                stream = io.TextIOWrapper(unpack(raw) if unpack else raw, encoding="utf-8-sig", errors="replace")
                for _ in range(lines):
                    found.append(stream.readline(_CHUNK))
        except _BREAKS:
            pass  # the same break is met and listed when the rows are read
        return found


def require_columns(name: str, header: list[str], needed: tuple[str, ...]) -> None:
    """Raise a UserError if columns are missing, saying which there are."""
    missing = [c for c in needed if c not in header]
    if missing:
        raise UserError(
            f'{name} has no column "{missing[0]}". Columns found: {", ".join(header)[:300]}',
            "give the file as its source distributes it, with its header line",
        )


class InputFiles:
    """All files at a path.

    Parameters
    ----------
    path
        A folder (read with its subfolders), a zip archive, or one file.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UserError(f"there is nothing at {path}", "check the path")
        self.path = path
        self.advance: Callable[[int], None] = lambda _bytes: None
        self._used: dict[tuple[str, str | None], InputFile] = {}
        found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        self.all: list[InputFile] = []
        for file in found:
            if file.suffix.lower() == ".zip":
                self.all += self._members(file)
            else:
                self.all.append(InputFile(file))

    @staticmethod
    def _members(archive: Path) -> list[InputFile]:
        try:
            with zipfile.ZipFile(archive) as opened:
                return [InputFile(archive, m.filename) for m in opened.infolist() if not m.is_dir()]
        except zipfile.BadZipFile:
            raise UserError(f"{archive} is no zip archive, or is damaged", "fetch the file again") from None

    def find(self, *patterns: str) -> list[InputFile]:
        """Files whose names match, in the order of the patterns; case and compression do not matter."""
        found: list[InputFile] = []
        for pattern in patterns:
            for file in self.all:
                if file not in found and fnmatch(file.plain_name.lower(), pattern.lower()):
                    found.append(self._use(file))
        return found

    def _use(self, file: InputFile) -> InputFile:
        file.advance = lambda number: self.advance(number)
        return self._used.setdefault((str(file.path), file.member), file)

    def optional(self, *patterns: str) -> InputFile | None:
        """The first file that matches, or None."""
        return next(iter(self.find(*patterns)), None)

    def one(self, *patterns: str) -> InputFile:
        """The first file that matches; the file itself if the path is a single one.

        Raises
        ------
        UserError
            If there is none.
        """
        file = self.optional(*patterns)
        if file is None and len(self.all) == 1 and not self.path.is_dir():
            file = self._use(self.all[0])
        if file is None:
            seen = ", ".join(f.name for f in self.all[:8]) or "no file"
            raise UserError(f"{self.path} holds no {' or '.join(patterns)} (found: {seen})", "see docs/importing.md")
        return file

    def fingerprint(self) -> str:
        """Hash of the files that have been asked for: their version, where they state none."""
        digest = hashlib.sha256()
        for file in sorted(self._used.values() or self.all, key=lambda f: f.name):
            digest.update(file.name.encode())
            with file._raw() as raw:
                while chunk := raw.read(_CHUNK):
                    digest.update(chunk)
        return f"sha256:{digest.hexdigest()[:12]}"

    @property
    def size(self) -> int:
        """Bytes of the files that have been asked for."""
        return sum(file.size for file in self._used.values() or self.all)
