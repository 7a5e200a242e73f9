"""The word tables of this folder, compiled once into one expression per job."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ..matching import fold, trie_pattern

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,6})(?:\.\d{1,4})?|\.\d{1,4}"
COUNT_WORDS = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "half": 0.5, "half a": 0.5, "a half": 0.5, "a": 1.0,
               "½": 0.5, "one and a half": 1.5, "one and one half": 1.5, "one-half": 0.5}  # fmt: skip
_MANY = rf"(?:{NUMBER})(?:\s?(?:-|–|to|/)\s?(?:{NUMBER})){{0,2}}"
_AMOUNT = rf"(?:\d\s\d/\d|\d\s?/\s?\d|{_MANY}|{'|'.join(sorted(map(re.escape, COUNT_WORDS), key=len, reverse=True))})"
_BEFORE = r"(?<![^\W_])(?<![.\d])"
_AFTER = r"(?![^\W_])"


@dataclass(frozen=True)
class Frequency:
    """One way to say how often; ``formula`` gives the times per day."""

    regex: re.Pattern[str]
    formula: str


@dataclass(frozen=True)
class Lexicon:
    """Everything the readers of this folder need, compiled."""

    attribute: re.Pattern[str]  # one alternation; lastgroup says which attribute
    frequencies: tuple[Frequency, ...]
    units: Mapping[str, tuple[str, str]]  # spelling -> (unit, kind)
    amount_unit: re.Pattern[str]  # a whole quantity or count, from its start
    continuation: re.Pattern[str]
    reason_end: re.Pattern[str]
    reason_not: re.Pattern[str]
    status_before: re.Pattern[str]
    status_after: re.Pattern[str]


def spaced(regex: str) -> str:
    """Let every space of an expression stand for white space."""
    return regex.replace("[- ]", r"[-\s]").replace(" ?", r"\s?").replace(" ", r"\s{1,3}")


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of a CSV file of this folder."""
    with (files(__package__) / name).open(encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _group(words: list[str]) -> str:
    return "(?:" + "|".join(spaced(w) for w in sorted(words, key=lambda w: (-len(w), w))) + ")"


def _units() -> tuple[dict[str, tuple[str, str]], list[str], list[str]]:
    units: dict[str, tuple[str, str]] = {}
    measured: list[str] = []
    counted: list[str] = []
    for row in rows("dose_units.csv"):
        for spelling in row["spellings"].split("|"):
            units[spelling] = (row["unit"], row["kind"])
            (counted if row["kind"] in ("count", "volume_spoon") else measured).append(spelling)
    return units, measured, counted


def _plain(regex: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", regex)


def _statuses(table: Mapping[str, list[str]]) -> re.Pattern[str]:
    branches = [f"(?P<{status}>{_group(words)})" for status, words in table.items()]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(branches)}){_AFTER}")


def _attribute(data: dict[str, Any], frequencies: list[dict[str, str]], measured: list[str], counted: list[str]) -> str:
    per = r"(?:\s?/\s?(?:\d{1,3}(?:\.\d)?\s?)?(?:ml|kg|hr|hour|h|min|minute|m2|dose|actuation|puff|spray|l|cc|g|tab|inh)(?![^\W_])){0,2}"  # noqa: E501
    quantity = rf"{_MANY}\s?-?{trie_pattern(measured)}{_AFTER}{per}"
    count = rf"{_AMOUNT}\s?-?(?:\(\w{{1,5}}\)\s)?{trie_pattern(counted)}(?:\(s\))?{_AFTER}"
    often = "|".join(_plain(spaced(row["regex"])) for row in frequencies)
    period = r"(?:days?|weeks?|wks?|months?|mos?|doses?|hours?|hrs?|d|years?|yrs?)"
    amount = r"(?:\d{1,3}(?:\s?(?:-|to)\s?\d{1,3})?|one|two|three|four|five|six|seven|ten|fourteen|a)"
    duration = (
        rf"(?:for|x|times|×)\s?(?:(?:the\snext|another|a\stotal\sof|up\sto|a|an\sadditional)\s)?{amount}(?:\s?more)?[\s-]?{period}{_AFTER}"
        rf"|(?<!/){amount}[\s-]{period}[\s-](?:course|supply|taper|total){_AFTER}|until\s(?:finished|gone|completed){_AFTER}"
    )
    parts = {
        "duration": duration,
        "quantity": quantity,
        "count": count,
        "route": rf"{_group(data['routes'])}{_AFTER}",  # before frequencies: "OD" is an eye first
        "frequency": rf"(?:{often}){_AFTER}",
        "prn": rf"{_group(data['prn'])}{_AFTER}",
        "form": rf"{_group(data['forms'])}{_AFTER}",
        "reason": r"for\s(?=[a-z])",
    }
    branches = "|".join(f"(?P<{name}>{regex})" for name, regex in parts.items())
    return rf"{_BEFORE}(?:{branches})|(?P<per_day>/\s?day{_AFTER})"


@cache
def lexicon() -> Lexicon:
    """Read and compile the tables, once."""
    data = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    frequencies = list(rows("frequencies.csv"))
    units, measured, counted = _units()
    return Lexicon(
        attribute=re.compile(_attribute(data, frequencies, measured, counted)),
        frequencies=tuple(
            Frequency(re.compile(f"(?:{spaced(row['regex'])}){_AFTER}"), row["per_day"]) for row in frequencies
        ),
        units=units,
        amount_unit=re.compile(rf"{_AMOUNT}\s?-?(?:\(\w{{1,5}}\)\s)?(?P<unit>{trie_pattern(units)})(?:\(s\))?{_AFTER}"),
        continuation=re.compile(rf"\s*(?:{'|'.join(spaced(w) for w in data['continuation'])})"),
        reason_end=re.compile(rf"(?<![^\W_]){_group(data['reason_end'])}{_AFTER}"),
        reason_not=re.compile(rf"(?:{_group(data['reason_not'])}){_AFTER}"),
        status_before=_statuses(data["status_before"]),
        status_after=_statuses(data["status_after"]),
    )


@dataclass(frozen=True)
class DrugNames:
    """Names and shorthand of drugs that a tagger tends to miss, by where they count (see :func:`drug_names`)."""

    always: re.Pattern[str]
    sig: re.Pattern[str]
    capitals: re.Pattern[str]


@cache
def drug_names() -> DrugNames:
    """Read and compile ``drug_names.csv``, once.

    Columns: ``when`` (always: a drug wherever it stands; sig: only beside words that say how it is taken;
    capitals: besides only as "AT"), ``name`` (spellings, lower case, ``|`` between), ``meaning`` (for the reader).

    Examples
    --------
    >>> drug_names().always.search("continue pf cosopt bid")[0], drug_names().always.search("tim cook")
    ('pf cosopt', None)
    """
    names: dict[str, list[str]] = {"always": [], "sig": [], "capitals": []}
    for row in rows("drug_names.csv"):
        names[row["when"]] += row["name"].split("|")
    edge = r"(?<![^\W_])(?<![-/'][a-z])(?<!\.)"
    return DrugNames(**{when: re.compile(edge + trie_pattern(n) + r"(?![^\W_]|'[a-z])") for when, n in names.items()})


@dataclass(frozen=True)
class AllergyLexicon:
    """Substances and reactions of allergy lists."""

    substance: re.Pattern[str]
    reactions: tuple[tuple[re.Pattern[str], str | None], ...]
    reaction: re.Pattern[str]


@cache
def allergy_lexicon() -> AllergyLexicon:
    """Read and compile the allergy tables, once."""
    names = [name for row in rows("allergens.csv") for name in (row["name"], *filter(None, row["synonyms"].split("|")))]
    table = list(rows("reactions.csv"))
    return AllergyLexicon(
        substance=re.compile(rf"(?<![^\W_]){trie_pattern(fold(n) for n in names)}{_AFTER}"),
        reactions=tuple((re.compile(spaced(row["regex"])), row["severity"] or None) for row in table),
        reaction=re.compile(rf"(?<![^\W_])(?:{'|'.join(spaced(row['regex']) for row in table)}){_AFTER}"),
    )
