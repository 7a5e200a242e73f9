"""Numbers of prescriptions: amounts, units that pint understands, times per day."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import as_file, files

import pint

from .lexicon import COUNT_WORDS, lexicon

_FORMULA = re.compile(r"(?P<top>\d+|n)(?:/(?P<factor>\d*)(?P<n>n?))?")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+")


@cache
def dose_registry() -> pint.UnitRegistry:
    """Give pint's units and those of ``dose_units.txt`` (international_unit, tablet, puff, ...).

    Examples
    --------
    >>> float(dose_registry().Quantity(0.5, "gram").to("milligram").magnitude)
    500.0
    """
    registry: pint.UnitRegistry = pint.UnitRegistry()
    with as_file(files(__package__) / "dose_units.txt") as path:
        registry.load_definitions(path)
    return registry


def times_per_day(words: str) -> float | None:
    """How many times a day a frequency stands for; of a range ("q4-6h") the most often. None if it says no number.

    Examples
    --------
    >>> times_per_day("bid"), times_per_day("q4-6h"), round(times_per_day("once weekly"), 3)
    (2.0, 6.0, 0.143)
    """
    folded = words.lower().strip()
    for frequency in lexicon().frequencies:
        match = frequency.regex.match(folded)
        if match is not None and match.end() >= len(folded) - 1:
            return _evaluate(frequency.formula, match.groupdict())
    return None


def _evaluate(formula: str, groups: dict[str, str | None]) -> float | None:
    if not formula:
        return None
    parts = _FORMULA.fullmatch(formula)
    if parts is None:
        raise ValueError(f"frequencies.csv: cannot read per_day {formula!r}")
    numbers = [float(groups[name]) for name in ("n", "m") if groups.get(name)]  # type: ignore[arg-type]
    top = max(numbers) if parts["top"] == "n" else float(parts["top"])
    bottom = float(parts["factor"] or 1) * (min(numbers) if parts["n"] else 1.0)
    return top / bottom if bottom else None


def first_number(words: str) -> float | None:
    """Read the amount of a quantity or count: "1/2 tab" is 0.5, "1-2 puffs" is 1, "two tablets" is 2.

    Examples
    --------
    >>> first_number("1/2 tab"), first_number("1,000 mg"), first_number("one and a half tablets")
    (0.5, 1000.0, 1.5)
    """
    folded = words.lower().strip()
    if match := re.match(r"(?:(\d)\s)?(\d)\s?/\s?([1-9])(?![\d.])", folded):
        return float(match[1] or 0) + float(match[2]) / float(match[3])
    if match := _NUMBER.match(folded):
        return float(match[0].replace(",", ""))
    for word in sorted(COUNT_WORDS, key=len, reverse=True):
        if re.match(rf"{re.escape(word)}(?![^\W_])", folded):
            return COUNT_WORDS[word]
    return None


def unit_of(words: str) -> tuple[str, str] | None:
    """Unit (a name for :func:`dose_registry`) and its kind of "40 mg", "2 puffs", "5 mg/kg", or None.

    Examples
    --------
    >>> unit_of("81mg"), unit_of("2 puffs"), unit_of("5 mg/kg")
    (('milligram', 'mass'), ('puff', 'count'), ('milligram / kilogram', 'mass'))
    """
    folded = words.lower().strip()
    match = lexicon().amount_unit.match(folded)
    if match is None or match["unit"] not in lexicon().units:
        return None
    unit, kind = lexicon().units[match["unit"]]
    return _rate(unit, folded[match.end() :]), kind


def _rate(unit: str, rest: str) -> str:
    names = {"kg": "kilogram", "hr": "hour", "hour": "hour", "h": "hour", "min": "minute", "minute": "minute"}
    for part in rest.split("/"):
        if part.strip() in names:
            unit += f" / {names[part.strip()]}"
    return unit
