"""Values without the name of their test: fishbones, "7/10 pain", "165 cm tall", "UA: protein 2+", "H/H 8.2/25"."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ....schemas.lab_tests import LabTest, lab_tests
from ..matching import trie_pattern
from .grammar import NUMBER
from .values import Written, is_plausible_value, number

_PAIR_VALUES = re.compile(rf"(?P<first>{NUMBER})[ \t]{{0,3}}/[ \t]{{0,3}}(?P<second>{NUMBER})(?![\d/]|[.]\d)")
_PAIR_GAP = re.compile(
    r"[ \t]{0,3}(?:[:=]|was|were|is|of|at|today|now|stable|remained|remains|down to|up to|[ \t]){0,4}[ \t]{0,3}"
)
_PAIR_OLDER = re.compile(
    r"[ \t]{0,3}[,(;]?[ \t]{0,3}(?:<-|←|(?:(?:which is|is|now) )?(?:down|up|decreased|increased|dropped|fell) from|from|previously|was|baseline)[ \t]{1,3}"  # noqa: E501
    r"|(?:[^\W\d_]|[ \t]){0,20},[ \t]{0,3}(?:down|up) from[ \t]{1,3}"
)


class Placed(NamedTuple):
    """A value of a test and the characters that its mention covers."""

    start: int
    end: int
    test: LabTest
    written: Written
    earlier: bool = False


class Context(NamedTuple):
    """Where names mean other tests: after "UA" and the like."""

    trigger: re.Pattern[str]
    reach: int
    names: re.Pattern[str]
    tests: Mapping[str, LabTest]


@dataclass(frozen=True)
class Panels:
    """Compiled from the tables of ``patterns.toml``."""

    pairs: re.Pattern[str]
    pair_tests: Mapping[str, tuple[LabTest, LabTest]]
    special: tuple[tuple[LabTest, str, re.Pattern[str]], ...]
    fishbones: tuple[tuple[tuple[LabTest, ...], re.Pattern[str]], ...]
    contexts: tuple[Context, ...]


@cache
def panels() -> Panels:
    """Compile everything, once."""
    data: dict[str, Any] = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    tests = lab_tests()
    return Panels(
        pairs=re.compile(rf"(?<![^\W_])(?:{trie_pattern(data['pairs'])})(?![^\W_])"),
        pair_tests={name: (tests[ids[0]], tests[ids[1]]) for name, ids in data["pairs"].items()},
        special=tuple(
            (tests[row["test"]], row["trigger"], re.compile(regex))
            for row in data["special"]
            for regex in row["regexes"]
        ),
        fishbones=tuple((tuple(tests[i] for i in row["tests"]), re.compile(row["regex"])) for row in data["fishbone"]),
        contexts=tuple(
            Context(
                re.compile(row["trigger"]),
                row["reach"],
                re.compile(rf"(?<![^\W_])(?:{trie_pattern(row['names'])})(?![^\W_])"),
                {name: tests[test] for name, test in row["names"].items()},
            )
            for row in data["context"]
        ),
    )


def fishbones(folded: str) -> Iterator[Placed]:
    """Values of drawn panels: "7.2>13.1/39.4<250", "138/4.2/101/24/18/1.1<104". All possible, or none counts."""
    for tests, regex in panels().fishbones:
        for match in regex.finditer(folded):
            read = [
                Written(number(digits), end=match.end(i), start=match.start(i), digits_end=match.end(i))
                for i, digits in enumerate(match.groups(), 1)
            ]
            if all(is_plausible_value(test, written) for test, written in zip(tests, read, strict=True)):
                for i, (test, written) in enumerate(zip(tests, read, strict=True), 1):
                    yield Placed(*match.span(i), test, written)


def specials(folded: str) -> Iterator[Placed]:
    """Values in ways of writing of their own: "pain 7/10", "165 cm tall", "96% on room air", "12 stone 4"."""
    for test, trigger, regex in panels().special:
        if trigger not in folded:
            continue
        for match in regex.finditer(folded):
            written = _special(match.groupdict(), match.end())._replace(start=match.start())
            if is_plausible_value(test, written):
                yield Placed(*match.span("name"), test, written)


def _special(groups: Mapping[str, str | None], end: int) -> Written:
    def of(name: str) -> float:
        return number(groups[name]) if groups.get(name) else 0.0  # type: ignore[arg-type]

    if groups.get("feet"):
        return Written(12 * of("feet") + of("inches"), unit="in", end=end)
    if groups.get("stones"):
        return Written(14 * of("stones") + of("pounds"), unit="lb", end=end)
    if groups.get("ounces"):
        return Written(round(of("pounds") + of("ounces") / 16, 3), unit="lb", end=end)
    high = of("high") if groups.get("high") else None
    return Written(of("value"), high, unit=groups.get("unit"), end=end)


def pairs(folded: str) -> Iterator[Placed]:
    """Two values under one name: "H/H 8.2/25, down from 9.8/30". The second value is its own mention."""
    for name in panels().pairs.finditer(folded):
        one, two = panels().pair_tests[" ".join(name[0].split())]
        gap = _PAIR_GAP.match(folded, name.end())
        found = _PAIR_VALUES.match(folded, gap.end() if gap else name.end())
        place, earlier = name.span(), False
        while found:
            first, second = (
                Written(number(found[name]), end=found.end(), start=found.start(name), digits_end=found.end(name))
                for name in ("first", "second")
            )
            if not (is_plausible_value(one, first) and is_plausible_value(two, second)):
                break
            yield Placed(*(place if not earlier else found.span("first")), one, first, earlier)
            yield Placed(*found.span("second"), two, second, earlier)
            lead = _PAIR_OLDER.match(folded, found.end(), found.end() + 45)
            found = _PAIR_VALUES.match(folded, lead.end()) if lead else None
            earlier = True


def in_context(folded: str) -> Iterator[tuple[int, int, LabTest]]:
    """Names that mean another test because of where they stand: the protein of "UA: protein 2+"."""
    for context in panels().contexts:
        for trigger in context.trigger.finditer(folded):
            line = folded.find("\n", trigger.end(), trigger.end() + context.reach)
            end = line if line >= 0 else min(len(folded), trigger.end() + context.reach)
            for name in context.names.finditer(folded, trigger.end(), end):
                yield name.start(), name.end(), context.tests[" ".join(name[0].split())]
