"""How far cues reach within one sentence, and into the list that it introduces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cues import Effect, Match, cue_matcher

_ITEM = re.compile(r"\s*(?:[-*•◦▪·+>#]+[ \t]|\d{1,2}[.)][ \t]*|\(?[a-z][.)][ \t])")
_CLOSING = re.compile(r"[ \t]{0,9}(?:[.,;\n)\]]|$)")
_FORWARD = ("forward", "both")
_BACKWARD = ("backward", "both", "answer", "affirm", "consequence")
_AFTER_COMMA = re.compile(r"(?:,|\bwith)\s{1,9}(?!(?:and|or|nor)\b)(?:[a-z-]{1,20} ){0,2}$", re.IGNORECASE)
TREATMENTS = frozenset(("DRUG", "PROCEDURE", "TEST"))
_STARTING_WORDS = 4  # between "start" and the drug that is to be started if something happens


@dataclass(frozen=True)
class Reach:
    """A cue that reaches a mention: what it says, where it stands, how far away."""

    axis: str
    value: str
    start: int
    end: int
    distance: int


def _concerns(effect: Effect, label: str) -> bool:
    """True if the effect is about mentions of this label: a vaccine prevents a disease, and is itself given."""
    return not effect.of or (effect.of == "treatment") == (label in TREATMENTS)


def is_item(text: str, start: int) -> bool:
    """True if a list item begins at ``start``."""
    return _ITEM.match(text, start) is not None


def _closes(text: str, at: int, end: int) -> bool:
    """True if punctuation or the sentence's end follows: "Fever: no." answers, "Skin: no rash" does not."""
    return at >= end or _CLOSING.match(text, at) is not None


def carries_on(text: str, start: int, end: int) -> bool:
    """True if the sentence ends with a colon and no blank line: what it says holds for the items below it."""
    sentence = text[max(start, end - 200) : end]
    body = sentence.rstrip(" \t\r\n,")
    return body.endswith(":") and sentence[len(body) :].count("\n") < 3


def _lower(text: str) -> str:
    """Lower case with every offset kept (some capitals have a longer lower case)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


class SentenceCues:
    """The cues and terminators of one sentence.

    Parameters
    ----------
    text
        The note.
    start, end
        The sentence's place in it.
    """

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.start, self.end = text, start, end
        matches = cue_matcher().find(_lower(text[start:end]))
        self._cues: list[tuple[Match, Effect]] = []
        self._stops: list[tuple[int, int, Effect]] = []
        self._marks: list[tuple[int, str]] = []
        for match in matches:
            answers = any(e.direction == "answer" for e in match.effects) and _closes(text, match.end + start, end)
            for effect in match.effects:
                if (effect.direction == "answer") != answers:
                    continue
                if effect.direction == "terminator":
                    self._stops.append((match.start + start, match.end + start, effect))
                elif effect.direction == "mark":
                    self._marks.append((match.end + start, effect.value))
                elif effect.direction != "pseudo":
                    self._cues.append((match, effect))

    def reaching(self, start: int, end: int, label: str = "") -> list[Reach]:
        """The nearest cue of each axis that reaches the mention; of its own words only those that say so count."""
        found: dict[str, Reach] = {}
        for match, effect in self._cues:
            left, right = match.start + self.start, match.end + self.start
            gap = _gap(effect.direction, left, right, start, end)
            if gap is None or not _concerns(effect, label):
                continue
            distance = gap[1] - gap[0]
            nearer = effect.axis not in found or distance < found[effect.axis].distance
            if nearer and self._open(effect, *gap, label) and not self._cancelled(effect, start):
                found[effect.axis] = Reach(effect.axis, effect.value, left, right, distance)
        return list(found.values())

    def _open(self, effect: Effect, left: int, right: int, label: str) -> bool:
        """True if no terminator stands between, and not too many words."""
        for start, end, stop in self._stops if right > left else ():
            if start >= left and end <= right and stop.axis in ("all", effect.axis) and _concerns(stop, label):
                return False
        return effect.words is None or len(self.text[left:right].split()) <= effect.words

    def _cancelled(self, effect: Effect, start: int) -> bool:
        """True for the date of a diagnosis that lasts, and for "if" behind a drug that nobody is about to start."""
        if effect.direction == "affirm":
            return _AFTER_COMMA.search(self.text, max(self.start, start - 60), start) is None
        if effect.value == "historical" and effect.dated:
            said = {value for _, value in self._marks}
            return "diagnosed" in said and any(value == "lasting" and at > start for at, value in self._marks)
        if effect.direction == "consequence":
            return not any(
                value == "starting" and at <= start and len(self.text[at:start].split()) < _STARTING_WORDS
                for at, value in self._marks
            )
        return False


def _gap(direction: str, left: int, right: int, start: int, end: int) -> tuple[int, int] | None:
    """What lies between a cue and a mention; None if the cue does not reach that way.

    A cue may lap over the mention's edge: "no acute" before "acute distress".
    """
    if left < start and right <= max(start, end - 1) and direction in _FORWARD:
        return min(right, start), start
    if right > end and left >= min(end, start + 1) and direction in _BACKWARD:
        return end, max(left, end)
    inside_out = left < start and end <= right  # the mention is a part of the cue: "no change in vision"
    own = direction == "own" and start <= left and right <= end
    return (start, start) if own or (inside_out and direction != "own") else None
