"""The cue lists, and the one regular expression that finds every cue in a stretch of text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_END = ""  # marks in the trie that a cue may end here
_MOST_READINGS = 200  # ways to put placeholders back before a cue is given up
_SILENT = ("mark", "own", "consequence")  # say nothing of what stands beside them
_MOST_REMEMBERED = 10_000
_PLACEHOLDER = re.compile(r"<(\w+)>")
# No word goes on after the cue: "no" is none in "north" or "non-tender".
_BOUNDARY = r"(?!\w|-\w)"


@dataclass(frozen=True)
class Effect:
    """One row of ``cues.csv``."""

    axis: str  # negated, certainty, temporality, experiencer; for terminators also "all"
    value: str
    direction: str  # forward, backward, both, answer, own, consequence, mark, pseudo, terminator
    words: int | None  # longest distance to the mention; None = to the end of the sentence
    of: str = ""  # "condition", "treatment": only for such mentions; "" for all
    dated: bool = False  # a year or a time ago


@dataclass(frozen=True)
class Match:
    """A cue found in a text, with what it does."""

    start: int
    end: int
    effects: tuple[Effect, ...]


def _rows(name: str) -> Iterable[dict[str, str]]:
    lines = (files(__package__) / name).read_text("utf-8").splitlines()
    return csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))


def _is_date(cue: str) -> bool:
    return "<year>" in cue or "<n>" in cue or cue.endswith(" ago")


def _parts(cue: str) -> list[str]:
    """All shorter runs of its words."""
    words = cue.split(" ")
    return [" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1) if j - i < len(words)]


def _inherit(effects: dict[str, list[Effect]]) -> None:
    """Give "has a history of" what "history of" does: a longer cue hides the shorter ones inside it from the matcher.

    Forward effects come from the cue's end, backward ones from its beginning, and only for axes on which the longer
    cue says nothing itself. Pseudo cues and negations inherit nothing: "no suspicion of" is not "suspicion of". A cue
    that only marks ("was diagnosed with") does all that the shorter ones do.
    """
    for cue, own in effects.items():
        if any(e.direction == "pseudo" or (e.axis == "negated" and e.value) for e in own):
            continue
        if all(e.direction in _SILENT for e in own):
            own += [e for part in _parts(cue) for e in effects.get(part, ()) if e.direction != "pseudo"]
            continue
        words, axes = cue.split(" "), {e.axis for e in own if e.value}
        for cut in range(1, len(words)):
            inner = [e for e in effects.get(" ".join(words[cut:]), ()) if e.direction in ("forward", "both")]
            inner += [e for e in effects.get(" ".join(words[:-cut]), ()) if e.direction in ("backward", "both")]
            for effect in inner:
                if effect.axis not in axes:
                    own.append(effect)
            axes |= {e.axis for e in inner}


def _symbols(cue: str) -> list[str]:
    """Split a cue into characters and placeholders."""
    return [part for part in re.findall(r"<\w+>|.", cue) if part]


def _pattern(node: dict[str, Any], placeholders: dict[str, str], last: str = "") -> str:
    """Write a trie as a regular expression; longer cues come before shorter ones."""
    branches = []
    for symbol in sorted(node, reverse=True):
        if symbol == _END:
            continue
        if symbol.startswith("<") and len(symbol) > 1:
            piece = f"(?:{placeholders[symbol[1:-1]]})"
        else:
            piece = r"\s{1,9}" if symbol == " " else re.escape(symbol)
        branches.append(piece + _pattern(node[symbol], placeholders, symbol))
    if _END in node:
        word_end = last.isalnum() or last.startswith("<")
        branches.append(_BOUNDARY if word_end else "")
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"


class CueMatcher:
    """Finds cues, longest first from the left, none overlapping another.

    Parameters
    ----------
    effects
        Cue -> what it does.
    placeholders
        Name -> regular expression without groups.
    """

    def __init__(self, effects: dict[str, tuple[Effect, ...]], placeholders: dict[str, str]) -> None:
        self._effects = effects
        self._known: dict[str, tuple[Effect, ...]] = {}  # cues with placeholders, as they were met
        trie: dict[str, Any] = {}
        for cue in effects:
            node = trie
            for symbol in _symbols(cue):
                node = node.setdefault(symbol, {})
            node[_END] = {}
        # a cue that begins with a letter begins a word: asked once, not for each first letter
        words = {symbol: node for symbol, node in trie.items() if symbol.isalnum() or symbol.startswith("<")}
        others = {symbol: node for symbol, node in trie.items() if symbol not in words}
        both = [rf"(?<!\w){_pattern(words, placeholders)}"] if words else []
        both += [_pattern(others, placeholders)] if others else []
        self._regex = re.compile("|".join(both))
        used = {name for cue in effects for name in _PLACEHOLDER.findall(cue)}
        self._named = [
            (f"<{name}>", re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"))
            for name, pattern in placeholders.items()
            if name in used
        ]

    def find(self, lower: str) -> list[Match]:
        """Find all cues in a text in lower case."""
        return [Match(m.start(), m.end(), self._look_up(m.group())) for m in self._regex.finditer(lower)]

    def _look_up(self, text: str) -> tuple[Effect, ...]:
        """The effects of a cue as written: "in 2015" is "in <year>". Placeholders are put back one at a time."""
        key = " ".join(text.split())
        effects = self._effects.get(key) or self._known.get(key)
        if effects is not None:
            return effects
        tried, waiting = {key}, [key]
        while waiting and len(tried) < _MOST_READINGS:
            current = waiting.pop(0)
            for name, regex in self._named:
                for match in regex.finditer(current):
                    reading = current[: match.start()] + name + current[match.end() :]
                    if reading in self._effects:
                        self._remember(key, self._effects[reading])
                        return self._effects[reading]
                    if reading not in tried:
                        tried.add(reading)
                        waiting.append(reading)
        return ()

    def _remember(self, key: str, effects: tuple[Effect, ...]) -> None:
        if len(self._known) < _MOST_REMEMBERED:
            self._known[key] = effects


@cache
def cue_matcher() -> CueMatcher:
    """The matcher of ``cues.csv``, built once per process.

    Examples
    --------
    >>> [m.effects[0].axis for m in cue_matcher().find("denies chest pain, but mother had diabetes")]
    ['negated', 'all', 'experiencer']
    """
    effects: dict[str, list[Effect]] = {}
    for row in _rows("cues.csv"):
        words = int(row["words"]) if row["words"] else None
        effects.setdefault(row["cue"], []).append(
            Effect(row["axis"], row["value"], row["direction"], words, row["of"] or "", _is_date(row["cue"]))
        )
    _inherit(effects)
    parts: dict[str, list[str]] = {}
    for row in _rows("placeholders.csv"):
        parts.setdefault(row["placeholder"], []).append(row["pattern"])
    longest_first = {name: "|".join(sorted(p, key=lambda s: (-len(s), s))) for name, p in parts.items()}
    return CueMatcher({cue: tuple(rows) for cue, rows in effects.items()}, longest_first)
