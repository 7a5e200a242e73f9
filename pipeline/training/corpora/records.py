"""What a corpus reader yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ....schemas.problems import Level, Problem


class GoldSpan(NamedTuple):
    """One annotated span: character offsets (end exclusive) into the record's text, and the corpus' own label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Record:
    """One annotated text.

    Attributes
    ----------
    doc_id : str
        The corpus' own id.
    text : str
        The text the offsets count in.
    spans : tuple of GoldSpan
        Sorted by start, then by descending end; duplicates removed. Spans may nest.
    pmid : str or None
        The PubMed id where the corpus gives one; exclusion lists are kept by it.
    """

    doc_id: str
    text: str
    spans: tuple[GoldSpan, ...]
    pmid: str | None = None


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read: where it stands and why. Never holds the text itself."""

    file: str
    line: int
    reason: str

    def problem(self) -> Problem:
        """The row as something to show."""
        return Problem(
            where=f"{self.file} line {self.line}",
            message=self.reason,
            solution="Correct it, or leave it: it is not counted.",
            level=Level.WARNING,
        )


@dataclass
class CorpusReading:
    """The records of a corpus and the rows that were left out.

    Attributes
    ----------
    records : list of Record
    rejected : list of Rejected
    discontinuous : int
        Spans of several fragments that were replaced by their hull (first start to last end).
    """

    records: list[Record] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    discontinuous: int = 0


def checked_spans(
    text: str,
    spans: list[tuple[int, int, str, int]],
    file: str,
    reading: CorpusReading,
) -> tuple[GoldSpan, ...]:
    """Keep the spans that lie inside the text, list the others as rejected.

    Parameters
    ----------
    text : str
    spans : list of (start, end, label, line)
        ``line`` is where the span stands in the file, for the message.
    file : str
    reading : CorpusReading
        Receives the rejected rows.
    """
    good = set()
    for start, end, label, line in spans:
        if not 0 <= start < end <= len(text):
            reading.rejected.append(
                Rejected(file, line, f"offsets {start}-{end} lie outside the text of {len(text)} characters")
            )
            continue
        good.add(GoldSpan(start, end, label))
    return tuple(sorted(good, key=lambda span: (span.start, -span.end, span.label)))
