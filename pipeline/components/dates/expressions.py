"""Read expressions of time from text and place them on the calendar: usable without spaCy."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from ....schemas.annotation import DateExpression
from ..matching import fold, trie_pattern

Unit = Literal["hour", "day", "week", "month", "year"]
_MONTHS = {
    name: i for i in range(1, 13) for name in (calendar.month_name[i].lower(), calendar.month_abbr[i].lower())
} | {"sept": 9}
_WEEKDAYS = {name.lower(): i for i, name in enumerate(calendar.day_name)}
_SEASONS = {"winter": 1, "spring": 3, "summer": 6, "fall": 9, "autumn": 9}  # its first month of the year
_FIRST_YEAR = 1900
DAYS: dict[str, float] = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


class Anchor(NamedTuple):
    """What relative times count from: the note's date, and the patient's age then."""

    date: dt.date | None = None
    age: float | None = None


NO_ANCHOR = Anchor()
_FIRST_WORDS = """
    early late mid on since from until dated began in during at when as the over within for throughout x times past last
    previous about approximately approx roughly around nearly almost more up only just pod post s/p hd hospital day
    yesterday this today tonight earlier overnight
"""


class Place(NamedTuple):
    """A stretch of the calendar, and how long the words say that something lasted."""

    kind: str
    first: dt.date | None = None
    last: dt.date | None = None
    precision: str | None = None
    days: float | None = None


@dataclass(frozen=True)
class _Words:
    numbers: dict[str, float]
    units: dict[str, Unit]
    life: dict[str, tuple[int, int]]


@cache
def _words() -> _Words:
    data = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    return _Words(
        numbers=data["numbers"],
        units={spelling: unit for unit, spellings in data["units"].items() for spelling in spellings},
        life={name: (ages[0], ages[1]) for name, ages in data["life"].items()},
    )


@cache
def _grammar() -> tuple[re.Pattern[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    words = _words()
    number = rf"(?:\d{{1,3}}(?:\.\d)?(?:\s?(?:-|–|to|or)\s?\d{{1,3}})?|{trie_pattern(words.numbers)}(?:\s(?:to|or)\s{trie_pattern(words.numbers)})?)"  # noqa: E501
    long_units = [u for u in words.units if len(u) > 2]
    unit = rf"(?:{trie_pattern(long_units)})"
    short = rf"(?:{trie_pattern(words.units)})"
    amount = rf"(?P<n>{number})(?:\s+(?:full|whole|short|more|consecutive))?[\s-]{{1,2}}(?P<u>{unit})\b"
    tight = rf"(?P<n1>\d{{1,3}}(?:\.\d)?(?:-\d{{1,2}})?)\s?-?(?P<u1>{short})(?![^\W_])"
    months = trie_pattern(_MONTHS)
    days = trie_pattern(_WEEKDAYS)
    year = r"(?:19[1-9]\d|20[0-4]\d)"
    ordinal = r"(?:st|nd|rd|th)?"
    past = r"(?:(?:over|during|in|within|for|throughout|x)\s+)?(?:the\s+)?(?:past|last|previous)\s+(?:approximately\s+|about\s+)?"  # noqa: E501
    about = r"(?:about|approximately|approx\.?|roughly|around|nearly|almost|over|more than|at least|the|up to|~|only|just)\s*"  # noqa: E501
    forms = {
        "iso": rf"(?P<y>{year})-(?P<m>0?[1-9]|1[0-2])-(?P<d>0?[1-9]|[12]\d|3[01])(?!\d)",
        "slashed": r"(?P<m>\d{1,2})[/.-](?P<d>\d{1,2})[/.-](?P<y>(?:19|20)\d\d|\d\d)(?![\d/-])",
        "month_day_year": rf"(?P<m>{months})\.?\s+(?P<d>\d{{1,2}}){ordinal},?\s+(?:of\s+)?(?P<y>{year})(?!\d)",
        "day_month_year": rf"(?P<d>\d{{1,2}}){ordinal}[\s-]+(?:of\s+)?(?P<m>{months})\.?,?[\s-]+(?P<y>{year})(?!\d)",
        "month_year": rf"(?:early\s|late\s|mid[\s-])?(?P<m>{months})\.?,?\s+(?:of\s+)?(?:'(?P<yy>\d\d)|(?P<y>{year}))(?!\d)",  # noqa: E501
        "month_slash_year": rf"(?<![\d/])(?P<m>0?[1-9]|1[0-2])/(?P<y>{year})(?![\d/])",
        "month_day": rf"(?P<m>{months})\.?\s+(?P<d>[12]\d|3[01]|0?[1-9]){ordinal}(?![\w/%]|\.\d|\s?(?:mg|ml|x\b))",
        "slashed_day": r"(?:(?<=\bon )|(?<=since )|(?<=from )|(?<=until )|(?<=dated )|(?<=began ))(?P<m>0?[1-9]|1[0-2])/(?P<d>0?[1-9]|[12]\d|3[01])(?![\d/.])",  # noqa: E501
        "decade": r"(?:in\s+|since\s+|during\s+)the\s+(?P<part>early\s|mid[\s-]|late\s)?(?P<y>(?:19|20)\d0)(?:'?s)\b",
        "age_decade": r"(?:in|since|from)\s+(?:his|her|their|my)\s+(?P<part>early\s|mid[\s-]|late\s)?(?P<n>[1-9]0|teens|twenties|thirties|forties|fifties|sixties|seventies)(?:'?s)?\b",  # noqa: E501
        "age": r"(?:at|since|from)\s+(?:the\s+)?age\s+(?:of\s+)?(?P<n>\d{1,3})\b|when\s+(?:he|she|they|patient|pt)\s+was\s+(?P<n2>\d{1,2})\b(?:\s+years?\s+old)?",  # noqa: E501
        "life": rf"(?:since|as|in|during|from|at)\s+(?:his\s|her\s|their\s|early\s+)?(?P<w>{trie_pattern(words.life)})\b",  # noqa: E501
        "year": rf"(?:(?<=\bin )|(?<=since )|(?<=from )|(?<=until )|(?<=around )|(?<=circa )|(?<=about )|(?<=during )|(?<=\()|(?<=early )|(?<=late )|(?<=mid )|(?<=mid-)|(?<=year )|(?<=by )|(?<=of ))(?P<y>{year})(?![\d/%-]|\.\d|\s?(?:mg|ml|cc|units?|kcal|calor|meters|ft|g\b))",  # noqa: E501
        "listed_year": rf"(?:(?<=\n)|(?<=[a-z] )|(?<=[a-z], )|^)(?P<y>{year})(?=\s?(?:[,;:)\n]|\.(?!\d)|$|-\s))",
        "ago": rf"(?:{about})?(?:{amount}|{tight})\s*(?:ago|back\b|prior\b(?!\s+to)|earlier|previously|(?:prior\s+to|before)\s+(?:the\s+|this\s+|her\s+|his\s+)?(?:admission|arrival|presentation|presenting|hospitalization|visit|evaluation)|pta\b)",  # noqa: E501
        "history": rf"(?:{amount}|{tight})(?:'s?)?[\s-]{{1,2}}(?:long\s+)?(?:history|hx|h/o|course|duration)\b(?:\s+of)?",  # noqa: E501
        "last_unit": rf"(?:last|past|previous)\s+(?P<w>week|month|year|weekend|{trie_pattern(_SEASONS)}|{trie_pattern([m for m in _MONTHS if len(m) > 3])})\b(?!\s+of)",  # noqa: E501
        "past": rf"{past}(?:{amount}|{tight}|(?P<u3>hour|day|week|month|year|decade)\b)",
        "lasting": rf"(?:for|x|times|×)\s*(?:{about}|the\s+)?(?:{amount}|{tight})(?!\s+ago)",
        "of": rf"(?<![\w-])(?:{amount})\s+of\s+(?=[a-z])",
        "post_op": r"(?:\bpod\b|\bpost-?\s?op(?:erative)?\s+day|\bs/p\s+day)\s*\#?\s*(?P<n>\d{1,3})\b",
        "hospital_day": r"(?:\bhd|\bhospital\s+day|\bday\s+of\s+(?:admission|hospitalization))\s*\#?\s*(?P<n>\d{1,3})\b",  # noqa: E501
        "near": r"(?:the\s+)?(?P<w>day before yesterday|yesterday(?:\s+(?:morning|afternoon|evening|night))?|this (?:morning|afternoon|evening|am|week|month|year)|today|tonight|last night|earlier today|overnight)\b",  # noqa: E501
        "last": rf"(?:(?:since|on|this\s+past|last|this|previous)\s+){{1,2}}(?P<day>{days})(?:\s+(?:morning|afternoon|evening|night))?\b",  # noqa: E501
        "weekend": r"(?:over|on|this)\s+(?:the\s+)?(?:past\s+)?(?P<w>weekend)\b",
    }
    # Most words begin no expression: they are turned away by one look into a trie.
    first = {name.split()[0] for name in (*words.numbers, *_MONTHS, *_WEEKDAYS)} | set(_FIRST_WORDS.split())
    start = rf"(?<![^\W_])(?=[\d~×']|(?:{trie_pattern(first)}))"
    compiled = tuple((name, re.compile(rf"(?<![^\W_])(?:{regex})", re.MULTILINE)) for name, regex in forms.items())
    plain = "|".join(re.sub(r"\(\?P<\w+>", "(?:", regex) for regex in forms.values())
    return re.compile(rf"{start}(?:{plain})", re.MULTILINE), compiled


def expressions(text: str, anchor: Anchor = NO_ANCHOR) -> Iterator[DateExpression]:
    """Find the expressions of time in a text, in reading order, without overlaps.

    Parameters
    ----------
    text
        Any text.
    anchor
        What relative times count from. Without a date they have no place on the calendar, only a length.

    Examples
    --------
    >>> found = list(expressions("Cough for 3 weeks. MI in 2006.", Anchor(dt.date(2024, 5, 22))))
    >>> [(e.text, e.kind, e.first.isoformat(), e.precision) for e in found]
    [('for 3 weeks', 'duration', '2024-05-01', 'week'), ('2006', 'date', '2006-01-01', 'year')]
    """
    folded = fold(text)
    whole, forms = _grammar()
    for match in whole.finditer(folded):
        for name, regex in forms:
            found = regex.match(folded, match.start())
            if found is None or found.end() != match.end():
                continue
            place = _READERS[name](found.groupdict(), anchor)
            if place is not None:
                start, end = found.start(), found.end() - len(found[0]) + len(found[0].rstrip())
                yield DateExpression(start=start, end=end, text=text[start:end], **place._asdict())
            break


# -- readers: the groups of a form -> its place, or None if it is no time after all -------------------------------


def _day(year: int, month: int, day: int) -> Place | None:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        return None
    return Place("date", date, date, "day")


def _year(digits: str) -> int:
    value = int(digits)
    return value if value > 99 else 2000 + value if value < 50 else 1900 + value


def _full(groups: dict[str, Any], _: Anchor) -> Place | None:
    month = groups["m"] if groups["m"].isdigit() else _MONTHS[groups["m"]]
    return _day(_year(groups["y"]), int(month), int(groups["d"]))


def _slashed(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    """Month first, as in the United States; where that is no date, day first."""
    return _full(groups, anchor) or _day(_year(groups["y"]), int(groups["d"]), int(groups["m"]))


def _month(year: int, month: int) -> Place | None:
    if not 1 <= month <= 12:
        return None
    return Place("date", dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1]), "month")


def _month_year(groups: dict[str, Any], _: Anchor) -> Place | None:
    month = groups["m"] if groups["m"].isdigit() else _MONTHS[groups["m"]]
    return _month(_year(groups.get("y") or groups["yy"]), int(month))


def _month_day(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    """Without a year: the last such day before the note."""
    month = int(groups["m"] if groups["m"].isdigit() else _MONTHS[groups["m"]])
    if anchor.date is None:
        return Place("date", precision="day") if _day(2000, month, int(groups["d"])) else None
    place = _day(anchor.date.year, month, int(groups["d"]))
    if place and place.first and place.first > anchor.date:
        place = _day(anchor.date.year - 1, month, int(groups["d"]))
    return place


def _whole_year(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    year = int(groups["y"])
    if anchor.date is not None and year > anchor.date.year + 1:
        return None
    return Place("date", dt.date(year, 1, 1), dt.date(year, 12, 31), "year")


def _decade(groups: dict[str, Any], _: Anchor) -> Place | None:
    first = _year(groups["y"]) // 10 * 10
    lower, upper = _third(groups.get("part"))
    return Place("date", dt.date(first + lower, 1, 1), dt.date(first + upper, 12, 31), "decade")


def _third(part: str | None) -> tuple[int, int]:
    return {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}.get((part or "").strip(" -"), (0, 9))


def _ages(kind: str, low: int, high: int, anchor: Anchor) -> Place:
    precision = "year" if high - low <= 1 else "decade"
    if anchor.date is None or anchor.age is None:
        return Place(kind, precision=precision)
    birth = anchor.date.year - int(anchor.age)
    last = min(dt.date(birth + high, 12, 31), anchor.date)
    return Place(kind, min(dt.date(birth + low, 1, 1), last), last, precision)


def _age(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    age = int(groups["n"] or groups["n2"])
    if age > 120 or (anchor.age is not None and age > anchor.age + 1):
        return None
    return _ages("age", age, age, anchor)


_TENS = {"teens": 10, "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70}


def _age_decade(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    tens = _TENS.get(groups["n"]) or int(groups["n"])
    lower, upper = _third(groups.get("part"))
    return _ages("age", tens + (3 if tens == 10 and not lower else lower), tens + upper, anchor)


def _life(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    low, high = _words().life[" ".join(groups["w"].split())]
    return _ages("age", low, high, anchor)


def _amount(groups: dict[str, Any]) -> tuple[float, Unit]:
    """Number and unit; of "2-3 weeks" the larger."""
    words = " ".join((groups.get("n") or groups.get("n1") or "").split())
    known = _words().numbers
    numbers = [float(n) for n in re.findall(r"\d+(?:\.\d+)?", words)]
    numbers += [known[part] for part in re.split(r" (?:to|or) ", words) if part in known]
    return max(numbers, default=1.0), _words().units[groups.get("u") or groups["u1"]]


def back(date: dt.date, number: float, unit: str) -> dt.date:
    """Go back on the calendar.

    Examples
    --------
    >>> back(dt.date(2024, 3, 31), 1, "month"), back(dt.date(2024, 3, 31), 36, "hour")
    (datetime.date(2024, 2, 29), datetime.date(2024, 3, 30))
    """
    whole = number == int(number)
    if unit in ("month", "year") and whole:
        months = date.year * 12 + date.month - 1 - int(number) * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        if year < _FIRST_YEAR:
            return dt.date(_FIRST_YEAR, 1, 1)
        return dt.date(year, month + 1, min(date.day, calendar.monthrange(year, month + 1)[1]))
    days = int(number * DAYS[unit])
    return date - dt.timedelta(days=min(days, (date - dt.date(_FIRST_YEAR, 1, 1)).days))


def _precision(unit: str) -> str:
    return "day" if unit == "hour" else unit


def _ago(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    number, unit = _amount(groups)
    first = back(anchor.date, number, unit) if anchor.date else None
    return Place("relative", first, first, _precision(unit), number * DAYS[unit])


def _duration(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    if groups.get("u3"):
        groups = {
            "n": "10" if groups["u3"] == "decade" else "1",
            "u": "year" if groups["u3"] == "decade" else groups["u3"],
        }
    number, unit = _amount(groups)
    first = back(anchor.date, number, unit) if anchor.date else None
    return Place("duration", first, anchor.date, _precision(unit), number * DAYS[unit])


def _days_before(days: int, anchor: Anchor) -> Place:
    first = anchor.date - dt.timedelta(days=days) if anchor.date else None
    return Place("relative", first, first, "day", float(days))


def _post_op(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    """The day of the operation: day 0."""
    return _days_before(int(groups["n"]), anchor)


def _hospital_day(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    """The day of admission: day 1."""
    return _days_before(max(int(groups["n"]) - 1, 0), anchor)


def _near(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    words = " ".join(groups["w"].split())
    if words in ("this week", "this month", "this year"):
        unit = words.split()[1]
        starts = {
            "week": lambda d: d - dt.timedelta(days=d.weekday()),
            "month": lambda d: d.replace(day=1),
            "year": lambda d: d.replace(month=1, day=1),
        }
        return Place("relative", starts[unit](anchor.date) if anchor.date else None, anchor.date, unit)
    days = (
        2 if words == "day before yesterday" else 1 if words.startswith(("yesterday", "last night", "overnight")) else 0
    )
    return _days_before(days, anchor)


def _weekday(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    """The last such day before the note; on the day itself a week ago."""
    if anchor.date is None:
        return Place("relative", precision="day")
    return _days_before((anchor.date.weekday() - _WEEKDAYS[groups["day"]] - 1) % 7 + 1, anchor)


def _last_unit(groups: dict[str, Any], anchor: Anchor) -> Place | None:
    words, date = groups["w"], anchor.date
    if date is None:
        return Place("relative", precision={"weekend": "day"}.get(words, words if words in DAYS else "month"))
    if words == "year":
        return Place("relative", dt.date(date.year - 1, 1, 1), dt.date(date.year - 1, 12, 31), "year")
    if words == "month":
        last = date.replace(day=1) - dt.timedelta(days=1)
        return Place("relative", last.replace(day=1), last, "month")
    if words == "week":
        monday = date - dt.timedelta(days=date.weekday() + 7)
        return Place("relative", monday, monday + dt.timedelta(days=6), "week")
    if words == "weekend":
        saturday = date - dt.timedelta(days=(date.weekday() - 5) % 7 or 7)
        return Place("relative", saturday, saturday + dt.timedelta(days=1), "day")
    month = _SEASONS.get(words) or _MONTHS[words]
    year = date.year if (month + 2 if words in _SEASONS else month) < date.month else date.year - 1
    place = _month(year, month)
    if place is None or words not in _SEASONS:
        return place and place._replace(kind="relative")
    first = back(place.first, 1, "month") if place.first else None  # winter begins in December
    if words != "winter":
        first = place.first
    end = _month(year, month + (1 if words == "winter" else 2))
    return Place("relative", first, end.last if end else None, "month")


_READERS: dict[str, Callable[[dict[str, Any], Anchor], Place | None]] = {
    "iso": _full,
    "slashed": _slashed,
    "month_day_year": _full,
    "day_month_year": _full,
    "month_year": _month_year,
    "month_slash_year": _month_year,
    "month_day": _month_day,
    "slashed_day": _month_day,
    "decade": _decade,
    "age_decade": _age_decade,
    "age": _age,
    "life": _life,
    "year": _whole_year,
    "listed_year": _whole_year,
    "ago": _ago,
    "history": _duration,
    "past": _duration,
    "lasting": _duration,
    "of": _duration,
    "post_op": _post_op,
    "hospital_day": _hospital_day,
    "near": _near,
    "last": _weekday,
    "last_unit": _last_unit,
    "weekend": _last_unit,
}
