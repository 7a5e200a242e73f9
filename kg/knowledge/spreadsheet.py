"""Rows of the first sheet of an .xlsx workbook, read with the standard library."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from ...schemas.problems import UserError

_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET = "xl/worksheets/sheet1.xml"
_STRINGS = "xl/sharedStrings.xml"


def sheet_rows(path: str | Path) -> Iterator[dict[str, str]]:
    """Rows of the first sheet under the names of its first row; cells without text are empty.

    Raises
    ------
    UserError
        If the file is not an .xlsx workbook.
    """
    try:
        with zipfile.ZipFile(path) as book:
            strings = _shared_strings(book)
            with book.open(_SHEET) as sheet:
                header: dict[str, str] | None = None
                for cells in _cells(sheet, strings):
                    if header is None:
                        header = cells
                    else:
                        yield {name: cells.get(column, "") for column, name in header.items()}
    except (OSError, zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise UserError(
            f"{path} cannot be read as a workbook ({type(error).__name__})", "give an .xlsx file as its maker wrote it"
        ) from error


def _shared_strings(book: zipfile.ZipFile) -> list[str]:
    if _STRINGS not in book.namelist():
        return []
    root = ElementTree.fromstring(book.read(_STRINGS))
    return [_text(item) for item in root.iter(f"{_NAMESPACE}si")]


def _cells(sheet: IO[bytes], strings: list[str]) -> Iterator[dict[str, str]]:
    """Per row: column letters -> text."""
    for _, element in ElementTree.iterparse(sheet):
        if element.tag != f"{_NAMESPACE}row":
            continue
        cells = {}
        for cell in element:
            column = (cell.get("r") or "").rstrip("0123456789")
            if cell.get("t") == "s":
                cells[column] = strings[int(cell.findtext(f"{_NAMESPACE}v") or 0)]
            elif cell.get("t") == "inlineStr":
                cells[column] = _text(cell)
            else:
                cells[column] = cell.findtext(f"{_NAMESPACE}v") or ""
        element.clear()
        yield cells


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_NAMESPACE}t")).strip()
