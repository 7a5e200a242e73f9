"""Clean up where a recogniser begins and ends its mentions: bullets, line ends, brackets, words that are no mention.

A tagger of word pieces sometimes takes the bullet with the drug, runs from one list item into the next, or tags a
lone "daily". What it found is only ever cut, split or dropped here; a bracket that it left open may be taken in.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files

from spacy.tokens import Doc

from ...encoder import TaggedSpan

# A blank line, a line that starts an item, a dash between two phrases, a column of a table
_BREAK = re.compile(r"\s*\n\s*\n\s*|\s*\n\s*(?:[-*•·–—]|\d{1,2}[.)])\s*|\s+[-–—]+\s+|:\s+|\t\s*| {3,}")
_LEADING = re.compile(r"(?:[\s\-–—*•·,;:.!?\"“”‘`/\\|=<>~#&_)\]}]+|\d{1,2}[.)]\s+|[(\[{]\s*(?=$))+")
_TRAILING = re.compile(r"[\s\-–—*•·,;:.!?\"“”`/\\|=<>~#&_(\[{]+$")
_FIRST_WORD = re.compile(r"([^\W\d_]+)\s+")
_LAST_WORD = re.compile(r"\s+([^\W\d_]+)$")
_SHORT_WORD = re.compile(r"(?:^|\W)[^\W\d_]{1,2}\.\s*$")  # "St." of "St. John's wort" ends no sentence
_PAIRS = {")": "(", "]": "[", "}": "{"}


@lru_cache(maxsize=1)
def _words() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Function words; words that are no mention in any case; and in small letters. See ``spans.toml``."""
    data = tomllib.loads(files(__package__).joinpath("spans.toml").read_text(encoding="utf-8"))
    return frozenset(data["function_words"]), frozenset(data["fillers"] + data["doses"]), frozenset(data["units"])


def clean_span(text: str, start: int, end: int, breaks: Iterable[int] = ()) -> list[tuple[int, int]]:
    """The mentions that a found span really holds: one as a rule, more where it ran over a break, or none.

    Parameters
    ----------
    text
        The whole note.
    start, end
        Character offsets of the span, end exclusive.
    breaks
        Offsets at which sentences start; no mention runs over one.

    Returns
    -------
    list of (int, int)
        In order, without overlaps. Apart from a closing bracket they lie within the span.

    Examples
    --------
    >>> text = "- Apixaban 5 mg BID\\n- Lisinopril (rash"
    >>> [text[a:b] for a, b in clean_span(text, 0, 10)]
    ['Apixaban']
    >>> [text[a:b] for a, b in clean_span(text, 16, 32)]
    ['Lisinopril']
    >>> [text[a:b] for a, b in clean_span(text, 33, 38)]
    ['rash']
    >>> clean_span(text, 16, 19)
    []
    """
    found = []
    for piece in _pieces(text, start, end, breaks):
        kept = _balanced(text, *_stripped(text, *piece))
        kept = _without_function_words(text, *_stripped(text, *kept))
        if _is_mention(text[kept[0] : kept[1]]):
            found.append(kept)
    return found


def clean_mentions(doc: Doc, found: Iterable[TaggedSpan]) -> list[TaggedSpan]:
    """:func:`clean_span` over all that a model found in a Doc; sentence starts are respected if the Doc has them."""
    starts = [sent.start_char for sent in doc.sents] if doc.has_annotation("SENT_START") else []
    cleaned = []
    text = doc.text  # once: spaCy puts it together anew at every call
    for mention in found:
        within = starts[bisect_right(starts, mention.start) : bisect_left(starts, mention.end)]
        inside = [at for at in within if not _SHORT_WORD.search(text[max(0, at - 6) : at])]
        for start, end in clean_span(text, mention.start, mention.end, inside):
            cleaned.append(mention._replace(start=start, end=end))
    return cleaned


def _pieces(text: str, start: int, end: int, breaks: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The span cut at breaks of the text and of sentences."""
    cuts = [(at, at) for at in breaks if start < at < end]
    cuts += [match.span() for match in _BREAK.finditer(text, start, end)]
    for left, right in sorted(cuts):
        if left > start:
            yield start, left
        start = max(start, right)
    if start < end:
        yield start, end


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """Without bullets, white space and punctuation at its ends. "K+" and "50%" keep their signs."""
    leading = _LEADING.match(text, start, end)
    if leading:
        start = leading.end()
    trailing = _TRAILING.search(text[start:end])
    return (start, start + trailing.start()) if trailing else (start, end)


def _balanced(text: str, start: int, end: int) -> tuple[int, int]:
    """Without a bracket whose other half is missing; the longer side is kept."""
    open_at: list[int] = []
    for at in range(start, end):
        if text[at] in _PAIRS.values():
            open_at.append(at)
        elif text[at] in _PAIRS:
            if not open_at or text[open_at[-1]] != _PAIRS[text[at]]:
                return _longer((start, at), (at + 1, end))
            open_at.pop()
    if not open_at:
        return start, end
    if len(open_at) == 1 and end < len(text) and _PAIRS.get(text[end]) == text[open_at[0]]:
        return start, end + 1
    return _longer((start, open_at[0]), (open_at[0] + 1, end))


def _longer(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one if one[1] - one[0] >= other[1] - other[0] else other


def _without_function_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Without "the" in front and "of" behind. Words in capitals may be abbreviations and stay."""
    known = _words()[0]
    while (first := _FIRST_WORD.match(text, start, end)) and not first[1].isupper() and first[1].lower() in known:
        start = first.end()
    while (last := _LAST_WORD.search(text[start:end])) and not last[1].isupper() and last[1].lower() in known:
        end = start + last.start()
    return start, end


def _is_mention(words: str) -> bool:
    if not any(c.isalpha() for c in words):
        return False
    lower = words.lower()
    function_words, fillers, units = _words()
    in_capitals = words.isupper() and len(words) > 1
    return lower not in fillers and words not in units and (in_capitals or lower not in function_words)
