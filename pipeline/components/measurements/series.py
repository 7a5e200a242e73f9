"""Several values of one test: trends ("1.2 -> 2.4", "7.2 <- 8.1", "down from 9.8"), lists and repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ....schemas.lab_tests import LabTest
from .grammar import NUMBER
from .values import PRESSURE, Written, is_plausible_value, number

_REACH = 60  # characters in which another value may follow
_UNIT = r"(?:[ \t]{0,3}(?:mg/dl|g/dl|mmol/l|meq/l|k|%|mmhg|/min|bpm|kg|lbs?))?"
_PRESSURE = r"(?P<value>\d{2,3})s?[ \t]?/[ \t]?(?P<low>\d{2,3})s?(?![\d/]|\.\d)"
_VALUE = rf"(?P<value>(?<![\d.,/])-?{NUMBER})(?![\d/]|[.,]\d|[ \t]?(?:-|to)[ \t]?\d)"
# Words between a value and an older one, or a newer one. A trend goes on as long as these lead to numbers.
_OLDER = re.compile(
    rf"{_UNIT}[ \t]{{0,3}}(?:[,;(][ \t]{{0,3}})?(?:<-{{1,2}}|←|"
    r"(?:(?:which|this|that)\s(?:is|was)\s)?(?:(?:is|was|now)\s)?(?:down|up|decreased|increased|improved|worse|worsened|risen|fallen|fell|dropped|"
    r"changed|elevated|reduced)[ \t]{1,3}(?:slightly[ \t])?from|from|previously|prior(?:ly)?|formerly|compared[ \t](?:to|with)|versus|vs\.?|baseline|"  # noqa: E501
    r"last|was|earlier)"
    r"(?:[ \t]{1,3}(?:an?|his|her|its|of|at|is|was|the|about|around|approximately|~|baseline|value|level|visit|time|reading|prior|previous|initial|"  # noqa: E501
    r"last|admission|result))*[ \t:=~]{0,3}"
)
_NEWER = re.compile(
    rf"{_UNIT}(?:[ \t]{{1,3}}(?:on|at|in|upon)[ \t]{{1,3}}[a-z ]{{3,20}}(?=[,;]))?[ \t]{{0,3}}(?:-{{1,2}}>|→|=>|>(?=[ \t]?\d)|(?:[,;.][ \t]{{0,3}})?(?:(?:and|then|but|it|which|with|on|to|a)[ \t]{{1,3}})*"  # noqa: E501
    r"(?:now|today|to|repeat(?:ed)?|rechecked|recheck|then|subsequently|later|followed[ \t]by|at[ \t]discharge|on[ \t]discharge|on[ \t]repeat|"  # noqa: E501
    r"this[ \t](?:morning|am)|currently|current|after[ \t]treatment|improved[ \t]to|rose[ \t]to|increased[ \t]to|decreased[ \t]to|down[ \t]to|up[ \t]to|"  # noqa: E501
    r"dropped[ \t]to|fell[ \t]to|climbed[ \t]to|peaked[ \t]at|nadir)"
    r"(?:[ \t]{1,3}(?:is|was|of|at|in|the|clinic|exam|recheck|repeat|it|value|level|down|up))*[ \t:=~]{0,3})"
)
_ALSO = re.compile(r"[ \t]{0,2}(?:,[ \t]{0,3}(?:and[ \t]{1,3})?|and[ \t]{1,3}|/|&[ \t]?|;[ \t]{0,3})")
_PRESSURE_LEAD = re.compile(r"(?:(?![;.]?[ \t]+[A-Z])[^\n\d]){0,45}?(?<![\d/])", re.IGNORECASE)
_STOP = re.compile(r"\n[ \t]*\n|[.;]\s+(?!repeat|recheck|now|today|then|it)[a-z]")


class Further(NamedTuple):
    """Another value of a test. ``earlier``: the one it stands beside is newer."""

    start: int
    end: int
    written: Written
    earlier: bool


@cache
def _value_pattern(pressure: bool) -> re.Pattern[str]:
    return re.compile(_PRESSURE if pressure else _VALUE)


def further_values(folded: str, test: LabTest, first: Written, limit: int) -> Iterator[Further]:
    """Values that follow a first one.

    Parameters
    ----------
    folded
        The note, folded.
    test
        Whose values they are. Numbers that it cannot have, in the unit of the first, are none.
    first
        What was read for its name; the search begins at its end.
    limit
        Where the next test's name stands.
    """
    pressure = test.test_id == PRESSURE and first.value_high is not None
    pattern = _value_pattern(pressure)
    at = first.end
    for _ in range(8):
        until = min(limit, at + _REACH)
        found, earlier = None, False
        for lead, older in ((_OLDER, True), (_NEWER, False)):
            gap = lead.match(folded, at, until)
            if gap and (found := pattern.match(folded, gap.end(), min(limit, gap.end() + 12))):
                earlier = older
                break
        if found is None and pressure:
            found = _next_pressure(folded, at, until, limit, pattern)
        if found is None and test.test_id in _LISTED and (gap := _ALSO.match(folded, at, until)):
            found = pattern.match(folded, gap.end(), min(limit, gap.end() + 12))
        if found is None:
            return
        written = _written(found, first.unit)
        if not is_plausible_value(test, written):
            return
        yield Further(found.start(), found.end(), written, earlier)
        at = found.end()


_LISTED = frozenset({"CGTEST:apgar"})


def _next_pressure(folded: str, at: int, until: int, limit: int, pattern: re.Pattern[str]) -> re.Match[str] | None:
    stop = _STOP.search(folded, at, until)
    found = pattern.search(folded, at, min(limit, (stop.start() if stop else until) + 8))
    if found is None or found.start() > (stop.start() if stop else until):
        return None
    between = folded[at : found.start()]
    if re.search(r"\d|\b(?:goal|target|below|under|less|above|if|keep|than|hr|pulse|o2)\b", between):
        return None
    return found


def _written(found: re.Match[str], unit: str | None) -> Written:
    low = found.groupdict().get("low")
    return Written(
        number(found["value"]),
        number(low) if low else None,
        unit=unit,
        end=found.end(),
        start=found.start(),
        digits_end=found.end(),
    )


def earlier_values(folded: str, start: int, end: int, unit: str | None) -> Iterator[Further]:
    """Values in the stretch before the last of a trend: the 1.2 of "from 1.2 to 2.4"."""
    for found in re.finditer(rf"(?<![\d./]){NUMBER}(?:[ \t]?/[ \t]?(?P<low>\d{{2,3}}))?(?![\d/])", folded[start:end]):
        low = found["low"]
        value = found[0].split("/")[0].strip()
        at, end = start + found.start(), start + found.end()
        written = Written(number(value), number(low) if low else None, unit=unit, end=end, start=at, digits_end=end)
        yield Further(at, end, written, True)
