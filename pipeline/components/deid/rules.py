"""Patterns of identifiers: the expressions are data (``patterns.toml``), the checks of their matches are here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .identifiers import Identifier, IdentifierKind
from .tokens import fold, tokenize, word_flags, word_set

_MONTHS, _DAYS = 12, 31
_STRONG_TITLES = re.compile(
    r"(?i)(?:drs?|mrs?|ms|mx|miss|prof|professor|doctor|se[ñn]or\w*|herr|frau|mme|mlle|baby \w+)\b"
)


@dataclass(frozen=True)
class Pattern:
    """A compiled row of ``patterns.toml``."""

    name: str
    kind: IdentifierKind
    score: float
    regex: re.Pattern[str]
    check: Callable[[re.Match[str], str], bool]


def find_by_rules(text: str) -> Iterator[Identifier]:
    """All matches of all patterns; they may overlap.

    Examples
    --------
    >>> [(text, i.kind.value) for text in ["seen 3/4/2019"] for i in find_by_rules(text)]
    [('seen 3/4/2019', 'DATE')]
    """
    for pattern in patterns():
        for match in pattern.regex.finditer(text):
            start, end = _span(match)
            if end > start and pattern.check(match, text[start:end]):
                yield Identifier(start, end, pattern.kind, pattern.score, pattern.name)


def _span(match: re.Match[str]) -> tuple[int, int]:
    for group in ("x", "y", "z"):
        if match.groupdict().get(group) is not None:
            return match.span(group)
    start, end = match.span()
    shown = match.group()
    return start + len(shown) - len(shown.lstrip()), end - (len(shown) - len(shown.rstrip(" \n,")))


@cache
def patterns() -> tuple[Pattern, ...]:
    """The patterns, compiled once."""
    data = tomllib.loads(files(__package__).joinpath("patterns.toml").read_text(encoding="utf-8"))
    lists: dict[str, str] = data["lists"]
    names = re.compile(r"\{(" + "|".join(lists) + r")\}")

    def expand(text: str) -> str:
        while names.search(text):
            text = names.sub(lambda m: lists[m.group(1)], text)
        return text

    return tuple(
        Pattern(
            row["name"],
            IdentifierKind(row["kind"]),
            row["score"],
            re.compile(expand(row["regex"]), re.VERBOSE | (re.NOFLAG if row.get("case") else re.IGNORECASE)),
            _CHECKS[row["check"]] if "check" in row else _always,
        )
        for row in data["pattern"]
    )


@cache
def _generic() -> frozenset[str]:
    return frozenset(_lines("generic_institutions.txt"))


def _lines(name: str) -> list[str]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _always(match: re.Match[str], found: str) -> bool:
    return True


def _day_and_month(match: re.Match[str], found: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", found)[:2]]
    low, high = min(numbers), max(numbers)
    return 0 < low <= _MONTHS and high <= _DAYS


def _has_digit(match: re.Match[str], found: str) -> bool:
    if re.fullmatch(r"\d+\.\d+|\d{1,3}[MF]", found):  # a measurement, an age: "PT 12.1", "ID: 84F"
        return False
    return len(re.findall(r"\d", found)) >= 2 or bool(re.match(r"(?i)id\b", match.group()))


def _no_range(match: re.Match[str], found: str) -> bool:
    parts = found.split("-")
    return len(parts) > 2 or sum(len(part) for part in parts) >= 7


def _not_a_dose(match: re.Match[str], found: str) -> bool:
    words = found.split()
    middle = words[1:-1]
    kind = re.sub(r"\W", "", words[-1]).lower()
    if any(word.lower() in word_set("not in streets") for word in middle):
        return False
    capitals = [word for word in words[1:] if word[:1].isupper() or word[:1].isdigit()]
    return bool(capitals) if kind not in word_set("weak streets") else len(capitals) >= min(2, len(words) - 1)


def _not_generic(match: re.Match[str], found: str) -> bool:
    words = [word for word in re.findall(r"[\w'’&-]+", found.lower()) if word not in ("the", "of", "and", "de", "&")]
    return any(word not in _generic() for word in words)


def _word_after_title(match: re.Match[str], found: str) -> bool:
    first = re.match(r"[^\W\d_]+", found)
    if first is None:
        return False
    word = fold(first.group())
    if _STRONG_TITLES.match(match.group()):
        return word not in word_set("not after titles") or first.group().istitle()
    flags = word_flags().get(word, "")
    return (("f" in flags or "s" in flags) and "w1" not in flags) or not flags


def _heading_value(match: re.Match[str], found: str) -> bool:
    """A name stands after the heading, not a word of the language: "Anesthesia: General"."""
    lists = word_flags()
    for token in tokenize(found):
        if token.text.isalpha() and len(token.text) > 1:
            flags = lists.get(fold(token.text), "")
            if not flags or (("f" in flags or "s" in flags) and not re.search("w[12]", flags)):
                return True
    return False


def _surely_a_name(match: re.Match[str], found: str) -> bool:
    """Every word may be a name, and one is on no list but those of names, or on none at all."""
    sure = False
    for token in tokenize(found):
        word = fold(token.text)
        if not token.text.isalpha() or len(word) == 1:
            continue
        if word in word_set("titles"):
            return False
        flags = word_flags().get(word, "")
        if re.search("w[12]", flags) or ("m" in flags and not re.search("[fs][1234]", flags)):
            return False
        sure |= not re.search("w[123]|m", flags) and ("f" in flags or "s" in flags or (not flags and len(word) > 3))
    return sure and not found.isupper()


def _listed_place(match: re.Match[str], found: str) -> bool:
    """Every word is a town's, country's or region's and no other word."""
    words = [fold(t.text) for t in tokenize(found) if t.text.isalpha()]
    flags = [word_flags().get(word, "") for word in words]
    return all(len(word) > 3 for word in words) and all(
        re.search("[cg]", flag) and not re.search("w|m", flag) for flag in flags
    )


def _a_year(match: re.Match[str], found: str) -> bool:
    """Not a count, a dose or a time: what stands before is neither an abbreviation nor a medical word."""
    word = match.group("y")
    if word is None:
        return True
    flags = word_flags().get(fold(word), "")
    return (
        not (word.isupper() and len(word) > 1)
        and word.lower() not in ("at", "to", "of")
        and not ("m" in flags and "w1" not in flags)
    )


def _follows_a_name(match: re.Match[str], found: str) -> bool:
    return _listed_name(match, re.split(r",", match.group())[0])


def _name_of_a_relative(match: re.Match[str], found: str) -> bool:
    """After "her son" a capital makes even a word a name; medicine and headings are none."""
    flags = [word_flags().get(fold(t.text), "") for t in tokenize(found) if t.text.isalpha() and len(t.text) > 1]
    if not flags or found.isupper() or fold(found.split()[0].rstrip(".")) in word_set("titles"):
        return False
    if match.group()[0].isupper():  # at the start of a sentence, or a heading: "Mother: Hypertension"
        return _surely_a_name(match, found)
    return not any("m" in f and not re.search("f[12]|s1", f) for f in flags)


def _listed_name(match: re.Match[str], found: str) -> bool:
    """As above, and every word is on a list of names: brands of dressings and the like are on none."""
    words = [fold(token.text) for token in tokenize(found) if token.text.isalpha() and len(token.text) > 1]
    if any(word in word_set("never alone") for word in words):
        return False
    return _surely_a_name(match, found) and all(re.search("[fs][1-4]", word_flags().get(word, "")) for word in words)


def _listed_name_any_case(match: re.Match[str], found: str) -> bool:
    return _listed_name(match, found.title())


def _initials(match: re.Match[str], found: str) -> bool:
    """No word of the language, whatever its case."""
    word = fold(re.sub(r"[^\w]", "", found))
    return word not in word_set("no initials") and not re.search("w[12]", word_flags().get(word, ""))


def _an_organization(match: re.Match[str], found: str) -> bool:
    """Not a ward, a form of treatment or a word: some word is no word of running text, or is a name."""
    words = [fold(token.text) for token in tokenize(found) if token.text.isalpha() and len(token.text) > 1]
    flags = [word_flags().get(word, "") for word in words if word not in _generic()]
    return any(not re.search("w[12]|m", f) or re.search("[fsc][1-3]?", f) for f in flags) and bool(flags)


def _a_place(match: re.Match[str], found: str) -> bool:
    """Some word is a town's or country's, and is not a word of the language or of medicine."""
    flags = [word_flags().get(fold(t.text), "") for t in tokenize(found) if t.text.isalpha() and len(t.text) > 2]
    return any(re.search("[cgp]", f) and not re.search("w[123]|m", f) for f in flags)


_CHECKS: dict[str, Callable[[re.Match[str], str], bool]] = {
    "day_and_month": _day_and_month,
    "has_digit": _has_digit,
    "no_range": _no_range,
    "not_a_dose": _not_a_dose,
    "not_generic": _not_generic,
    "not_a_word_after_title": _word_after_title,
    "not_a_heading_value": _heading_value,
    "surely_a_name": _surely_a_name,
    "listed_name": _listed_name,
    "listed_name_any_case": _listed_name_any_case,
    "listed_place": _listed_place,
    "a_year": _a_year,
    "follows_a_name": _follows_a_name,
    "name_of_a_relative": _name_of_a_relative,
    "initials": _initials,
    "an_organization": _an_organization,
    "a_place": _a_place,
}
