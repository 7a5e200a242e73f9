"""Measures the senses of abbreviations on gold written inside the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import spacy
from spacy.language import Language

from ...schemas.problems import UserError
from ..extensions import SPANS_KEY

_MARK = re.compile(r"<a ([A-Z]+) ([^>]+)>(.*?)</a>")
_ROWS = re.compile(r"(\d+(?:,\d+)*)/(\d+)")
UNKNOWN = "?"


class GoldSense(NamedTuple):
    """A place, its label and its long form; None where the passage does not tell."""

    start: int
    end: int
    label: str
    long: str | None


@dataclass
class AbbreviationReport:
    """What :func:`evaluate_abbreviations` found; ``errors`` as (row, short form, gold, found)."""

    known: int = 0
    decided: int = 0
    right: int = 0
    unknown: int = 0
    guessed: int = 0
    errors: list[tuple[int, str, str | None, str | None]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Accuracy of what was decided, coverage of what can be decided, and unknown ones that were guessed."""
        return {
            "accuracy": self.right / self.decided if self.decided else 0.0,
            "coverage": self.decided / self.known if self.known else 0.0,
            "known": self.known,
            "decided": self.decided,
            "right": self.right,
            "unknown": self.unknown,
            "unknown_guessed": self.guessed,
        }


def parse_rows(rows: str) -> tuple[frozenset[int], int]:
    """Read "4/4" (every fourth row) or "1,2,3/4" (the others).

    Examples
    --------
    >>> parse_rows("4/4")
    (frozenset({0}), 4)
    """
    match = _ROWS.fullmatch(rows.strip())
    if match is None or not int(match[2]):
        raise UserError(f"{rows!r} names no rows", "write 4/4 for every fourth row, 1,2,3/4 for the others")
    number = int(match[2])
    return frozenset(int(part) % number for part in match[1].split(",")), number


def read_senses(path: str | Path, rows: str = "1/1") -> Iterator[tuple[int, str, list[GoldSense]]]:
    r"""Read ``O2 sat 97% on <a DISEASE room air>RA</a>.``, one passage a line, ``\n`` a line break, ``?`` unknown.

    Raises
    ------
    UserError
        If the file cannot be read or ``rows`` makes no sense.
    """
    wanted, number = parse_rows(rows)
    path = Path(path)
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "check that it is a readable file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text", "save it as UTF-8") from error
    passages = (line.replace("\\n", "\n") for line in lines if line.strip() and not line.startswith("#"))
    for row, line in enumerate(passages, 1):
        if row % number in wanted:
            yield row, *_parse(line)


def _parse(line: str) -> tuple[str, list[GoldSense]]:
    text, found, at = "", [], 0
    for match in _MARK.finditer(line):
        text += line[at : match.start()]
        long = None if match[2] == UNKNOWN else match[2]
        found.append(GoldSense(len(text), len(text) + len(match[3]), match[1], long))
        text, at = text + match[3], match.end()
    return text + line[at:], found


def minimal_pipeline() -> Language:
    """Tokenizer, sections, abbreviations."""
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sections")
    nlp.add_pipe("clinigraph_abbreviations")
    return nlp


def evaluate_abbreviations(path: str | Path, rows: str = "1/1", nlp: Language | None = None) -> AbbreviationReport:
    """Measure which long forms the component gives.

    Parameters
    ----------
    path
        File as :func:`read_senses` reads it.
    rows
        Which rows count, see :func:`parse_rows`.
    nlp
        A pipeline whose components find no mentions of their own. Default: :func:`minimal_pipeline`.

    Returns
    -------
    AbbreviationReport
    """
    nlp = nlp or minimal_pipeline()
    report = AbbreviationReport()
    for row, text, gold in read_senses(path, rows):
        doc = nlp.make_doc(text)
        spans = [doc.char_span(g.start, g.end, label=g.label, alignment_mode="expand") for g in gold]
        doc.spans[SPANS_KEY] = [span for span in spans if span is not None]
        for _, component in nlp.pipeline:
            doc = component(doc)
        for sense, span in zip(gold, spans, strict=True):
            if span is not None:
                _count(report, row, text[sense.start : sense.end], sense.long, span._.long_form)
    if not report.known + report.unknown:
        raise UserError(f"{Path(path).name} holds no abbreviation that can be measured", "check its format and --rows")
    return report


def _count(report: AbbreviationReport, row: int, short: str, gold: str | None, found: str | None) -> None:
    if gold is None:
        report.unknown += 1
        report.guessed += found is not None
    else:
        report.known += 1
        report.decided += found is not None
        report.right += found == gold
    if found != gold:
        report.errors.append((row, short, gold, found))
