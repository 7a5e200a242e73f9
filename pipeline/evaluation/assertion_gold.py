"""Gold standards of assertion on whole passages: brat attributes, and markup inside the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...schemas.annotation import Assertion
from ...schemas.problems import UserError

_ENT = re.compile(r"<ent([^>]*)>(.*?)</ent>", re.DOTALL)
_CUE = re.compile(r'cue="[^"]*"')
_POLARITY = {"NEG": "negated", "UNCERTAIN": "uncertain", "MAYBE_POS": "uncertain", "MAYBE_NEG": "uncertain"}
MARKUP_AXES = ("negated", "uncertain", "historical", "hypothetical", "family", "other")
POLARITY_AXES = ("negated", "uncertain")


class GoldMention(NamedTuple):
    """A span, its label and the axes that the gold standard sets."""

    start: int
    end: int
    label: str
    axes: frozenset[str]


class Passage(NamedTuple):
    """A text with its gold mentions."""

    name: str
    text: str
    mentions: list[GoldMention]


def stated_axes(assertion: Assertion) -> frozenset[str]:
    """The axes of :data:`MARKUP_AXES` that an assertion sets.

    Examples
    --------
    >>> sorted(stated_axes(Assertion(negated=True, experiencer="family")))
    ['family', 'negated']
    """
    values = (assertion.certainty, assertion.temporality, assertion.experiencer)
    said = {value for value in values if value in MARKUP_AXES}
    return frozenset(said | ({"negated"} if assertion.negated else set()))


def parse_markup(line: str) -> tuple[str, list[tuple[int, int, str]]]:
    r"""Strip the markup from a line: text and (start, end, attributes) of every mention; ``\n`` is a line break.

    Examples
    --------
    >>> parse_markup("No <ent negated>fever</ent>.")
    ('No fever.', [(3, 8, ' negated')])
    """
    text, found, at = "", [], 0
    line = line.replace("\\n", "\n")
    for match in _ENT.finditer(line):
        text += line[at : match.start()]
        found.append((len(text), len(text) + len(match[2]), match[1]))
        text, at = text + match[2], match.end()
    return text + line[at:], found


def read_markup(path: str | Path) -> Iterator[Passage]:
    """Read gold written inside the text, one passage a line: ``Denies <ent negated cue="Denies">chest pain</ent>.``

    Attributes: the names of :data:`MARKUP_AXES`, ``cue="..."`` (not compared here), and in capitals the label of the
    mention (default DISEASE). Lines that begin with ``#`` are comments.

    Raises
    ------
    UserError
        If the file cannot be read or an attribute is not known.
    """
    path = Path(path)
    for number, line in enumerate(_read(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        text, found = parse_markup(line)
        mentions = []
        for start, end, attributes in found:
            words = _CUE.sub("", attributes).split()
            unknown = [word for word in words if word not in MARKUP_AXES and not word.isupper()]
            if unknown:
                raise UserError(
                    f"{path.name} line {number}: unknown attribute {unknown[0]!r}", f"use {', '.join(MARKUP_AXES)}"
                )
            label = next((word for word in words if word.isupper()), "DISEASE")
            mentions.append(GoldMention(start, end, label, frozenset(w for w in words if w in MARKUP_AXES)))
        yield Passage(f"{path.name} line {number}", text, mentions)


def read_brat(path: str | Path, labels: frozenset[str]) -> Iterator[Passage]:
    """Read a folder of ``X.txt`` beside ``X.ann`` whose attribute POLARITY hangs on spans or on events.

    A discontinuous span is read as its hull. Spans of other types than ``labels`` are left out (empty: none is).

    Raises
    ------
    UserError
        If the folder holds no such pair.
    """
    folder = Path(path)
    pairs = sorted(p for p in folder.glob("*.ann") if p.with_suffix(".txt").exists())
    if not pairs:
        raise UserError(f"{folder.name} holds no .ann file beside a .txt file", "give the folder of a brat corpus")
    for table in pairs:
        with table.with_suffix(".txt").open(encoding="utf-8", errors="replace", newline="") as file:
            text = file.read()
        mentions = list(_brat_mentions(_read(table), labels))
        yield Passage(table.stem, text, [m for m in mentions if 0 <= m.start < m.end <= len(text)])


def _brat_mentions(annotations: str, labels: frozenset[str]) -> Iterator[GoldMention]:
    spans: dict[str, tuple[int, int, str]] = {}
    events: dict[str, str] = {}  # event -> its span
    polarity: dict[str, str] = {}
    for line in annotations.split("\n"):
        fields = line.rstrip("\r").split("\t")
        if len(fields) < 2:
            continue
        if line.startswith("T"):
            label, _, offsets = fields[1].partition(" ")
            numbers = [int(n) for n in re.findall(r"\d+", offsets)]
            if len(numbers) >= 2:
                spans[fields[0]] = (numbers[0], numbers[-1], label)
        elif line.startswith("E"):
            events[fields[0]] = fields[1].split()[0].partition(":")[2]
        elif line.startswith("A"):
            words = fields[1].split()
            if len(words) == 3 and words[0] == "POLARITY" and words[2] in _POLARITY:
                polarity[words[1]] = _POLARITY[words[2]]
    said: dict[str, set[str]] = {}
    for target, axis in polarity.items():
        said.setdefault(events.get(target, target), set()).add(axis)
    for name, (start, end, label) in spans.items():
        if not labels or label in labels:
            yield GoldMention(start, end, label, frozenset(said.get(name, ())))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "check that it is a readable file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text", "save it as UTF-8") from error
