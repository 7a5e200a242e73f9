"""Where sentences begin in a note: one scan over the text, no tokens, no model."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

# What can begin a sentence of its own after a line break, whatever stood before: a bullet, a numbered or lettered
# item, a heading, a check box, a table row.
_ITEM = (
    r"(?:[-*•◦▪·+>#|]+[ \t]|\d{1,2}[.)](?=[ \t]|[A-Z])[ \t]*|[A-Za-z][.)][ \t]|\[[ xX]?\]"
    r"|\((?:\d{1,2}|[a-z])\)[ \t])"
)
_HEADING = r"(?:[A-Z][A-Za-z/&'()-]*(?:[ \t]+[A-Za-z/&'()-]+){0,5}[ \t]*:)"
_CAPITALS = r"(?:[A-Z][A-Z /&-]{3,60}[ \t]*(?:\n|$))"
_SPECIAL = re.compile(rf"{_ITEM}|{_HEADING}|{_CAPITALS}|={{3,}}|-{{3,}}|_{{3,}}")
_CELL = re.compile(r"\t|\||\S {3,}\S")
# The words at a line's end that promise more.
_OPEN_END = re.compile(
    r"(?:[,\-/&(]|\b(?:and|or|of|the|a|an|with|without|to|for|no|not|in|on|at|by|from|as|is|was|has|had|any|his|her|"
    r"denies|which|that|who|than|but|if|per|dr\.|mr\.|mrs\.|ms\.))$",
    re.IGNORECASE,
)

# Candidates, told apart by the named group that matched. A note without a single line break has commas in their
# place if any comma is followed by a capital letter without a blank.
_CANDIDATES = (
    r"(?P<line>\n\s*)"
    # full stop, question or exclamation mark, closing brackets and quotes, white space
    r"|(?P<stop>(?<![.!?])[.!?]++[\"')\]”’]{0,4})(?P<gap>[ \t\f\v\xa0]++)(?=\S)"
    # no white space after the full stop: "pneumonia.The patient"
    r"|(?<=[a-z)]{3})(?P<tight>\.)(?=[A-Z][a-z])"
    # a comma in place of a line break: after other punctuation, before a numbered item or a heading in capitals
    r"|(?P<comma>(?<=[.!?:;,]),{1,9}\s{0,40}(?=[^\s,])"
    r"|,\s{0,9}(?=\d{1,2}[.)] {1,3}[A-Za-z])|,(?=[A-Z][A-Z /&-]{2,60}:))"
    r"|(?P<cjk>(?<![。！？])[。！？]++)"
)
_WITH_LINES = re.compile(_CANDIDATES)
_WITHOUT_LINES = re.compile(_CANDIDATES + r"|(?P<commaline>,(?=[A-Z]))")
_BEFORE_INITIAL = frozenset(
    ("by", "with", "to", "from", "and", "of", "for", "per", "attn", "dr", "mr", "mrs", "ms", "prof", "see", "seen")
)
_FIRST_WORD = re.compile(r"(?:The|This|There|He|She|It|We|I|His|Her|Patient|Pt|No|On|In|Will|Denies|Has|Had|Was|Is)\b")
_WORD_BEFORE = re.compile(r"[^\s,;:()\[\]\"]*$")
_CHUNK_BREAKS = ("\n", "; ", ". ", ", ", "  ", " ", ",")


@cache
def _abbreviations() -> frozenset[str]:
    lines = (files(__package__) / "abbreviations.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _wrap_width(text: str) -> int:
    """Width at which a note's lines were wrapped: the longest line that a person or a typewriter would wrap at."""
    widths = [n for n in map(len, text.split("\n")) if n <= 132]
    return max(60, *widths) if widths else 132


def _stop_ends(text: str, begin: int, stop: int, following: int) -> bool:
    """Decide whether the punctuation at ``stop`` ends a sentence that began at ``begin``."""
    if text[stop] != ".":
        return text[following].isupper() or text[following] in "\"'“([-*" or text[following].isdigit()
    window = text[max(begin, stop - 40) : stop]
    found = _WORD_BEFORE.search(window)
    word = found.group() if found else ""
    nxt = text[following]
    if not word:
        return bool(window.strip()) and not nxt.islower()
    bare = word.lower().lstrip("-*•'“")
    if bare.isdigit() and len(bare) <= 2:
        # "1. Aspirin": a number that stands where a sentence or item begins. "was 12. He": a value.
        before = text[max(begin, stop - len(word) - 3) : stop - len(word)].rstrip()
        return bool(before) and before[-1] not in ".;:,)" and not nxt.islower()
    if bare in _abbreviations():
        # dosing words do end sentences: "Aspirin 81 mg q.d. She ..."; titles and "vs." never do
        return len(bare) > 2 and "." in bare and nxt.isupper() and text[following + 1 : following + 2].isalpha()
    if len(bare) == 1 and word.isupper():
        previous = window[: -len(word)].rstrip().rsplit(None, 1)
        if not previous or previous[-1].lower().rstrip(".") in _BEFORE_INITIAL:
            return False  # "by J. Smith"
        starter = _FIRST_WORD.match(text, following)
        return nxt.isupper() and (previous[-1][0].islower() or starter is not None)  # "hepatitis C. The"
    if nxt.islower():
        return len(bare) >= 3 and bare.isalpha()
    return True


def _line_ends(text: str, begin: int, left: int, match: re.Match[str], wrap: int) -> bool:
    """Decide whether the line break of ``match`` ends the sentence. ``left`` is where its line began."""
    if match.group().count("\n") > 1 or match.end() >= len(text):
        return True
    line, following = text[left : match.start()], match.end()
    if len(line) > 400:  # an unwrapped paragraph
        line = line[-400:]
    if _SPECIAL.match(text, following) or _CELL.search(line) or not line.strip():
        return True
    last = line.rstrip()[-1]
    if last in ".!?":
        end = left + len(text[left : match.start()].rstrip()) - 1
        return _stop_ends(text, begin, end, following)
    if last in ":;|":
        return True
    if _OPEN_END.search(line):
        return False
    if text[following].islower():
        return len(line) < 30
    first_word = text[following : following + 40].split(None, 1)[0]
    return len(line) < 50 or len(line) > wrap or len(line) + 1 + len(first_word) <= wrap


def sentence_starts(text: str, max_chars: int = 2000) -> list[int]:
    """Find the character offsets at which sentences begin.

    Parameters
    ----------
    text
        The note.
    max_chars
        Longest sentence; a longer one is cut at the last line break, semicolon, comma or blank before the limit.

    Returns
    -------
    list of int
        Ascending, the first is 0. Empty for an empty text.

    Examples
    --------
    >>> text = "Seen by Dr. Lee. Takes aspirin 81 mg p.o. daily.\\nNo fever."
    >>> [text[a:b].strip() for a, b in zip(sentence_starts(text), [*sentence_starts(text)[1:], None])]
    ['Seen by Dr. Lee.', 'Takes aspirin 81 mg p.o. daily.', 'No fever.']
    """
    if not text:
        return []
    starts, left, wrap = [0], 0, _wrap_width(text)
    blank = len(text) - len(text.lstrip())
    for match in (_WITH_LINES if "\n" in text else _WITHOUT_LINES).finditer(text):
        kind, begin = match.lastgroup, starts[-1]
        if kind == "line":
            ends = _line_ends(text, begin, left, match, wrap)
            left = match.end()
        elif kind == "gap":
            ends = _stop_ends(text, begin, match.start("stop"), match.end())
        else:
            ends = True
        if ends and max(begin, blank) < match.end() < len(text):
            starts.append(match.end())
    return _cap(text, starts, max_chars)


def _cap(text: str, starts: list[int], max_chars: int) -> list[int]:
    """Cut what is longer than ``max_chars``."""
    capped: list[int] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        capped.append(start)
        while end - start > max_chars:
            start = _break_before(text, start + max_chars // 2, start + max_chars)
            capped.append(start)
    return capped


def _break_before(text: str, low: int, high: int) -> int:
    for mark in _CHUNK_BREAKS:
        at = text.rfind(mark, low, high)
        if at >= 0:
            return at + len(mark)
    return high
