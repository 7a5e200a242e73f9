"""Which time belongs to which mention: the nearest in the sentence, shared by the members of a list."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from ....schemas.annotation import DateExpression, Label, TimeDetail

LIST_GAP = re.compile(
    r"[\s,/&;]*(?:(?:and|or|as well as|with|along with|plus|some|associated|mild|moderate|severe|worsening|progressive|intermittent|increasing|"  # noqa: E501
    r"increased|occasional|his|her|a|an|the)[\s,]+)*"
)
MAX_COST = 70
_BREAK = re.compile(r";|\.\s|\bbut\b|\bhowever\b|\bwho\b|\balthough\b|\bwhile\b")
_TAKING = re.compile(
    r"\b(?:been|was|is|are|has|have|taking|takes|remained|stayed|continued)\s+(?:\w+\s+){0,3}(?:on|taking)\b|\bon\s*$|\btakes?\b|\btaking\b"
)
_PROBLEMS = frozenset({Label.DISEASE, Label.SYMPTOM})
_TIMED = _PROBLEMS | {Label.PROCEDURE, Label.DRUG, Label.TEST}


class Timed(NamedTuple):
    """A mention that may have a time."""

    start: int
    end: int
    label: str
    measured: bool = False


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    data = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))["cues"]
    return {
        name: re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, words))})(?![^\W_])") for name, words in data.items()
    }


def attach(
    folded: str, mentions: Sequence[Timed], dates: Iterable[DateExpression], sentence: tuple[int, int]
) -> list[tuple[int, TimeDetail]]:
    """Times of the mentions of one sentence.

    Parameters
    ----------
    folded
        The note, folded.
    mentions
        Mentions of the sentence, sorted by start.
    dates
        Expressions of the sentence.
    sentence
        Where it begins and ends.

    Returns
    -------
    list of (int, TimeDetail)
        Place in ``mentions``, and its time.
    """
    dates = list(dates)
    if not dates:
        return []
    chains = _chains(folded, mentions)
    found: list[tuple[int, TimeDetail]] = []
    for chain in chains:
        scored = [
            (cost, d.start, d) for d in dates if (cost := _cost(folded, chain, d, mentions, sentence)) is not None
        ]
        if not scored:
            continue
        _, _, best = min(scored, key=lambda row: row[:2])
        for i in chain:
            mention = mentions[i]
            if _may_have(folded, mention, best):
                found.append((i, _detail(folded, mention, best, sentence[0])))
    return found


def _chains(folded: str, mentions: Sequence[Timed]) -> list[list[int]]:
    """Mentions joined as members of one list."""
    chains: list[list[int]] = []
    for i, mention in enumerate(mentions):
        if mention.label not in _TIMED:
            continue
        if chains:
            last = mentions[chains[-1][-1]]
            same = last.label == mention.label or {last.label, mention.label} <= _PROBLEMS
            if same and (mention.start < last.end or LIST_GAP.fullmatch(folded, last.end, mention.start)):
                chains[-1].append(i)
                continue
        chains.append([i])
    return chains


def _cost(
    folded: str, chain: list[int], date: DateExpression, mentions: Sequence[Timed], sentence: tuple[int, int]
) -> int | None:
    """How far a time is from a list of mentions; None if something parts them."""
    first, last = mentions[chain[0]], mentions[chain[-1]]
    end = max(mentions[i].end for i in chain)
    if date.start >= end:
        gap, cost = folded[end : date.start], 0
    elif date.end <= first.start:
        gap, cost = folded[date.end : first.start], 15
        if date.kind == "duration" and re.search(
            r"(?:history|hx|h/o|course|of)\s*(?:of)?$", folded[date.start : date.end]
        ):
            cost = -10
        if re.match(r"[\s:,-]{0,4}", folded[date.end :]) and folded[date.end : date.end + 1] == ":":
            cost = -10
    else:
        return None if last.label == Label.TEST else 0
    if _BREAK.search(gap) or "\n" in gap.strip(" "):
        return None
    inside = [
        m
        for m in mentions
        if m.label in _TIMED and min(end, date.end) <= m.start and m.end <= max(first.start, date.start)
    ]
    inside = [m for m in inside if not any(mentions[i] == m for i in chain)]
    cost += len(gap) + 25 * gap.count(",") + 30 * len(inside)
    return cost if cost <= MAX_COST else None


def _may_have(folded: str, mention: Timed, date: DateExpression) -> bool:
    """Prescriptions have lengths ("for 7 days") that are no time of theirs; values have days only."""
    if mention.label == Label.TEST:
        return mention.measured and date.kind in ("date", "relative")
    if mention.label == Label.DRUG and date.kind == "duration":
        return _TAKING.search(folded[max(0, mention.start - 40) : mention.start]) is not None
    return True


def _detail(folded: str, mention: Timed, date: DateExpression, floor: int) -> TimeDetail:
    cues = _cues()
    before = folded[max(floor, date.start - 28) : date.start]
    around = folded[max(floor, mention.start - 20) : mention.start]
    if mention.start < date.start:
        around += " " + before.rsplit(",", 1)[-1]
    words = folded[date.start : date.end]
    ended = (
        cues["end"].search(around) is not None and not cues["begin"].search(before[-14:]) and date.kind != "duration"
    )
    if (
        ended
        and re.search(r"\blast\s*$", before)
        and date.kind == "relative"
        and words.startswith(("week", "month", "year"))
    ):
        ended = False
    done = (
        mention.label == Label.PROCEDURE and date.kind != "duration" and not cues["begin"].search(before[-14:] + words)
    )
    onset = (
        None if ended and re.search(r"\b(?:until|till|through|resolved|ended|stopped|quit)\b", around) else date.first
    )
    return TimeDetail(
        text=date.text, onset=onset, end=date.last if ended or done else None, precision=date.precision, days=date.days
    )
