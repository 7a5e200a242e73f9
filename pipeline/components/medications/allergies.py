"""Read allergies: lists under a heading, and statements in prose."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....schemas.annotation import AllergyDetail
from .lexicon import allergy_lexicon

NONE_KNOWN = re.compile(
    r"(?<![^\W_])(?:n\.?k\.?d\.?a|n\.?k\.?a|no\s(?:known\s|true\s|other\s|reported\s)*(?:drug\s|medication\s|medicine\s|food\s|environmental\s|latex\s)*"
    r"allerg(?:y|ies)|none(?:\sknown|\sreported)?|denies(?:\sany)?\s(?:known\s)?(?:drug\s|medication\s)?allerg(?:y|ies)|not\sallergic)(?![^\W_])"
)
_ITEM_END = re.compile(r"[;\n]|\.(?=\s|$|,)|,(?![^()]{0,40}\))|\s(?:and|&|plus)\s(?![^()]{0,40}\))")
_TOLERATED = re.compile(
    r"(?<![^\W_])(?:no|not|denies|denied|tolerat\w+|without|negative\sfor|never|can\stake|ok\swith|except|nor|ruled\sout)(?![^\W_])"
)
_SEVERITY = re.compile(r"(?<![^\W_])(mild|moderate|severe|life[- ]threatening|serious)(?![^\W_])")
_CUE = (
    r"(?:allergic(?:\sreactions?)?\sto|allerg(?:y|ies)\s(?:to|include[sd]?|are|is|of|listed\s(?:as|to))|sensitiv(?:e|ity)\sto|hypersensitiv(?:e|ity)\sto|intoleran(?:t|ce)s?\s(?:to|of)|"
    r"does\snot\stolerate|cannot\stolerate|anaphyla\w+\s(?:to|with|from|after)|adverse\sreactions?\sto|(?:rash|hives|angioedema)\s(?:to|with))"
)
_BEFORE_CUE = re.compile(rf"(?<![^\W_]){_CUE}(?![^\W_])")
_AFTER_CUE = re.compile(
    r"[\s-]{1,3}(?:(?:drug|antibiotic)\s)?(?:allerg(?:y|ies|ic)|intoleran(?:ce|t)|hypersensitivity)(?![^\W_])(?!\s(?:was|is|has been|were)\s(?:ruled|excluded))"  # noqa: E501
)
_CHAIN = re.compile(
    r"[\s,;/&]*(?:\([^()]{0,60}\)|\[[^\[\]]{0,60}\])?[\s,;/&]*(?:(?:and|or|as\swell\sas|nor)\s)?(?:to\s)?"
)
_FAMILY = re.compile(
    r"(?<![^\W_])(?:mother|father|brother|sister|son|daughter|wife|husband|family|parents?)(?:'s)?(?![^\W_])[^.;\n]{0,30}$"
)
_REACTION_LEAD = re.compile(
    r"[\s:)-]*(?:[(\[]|[-–—:=]+|,?\s*(?:which\s|that\s|it\s)?(?:caus(?:es|ed|ing)|gives?|gave|gets|got|with|resulting\sin|manifest\w*\s(?:as|by)|produc\w+|develop\w+|reaction(?:\sis|\swas)?:?|leads?\sto|due\sto|-+>)\s?(?:(?:her|him|the\spatient|a|an)\s)?)*\s*"
)
_NEGATED_BEFORE = re.compile(
    r"(?<![^\W_])(?:no|not|denies|denied|without|never|negative\sfor|nor|n't|nt)\s(?:\w+\s){0,3}$"
)


class Allergy(NamedTuple):
    """A substance with its reaction. ``start`` and ``end`` are those of the substance."""

    start: int
    end: int
    detail: AllergyDetail


def _detail(text: str, folded: str, start: int, end: int) -> AllergyDetail:
    """Reaction and severity within a stretch."""
    found = [
        m
        for m in allergy_lexicon().reaction.finditer(folded, start, end)
        if not _NEGATED_BEFORE.search(folded[start : m.start()])
    ]
    severity: str | None = None
    if match := _SEVERITY.search(folded, start, end):
        severity = match[1] if match[1] in ("mild", "moderate") else "severe"
    for m in found:
        severity = severity or next((s for regex, s in allergy_lexicon().reactions if regex.fullmatch(m[0])), None)
    if not found:
        return AllergyDetail(severity=severity)  # type: ignore[arg-type]
    reaction = (
        text[found[0].start() : found[0].end()]
        if len(found) == 1
        else ", ".join(text[m.start() : m.end()] for m in found)
    )
    return AllergyDetail(reaction=" ".join(reaction.split()), severity=severity)  # type: ignore[arg-type]


def listed(text: str, folded: str, start: int, end: int, drugs: Sequence[tuple[int, int]]) -> Iterator[Allergy]:
    """Allergies of a list such as "Penicillin (rash), sulfa - hives; NKDA".

    Parameters
    ----------
    text, folded
        The note, and the same folded.
    start, end
        Where the list stands.
    drugs
        Places of the drug mentions, sorted: they count as substances beside those of the table.
    """
    at = start
    items: list[tuple[int, int]] = []
    for match in _ITEM_END.finditer(folded, start, end):
        items.append((at, match.start()))
        at = match.end()
    items.append((at, end))
    last: list[Allergy] = []
    for begin, stop in items:
        substances = _substances(folded, begin, stop, drugs)
        if NONE_KNOWN.search(folded, begin, stop):
            substances = []
        substances = [s for s in substances if not _TOLERATED.search(folded, begin, s[0])]
        if not substances and last and _only_reaction(folded, begin, stop):  # "Penicillin, hives and itching"
            last[-1] = last[-1]._replace(detail=_detail(text, folded, last[-1].end, stop))
            continue
        for i, (s, e) in enumerate(substances):
            until = (
                substances[i + 1][0]
                if i + 1 < len(substances) and _detail(text, folded, e, substances[i + 1][0]).reaction
                else stop
            )
            last.append(Allergy(s, e, _detail(text, folded, e, until) if until > e else AllergyDetail()))
    yield from last


def within(places: Sequence[tuple[int, int]], start: int, end: int) -> Sequence[tuple[int, int]]:
    """Those of the sorted places that begin in a stretch."""
    return places[bisect_left(places, (start, 0)) : bisect_left(places, (end, 0))]


def _only_reaction(folded: str, start: int, end: int) -> bool:
    match = allergy_lexicon().reaction.search(folded, start, end)
    return match is not None and len(folded[start:end].split()) <= 4


def _substances(folded: str, start: int, end: int, drugs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found = [place for place in within(drugs, start, end) if place[1] <= end]
    for match in allergy_lexicon().substance.finditer(folded, start, end):
        if all(match.end() <= s or match.start() >= e for s, e in found):
            found.append((match.start(), match.end()))
    return sorted(found)


def stated(text: str, folded: str, drugs: Sequence[tuple[int, int]]) -> Iterator[Allergy]:
    """Allergies stated in prose: "allergic to penicillin (anaphylaxis)", "PCN allergy: hives"."""
    if (
        "allerg" not in folded
        and "toler" not in folded
        and "sensitiv" not in folded
        and "anaphyla" not in folded
        and "reaction" not in folded
    ):
        return
    for cue in _BEFORE_CUE.finditer(folded):
        lead = folded[max(0, cue.start() - 40) : cue.start()]
        if _NEGATED_BEFORE.search(_clause(lead)) or _FAMILY.search(lead):
            continue
        yield from _chain(text, folded, cue.end(), drugs)
    for cue in _AFTER_CUE.finditer(folded):
        end = cue.start()
        before = _substances(folded, max(0, end - 40), end, drugs)
        if not before or before[-1][1] != end:
            continue
        start, stop = before[-1]
        lead = folded[max(0, start - 40) : start]
        if not (_NEGATED_BEFORE.search(_clause(lead)) or _FAMILY.search(lead)):
            yield Allergy(start, stop, _reaction_after(text, folded, cue.end()))


def _clause(lead: str) -> str:
    return re.split(r"[.;\n]|\bbut\b", lead)[-1]


def _chain(text: str, folded: str, at: int, drugs: Sequence[tuple[int, int]]) -> Iterator[Allergy]:
    """Substances one after another, each with its reaction."""
    end = min(len(folded), at + 300)
    places = _substances(folded, at, end, drugs)
    lead = re.compile(
        r"[\s:]*(?:(?:the|all|any|both|oral|iv|multiple\smedications\sincluding|medications\sincluding)\s)*"
    )
    first = lead.match(folded, at)
    expected = first.end() if first else at
    for i, (start, stop) in enumerate(places):
        if (i and not _linked(folded, expected, start)) or (not i and start > expected):
            return
        detail = _reaction_after(text, folded, stop)
        yield Allergy(start, stop, detail)
        expected = stop


def _linked(folded: str, end: int, start: int) -> bool:
    return start - end < 80 and _CHAIN.fullmatch(folded, end, start) is not None


def _reaction_after(text: str, folded: str, at: int) -> AllergyDetail:
    lead = _REACTION_LEAD.match(folded, at)
    if lead is None or not lead[0].strip():
        return AllergyDetail()
    stop = re.compile(r"[.;\n)\]]|,(?!\s(?:hives|rash|itching|swelling|nausea|vomiting))").search(
        folded, lead.end(), lead.end() + 80
    )
    return _detail(text, folded, lead.end(), stop.start() if stop else min(len(folded), lead.end() + 80))
