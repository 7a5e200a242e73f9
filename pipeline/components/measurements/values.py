"""Read the value that stands beside a test's name, and judge it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ....schemas.annotation import Measurement
from ....schemas.lab_tests import LabTest, ReferenceRange, lab_tests
from .grammar import Grammar, grammar

DIASTOLIC = "CGTEST:diastolic_blood_pressure"
PRESSURE = "CGTEST:blood_pressure"
_LOW = frozenset({"low", "critical_low"})
_HIGH = frozenset({"high", "critical_high"})
_OF_TOTAL = re.compile(r"[ \t]?/[ \t]?(?:10|15|21|27|30|42)(?![\d/])|[ \t]out of[ \t](?:10|15|21|27|30|42)\b")
_OTHER_UNITS = frozenset({"kg", "cm", "lb", "lbs", "pounds", "inches", "mm", "mmhg", "mg/dl", "mmol/l", "meq/l"})
_GRADE = re.compile(r"[1-4]\+")  # "protein 2+"
_GOAL = re.compile(
    r"[ \t]{0,3}\(?(?:goal|target|therapeutic range|goal range)[ \t:=of]{0,6}[<>≤≥]?=?[ \t]?\d+(?:\.\d+)?(?:[ \t]?(?:-|to)[ \t]?\d+(?:\.\d+)?)?%?\)?"  # noqa: E501
    r"[,;:]?(?=[ \t])"
)
_PHONE = re.compile(r"\d{3}[-. ]\d{3,4}(?:[-. ]\d{4})?(?!\d)(?<=\d{4})")


class Patient(NamedTuple):
    """Whose values they are, as far as the note says."""

    sex: str | None = None
    age: float | None = None
    pregnant: bool = False


NOBODY = Patient()


class Written(NamedTuple):
    """What the note says: numbers and words as they stand there."""

    value: float | None = None
    value_high: float | None = None
    text: str | None = None
    sign: str = "="
    unit: str | None = None
    reference: tuple[float | None, float | None] | None = None
    flag: str | None = None
    end: int = 0
    start: int = 0  # of the digits themselves, where the value has a number
    digits_end: int = 0
    prior: tuple[int, int] | None = None  # where older values of a trend stand, before this one


def number(text: str) -> float:
    """Read a number with or without thousands separators."""
    return float(text.replace(",", ""))


def read_value(text: str, folded: str, name_start: int, name_end: int, test: LabTest | None) -> Written | None:
    """Read what follows a test's name, or None if no value of that test does.

    Parameters
    ----------
    text, folded
        The note, and the same folded (:func:`..matching.fold`).
    name_start, name_end
        Where the name stands.
    test
        Which test it is; None for one that is not in the table: then any unit will do.
    """
    g = grammar()
    if g.name_rejected.match(folded, name_end):
        return None
    if name_end - name_start <= 3 and folded.startswith(". ", name_end):
        name_end += 1  # "Cr. 2.0"
    if goal := _GOAL.match(folded, name_end):
        name_end = goal.end()  # "INR goal 2-3, today 3.8"
    gap = (g.score_gap if test is not None and test.kind == "score" else g.gap).match(folded, name_end)
    at = gap.end() if gap else name_end
    before = folded[max(0, name_start - 30) : name_start]
    if test is not None and test.test_id == PRESSURE and (pressure := g.pressure.match(folded, at)):
        return _tail(text, folded, pressure.end(), test, _pressure(g, pressure))
    if test is not None and "ft" in test.conversions and (height := g.feet_inches.match(folded, at)):
        inches = 12 * number(height["feet"]) + number(height["inches"])
        return Written(value=inches, unit="in", end=height.end())
    found = g.number.match(folded, at)
    if found is None or _GRADE.match(folded, at):
        return _result(g, folded, at)
    sign = g.comparators[" ".join(found["sign"].split())] if found["sign"] else "="
    if sign != "=" and g.threshold_after.search(before):
        return None
    if found["high"] and number(found["high"]) < number(found["value"]):  # "41 to 33" is a trend, no range
        at = found.start("high")
        trend = Written(number(found["high"]), start=at, digits_end=found.end("high"), prior=found.span("value"))
        return _tail(text, folded, found.end(), test, trend)
    high = number(found["high"]) if found["high"] else number(found["value"]) + 9 if found["decade"] else None
    written = Written(number(found["value"]), high, sign=sign, prior=_prior(found))
    written = written._replace(start=found.start("value"), digits_end=found.end("value"))
    if _PHONE.match(folded, found.start("value")) or _is_list_number(
        folded, found.start("value"), found["value"], bool(gap and gap[0].strip())
    ):
        return None
    return _tail(text, folded, found.end(), test, written)


def _pressure(g: Grammar, match: re.Match[str]) -> Written:
    sign = g.comparators[" ".join(match["sign"].split())] if match["sign"] else "="
    return Written(number(match["value"]), number(match["low"]), sign=sign, prior=_prior(match))


def _prior(match: re.Match[str]) -> tuple[int, int] | None:
    return match.span("prior") if match["prior"] else None


def _is_list_number(folded: str, start: int, digits: str, has_gap: bool) -> bool:
    """True for the "2" in "1. Potassium 2. Sodium"."""
    if has_gap or not digits.isdigit() or not 1 < int(digits) < 40:
        return False
    if not re.match(r"[.)][ \t]{1,4}[a-z]", folded[start + len(digits) : start + len(digits) + 6]):
        return False
    return re.search(rf"(?<!\d){int(digits) - 1}[.)][ \t]", folded[max(0, start - 200) : start]) is not None


def _result(g: Grammar, folded: str, at: int) -> Written | None:
    found = g.result.match(folded, at)
    if found is None:
        return None
    return Written(text=found["text"], flag=_meaning(g.results, found["text"]), end=found.end())


def result_before(folded: str, name_start: int) -> Written | None:
    """Read a result in words before a name: "elevated troponin"."""
    found = grammar().result_before.search(folded, max(0, name_start - 30), name_start)
    if found is None:
        return None
    return Written(text=found["text"], flag=_meaning(grammar().results, found["text"]), end=name_start)


def _meaning(table: tuple[tuple[re.Pattern[str], str], ...], words: str) -> str | None:
    folded = " ".join(words.split())
    return next((flag for regex, flag in table if regex.fullmatch(folded)), None)


def _tail(text: str, folded: str, at: int, test: LabTest | None, written: Written) -> Written | None:
    """Read unit, reference range and the laboratory's flag, in any order; None if it is no value after all."""
    g = grammar()
    if test is not None and test.kind == "score" and (total := _OF_TOTAL.match(folded, at)):
        return written._replace(end=total.end())
    for _ in range(4):
        unit = None if written.unit else g.unit.match(folded, _cell(folded, at))
        if unit and (test is None or test.unit_named(unit["unit"])) and _unit_ends_well(folded, unit):
            written = written._replace(unit=text[unit.start("unit") : unit.end("unit")])
            at = unit.end()
        elif (flag := g.flag.match(folded, at)) and not (written.flag or _is_capital_word(text, flag)):
            written = written._replace(flag=_meaning(g.flags, flag["flag"]))
            at = flag.end()
        elif (reference := g.reference.match(folded, at)) and not written.reference:
            written = written._replace(reference=_limits(reference))
            at = reference.end()
        else:
            break
    if written.unit is None and written.reference is None and _is_something_else(text, folded, at):
        return None
    return written._replace(end=at)


def _is_something_else(text: str, folded: str, at: int) -> bool:
    """True for doses, times and dates. "HR" in capitals is the heart rate, not the hour."""
    other = grammar().unit.match(folded, at)
    if other is not None and other["unit"] in _OTHER_UNITS:
        return True  # "52 kg in weight and 173 cm": not the weight
    rejected = grammar().rejected.match(folded, at)
    return rejected is not None and text[at : rejected.end()].strip() != "HR"


def _cell(folded: str, at: int) -> int:
    """Skip the border of a table's cell."""
    border = re.compile(r"[ \t]{0,10}[|\t][ \t]{0,10}").match(folded, at)
    return border.end() if border else at


def _unit_ends_well(folded: str, unit: re.Match[str]) -> bool:
    """A unit of one letter (K, C, F) is none where a value follows it: "WBC 14.2 K 3.2"."""
    return len(unit["unit"]) > 1 or not re.match(r"[ \t]*[+:=]?[ \t]*\d", folded[unit.end() : unit.end() + 6])


def _is_capital_word(text: str, flag: re.Match[str]) -> bool:
    """The article "a" and small letters elsewhere are no flags: flags of one letter are capitals."""
    written = text[flag.start("flag") : flag.end("flag")]
    return len(written) == 1 and written.isalpha() and not written.isupper()


def _limits(match: re.Match[str]) -> tuple[float | None, float | None]:
    if match["low"]:
        return number(match["low"]), number(match["high"])
    limit = number(match["limit"])
    return (None, limit) if match["sign"] in ("<", "<=", "≤") else (limit, None)


def read_pair(folded: str, second_end: int, first: LabTest, second: LabTest) -> tuple[Written, Written] | None:
    """Read "40/2.1" or "40 and 2.1" after two names in one breath ("BUN and creatinine of")."""
    g = grammar()
    gap = g.gap.match(folded, second_end)
    found = g.pair.match(folded, gap.end() if gap else second_end)
    if found is None or g.rejected.match(folded, found.end()):
        return None
    one, two = number(found["first"]), number(found["second"])
    if _normal(first, one, None) is None or _normal(second, two, None) is None:
        return None
    return tuple(  # type: ignore[return-value]
        Written(value=v, end=found.end(), start=found.start(name), digits_end=found.end(name))
        for v, name in ((one, "first"), (two, "second"))
    )


def is_plausible_value(test: LabTest, written: Written) -> bool:
    """True if some unit of the test, or the one written, makes the value one that a person can have."""
    if written.value is None or (
        written.value_high is not None and test.test_id == PRESSURE and written.value_high >= written.value
    ):
        return False
    return _normal(test, written.value, written.unit) is not None


def _normal(test: LabTest, value: float, unit: str | None) -> tuple[float, str] | None:
    """Value in the standard unit and the unit it was taken to be in; None if no unit makes it plausible."""
    if unit is None and test.unit_required:
        return None
    for candidate in [unit] if unit else [test.unit, *(u for u in test.conversions if u != test.unit)]:
        normal = test.to_standard(value, candidate)
        if normal is not None and test.is_plausible(normal):
            return normal, candidate
    return None


def to_measurement(
    written: Written, test: LabTest | None, patient: Patient = NOBODY, *, earlier: bool = False
) -> Measurement:
    """Normalise and judge what was written.

    The note's own reference range decides before the laboratory's flag letter, and that before the table. A value
    that no living person can have gets neither a normal value nor a flag.
    """
    base = Measurement(
        value=written.value,
        value_high=written.value_high,
        value_text=written.text,
        comparator=written.sign,  # type: ignore[arg-type]
        unit=written.unit,
        earlier=earlier,
    )
    if test is None:
        return base.model_copy(update=_unknown_test(written))
    limits = test.range_for(*patient)
    if written.value is None:
        if limits.low is None and limits.high is None and limits.finding_high is None:
            return base
        return base.model_copy(update={"flag": written.flag, "finding": limits.finding(written.flag)})
    normal = _normal(test, written.value, written.unit)
    if normal is None:
        return base
    value, unit = normal
    table, limits = limits, _own_limits(limits, written, test, unit)
    flag, finding = _judge(value, written, table, limits)
    if test.test_id == PRESSURE and written.value_high is not None and flag in (None, "normal"):
        flag, finding = _diastolic(written.value_high, patient, flag)
    return base.model_copy(
        update={
            "normal_value": round(value, 6),
            "normal_unit": test.unit,
            "reference_low": limits.low,
            "reference_high": limits.high,
            "flag": flag,
            "finding": finding,
        }
    )


def _unknown_test(written: Written) -> dict[str, object]:
    low, high = written.reference or (None, None)
    flag = written.flag
    if written.value is not None and written.reference is not None:
        flag = ReferenceRange(low=low, high=high).flag(written.value)
    return {"reference_low": low, "reference_high": high, "flag": flag}


def _own_limits(limits: ReferenceRange, written: Written, test: LabTest, unit: str) -> ReferenceRange:
    if written.reference is None:
        return limits
    low, high = (None if v is None else test.to_standard(v, unit) for v in written.reference)
    if low is not None and high is not None and low > high:
        return limits
    return limits.model_copy(update={"low": low, "high": high})


def _judge(
    value: float, written: Written, table: ReferenceRange, limits: ReferenceRange
) -> tuple[str | None, str | None]:
    if written.value_high is not None and written.reference is None and limits.low is None and limits.high is None:
        return None, None
    flag: str | None = limits.flag(value)
    if (flag in _LOW and written.sign in (">", ">=")) or (flag in _HIGH and written.sign in ("<", "<=")):
        flag = None  # "INR < 5" says nothing about where it lies
    elif flag == "normal" and written.sign != "=":
        flag = _open_flag(value, written.sign, limits)
    if written.flag and written.reference is None and not _same_side(flag, written.flag):
        flag = written.flag
    return flag, table.finding(flag if flag != "abnormal" else None)


def _open_flag(value: float, sign: str, limits: ReferenceRange) -> str | None:
    """A bound within the range: "INR < 1.1" cannot be high; normal if it cannot be low either."""
    beyond = limits.low if sign in ("<", "<=") else limits.high
    return (
        "normal" if beyond is None or beyond <= 0 or (sign in ("<", "<=") and value <= (limits.high or value)) else None
    )


def _same_side(flag: str | None, letter: str) -> bool:
    if letter == "abnormal":
        return flag not in (None, "normal")
    return any(flag in side and letter in side for side in (_LOW, _HIGH))


def _diastolic(value: float, patient: Patient, flag: str | None) -> tuple[str | None, str | None]:
    test = lab_tests()[DIASTOLIC]
    if not test.is_plausible(value):
        return None, None
    limits = test.range_for(*patient)
    own = limits.flag(value)
    return (own, limits.finding(own)) if own not in (None, "normal") else (flag, None)
