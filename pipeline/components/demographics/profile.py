"""Read statements about the person from plain text: the logic of the component, usable without spaCy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from ....schemas.annotation import Measurement
from ..matching import fold

SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n")
MAX_AGE_YEARS = 122.0  # the oldest person whose age is documented


class Statement(NamedTuple):
    """What a stretch of text says about the patient."""

    start: int
    end: int
    concept: str
    name: str
    measurement: Measurement


@dataclass(frozen=True)
class _Pattern:
    concept: str
    answer: str | None
    triggers: tuple[str, ...]
    regex: re.Pattern[str]
    inner: tuple[re.Pattern[str], ...]


@dataclass(frozen=True)
class _Lexicon:
    patterns: tuple[_Pattern, ...]
    names: dict[str, str]
    units: dict[str, str]
    years: dict[str, float]
    exclude: dict[str, re.Pattern[str]]


def _without_names(regex: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", regex)


def _pattern(row: dict[str, Any]) -> _Pattern:
    whole = "|".join(f"(?:{_without_names(regex)})" for regex in row["regexes"])
    inner = tuple(re.compile(regex, re.MULTILINE) for regex in row["regexes"])
    return _Pattern(row["concept"], row.get("answer"), tuple(row["triggers"]), re.compile(whole, re.MULTILINE), inner)


@cache
def _lexicon() -> _Lexicon:
    data = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    return _Lexicon(
        patterns=tuple(_pattern(row) for row in data["pattern"]),
        names=data["names"],
        units={spelling: unit for unit, spellings in data["units"].items() for spelling in spellings},
        years=data["years"],
        exclude={name: re.compile(regex) for name, regex in data["exclude"].items()},
    )


def _sentence_before(folded: str, start: int) -> str:
    window = folded[max(0, start - 160) : start]
    ends = list(SENTENCE_END.finditer(window))
    return window[ends[-1].end() :] if ends else window


def _excluded(concept: str, folded: str, start: int, end: int) -> bool:
    exclude = _lexicon().exclude
    before = _sentence_before(folded, start)
    family = list(exclude["family_before"].finditer(before))
    if family and not exclude["patient_again"].search(before, family[-1].end()):
        return True
    if concept in ("CG:age", "CG:sex") and exclude["temperature_before"].search(before):
        return True
    if concept == "CG:age":
        after = folded[end : end + 60]
        return bool(exclude["age_before"].search(before) or exclude["family_after"].match(after))
    return concept == "CG:pregnancy" and bool(exclude["pregnancy_before"].search(before))


def _age(value: float, unit: str | None) -> Measurement | None:
    lexicon = _lexicon()
    name = lexicon.units.get((unit or "year").rstrip("."), "year")
    years = round(value * lexicon.years[name], 4)
    if years > MAX_AGE_YEARS:
        return None
    return Measurement(value=years, unit="year", normal_value=years, normal_unit="year")


_WORDS = {"½": 0.5, "one": 1.0, "two": 2.0, "half": 0.5, "half a": 0.5}
_PER_WEEK = {"week": 1.0, "weekly": 1.0, "month": 12 / 52}  # anything else is a day


def _pack_years(groups: dict[str, str | None]) -> Measurement | None:
    """As written, or packs a day times years."""
    if groups.get("value"):
        amount = float(groups["value"] or 0)
    else:
        packs, years = groups.get("packs") or "", groups.get("years") or "0"
        amount = (_WORDS[packs] if packs in _WORDS else float(packs)) * float(years)
    if not 0 < amount <= 200:
        return None
    return Measurement(value=amount, unit="pack-years", normal_value=amount, normal_unit="pack-years")


def _drinks(groups: dict[str, str | None]) -> Measurement | None:
    """Standard drinks a week: a beer, a glass of wine and a shot are one each; of a range the most."""
    amount = float(groups.get("high") or groups.get("value") or 0)
    weekly = round(amount * _PER_WEEK.get(groups.get("per") or "", 7.0), 1)
    return Measurement(value=weekly, unit="drinks/week", normal_value=weekly, normal_unit="drinks/week")


_AMOUNTS = {"CG:pack_years": _pack_years, "CG:drinks_per_week": _drinks}


def _measurement(pattern: _Pattern, groups: dict[str, str | None]) -> Measurement | None:
    number = groups.get("value")
    value = float(number.replace("½", "0.5")) if number else None
    if pattern.concept == "CG:age":
        return _age(value, groups.get("unit")) if value is not None else None
    if pattern.concept in _AMOUNTS:
        return _AMOUNTS[pattern.concept](groups)
    if pattern.concept == "CG:sex":
        return Measurement(value_text="female" if groups.get("female") else "male")
    return Measurement(value=value, unit=groups.get("unit"), value_text=pattern.answer)


def statements(text: str, concepts: Container[str] | None = None) -> Iterator[Statement]:
    """Find what a text says about its patient, in order of the patterns, no two of one concept overlapping.
    ``concepts``: only these.

    Examples
    --------
    >>> [(s.name, s.measurement.value or s.measurement.value_text) for s in statements("67-year-old woman, smokes.")]
    [('Age', 67.0), ('Sex', 'female'), ('Smoking', 'current')]
    """
    for statement in _all_statements(text):
        if concepts is None or statement.concept in concepts:
            yield statement


@lru_cache(maxsize=4)
def _all_statements(text: str) -> tuple[Statement, ...]:
    """Kept for the few components that ask about the same note one after the other."""
    return tuple(_read(text))


def _read(text: str) -> Iterator[Statement]:
    folded = fold(text)
    lexicon = _lexicon()
    taken: list[tuple[str, int, int]] = []
    for pattern in lexicon.patterns:
        if not any(trigger in folded for trigger in pattern.triggers):
            continue
        for match in pattern.regex.finditer(folded):
            start = match.start() + len(match[0]) - len(match[0].lstrip(" \t\n,-"))
            end = match.end()
            if any(c == pattern.concept and s < end and start < e for c, s, e in taken):
                continue
            if start >= end or _excluded(pattern.concept, folded, start, end):
                continue
            measurement = _measurement(pattern, _groups(pattern, folded, match.start()))
            if measurement is not None:
                taken.append((pattern.concept, start, end))
                yield Statement(start, end, pattern.concept, lexicon.names[pattern.concept], measurement)


def _groups(pattern: _Pattern, folded: str, start: int) -> dict[str, str | None]:
    for regex in pattern.inner:
        if match := regex.match(folded, start):
            return match.groupdict()
    return {}


class Profile(NamedTuple):
    """Who the patient is, as far as a note says; ``pregnant`` only if it says so."""

    sex: str | None = None
    age: float | None = None
    pregnant: bool = False


_PROFILE = frozenset({"CG:sex", "CG:age", "CG:pregnancy"})


def patient_profile(text: str) -> Profile:
    """First stated sex and age (years) of the patient, each None if not stated, and whether she is pregnant.

    Examples
    --------
    >>> patient_profile("67F with chest pain. Father died at age 50.")
    Profile(sex='female', age=67.0, pregnant=False)
    """
    first: dict[str, Measurement] = {}
    for statement in statements(text[:20_000], _PROFILE):
        first.setdefault(statement.concept, statement.measurement)
    sex, age, pregnancy = (first.get(f"CG:{name}") for name in ("sex", "age", "pregnancy"))
    pregnant = pregnancy is not None and pregnancy.value_text == "yes"
    return Profile("female" if pregnant else sex.value_text if sex else None, age.value if age else None, pregnant)
