"""Identifiers of a text: what the analyzer finds, less what is medicine's, plus what is repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from ....schemas.problems import UserError
from .doubts import is_doubtful
from .identifiers import Identifier, IdentifierKind, without_overlaps
from .tokens import fold, word_flags

_FORGIVEN = frozenset(
    {
        IdentifierKind.NAME,
        IdentifierKind.LOCATION,
        IdentifierKind.ORGANIZATION,
        IdentifierKind.DATE,
        IdentifierKind.ADDRESS,
    }
)
_SURE = frozenset(
    {"title and name", "title and name in small letters", "name before a credential", "day, month, year",
     "month, day, year", "month and year"}
)  # fmt: skip
_TITLES = re.compile(r"(?:(?:Dr|Drs|Mr|Mrs|Ms|Mx|Miss|Prof|DR|MR|MRS|MS|dr|mr|mrs|ms)\b\.?\s+)+")
_CREDENTIALS = re.compile(
    r"[,\s]+(?:Dr|M\.?D|D\.?O|R\.?N|Ph\.?D|N\.?P|PA-C|FRCS|FRCP|MBBS|LCSW|DPM|CNM|RNFA|APRN|CRNA|DDS|LPN|FACS|Pharm\.?D)\.?$"
)
_MIN_REPEATED = 3
_LEAST_TAGGED = 0.35  # score of a name of the tagger's that is looked for elsewhere
_INSTRUMENT = re.compile(
    r"(?:['’]s)? (?:[a-z]+ )?(?:scissors|forceps|retractors?|clamps?|laryngoscope|blades?|rongeurs?|curettes?|speculum|"
    r"elevators?|catheters?|sutures?|needles?|stents?|cannula|trocars?|osteotomes?|dressings?|tubes?|drains?|screws?)\b"
)
_BESIDE = 3  # characters between the parts of an address
_AROUND = 60  # characters: the longest medical name that an identifier may lie in


class IdentifierFinder:
    """Find names, dates, numbers, places and whatever else may tell who a note is about.

    Parameters
    ----------
    doubt
        How unsure the tagger may be that a word is harmless: higher finds more, and more that is none.

    Raises
    ------
    UserError
        If presidio is not installed.

    Examples
    --------
    >>> text = "Mr. Crohn has Crohn's disease; seen 3/14/2019 by Ana Ruiz, M.D."
    >>> [(text[i.start : i.end], i.kind.value) for i in IdentifierFinder().find(text)]
    [('Crohn', 'NAME'), ('3/14/2019', 'DATE'), ('Ana Ruiz', 'NAME')]
    """

    def __init__(self, doubt: float = 0.8) -> None:
        self.doubt = doubt
        self._analyze = _analyze()

    def find(self, text: str) -> list[Identifier]:
        """Identifiers in the order of the text, none overlapping another."""
        return clean(text, self._analyze(text, self.doubt))


def _analyze() -> Callable[[str, float], Iterator[Identifier]]:
    try:
        from .library import analyze
    except ImportError as error:
        raise UserError(
            f"de-identification needs a package that is not installed ({error.name})",
            "pip install 'clinigraph[deid]'",
        ) from error
    return analyze


def clean(text: str, raw: Iterable[Identifier]) -> list[Identifier]:
    """Drop what stands in a medical name, trim titles, add repetitions of names, join what overlaps."""
    kept = [_trimmed(item, text) for item in raw if not _is_medical(item, text)]
    kept = _without_doubtful(kept, text)
    found = without_overlaps((item for item in kept if item.end > item.start), text)
    found += [item for item in _enumerated(text, found) if not _is_medical(item, text)]
    found += [item for item in _repeated(text, found) if not _is_medical(item, text)]
    return without_overlaps(found, text)


def _without_doubtful(found: list[Identifier], text: str) -> list[Identifier]:
    """Drop what the tagger alone has found where it looks like a measurement or a common word."""
    sure = [item for item in found if item.source != "tagger"]
    kept = list(sure)
    for item in found:
        if item.source == "tagger":
            touched = any(other.start < item.end and item.start < other.end for other in sure)
            near = any(
                (other is not item and -1 <= item.start - other.end <= _BESIDE)
                or 0 <= other.start - item.end <= _BESIDE
                for other in found
            )
            if touched or not is_doubtful(item, text, near):
                kept.append(item)
    return kept


def _is_medical(item: Identifier, text: str) -> bool:
    if item.kind not in _FORGIVEN or item.source in _SURE:
        return False
    if item.kind is not IdentifierKind.DATE and _INSTRUMENT.match(text, item.end):
        return True
    start = max(0, item.start - _AROUND)
    covered = {
        i + start
        for match in _protected().finditer(text[start : item.end + _AROUND])
        for i in range(match.start(), match.end())
    }
    return all(i in covered for i in range(item.start, item.end) if text[i].isalnum())


def _trimmed(item: Identifier, text: str) -> Identifier:
    """Without titles before and credentials after, which are no part of a name."""
    if item.kind is not IdentifierKind.NAME:
        return item
    start, end = item.start, item.end
    if match := _TITLES.match(text, start, end):
        start = match.end()
    while match := _CREDENTIALS.search(text[start:end]):
        end = start + match.start()
    shown = text[start:end]
    if shown.endswith("'s") or shown.endswith("’s"):
        end -= 2
    return replace(item, start=start, end=end)


_NEXT_NAME = re.compile(
    r"(?: \([^)\n]{1,20}\))?(?:, and |, | and | & |/)([^\W\d_a-z][^\W\d_]{2,}(?:-[^\W\d_]+)?)(?![\w])"
)


def _enumerated(text: str, found: list[Identifier]) -> Iterator[Identifier]:
    """The next of several names: "Kayla, Kyle and Kody"."""
    starts = {item.start for item in found}
    lists = word_flags()
    for item in found:
        end = item.end
        while item.kind is IdentifierKind.NAME and (match := _NEXT_NAME.match(text, end)):
            word = match.group(1)
            flags = [lists.get(fold(part), "") for part in word.split("-")]
            if match.start(1) in starts or word.isupper() or any(re.search("w[123]|m", flag) for flag in flags):
                break
            yield Identifier(match.start(1), match.end(1), IdentifierKind.NAME, 0.6, "enumeration")
            end = match.end(1)


def _repeated(text: str, found: list[Identifier]) -> Iterator[Identifier]:
    """The words of names found once, wherever else they stand, unless they are words of the language."""
    covered = [(item.start, item.end) for item in found]
    words: dict[str, float] = {}
    lists = word_flags()
    for item in found:
        if item.kind is not IdentifierKind.NAME or item.score < (_LEAST_TAGGED if item.source == "tagger" else 0.6):
            continue
        for match in re.finditer(r"[^\W\d_]+", text[item.start : item.end]):
            word = match.group()
            flags = lists.get(fold(word), "")
            if len(word) >= _MIN_REPEATED and not re.search("w[123]|m", flags):
                words[word] = item.score
    for word in words:
        forms = {word, word.capitalize(), word.upper()} if word[0].isupper() else {word}
        for match in re.finditer(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, sorted(forms)))})(?![^\W_])", text):
            if not any(start < match.end() and match.start() < end for start, end in covered):
                yield Identifier(match.start(), match.end(), IdentifierKind.NAME, 0.6, "repetition")


@cache
def _protected() -> re.Pattern[str]:
    """One expression for every phrase and eponym of ``medical_names.txt``."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files(__package__).joinpath("medical_names.txt").read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current += [re.escape(part.strip()) for part in line.split(",") if part.strip()]
    alone, before, nouns, phrases = (
        "|".join(sorted(sections[name], key=len, reverse=True)) for name in ("alone", "with a noun", "nouns", "phrases")
    )
    owner = r"(?:['’]s?|s)?"
    joined = rf"(?:{alone}|{before}){owner}"
    between = r"(?:[-–/ ]|,? and |,? or |, )"
    grade = r"(?: (?:[A-D]|[IVX]+|\d)(?![\w]))?"
    return re.compile(
        rf"(?<![\w])(?:{phrases})(?![\w])"
        rf"|(?<![\w]){joined}(?:{between}{joined})*[ -](?:[a-z]+ )?(?:{nouns})(?![\w])"
        rf"|(?<![\w])(?:{alone}){owner}(?:{between}(?:{alone}){owner})*{grade}(?![\w])",
        re.IGNORECASE,
    )
