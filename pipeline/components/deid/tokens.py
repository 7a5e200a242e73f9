"""Tokens of the identifier tagger, and what it sees of each: letters, shape, word lists, place in the line."""

from __future__ import annotations

import gzip
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_TOKEN = re.compile(r"\n|[^\W\d_]+|\d+|[^\w\s]|_+", re.UNICODE)
_LONGEST_GROUP = 6  # longer runs of digits look alike


class Token(NamedTuple):
    """A token and where it stands."""

    text: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Split into runs of letters, runs of digits, single marks and line breaks.

    Examples
    --------
    >>> [t.text for t in tokenize("MRN: S19-0044")]
    ['MRN', ':', 'S', '19', '-', '0044']
    """
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text)]


@cache
def word_flags() -> dict[str, str]:
    """Lower-case word -> the lists it is on; see the head of ``words.tsv.gz`` for the letters."""
    packed = files(__package__).joinpath("words.tsv.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))  # type: ignore[misc]


@cache
def word_set(name: str) -> frozenset[str]:
    """A set of words of ``word_sets.toml``.

    Examples
    --------
    >>> "mri" in word_set("no initials")
    True
    """
    data = tomllib.loads(files(__package__).joinpath("word_sets.toml").read_text(encoding="utf-8"))
    return frozenset(data[name]["words"].split())


def fold(word: str) -> str:
    """Lower case without accents, as the word list has it.

    Examples
    --------
    >>> fold("Wójcik")
    'wojcik'
    """
    word = word.lower()
    if word.isascii():
        return word
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return plain.translate(_FOLDED)


_FOLDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


def _shape(text: str) -> str:
    if text.isdigit():
        return f"d{min(len(text), _LONGEST_GROUP)}"
    if not text[0].isalpha():
        return text if text == "\n" else text[0]
    suffix = "" if text.isascii() else "u"
    if len(text) == 1:
        return ("X" if text.isupper() else "x") + suffix
    if text.islower():
        kind = "xx"
    elif text.isupper():
        kind = "XX" if len(text) > 3 else f"XX{len(text)}"
    elif text[0].isupper() and text[1:].islower():
        kind = "Xx"
    else:
        kind = "xX"
    return kind + suffix


FEATURES = ("word", "prefix", "suffix", "shape", "lists", "line", "heading", "spacing")


def features(text: str, tokens: list[Token]) -> Iterable[tuple[str, ...]]:
    """What the tagger sees of each token, one tuple in the order of :data:`FEATURES`."""
    lists = word_flags()
    capitals = _capital_lines(tokens)
    heading, place, previous_end = "", 0, -1
    previous: list[str] = []
    for index, token in enumerate(tokens):
        word = fold(token.text)
        if token.text == "\n":
            yield "\n", "", "", "\n", "", "", "", ""
            heading, place, previous = "", 0, []
            previous_end = token.end
            continue
        if word.isdigit():
            value = int(word[:9])
            shown = word if len(word) <= 2 else f"#{len(word)}:{word[:2]}" if 1900 <= value <= 2100 else f"#{len(word)}"
            prefix, suffix, flags = f"#{len(word)}", "90" if 90 <= value <= 115 else "", "d"
        else:
            shown, prefix, suffix = word, word[:3], word[-3:]
            flags = lists.get(word, "-" if word.isalpha() else "")
        if word in (":", "#", "="):
            heading, place = " ".join(previous[-2:]), 0
        spacing = "s" if token.start > previous_end else "j"
        if token.end < len(text) and text[token.end : token.end + 1] in ".:,'-/@)(":
            spacing += text[token.end]
        line = f"{'C' if capitals[index] else 'c'}{min(place, 3)}"
        yield shown, prefix, suffix, _shape(token.text), flags, line, heading, spacing
        previous.append(word)
        place += 1
        previous_end = token.end


def _capital_lines(tokens: list[Token]) -> list[bool]:
    """For each token whether its line is written in capitals (or has no case to tell)."""
    result: list[bool] = []
    line: list[Token] = []
    for token in [*tokens, Token("\n", 0, 0)]:
        line.append(token)
        if token.text == "\n":
            words = [t.text for t in line if t.text.isalpha() and len(t.text) > 1]
            upper = sum(word.isupper() for word in words)
            result += [len(words) > 1 and upper >= 0.7 * len(words)] * len(line)
            line = []
    return result[: len(tokens)]
