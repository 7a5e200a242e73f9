"""The expressions by which values beside test names are read, compiled once from ``patterns.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ....schemas.lab_tests import LabTest, lab_tests, raw_unit_spellings
from ..matching import alternation, fold, trie_pattern

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,9}(?:\.\d{1,6})?|\.\d{1,6})"
_DATE = r"(?:on[ \t])?\(?(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?:/(?:19|20)?\d\d)?\)?(?![\d/])"
_TIME = r"(?:at[ \t])?\d{1,2}:\d\d(?:[ \t]?[ap]\.?m\.?)?"
_START = r"(?<![^\W_])(?<![^\W_]-)"  # no letter or digit before, with or without a hyphen


@dataclass(frozen=True)
class Grammar:
    """Compiled expressions; all are matched on folded text except ``short_names``."""

    names: re.Pattern[str]
    short_names: re.Pattern[str]
    tests: Mapping[str, LabTest]  # folded or short name -> test
    gap: re.Pattern[str]
    score_gap: re.Pattern[str]  # "7/10" is no date there
    number: re.Pattern[str]
    pressure: re.Pattern[str]
    pair_gap: re.Pattern[str]
    pair: re.Pattern[str]
    unit: re.Pattern[str]
    result: re.Pattern[str]
    result_before: re.Pattern[str]
    feet_inches: re.Pattern[str]
    reference: re.Pattern[str]
    flag: re.Pattern[str]
    rejected: re.Pattern[str]
    name_rejected: re.Pattern[str]
    never_after: re.Pattern[str]
    threshold_after: re.Pattern[str]
    comparators: Mapping[str, str]  # words -> sign
    results: tuple[tuple[re.Pattern[str], str], ...]
    flags: tuple[tuple[re.Pattern[str], str], ...]


def _names() -> tuple[dict[str, LabTest], dict[str, LabTest]]:
    long: dict[str, LabTest] = {}
    short: dict[str, LabTest] = {}
    for test in lab_tests().values():
        for name in (test.name, *test.synonyms):
            if len(name) <= 2:
                short.setdefault(name, test)
            else:
                long.setdefault(" ".join(fold(name).split()), test)
    return long, short


def _meanings(table: Mapping[str, list[str]]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(alternation(words)), flag) for flag, words in table.items())


def _words(words: list[str]) -> str:
    return alternation([word.replace(" ", r"\s{1,3}") for word in words])


def _comparator(table: Mapping[str, list[str]]) -> tuple[str, dict[str, str]]:
    meaning = {word: sign for sign, words in table.items() for word in words}
    return trie_pattern(meaning), meaning


@cache
def grammar() -> Grammar:
    """Compile everything, once."""
    data = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    long, short = _names()
    comparator, comparators = _comparator(data["comparators"])
    words = _words(data["connectors"])
    separator = r"[ \t]{0,40}(?:[:=|]{1,2},?|[-–—]{1,2}(?=[ \t])|\.{2,60}|\t)?[ \t]{0,40}"
    bare = rf"(?:\([^()\n]{{0,20}}[a-z][^()\n]{{0,20}}\)|,?(?:{words})(?![^\W_]))"
    link = rf"(?:\([^()\n]{{0,20}}[a-z][^()\n]{{0,20}}\)|,?(?:{words}|{_DATE}|{_TIME})(?![^\W_])|\+{{1,2}})"
    gap = rf"(?:{separator}{link}[ \t]{{0,30}}\n?){{0,6}}(?:[ \t]{{0,30}}:[ \t]{{0,30}}\n)?{separator}"
    score_gap = rf"(?:{separator}{bare}[ \t]{{0,30}}\n?){{0,6}}{separator}"
    results = [word for group in data["results"].values() for word in group]
    prior = rf"(?P<prior>from[ \t]+{NUMBER}[ \t]{{0,30}}\S{{0,8}}[ \t]+to[ \t]+|(?:{NUMBER}[ \t]{{0,30}}(?:-{{1,2}}>|→|=>)[ \t]{{0,30}}){{1,5}})?"  # noqa: E501
    units = trie_pattern(fold(spelling) for spelling in raw_unit_spellings())
    after = _words(data["reject"]["after"])
    tail = r"(?:[^\W_]|[:/]\d|/[a-z]|-[a-z]|-\d)"
    return Grammar(
        names=re.compile(_START + f"(?:{trie_pattern(long)})" + r"(?![^\W_])"),
        short_names=re.compile(_START + f"(?:{trie_pattern(short)})" + r"(?![^\W_])"),
        tests={**long, **short},
        gap=re.compile(gap),
        score_gap=re.compile(score_gap),
        number=re.compile(
            rf"{prior}[ \t]{{0,30}}(?P<sign>{comparator})?[ \t]{{0,30}}(?P<value>(?<![\d.])-?{NUMBER})(?P<decade>(?<=\d0)'?s(?![^\W_]))?"  # noqa: E501
            rf"(?:[ \t]?%?[ \t]?(?:-|–|—|to)[ \t]?(?P<high>{NUMBER})(?![\d.]*[-/\d]))?"
        ),
        pressure=re.compile(
            rf"{prior}(?P<sign>{comparator})?[ \t]{{0,30}}(?P<value>\d{{2,3}})(?:s?[-–]\d{{2,3}})?'?s?[ \t]?/[ \t]?(?P<low>\d{{2,3}})"  # noqa: E501
            r"(?:s?[-–]\d{2,3})?(?![\d/]|\.\d)(?:'?s(?![^\W_]))?"
        ),
        pair_gap=re.compile(r"[ \t]{0,3}(?:/|&|and\b|-)[ \t]{0,3}(?:the\s)?"),
        pair=re.compile(
            rf"(?P<first>{NUMBER})[ \t]{{0,30}}(?P<unit1>{units})?[ \t]{{0,30}}(?:/|and|&)[ \t]{{0,30}}(?P<second>{NUMBER})(?![\d/])"  # noqa: E501
        ),
        unit=re.compile(rf"[ \t]{{0,3}}-?(?P<unit>{units})(?![^\W_]|/[a-z])"),
        result=re.compile(rf"(?P<text>{_words(results)})(?![^\W_]|-[a-z])"),
        result_before=re.compile(rf"(?<![^\W_])(?P<text>{_words(results)})\s{{1,3}}(?:serum\s)?$"),
        feet_inches=re.compile(
            r"(?P<feet>[3-7])[ \t]?(?:'|′|ft\.?|feet|foot)[ \t,]*(?P<inches>\d{1,2}(?:\.\d)?)[ \t]?(?:\"|″|''|in\.?|inches)?"  # noqa: E501
        ),
        reference=re.compile(
            rf"[ \t]{{0,3}}(?P<open>[(\[|\t]|[ \t]{{2}}|(?=ref|normal|nl\b))[ \t]{{0,30}}(?:(?:ref(?:erence)?|normal|nl)(?:\s(?:range|interval))?:?[ \t]{{0,3}})?"  # noqa: E501
            rf"(?:(?P<low>{NUMBER})[ \t]?(?:-|–|—|to)[ \t]?(?P<high>{NUMBER})|(?P<sign><=?|>=?|≤|≥)[ \t]?(?P<limit>{NUMBER}))"  # noqa: E501
            rf"[ \t]{{0,30}}(?P<unit>{units})?[ \t]{{0,30}}[)\]|]?(?![^\W_]|/\d)"
        ),
        flag=re.compile(
            rf"[ \t|,;]*[(\[]?(?P<flag>{alternation([w for group in data['flags'].values() for w in group])})[)\]]?(?![^\W_]|[/&.]\w|[-'])"  # noqa: E501
        ),
        rejected=re.compile(rf"{tail}|[ \t]{{0,30}}(?:-[ \t]?)?{after}(?![^\W_]|/)"),
        name_rejected=re.compile(rf"(?:[ \t]{{1,3}}|-){_words(data['reject']['name_after'])}(?![^\W_])|-[a-z]"),
        never_after=re.compile(rf"(?<![^\W_]){_words(data['not_after']['always'])}[\s-]{{1,3}}(?:an?\s|the\s)?$"),
        threshold_after=re.compile(rf"(?<![^\W_]){_words(data['not_after']['thresholds'])}\s{{1,3}}$"),
        comparators=comparators,
        results=_meanings(data["results"]),
        flags=_meanings(data["flags"]),
    )
