"""Move a written date by a number of days and write it as it was written."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable

_MONTHS = [name.lower() for name in calendar.month_name][1:]
_DAYS = [name.lower() for name in calendar.day_name]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_CENTURY_TURN = 40  # 39 is 2039, 40 is 1940
_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "new year": (1, 1), "thanksgiving": (11, 24), "easter": (4, 9),
    "halloween": (10, 31), "labor day": (9, 5), "labour day": (9, 5), "memorial day": (5, 29), "valentine": (2, 14),
    "independence day": (7, 4), "veterans": (11, 11), "columbus": (10, 10), "boxing": (12, 26),
}  # fmt: skip
_DEFAULT_YEAR = 2001  # of a day without a year, where the note has no date: not a leap year

_FULL = re.compile(r"(?P<year>\d{4})(?P<a>[-/.])(?P<m>\d{1,2})(?P<b>(?P=a))(?P<d>\d{1,2})(?!\d)")
_FIGURES = re.compile(r"(?P<m>\d{1,2})(?P<a>[-/.])(?P<d>\d{1,2})(?P<b>(?P=a))(?P<year>\d{4}|\d{2})(?!\d)")
_MONTH_YEAR = re.compile(r"(?P<m>\d{1,2})(?P<a>[-/])(?P<year>\d{4})(?!\d)")
_YEAR_MONTH = re.compile(r"(?P<year>\d{4})(?P<a>[-/])(?P<m>\d{1,2})(?![\d/-])")
_SHORT = re.compile(r"(?P<m>\d{1,2})(?P<a>[/-])(?P<d>\d{1,2})(?!\d)")
_RUN_8 = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?!\d)")
_RUN_6 = re.compile(r"(?<!\d)(?P<m>\d\d)(?P<d>\d\d)(?P<year>\d\d)(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?P<d>\d{{1,2}})(?P<suffix>st|nd|rd|th)?(?P<a>[ .,-]{{0,2}}(?:of )?){_MONTH}"
    r"(?P<b>[.,]{0,2}[ -]?(?:of )?)(?P<year>\d{4}|['’]?\d\d(?![\d:]))?",
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}(?P<a>\.?[-/ ]{{0,2}}(?:the )?)(?P<d>\d{{1,2}})(?P<suffix>st|nd|rd|th)?(?!\d)"
    r"(?:(?P<b>,?[-/ ]{1,2})(?P<year>\d{4}|['’]\d\d|\d\d(?![\d:])))?",
    re.IGNORECASE,
)
_WORD_YEAR = re.compile(rf"\b{_MONTH}(?P<a>[.,]{{0,2}}[ /-]?(?:of )?)(?P<year>\d{{4}}|['’]\d\d)", re.IGNORECASE)
_WORD = re.compile(rf"\b{_MONTH}", re.IGNORECASE)
_WEEKDAY = re.compile(r"\b(mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(day)?(s?)\b(?=\.?)", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(?P<year>(?:18|19|20)\d\d)(?!\d)|['’](?P<short>\d\d)(?!\d)")
_HOLIDAY = re.compile("|".join(_HOLIDAYS), re.IGNORECASE)


def shift_date(text: str, days: int, anchor: dt.date | None = None) -> str | None:
    """The date moved, in the shape it had; None where the text is not understood.

    Parameters
    ----------
    text
        What was found as a date; a time of day in it stays.
    days
        How far, either way.
    anchor
        The note's date: its year stands for one that is not written.

    Examples
    --------
    >>> [shift_date(text, 10) for text in ["03/14/2019", "14-Feb-2018", "the 25th of May", "June 2015", "Monday"]]
    ['03/24/2019', '24-Feb-2018', 'the 4th of June', 'June 2015', 'Thursday']
    >>> shift_date("12 Muharram", 10) is None
    True
    """
    year = anchor.year if anchor else _DEFAULT_YEAR
    for pattern, write in _SHAPES:
        if match := pattern.search(text):
            try:
                new = write(match, days, year)
            except (ValueError, OverflowError):
                continue
            rest = text[match.end() :]
            before = text[: match.start()]
            return _moved_weekdays(before, days) + new + (_again(rest, days, anchor) if rest else "")
    moved = _moved_weekdays(text, days)
    return moved if _WEEKDAY.search(text) else None


def _again(text: str, days: int, anchor: dt.date | None) -> str:
    """The rest of a span: another date of a range, or a time."""
    if re.search(r"\d{1,2}[/-]\d|[a-z]{3}|(?:19|20)\d\d", text, re.IGNORECASE):
        return shift_date(text, days, anchor) or text
    if match := re.fullmatch(r"(\s?[-–/]\s?)(\d{1,2})", text):
        return f"{match.group(1)}{(int(match.group(2)) + days) % 28 + 1}"
    return text


def _year(text: str) -> int:
    number = int(re.sub(r"\D", "", text))
    return number if number > 99 else number + (2000 if number < _CENTURY_TURN else 1900)


def _like(old: str, number: int) -> str:
    """A number as wide as the old one where that had a leading nought."""
    return f"{number:0{len(old)}d}" if old.startswith("0") or len(old) > 2 else str(number)


def _short_year(old: str, year: int) -> str:
    digits = re.sub(r"\D", "", old)
    return old.replace(digits, str(year) if len(digits) == 4 else f"{year % 100:02}")


def _word(old: str, names: list[str], index: int) -> str:
    """The name of a month or day, as short as the old one and in its case."""
    name = names[index]
    new = name if len(old) > 4 or old.lower() in names else name[:3]
    return new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new


def _month_number(word: str) -> int:
    return [name[:3] for name in _MONTHS].index(word[:3].lower()) + 1


def _suffix(day: int) -> str:
    return "th" if 10 < day % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _moved_weekdays(text: str, days: int) -> str:
    def move(match: re.Match[str]) -> str:
        old = match.group(1)
        index = [name[:2] for name in _DAYS].index(old[:2].lower())
        new = _DAYS[(index + days) % 7]
        new = new if match.group(2) else new[:3]
        new = new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new
        return new + match.group(3) if match.group(2) else new

    return _WEEKDAY.sub(move, text)


def _write_figures(match: re.Match[str], days: int, year: int) -> str:
    m, d = match.group("m"), match.group("d")
    day_first = int(m) > 12 or (
        match.group("a") == "." and int(d) <= 12 and len(match.group("year")) == 4 and int(m) > 12
    )
    month, day = (int(d), int(m)) if day_first else (int(m), int(d))
    new = dt.date(_year(match.group("year")), month, day) + dt.timedelta(days)
    first, second = (new.day, new.month) if day_first else (new.month, new.day)
    written = _short_year(match.group("year"), new.year)
    return f"{_like(m, first)}{match.group('a')}{_like(d, second)}{match.group('b')}{written}"


def _write_full(match: re.Match[str], days: int, year: int) -> str:
    new = dt.date(int(match.group("year")), int(match.group("m")), int(match.group("d"))) + dt.timedelta(days)
    month, day = _like(match.group("m"), new.month), _like(match.group("d"), new.day)
    return f"{new.year}{match.group('a')}{month}{match.group('b')}{day}"


def _write_run(match: re.Match[str], days: int, year: int) -> str:
    old = match.group("year")
    new = dt.date(_year(old), int(match.group("m")), int(match.group("d"))) + dt.timedelta(days)
    return f"{new:%Y%m%d}" if len(old) == 4 else f"{new:%m%d%y}"


def _write_month_year(match: re.Match[str], days: int, year: int) -> str:
    new = dt.date(int(match.group("year")), int(match.group("m")), 15) + dt.timedelta(days)
    month = _like(match.group("m"), new.month)
    parts = (month, str(new.year)) if match.start("m") < match.start("year") else (str(new.year), month)
    return match.group("a").join(parts)


def _write_short(match: re.Match[str], days: int, year: int) -> str:
    m, d = match.group("m"), match.group("d")
    day_first = int(m) > 12
    month, day = (int(d), int(m)) if day_first else (int(m), int(d))
    new = dt.date(year, month, day) + dt.timedelta(days)
    first, second = (new.day, new.month) if day_first else (new.month, new.day)
    return f"{_like(m, first)}{match.group('a')}{_like(d, second)}"


def _write_words(match: re.Match[str], days: int, year: int) -> str:
    groups = match.groupdict()
    old_year = groups.get("year")
    new = dt.date(
        _year(old_year) if old_year else year, _month_number(groups["month"]), int(groups["d"])
    ) + dt.timedelta(days)
    day = _like(groups["d"], new.day) + (_suffix(new.day) if groups["suffix"] else "")
    month = _word(groups["month"], _MONTHS, new.month - 1)
    tail = (groups["b"] or "") + (_short_year(old_year, new.year) if old_year else "")
    first, second = (day, month) if match.start("d") < match.start("month") else (month, day)
    return f"{first}{groups['a']}{second}{tail}"


def _write_word_year(match: re.Match[str], days: int, year: int) -> str:
    new = dt.date(_year(match.group("year")), _month_number(match.group("month")), 15) + dt.timedelta(days)
    month = _word(match.group("month"), _MONTHS, new.month - 1)
    return f"{month}{match.group('a')}{_short_year(match.group('year'), new.year)}"


def _write_word(match: re.Match[str], days: int, year: int) -> str:
    new = dt.date(year, _month_number(match.group("month")), 15) + dt.timedelta(days)
    return _word(match.group("month"), _MONTHS, new.month - 1)


def _write_year(match: re.Match[str], days: int, year: int) -> str:
    old = match.group("year") or match.group("short")
    new = dt.date(_year(old), 7, 1) + dt.timedelta(days)
    return match.group().replace(old, _short_year(old, new.year))


def _write_holiday(match: re.Match[str], days: int, year: int) -> str:
    month, day = _HOLIDAYS[match.group().lower()]
    new = dt.date(year, month, day) + dt.timedelta(days)
    return f"{calendar.month_name[new.month]} {new.day}"


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int, int], str]], ...] = (
    (_FULL, _write_full), (_FIGURES, _write_figures), (_RUN_8, _write_run), (_DAY_MONTH, _write_words),
    (_MONTH_DAY, _write_words), (_WORD_YEAR, _write_word_year), (_MONTH_YEAR, _write_month_year),
    (_YEAR_MONTH, _write_month_year), (_SHORT, _write_short), (_RUN_6, _write_run), (_YEAR, _write_year),
    (_HOLIDAY, _write_holiday), (_WORD, _write_word),
)  # fmt: skip
