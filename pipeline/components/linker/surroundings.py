"""What the words around a mention say about its concept: senses of abbreviations, capitals, composite names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_REACH = 40  # characters of context that patterns see
_LONGEST_WORD = 30
_MOST_WORDS = 4
_WORD_BEFORE = re.compile(r"(?<![\w'’])([^\W\d_][^\W\d_'’]*)(?:[ \t]+|[ \t]*\r?\n[ \t]*|-)$")
_WORD_AFTER = re.compile(r"(?:[ \t]+|[ \t]*\r?\n[ \t]*|-)([^\W\d_][^\W\d_'’]*)")


class Sense(NamedTuple):
    """One entry of ``senses.toml``."""

    labels: frozenset[str]
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    meaning: str

    def fits(self, label: str, before: str, after: str) -> bool:
        """Whether it is about mentions of this label with these words around them."""
        if self.labels and label not in self.labels:
            return False
        if self.before is None and self.after is None:
            return True
        return bool((self.before and self.before.search(before)) or (self.after and self.after.match(after)))


@lru_cache(maxsize=1)
def _senses() -> dict[str, list[Sense]]:
    data = tomllib.loads(files(__package__).joinpath("senses.toml").read_text(encoding="utf-8"))
    found: dict[str, list[Sense]] = {}
    for row in data["sense"]:
        before, after = (re.compile(row[side], re.IGNORECASE) if side in row else None for side in ("before", "after"))
        for word in row["words"]:
            sense = Sense(frozenset(row.get("labels", ())), before, after, row["meaning"])
            found.setdefault(word, []).append(sense)
    return found


@lru_cache(maxsize=1)
def _joining() -> dict[str, frozenset[str]]:
    data = tomllib.loads(files(__package__).joinpath("linking.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words) for name, words in data["composite"].items()}


def meaning_of(text: str, start: int, end: int, label: str) -> str | None:
    """What an abbreviation means in its place, as a name; "" if nothing that has a concept; None if unknown.

    Examples
    --------
    >>> meaning_of("SpO2 87% on RA.", 12, 14, "DISEASE")
    ''
    >>> meaning_of("Methotrexate for RA.", 17, 19, "DISEASE") is None
    True
    """
    words = text[start:end]
    known = _senses().get(words) or _senses().get(words.lower())
    if not known:
        return None
    before, after = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    return next((sense.meaning for sense in known if sense.fits(label, before, after)), None)


def in_capitals(text: str, start: int, end: int) -> bool:
    """Whether everything around on the line is in capitals, so that those of the mention say nothing.

    Examples
    --------
    >>> in_capitals("FEELS COLD AND TIRED", 6, 10), in_capitals("Severe COLD, on oxygen", 7, 11)
    (True, False)
    """
    before = text[max(0, start - 2 * _REACH) : start].rpartition("\n")[2]
    after = text[end : end + 2 * _REACH].partition("\n")[0]
    words = re.findall(r"[^\W\d_]{3,}", f"{before} {after}")
    return len(words) > 1 and all(word.isupper() for word in words)


def names_before(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The mention with the words directly before it, longest first, each with where it starts.

    Examples
    --------
    >>> text = "Denies pleuritic chest pain"
    >>> [name for _, name in names_before(text, 23, 27)]
    ['pleuritic chest pain', 'chest pain']
    """
    at = start
    starts: list[int] = []
    while len(starts) < _MOST_WORDS and (word := _WORD_BEFORE.search(text[max(0, at - _LONGEST_WORD) : at])):
        if word[1].lower() in _joining()["not_joined"]:
            break
        at -= len(word[0])
        starts.append(at)
    for at in reversed(starts):
        yield at, text[at:end]


def names_after(text: str, start: int, end: int, *, over_preposition: bool) -> Iterator[str]:
    """The mention with the words after it, longest first; over a preposition ("pain in the chest") or directly.

    Examples
    --------
    >>> text = "Swelling of both legs, worse."
    >>> list(names_after(text, 0, 8, over_preposition=True))
    ['Swelling both legs', 'Swelling legs']
    """
    joining, at = _joining(), end
    words: list[str] = []
    side = ""  # of the body: "left leg swelling" may have a name, else "leg swelling"
    wanted = over_preposition
    while len(words) < 3 and (word := _WORD_AFTER.match(text, at, at + _LONGEST_WORD)):
        lower, at = word[1].lower(), word.end()
        if wanted:
            if lower not in joining["prepositions"]:
                return
            wanted = False
        elif over_preposition and not words and lower in joining["sides"]:
            side = lower
        elif not (over_preposition and not words and lower in joining["determiners"]):
            if lower in joining["not_joined"]:
                break
            words.append(word[1])
    for count in range(len(words), 0, -1):
        if side:
            yield " ".join([text[start:end], side, *words[:count]])
        yield " ".join([text[start:end], *words[:count]])
