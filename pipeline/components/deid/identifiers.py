"""What counts as an identifier, and a found one with what found it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class IdentifierKind(StrEnum):
    """Kinds of identifiers. AGE is an age over 89; younger ages are no identifiers."""

    NAME = "NAME"
    DATE = "DATE"
    AGE = "AGE"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    URL = "URL"
    IP = "IP"
    ID = "ID"
    ADDRESS = "ADDRESS"
    LOCATION = "LOCATION"
    ORGANIZATION = "ORGANIZATION"


@dataclass(frozen=True, order=True)
class Identifier:
    """Characters ``start`` to ``end`` (exclusive) of a text that may tell who the patient is.

    ``source`` names what found it: a pattern, a library's recogniser, the tagger, a repetition.
    """

    start: int
    end: int
    kind: IdentifierKind
    score: float
    source: str


def without_overlaps(found: Iterable[Identifier], text: str) -> list[Identifier]:
    """One identifier per stretch of text: overlapping ones become their union, of the kind that is surest.

    Nothing that was found is lost: every character covered before is covered after.

    Examples
    --------
    >>> a = Identifier(0, 5, IdentifierKind.NAME, 0.6, "tagger")
    >>> b = Identifier(3, 9, IdentifierKind.ID, 0.9, "mrn")
    >>> [(i.start, i.end, i.kind.value) for i in without_overlaps([b, a], "Annah1234 is")]
    [(0, 9, 'ID')]
    """
    merged: list[Identifier] = []
    for item in sorted(found, key=lambda i: (i.start, -i.end)):
        if merged and item.start < merged[-1].end:
            last = merged[-1]
            best = max(last, item, key=lambda i: (i.score, i.end - i.start))
            end = max(last.end, item.end)
            merged[-1] = Identifier(last.start, end, best.kind, best.score, best.source)
        elif merged and _joins(merged[-1], item, text):
            last = merged[-1]
            merged[-1] = Identifier(last.start, item.end, last.kind, max(last.score, item.score), last.source)
        else:
            merged.append(item)
    return merged


def _joins(last: Identifier, item: Identifier, text: str) -> bool:
    """Whether two of one kind are one: nothing but a blank, or nothing at all, stands between."""
    between = text[last.end : item.start]
    return last.kind is item.kind and between in ("", " ") and last.kind is not IdentifierKind.DATE
