"""Abbreviations that a note defines itself: "chronic kidney disease (CKD)", "CKD (chronic kidney disease)"."""

from __future__ import annotations

import re
from typing import NamedTuple

_IN_BRACKETS = re.compile(r"\(\s{0,3}([^()\s][^()\n]{0,80}?)\s{0,3}[);,]")
_SHORT = re.compile(r"(?=[\w-]{2,10}$)(?=.*[A-Z])[A-Za-z0-9][\w-]*")
_WORD_BEFORE = re.compile(r"([A-Za-z][\w-]{1,9})\s{0,3}$")
_BREAK = re.compile(r"[.;:()!?]\s|\n\s*\n")


class Definition(NamedTuple):
    """A short form, what it stands for, and where the note says so."""

    start: int
    short: str
    long: str


def find_definitions(text: str) -> list[Definition]:
    """All definitions of a text, by the algorithm of Schwartz and Hearst (Pac Symp Biocomput 2003).

    Every letter of the short form must stand in the long form, in order, the first at the beginning of a word; the long
    form has at most min(n + 5, 2 n) words for n letters.

    Examples
    --------
    >>> find_definitions("She has chronic kidney disease (CKD).")[0][1:]
    ('CKD', 'chronic kidney disease')
    >>> find_definitions("OSA (obstructive sleep apnea), on CPAP.")[0][1:]
    ('OSA', 'obstructive sleep apnea')
    """
    found: list[Definition] = []
    for match in _IN_BRACKETS.finditer(text):
        inner = " ".join(match[1].split())
        before = text[max(0, match.start() - 200) : match.start()]
        if _SHORT.fullmatch(inner):
            long = _long_form(inner, _clause(before, len(inner)))
        else:
            word = _WORD_BEFORE.search(before)
            inner, long = (word[1], _long_form(word[1], inner)) if word and _SHORT.fullmatch(word[1]) else ("", None)
        if long is not None:
            found.append(Definition(match.start(), inner, long))
    return found


def _clause(before: str, letters: int) -> str:
    """The words before a bracket that can be the long form."""
    breaks = list(_BREAK.finditer(before))
    words = before[breaks[-1].end() :].split() if breaks else before.split()
    return " ".join(words[-min(letters + 5, 2 * letters) :])


def _long_form(short: str, words: str) -> str | None:
    """The shortest end of ``words`` that holds the letters of ``short`` in order, the first at a word's beginning."""
    letters = [c.lower() for c in short if c.isalnum()]
    lower, at = words.lower(), len(words)
    for number, letter in enumerate(reversed(letters), 1):
        first = number == len(letters)
        at -= 1
        while at >= 0 and (lower[at] != letter or (first and at > 0 and lower[at - 1].isalnum())):
            at -= 1
        if at < 0:
            return None
    long = words[at:].strip(" ,;:-")
    count = len(long.split())
    plausible = len(long) > len(short) and count <= min(len(letters) + 5, 2 * len(letters))
    return long if plausible and short.lower() not in long.lower().split() else None
