"""Finds headings in a note and says what kind of section each opens."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ....schemas.annotation import Section

_MARK = r"(?:#{1,6}[ \t]{0,20}|\*{1,2}|_{2}|\d{1,2}[.)][ \t]{0,20}|[-*•][ \t]{1,20}|[=-]{2,20}[ \t]{0,20})?"
# A title before a colon: at a line start, after the end of something, or after a wide gap. In notes that have commas
# for line breaks the comma is such an end.
_WITH_COLON = re.compile(
    r"(?P<line>\A|\n|(?<=[.!?:;]),|,(?=[A-Z])|(?P<inline>(?<=[.;,!?)\]]) |(?<=[A-Z]: )(?=[A-Z]{2})|  |\t))"
    rf"[ \t]{{0,20}}(?P<head>){_MARK}"
    r"(?P<title>[A-Za-z][A-Za-z0-9 \t/&'’()-]{0,60}?)[ \t]{0,20}(?:\([^)\n]{0,40}\)[ \t]{0,20})?(?P<close>\*\*|__)?"
    r"[ \t]{0,20}:(?!\d)[ \t]{0,20}(?:\*\*|__)?,?"
)
# A title alone on its line, or (sections in capitals only) before a dash.
_ALONE = re.compile(
    rf"^[ \t]{{0,20}}(?P<head>)(?P<mark>{_MARK})(?P<title>[A-Za-z][A-Za-z0-9 \t/&'’()-]{{0,60}}?)"
    r"[ \t]{0,20}(?:\*\*|__|[#=]{1,20})?[ \t]{0,20}[:-]?[ \t]{0,20}$",
    re.MULTILINE,
)
_DASH = re.compile(
    r"^[ \t]{0,20}(?P<head>)(?P<title>[A-Z][A-Z /&]{1,50}?)[ \t]{0,20}(?:-{1,2}|–|—)[ \t]{1,20}(?=\S)", re.MULTILINE
)
_BLANKS = re.compile(r"[\s_]+")
_POSSESSIVE = re.compile(r"^(?:the |his |her |patient's |patient’s |pt's |pertinent )+")

# Under these an unknown heading is a part of the section (a body system, a relative, a drug), not its end.
_KEEPS_UNKNOWN = frozenset(
    {
        "past_medical_history", "past_surgical_history", "medications", "discharge_medications", "allergies",
        "family_history", "social_history", "review_of_systems", "physical_exam", "vitals", "labs",
        "assessment_plan", "plan", "instructions",
    }
)  # fmt: skip
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Title:
    """One row of ``sections.csv``."""

    kind: str
    where: str
    loinc: str


@cache
def titles() -> dict[str, Title]:
    """All known titles, lower case with single blanks.

    Examples
    --------
    >>> titles()["pmh"].kind
    'past_medical_history'
    """
    lines = (files(__package__) / "sections.csv").read_text("utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["title"]: Title(row["kind"], row["where"], row["loinc"]) for row in rows}


@cache
def section_kinds() -> frozenset[str]:
    """The kinds a section can have, beside "unknown" for what stands above the first heading."""
    return frozenset(title.kind for title in titles().values())


def _lookup(raw: str) -> Title | None:
    known, title = titles(), _BLANKS.sub(" ", raw).strip().lower()
    found = known.get(title) or known.get(title.replace(" & ", " and "))
    if found is None:
        found = known.get(_POSSESSIVE.sub("", title)) or known.get(title.split("(")[0].strip())
    return found


@dataclass(frozen=True)
class _Heading:
    start: int
    body_start: int
    title: str
    kind: str | None  # None: not in sections.csv
    where: str


def _headings(text: str) -> list[_Heading]:
    """All candidates, known and unknown, by start; of overlapping ones the first."""
    found: list[_Heading] = []
    for match in _WITH_COLON.finditer(text):
        raw = match["title"]
        known = _lookup(raw)
        inline = match["inline"] is not None
        if known is None and (inline or not raw.isupper() or len(raw) < 3):
            continue
        if known and inline and (known.where == "line" or (raw[0].islower() and match["inline"] == " ")):
            continue
        found.append(_heading(match, known))
    for match in _ALONE.finditer(text):
        known, marked = _lookup(match["title"]), match["mark"].startswith(("#", "**", "__", "="))
        if (known and known.where == "any") or marked or _stands_out(text, match):
            found.append(_heading(match, known))
    for match in _DASH.finditer(text):
        known = _lookup(match["title"])
        if known and known.where == "any":
            found.append(_heading(match, known))
    found.sort(key=lambda h: (h.start, -h.body_start))
    kept: list[_Heading] = []
    for heading in found:
        if not kept or heading.start >= kept[-1].body_start:
            kept.append(heading)
    return kept


def _heading(match: re.Match[str], known: Title | None) -> _Heading:
    return _Heading(
        match.start("head"),
        match.end(),
        match["title"].strip(),
        known.kind if known else None,
        known.where if known else "",
    )


def _stands_out(text: str, match: re.Match[str]) -> bool:
    """Tell an unknown heading in capitals, alone after a blank line, from a list item or a note all in capitals."""
    title = match["title"].strip()
    if not (title.isupper() and len(title) >= 4 and " " in title):
        return False
    above = text[max(0, match.start() - 2) : match.start()]
    below = text[match.end() : match.end() + 200]
    return (not above.strip()) and any(c.islower() for c in below)


def find_sections(text: str) -> list[Section]:
    """Divide a note into sections.

    Returns
    -------
    list of Section
        Contiguous, from 0 to the end of the text; what stands above the first heading is of kind "unknown". Empty
        for an empty text.

    Examples
    --------
    >>> [(s.kind, s.title) for s in find_sections("PMH: HTN, DM2. Meds: lisinopril")]
    [('past_medical_history', 'PMH'), ('medications', 'Meds')]
    """
    if not text:
        return []
    opened: list[tuple[str, str, int, int]] = []
    kind = UNKNOWN
    for heading in _headings(text):
        if heading.where == "sub" and kind not in (UNKNOWN, "vitals"):
            continue
        if heading.kind is None and kind in _KEEPS_UNKNOWN:
            continue
        kind = heading.kind or "other"
        opened.append((kind, heading.title, heading.start, heading.body_start))
    if not opened or opened[0][2] > 0:
        first = opened[0][2] if opened else len(text)
        if text[:first].strip() or not opened:
            opened.insert(0, (UNKNOWN, "", 0, 0))
        else:
            opened[0] = (opened[0][0], opened[0][1], 0, opened[0][3])
    ends = [start for _, _, start, _ in opened[1:]] + [len(text)]
    return [
        Section(kind=k, title=t, start=s, body_start=min(b, e), end=e)
        for (k, t, s, b), e in zip(opened, ends, strict=True)
    ]
