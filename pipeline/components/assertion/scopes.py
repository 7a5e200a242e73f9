"""How far cues reach within one sentence, and into the list that it introduces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cues import Effect, Match, cue_matcher

_ITEM = re.compile(r"\s*(?:[-*•◦▪·+>#]+[ \t]|\d{1,2}[.)][ \t]*|\(?[a-z][.)][ \t])")
_CLOSING = re.compile(r"[ \t]{0,9}(?:[.,;\n)\]]|$)")
_FORWARD = ("forward", "both")
_BACKWARD = ("backward", "both", "answer")


@dataclass(frozen=True)
class Reach:
    """A cue that reaches a mention: what it says, where it stands, how far away."""

    axis: str
    value: str
    start: int
    end: int
    distance: int


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
        self._stops: list[tuple[int, int, str]] = []
        for match in matches:
            answers = any(e.direction == "answer" for e in match.effects) and _closes(text, match.end + start, end)
            for effect in match.effects:
                if (effect.direction == "answer") != answers:
                    continue
                if effect.direction == "terminator":
                    self._stops.append((match.start + start, match.end + start, effect.axis))
                elif effect.direction != "pseudo":
                    self._cues.append((match, effect))

    def reaching(self, start: int, end: int) -> list[Reach]:
        """The nearest cue of each axis that reaches the mention; cues inside the mention are its own words."""
        found: dict[str, Reach] = {}
        for match, effect in self._cues:
            left, right = match.start + self.start, match.end + self.start
            # a cue may lap over the mention's edge: "no acute" before "acute distress"
            if left < start and right <= max(start, end - 1) and effect.direction in _FORWARD:
                gap = (min(right, start), start)
            elif right > end and left >= min(end, start + 1) and effect.direction in _BACKWARD:
                gap = (end, max(left, end))
            else:
                continue
            distance = gap[1] - gap[0]
            nearer = effect.axis not in found or distance < found[effect.axis].distance
            if nearer and self._open(effect, *gap):
                found[effect.axis] = Reach(effect.axis, effect.value, left, right, distance)
        return list(found.values())

    def _open(self, effect: Effect, left: int, right: int) -> bool:
        """True if no terminator stands between, and not too many words."""
        for start, end, axis in self._stops if right > left else ():
            if start >= left and end <= right and axis in ("all", effect.axis):
                return False
        return effect.words is None or len(self.text[left:right].split()) <= effect.words
