"""Bytes of unknown origin -> text, or a clear reason why not."""

from __future__ import annotations

import codecs
import unicodedata

from ...schemas.problems import Level, Problem

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 20_000  # characters looked at to tell the script of a text


def decode(data: bytes, where: str) -> tuple[str | None, Problem | None]:
    """Decode a file. Broken UTF-8 is decoded with replacement and reported; a binary file is not decoded.

    Returns
    -------
    (text or None, problem or None)

    Examples
    --------
    >>> decode(b"fever", "a.txt")
    ('fever', None)
    >>> text, problem = decode(b"fi\\xe8vre", "a.txt")
    >>> text, problem.level.value
    ('fi�vre', 'warning')
    >>> decode(bytes([0, 1, 2]), "a.txt")[0] is None
    True
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data.decode(encoding), None
            except UnicodeDecodeError:
                break
    if b"\x00" in data[:65_536]:
        return None, Problem(
            where=where, message="is a binary file, not text", solution="convert it to plain text, or leave it out"
        )
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return data.decode("utf-8", "replace"), Problem(
            where=where,
            message=f"is not valid UTF-8 (first at byte {error.start}); broken characters were replaced",
            solution="save it as UTF-8 to keep every character",
            level=Level.WARNING,
        )


def unreadable(text: str, where: str) -> Problem | None:
    """Say why a text cannot be read by an English pipeline: it is empty, or in another script.

    Examples
    --------
    >>> unreadable("Chest pain.", "n1") is None
    True
    >>> unreadable("患者胸痛三天，伴有发热。", "n1").message
    'is mostly not in Latin script; the pipeline reads English'
    """
    if not text.strip():
        return Problem(where=where, message="the text is empty", solution="fill it, or drop it")
    letters = [c for c in text[:_SAMPLE] if c.isalpha()]
    latin = sum(c.isascii() or unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if letters and latin < len(letters) / 2:
        return Problem(
            where=where,
            message="is mostly not in Latin script; the pipeline reads English",
            solution="translate it, or process it with a pipeline and model of its language",
        )
    return None
