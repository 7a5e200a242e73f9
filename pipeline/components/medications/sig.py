"""Read a prescription: from the stretch of text that belongs to one drug to a :class:`MedicationDetail`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from .dosing import first_number, times_per_day, unit_of
from .lexicon import lexicon

MAX_GAP = 45  # characters between two parts of one prescription
MAX_GAP_REASON = 70
_STOP = re.compile(r"[.!?](?=\s+[A-Z])|;|\n\s*(?:\d{1,2}[.)]|[-*•])\s")
_ANOTHER_NAME = re.compile(r"(?:,|\band)\s+[A-Z][a-z]\w{2,}")
_OF_DRUG = re.compile(
    r"[\s-]*(?:(?:dose|doses|course|trial|tablets?|injections?|infusion|bolus|drip)\s)?(?:of\s)?(?:the\s)?$"
)
_MASS_KINDS = ("mass", "activity", "amount", "ratio", "volume")


class Part(NamedTuple):
    """One attribute in the text."""

    kind: str
    start: int
    end: int


def parts_after(text: str, folded: str, start: int, end: int) -> list[Part]:
    """Parts of the prescription that follows a drug between ``start`` and ``end``.

    Stops at the end of the sentence, and where too much else stands in between.
    """
    found: list[Part] = []
    at = start
    for match in lexicon().attribute.finditer(folded, start, end):
        if match.start() < at:
            continue
        gap = text[at : match.start()]
        kind = _kind(match)
        if len(gap) > (MAX_GAP_REASON if kind in ("reason", "prn") else MAX_GAP) or _STOP.search(
            text, max(at - 1, start), match.start() + 1
        ):
            break
        if kind == "quantity" and any(part.kind == kind for part in found) and _ANOTHER_NAME.search(gap):
            break  # "10 mg and CellCept 500 mg": the dose of a drug that nobody marked
        stop = match.end()
        if kind == "reason":
            stop = _reason_end(folded, match.end(), end)
            if stop == match.end():
                continue
        found.append(Part(kind, match.start(), stop))
        at = stop
        if kind == "prn" and (reason := _prn_reason(folded, at, end)):
            found.append(reason)
            at = reason.end
    return found


def _kind(match: re.Match[str]) -> str:
    return "frequency" if match.lastgroup == "per_day" else str(match.lastgroup)


def parts_before(text: str, folded: str, start: int, end: int) -> list[Part]:
    """Parts that stand right before a drug: "40 mg of", "IV", "two puffs of"."""
    found = [
        Part(_kind(m), m.start(), m.end())
        for m in lexicon().attribute.finditer(folded, max(start, end - 60), end)
        if m.lastgroup != "reason"
    ]
    chain: list[Part] = []
    at = end
    for part in reversed(found):
        gap = text[part.end : at]
        if not (_OF_DRUG.fullmatch(gap) if at == end else re.fullmatch(r"\s*(?:of\s)?", gap)):
            break
        chain.insert(0, part)
        at = part.start
    return chain


def _reason_end(folded: str, start: int, end: int) -> int:
    """Where the reason after "for" ends; ``start`` if there is none."""
    if lexicon().reason_not.match(folded, start):
        return start
    stop = re.compile(r"[.,;:()\n\[\]|/0-9]|\s-\s").search(folded, start, min(end, start + 60))
    limit = stop.start() if stop else min(end, start + 60)
    for word in lexicon().reason_end.finditer(folded, start, limit):
        limit = word.start()
        break
    words = re.match(r"\S+(?:\s+\S+){0,4}", folded[start:limit])
    return start + len(words[0].rstrip()) if words else start


def _prn_reason(folded: str, at: int, end: int) -> Part | None:
    """The words after "prn": "prn wheezing"."""
    match = re.compile(r"\s{0,3}(?:\(|for\s)?(?=[a-z])").match(folded, at, end)
    if match is None or match.end() == at:
        return None
    if lexicon().attribute.match(folded, match.end()):
        return None
    stop = _reason_end(folded, match.end(), end)
    return Part("prn_reason", match.end(), stop) if stop > match.end() else None


def detail_fields(text: str, parts: Iterable[Part]) -> dict[str, Any]:
    """Fields of :class:`MedicationDetail` that the parts say.

    The dose is what is taken each time: the count ("1/2 tab") where there is one, with the amount as strength, else
    the amount itself. ``dose_value`` and ``dose_unit`` multiply the two where both are known: half of 25 mg.
    """
    by_kind: dict[str, list[Part]] = {}
    for part in parts:
        by_kind.setdefault(part.kind, []).append(part)
    if _is_once_daily(text, by_kind):
        by_kind["frequency"] = by_kind.pop("route")
    fields: dict[str, Any] = {}
    words = {kind: _words(text, group[0].start, group[0].end) for kind, group in by_kind.items()}
    for kind in ("form", "route", "duration"):
        if kind in words:
            fields[kind] = words[kind]
    if "duration" in words:
        fields["duration"] = re.sub(r"^(?:for|times|[x×])\s*", "", words["duration"], flags=re.IGNORECASE)
    fields.update(_dose(text, by_kind))
    fields.update(_frequency(text, by_kind.get("frequency", [])))
    if "prn" in by_kind:
        fields["prn"] = True
    if "prn_reason" in words:
        fields["reason"] = words["prn_reason"]
    elif "reason" in words:
        fields["reason"] = re.sub(
            r"^for\s+(?:(?:his|her|their|the|a|an|my|your)\s)?", "", words["reason"], flags=re.IGNORECASE
        )
    return fields


def _words(text: str, start: int, end: int) -> str:
    """Words of the note without the full stop of their sentence; "p.o." keeps its own."""
    words = text[start:end].strip()
    return words[:-1].rstrip() if words.endswith(".") and words.count(".") == 1 else words


def _is_once_daily(text: str, by_kind: dict[str, list[Part]]) -> bool:
    """ "OD" is the right eye, but after a dose in milligrams once daily."""
    if "frequency" in by_kind or "quantity" not in by_kind or len(by_kind.get("route", ())) != 1:
        return False
    route, quantity = by_kind["route"][0], by_kind["quantity"][0]
    unit = unit_of(text[quantity.start : quantity.end])
    return text[route.start : route.end].lower().rstrip(".") in ("od", "o.d") and unit is not None and unit[1] == "mass"


def _dose(text: str, by_kind: dict[str, list[Part]]) -> dict[str, Any]:
    quantities, counts = by_kind.get("quantity", []), by_kind.get("count", [])
    fields: dict[str, Any] = {}
    quantity = _words(text, *_current(text, quantities)[1:]) if quantities else None
    count = _words(text, counts[0].start, counts[0].end) if counts else None
    amount, unit = (first_number(quantity), unit_of(quantity)) if quantity else (None, None)
    number, thing = (first_number(count), unit_of(count)) if count else (None, None)
    if count is not None:
        fields["dose"] = count
        fields["strength"] = quantity
        if thing is not None and "form" not in by_kind and thing[1] == "count":
            fields["form"] = thing[0]
    elif quantity is not None:
        fields["dose"] = quantity
        if "form" in by_kind:
            fields["strength"] = quantity
    if amount is not None and unit is not None and unit[1] in _MASS_KINDS and "/" not in (quantity or ""):
        if (
            number is not None
            and thing is not None
            and thing[0] in ("tablet", "capsule", "suppository", "patch", "packet")
        ):
            fields["dose_value"], fields["dose_unit"] = round(amount * number, 6), unit[0]
            return fields
        if count is None:
            fields["dose_value"], fields["dose_unit"] = amount, unit[0]
            return fields
    if number is not None and thing is not None:
        fields["dose_value"], fields["dose_unit"] = number, thing[0]
    elif amount is not None and unit is not None and " / " in unit[0]:
        fields["dose_value"], fields["dose_unit"] = amount, unit[0]
    return fields


def _current(text: str, quantities: list[Part]) -> Part:
    """The dose that holds now: the second of "increased from 20 mg to 40 mg"."""
    for first, second in itertools.pairwise(quantities):
        if re.fullmatch(r"\s*(?:daily\s|bid\s)?(?:to|->|-->|→)\s*", text[first.end : second.start], re.IGNORECASE):
            return second
    return quantities[0]


def _frequency(text: str, group: list[Part]) -> dict[str, Any]:
    if not group:
        return {}
    first = group[0]
    words = _words(text, first.start, first.end)
    per_day = times_per_day(words)
    if len(group) > 1:
        between = text[first.end : group[1].start].strip().lower()
        second = text[group[1].start : group[1].end]
        if between in ("and", "&", "+") and per_day == 1 and times_per_day(second) == 1:
            return {"frequency": _words(text, first.start, group[1].end), "frequency_per_day": 2.0}
        if between in ("", ","):
            words = _words(text, first.start, group[1].end)
            per_day = per_day if per_day is not None else times_per_day(second)
    fields: dict[str, Any] = {"frequency": words}
    if per_day is not None:
        fields["frequency_per_day"] = per_day
    return fields
