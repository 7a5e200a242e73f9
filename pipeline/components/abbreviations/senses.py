"""What an ambiguous abbreviation stands for in its place, by ``senses.csv``."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

LONGEST = 6  # characters of the longest abbreviation, its plural s included
_ENOUGH, _AHEAD = 2.5, 1.0  # a sense needs so much, and so much more than the next one
_ADJACENT, _NEAR, _MOST_NEAR, _MISFIT = 3.0, 1.5, 2, -2.0
_REACH = 100  # characters of context
_LABELS = {"D": "DISEASE", "S": "SYMPTOM", "R": "DRUG", "P": "PROCEDURE", "T": "TEST", "A": "ANATOMY"}
_KNOWN_LABELS = frozenset(_LABELS.values())
_SECTIONS = {
    "dx": (
        "past_medical_history", "assessment", "assessment_plan", "plan", "diagnosis", "family_history",
        "hospital_course",
    ),
    "ex": ("physical_exam", "vitals"),
    "lab": ("labs",),
    "rx": ("medications", "discharge_medications", "allergies"),
    "ros": ("review_of_systems", "hpi", "chief_complaint"),
    "img": ("imaging",),
    "op": ("procedures", "past_surgical_history"),
    "social": ("social_history",),
}  # fmt: skip
# In small letters these are words, not abbreviations.
_WORDS = frozenset(
    ("ai", "aka", "all", "am", "ar", "as", "cad", "cc", "co", "do", "ha", "hi", "hs", "id", "is", "it", "la", "lad",
     "le", "mi", "ml", "mm", "ms", "op", "or", "pa", "pad", "pas", "ps", "ra", "si", "so", "to", "us")
)  # fmt: skip
_SKIPPED = " \t\n,/-("


class Sense(NamedTuple):
    """One row of ``senses.csv``."""

    long: str
    concept: bool
    labels: frozenset[str]
    sections: frozenset[str]
    prior: float
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    near: re.Pattern[str] | None


def _joined(words: list[str], template: str) -> re.Pattern[str] | None:
    if not words:
        return None
    parts = [r"\d[\d.,]*" if w == "#" else re.escape(w).replace(r"\ ", r"\s+") for w in sorted(words, key=len)[::-1]]
    return re.compile(template.replace("WORDS", "|".join(parts)))


def _sense(row: dict[str, str]) -> Sense:
    words = [w for w in row["words"].split("|") if w]
    return Sense(
        long=row["long"],
        concept=row["concept"] != "-",
        labels=frozenset(_LABELS[code] for code in row["labels"].split("|") if code),
        sections=frozenset(kind for code in row["sections"].split("|") if code for kind in _SECTIONS[code]),
        prior=float(row["prior"]),
        before=_joined([w[1:] for w in words if w[0] == "<"], r"(?:^|(?<!\w))(?:WORDS)$"),
        after=_joined([w[1:] for w in words if w[0] == ">"], r"(?:WORDS)(?!\w)"),
        near=_joined([w for w in words if w[0] not in "<>"], r"(?<!\w)(?:WORDS)(?!\w)"),
    )


@cache
def senses() -> dict[str, tuple[Sense, ...]]:
    """Abbreviation -> its senses, in the order of the file.

    Examples
    --------
    >>> [sense.long for sense in senses()["CVA"]]
    ['cerebrovascular accident', 'costovertebral angle']
    """
    lines = (files(__package__) / "senses.csv").read_text("utf-8").splitlines()
    found: dict[str, list[Sense]] = {}
    for row in csv.DictReader(line for line in lines if line and not line.startswith("#")):
        found.setdefault(row["short"], []).append(_sense(row))
    return {short: tuple(rows) for short, rows in found.items()}


def short_form(words: str) -> str | None:
    """The entry of the inventory that a mention is: as written, without its plural s or dots, or in small letters.

    Examples
    --------
    >>> short_form("LFTs"), short_form("c.p."), short_form("as"), short_form("fever")
    ('LFT', 'CP', None, None)
    """
    if not 2 <= len(words) <= LONGEST:
        return None
    known = senses()
    bare = words.replace(".", "")
    for form in (bare, bare[:-1] if bare.endswith("s") and bare[:-1].isupper() else ""):
        if form in known:
            return form
    upper = bare.upper()
    return upper if upper in known and bare.lower() not in _WORDS and not bare.isupper() else None


def known_sense(words: str, long: str) -> Sense | None:
    """The inventory's sense of that long form, if it has one."""
    form = short_form(words)
    return next((sense for sense in senses()[form] if sense.long == long), None) if form else None


def sense_of(text: str, start: int, end: int, label: str = "", section: str = "unknown") -> Sense | None:
    """The sense that the place of an abbreviation speaks for; None if it does not say, or the inventory has none.

    A neighbour right before or after weighs 3, words of the sentence 1.5 each (two at most), the section 1, a label
    that fits 1 (one that does not, -2), and common use up to 1.5. The best sense needs 2.5, and 1 more than the next.

    Examples
    --------
    >>> sense_of("SpO2 87% on RA.", 12, 14, "DISEASE").long
    'room air'
    >>> sense_of("Methotrexate for RA.", 17, 19, "DISEASE").long
    'rheumatoid arthritis'
    >>> sense_of("RA was discussed.", 0, 2, "DISEASE") is None
    True
    """
    form = short_form(text[start:end])
    if form is None:
        return None
    before, after = _around(text, start, end)
    ranked = sorted(
        ((_weight(sense, before, after, label, section), -number) for number, sense in enumerate(senses()[form])),
        reverse=True,
    )
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else (0.0, 0)
    if best[0] < _ENOUGH or best[0] - second[0] < _AHEAD:
        return None
    return senses()[form][-best[1]]


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """The words before and after in small letters, within the sentence or line as far as punctuation shows."""
    before = text[max(0, start - _REACH) : start].lower()
    after = text[end : end + _REACH].lower()
    cut = max(before.rfind("\n\n"), before.rfind(". "))
    stops = [at for at in (after.find("\n\n"), after.find(". ")) if at >= 0]
    return before[cut + 2 if cut >= 0 else 0 :], after[: min(stops)] if stops else after


def _weight(sense: Sense, before: str, after: str, label: str, section: str) -> float:
    weight = sense.prior
    if sense.labels and label in _KNOWN_LABELS:
        weight += 1.0 if label in sense.labels else _MISFIT
    if section in sense.sections:
        weight += 1.0
    beside = (
        sense.before and (sense.before.search(before.rstrip()) or sense.before.search(before.rstrip(_SKIPPED)))
    ) or (sense.after and (sense.after.match(after.lstrip()) or sense.after.match(after.lstrip(_SKIPPED))))
    if beside:
        weight += _ADJACENT
    if sense.near:
        words = {m.group() for part in (before, after) for m in sense.near.finditer(part)}
        weight += _NEAR * min(len(words), _MOST_NEAR)
    return weight
