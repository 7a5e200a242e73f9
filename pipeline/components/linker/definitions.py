"""Short forms that a note defines by its own mentions: "myotonic dystrophy (DM) ... DM"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_OPENS = re.compile(r"\s{0,2}[(\[]\s{0,2}")
_CLOSES = re.compile(r"\s{0,2}[)\],;]")
_LONGEST_SHORT = 12  # characters
_MOST_BETWEEN = 5


def defined_forms(text: str, spans: Sequence[tuple[int, int, str]]) -> dict[tuple[str, str], str]:
    """What short forms mean, where one mention stands in brackets after another of its label.

    Looser than the algorithm of Schwartz and Hearst, which wants the letters in order, and surer, because both sides
    are mentions: "myotonic dystrophy (DM)" is a definition. It works without the optional abbreviation component.

    Parameters
    ----------
    text
        The note.
    spans
        Mentions as ``(start, end, label)``, sorted by start.

    Returns
    -------
    dict
        ``(label, short form)`` -> long form, both as written. The first definition of a short form counts.

    Examples
    --------
    >>> defined_forms("Myotonic dystrophy (DM) in a boy.", [(0, 18, "DISEASE"), (20, 22, "DISEASE")])
    {('DISEASE', 'DM'): 'Myotonic dystrophy'}
    >>> defined_forms("Asthma (gout).", [(0, 6, "DISEASE"), (8, 12, "DISEASE")])
    {}
    """
    found: dict[tuple[str, str], str] = {}
    for one, other in pairwise(spans):
        between = text[one[1] : other[0]]
        if one[2] != other[2] or len(between) > _MOST_BETWEEN or not _OPENS.fullmatch(between):
            continue
        if not _CLOSES.match(text, other[1]):
            continue
        left, right = text[one[0] : one[1]], text[other[0] : other[1]]
        for short, long in ((right, left), (left, right)):
            if is_short_form(short) and _spells(short, long):
                found.setdefault((one[2], short), long)
                break
    return found


def is_short_form(words: str) -> bool:
    """Whether words look like an abbreviation: one short word, most of it capitals or digits.

    Examples
    --------
    >>> is_short_form("BFIC"), is_short_form("A-T"), is_short_form("LIDs"), is_short_form("Asthma")
    (True, True, True, False)
    """
    letters = [c for c in words.removesuffix("s") if c.isalnum()]
    if len(words) > _LONGEST_SHORT or not len(letters) > 1 or any(c.isspace() for c in words):
        return False
    return sum(c.isupper() or c.isdigit() for c in letters) * 2 > len(letters) and any(c.isupper() for c in letters)


def _spells(short: str, long: str) -> bool:
    """Its letters, in whatever order, are among those of the long form, and its first begins a word there."""
    letters = [c for c in short.removesuffix("s").casefold() if c.isalpha()]
    words = re.findall(r"[^\W\d_]+", long.casefold())
    if not letters or len(long) <= len(short) or not any(word.startswith(letters[0]) for word in words):
        return False
    return not Counter(letters) - Counter("".join(words))
