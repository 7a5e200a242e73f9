"""Rows of the first sheet of an Excel file, one at a time. Enough for tables; no dates, no formulas."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, iterparse

from .reading import InputFile, Rejected

_CELL = re.compile(r"([A-Z]+)\d+")
_SHEET = re.compile(r"xl/worksheets/sheet\d*\.xml")


def rows(file: InputFile) -> Iterator[tuple[int, list[str]] | Rejected]:
    """Row number and the texts of its cells; a cell that is not there is empty."""
    number = 0
    try:
        with file.open() as stream:
            content: io.BufferedIOBase = stream  # type: ignore[assignment]
            with zipfile.ZipFile(content if content.seekable() else io.BytesIO(content.read())) as book:
                shared = _shared_strings(book)
                sheet = min(n for n in book.namelist() if _SHEET.fullmatch(n))
                with book.open(sheet) as xml:
                    for _, element in iterparse(xml):
                        if _local(element) == "row":
                            number = int(element.get("r") or number + 1)
                            yield number, _cells(element, shared)
                            element.clear()
                            if number % 500 == 0:
                                file.tell()
    except (zipfile.BadZipFile, ParseError, ValueError, KeyError, IndexError, EOFError, OSError) as error:
        yield file.broken_off(number + 1, error, unit="row")


def table(file: InputFile) -> Iterator[tuple[int, dict[str, str]] | Rejected]:
    """Rows below the header row, as dictionaries; shorter ones are filled up."""
    header: list[str] | None = None
    for row in rows(file):
        if isinstance(row, Rejected):
            yield row
        elif header is None:
            header = [cell.strip() for cell in row[1]]
        else:
            number, cells = row
            yield number, dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=False))


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _shared_strings(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    found = []
    with book.open("xl/sharedStrings.xml") as xml:
        for _, element in iterparse(xml):
            if _local(element) == "si":
                found.append(_text(element))
                element.clear()
    return found


def _text(element: Element) -> str:
    return "".join(e.text or "" for e in element.iter() if _local(e) == "t")


def _cells(row: Element, shared: list[str]) -> list[str]:
    found: list[str] = []
    for cell in row:
        match = _CELL.match(cell.get("r") or "")
        column = _column(match[1]) if match else len(found)
        found += [""] * (column + 1 - len(found))
        value = next((e.text or "" for e in cell if _local(e) == "v"), "")
        kind = cell.get("t")
        if kind == "s":
            value = shared[int(value)]
        elif kind == "inlineStr":
            value = _text(cell)
        found[column] = value
    return found


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
