"""Where medication and allergy lists stand: from the Doc's sections, or from headings where there are none."""

from __future__ import annotations

import re
from typing import NamedTuple

from spacy.tokens import Doc

from ...extensions import doc_sections, doc_text

LONGEST = {"allergies": 1_000, "medications": 20_000}  # characters of a list
ALLERGY_KINDS = frozenset({"allergies", "allergy"})
_HEADING = re.compile(
    r"(?:(?<=\n)|^|(?<=[.,;] )|(?<=\.,)|(?<=,))[ \t]*(?P<title>(?:[A-Z][A-Za-z /&'()-]{2,45}?(?=[ \t]*:)|(?<![^\n][ \t])(?:[A-Z][A-Z /&]{4,40}|(?:Drug )?Allergies|Medications)(?=[ \t]*\n)))[ \t]*:?",  # noqa: E501
    re.MULTILINE,
)
_MEDICATION = re.compile(r"(?i)(?:medications?|meds|medicines|rx)\b(?! (?:allerg|intoleran|reconc))|prescriptions?\b")
_ALLERGY = re.compile(r"(?i)(?:drug |food |known |medication )*(?:allerg(?:y|ies)|intolerances?|adverse reactions?)\b")


class Area(NamedTuple):
    """A stretch of text under one heading."""

    kind: str  # medications or allergies
    start: int
    end: int


def areas(doc: Doc) -> list[Area]:
    """Medication and allergy lists of a Doc, in reading order."""
    sections = doc_sections(doc)
    if sections:
        found = [(str(s["kind"]), int(s["body_start"]), int(s["end"])) for s in sections]
        return [Area(area, start, end) for kind, start, end in found if (area := _area(kind))]
    return _from_headings(doc_text(doc))


def _area(kind: str) -> str | None:
    if kind in ALLERGY_KINDS:
        return "allergies"
    return "medications" if "medication" in kind else None


def _from_headings(text: str) -> list[Area]:
    headings = list(_HEADING.finditer(text))
    found: list[Area] = []
    for i, heading in enumerate(headings):
        if found and heading.start() < found[-1].end:
            continue
        title = heading["title"].strip()
        if _ALLERGY.fullmatch(title):
            kind = "allergies"
        elif len(title.split()) <= 5 and _MEDICATION.search(title) and not _ALLERGY.search(title):
            kind = "medications"
        else:
            continue
        found.append(Area(kind, heading.end(), _list_end(text, heading.end(), kind, headings, i + 1)))
    return found


def _is_item(heading: re.Match[str], kind: str) -> bool:
    """In an allergy list "Penicillin: hives" is an item, "MEDICATIONS:" and "Social History:" are headings."""
    title = heading["title"].strip()
    return kind == "allergies" and len(title.split()) == 1 and not title.isupper() and not _MEDICATION.search(title)


def _list_end(text: str, start: int, kind: str, headings: list[re.Match[str]], following: int) -> int:
    """The next heading or blank line, at most ``LONGEST`` away."""
    end = min(len(text), start + LONGEST[kind])
    while following < len(headings) and headings[following].start() < end:
        if not _is_item(headings[following], kind):
            end = headings[following].start()
        following += 1
    blank = re.compile(r"\n[ \t]{0,80}\n").search(text, start + 2, end)
    return blank.start() if blank is not None and text[start : blank.start()].strip() else end
