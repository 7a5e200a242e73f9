"""Measures expressions of time, and the onset and end of what they belong to.

One line of the gold file is ``{"text": ..., "date": "2024-05-22", "age": 50, "split": ..., "expressions": [...],
"times": [...]}``. ``date`` is the note's, ``age`` the patient's. An expression has its ``text`` and, as far as they are
known, ``first``, ``last`` and ``days``. A time has the words of a ``mention`` (a symptom, or ``"PROCEDURE:CABG"``), its
``onset`` and its ``end``; the mention is marked before the component runs, and one without onset must get none.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ...schemas.annotation import DateExpression, Note
from ...schemas.problems import Problem, UserError
from ..extensions import add_mentions, mention_spans
from .measurements import json_rows
from .spans import Counts


@dataclass
class DateReport:
    """What :func:`evaluate_dates` found.

    ``expressions`` counts spans, ``calendar`` those of them placed as the gold says, ``onset`` and ``end`` those of
    mentions; ``errors`` holds (line, what, gold, found).
    """

    expressions: Counts = field(default_factory=Counts)
    calendar: Counts = field(default_factory=Counts)
    onset: Counts = field(default_factory=Counts)
    end: Counts = field(default_factory=Counts)
    n: int = 0
    problems: list[Problem] = field(default_factory=list)
    errors: list[tuple[int, str, Any, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """``{"expressions": {precision, recall, f1, support}, "calendar": ..., "onset": ..., "end": ..., "n": n}``."""
        names = ("expressions", "calendar", "onset", "end")
        return {**{name: getattr(self, name).to_dict() for name in names}, "n": self.n}


def default_pipeline() -> Language:
    """Sentences, sections, medications (whose durations are no times) and dates on a blank pipeline."""
    nlp = spacy.blank("en")
    for name in ("clinigraph_sentences", "clinigraph_sections", "clinigraph_medications", "clinigraph_dates"):
        nlp.add_pipe(name)
    return nlp


def evaluate_dates(path: str | Path, *, split: str | None = None, nlp: Language | None = None) -> DateReport:
    """Hold times against a gold file; see the module for its form.

    Raises
    ------
    UserError
        If the file cannot be read or holds no passage of the split.
    """
    report, nlp = DateReport(), nlp or default_pipeline()
    for number, row in json_rows(Path(path), report.problems, ("text", "expressions")):
        if split is not None and row.get("split") != split:
            continue
        report.n += 1
        doc = nlp(_doc(nlp, row))
        _compare_expressions(report, number, row["expressions"], doc._.dates)
        _compare_times(report, number, row.get("times", ()), doc)
    if not report.n:
        raise UserError(f"{path} holds no passage" + (f" of the split {split!r}" if split else ""), "check the file")
    return report


def _doc(nlp: Language, row: dict[str, Any]) -> Doc:
    text = row["text"] + (f" Age: {row['age']} years." if "age" in row else "")
    doc = nlp.make_doc(text)
    date = dt.date.fromisoformat(row["date"]) if row.get("date") else None
    doc._.note = Note(note_id="gold", patient_id="gold", text="", date=date)
    spans = []
    for time in row.get("times", ()):
        label, words = _mention(time["mention"])
        start = text.index(words)
        spans.append(doc.char_span(start, start + len(words), label=label, alignment_mode="expand"))
    add_mentions(doc, [span for span in spans if span is not None])
    return doc


def _mention(words: str) -> tuple[str, str]:
    label, colon, rest = words.partition(":")
    return (label, rest) if colon and label.isupper() else ("SYMPTOM", words)


def _compare_expressions(
    report: DateReport, number: int, gold: list[dict[str, Any]], found: list[DateExpression]
) -> None:
    report.expressions.add(Counts(0, len(found), len(gold)))
    left = list(found)
    for wanted in gold:
        at = next((e for e in left if _same_words(e.text, wanted["text"])), None)
        if at is None:
            report.errors.append((number, "missed", wanted["text"], [e.text for e in left]))
            continue
        left.remove(at)
        report.expressions.correct += 1
        right = all(_agrees(wanted[name], getattr(at, name)) for name in ("first", "last", "days") if name in wanted)
        report.calendar.add(Counts(int(right), 1, 1))
        if not right:
            report.errors.append((number, "calendar", wanted, (str(at.first), str(at.last), at.days)))
    report.errors += [(number, "extra", None, e.text) for e in left]


def _same_words(found: str, gold: str) -> bool:
    """Leading prepositions and "about" do not count: "in March 2019" and "March 2019" are the same time."""
    return found.lower().split()[-1:] == gold.lower().split()[-1:] and (
        found.lower().endswith(gold.lower()) or gold.lower().endswith(found.lower())
    )


def _agrees(gold: Any, found: Any) -> bool:
    if isinstance(gold, str):
        return found is not None and found.isoformat() == gold
    return found is not None and abs(found - gold) <= 0.02 * gold


def _compare_times(report: DateReport, number: int, gold: Any, doc: Doc) -> None:
    for wanted in gold:
        label, words = _mention(wanted["mention"])
        time = next((s._.time for s in mention_spans(doc) if s.label_ == label and s.text == words), None)
        for name, counts in (("onset", report.onset), ("end", report.end)):
            value = getattr(time, name) if time else None
            said = wanted.get(name)
            right = said is not None and value is not None and value.isoformat() == said
            counts.add(Counts(int(right), int(value is not None), int(said is not None)))
            if not right and (said is not None or value is not None):
                report.errors.append((number, name, (words, said), str(value)))
