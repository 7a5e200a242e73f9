"""Measures assertion on gold spans: a table of sentences with one condition each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Span

from ...schemas.annotation import Assertion
from ...schemas.problems import Level, Problem, UserError
from ..extensions import SPANS_KEY
from .assertion_gold import (
    MARKUP_AXES,
    POLARITY_AXES,
    GoldMention,
    Passage,
    read_brat,
    read_markup,
    stated_axes,
)

AXES = ("negated", "historical", "hypothetical", "family")
_COLUMNS = ("condition", "sentence", "negation", "temporality", "experiencer")


@dataclass
class Counts:
    """True and false positives and false negatives of one axis."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0

    def to_dict(self) -> dict[str, float | int]:
        """Precision, recall, F1 (0 where undefined) and support."""
        found = self.true_positive + self.false_positive
        support = self.true_positive + self.false_negative
        precision = self.true_positive / found if found else 0.0
        recall = self.true_positive / support if support else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": precision, "recall": recall, "f1": f1, "support": support}


@dataclass
class AssertionReport:
    """What :func:`evaluate_assertion` found.

    ``problems`` lists the rows that were left out; ``errors`` the rows decided wrongly, as (row number, axis, gold).
    """

    counts: dict[str, Counts] = field(default_factory=lambda: {axis: Counts() for axis in AXES})
    n: int = 0
    problems: list[Problem] = field(default_factory=list)
    errors: list[tuple[int | str, str, bool]] = field(default_factory=list)

    def add(self, row: int | str, gold: dict[str, bool], found: dict[str, bool]) -> None:
        """Count one row."""
        self.n += 1
        for axis, counts in self.counts.items():
            counts.true_positive += gold[axis] and found[axis]
            counts.false_positive += found[axis] and not gold[axis]
            counts.false_negative += gold[axis] and not found[axis]
            if gold[axis] != found[axis]:
                self.errors.append((row, axis, gold[axis]))

    def to_dict(self) -> dict[str, Any]:
        """``{"negated": {"precision", "recall", "f1", "support"}, "historical": ..., ..., "n": int}``."""
        return {**{axis: counts.to_dict() for axis, counts in self.counts.items()}, "n": self.n}


def _gold(row: dict[str, str]) -> dict[str, bool]:
    negation, time = row["negation"].strip().lower(), row["temporality"].strip().lower()
    return {
        "negated": negation.startswith("negat"),
        "historical": time.startswith("histor"),
        "hypothetical": time.startswith("hypoth") or time == "not particular",
        "family": row["experiencer"].strip().lower() not in ("patient", ""),
    }


def _found(assertion: Assertion) -> dict[str, bool]:
    return {
        "negated": assertion.negated,
        "historical": assertion.temporality == "historical",
        "hypothetical": assertion.temporality == "hypothetical",
        "family": assertion.experiencer != "patient",
    }


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Find our columns by how their names begin: "negation_status (negated, affirmed, possible)" is negation."""
    names = [name.strip().lower() for name in header]
    found = {c: next((i for i, name in enumerate(names) if name.startswith(c)), -1) for c in _COLUMNS}
    missing = [column for column, index in found.items() if index < 0]
    if missing:
        raise UserError(
            f"{path.name} has no column that begins with {', '.join(repr(m) for m in missing)}. "
            f"Columns found: {', '.join(name.strip() for name in header)[:300] or 'none'}",
            "give a tab-separated table: Condition, sentence, negation_status, temporality, experiencer",
        )
    return found


def read_assertion_rows(path: str | Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the table, quoted line breaks and all.

    Yields
    ------
    (int, dict)
        Number of the row (1 is the first below the header) and its values by short column name.

    Raises
    ------
    UserError
        If the file cannot be read, is not text or has no such columns.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "check that it is a readable file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text", "save it as UTF-8, tab-separated") from error
    if "\0" in text:
        raise UserError(f"{path.name} is a binary file", "give a tab-separated table in UTF-8")
    lines = csv.reader(text.splitlines(keepends=True), delimiter="\t")
    try:
        columns = _columns(path, next(lines, []))
        for number, cells in enumerate(lines, 1):
            if cells:
                yield number, {c: cells[i] if i < len(cells) else "" for c, i in columns.items()}
    except csv.Error as error:
        raise UserError(f"{path.name} is not a tab-separated table: {error}", "check its quotes and tabs") from error


def minimal_pipeline(*, social_history_is_past: bool = False) -> Language:
    """Tokenizer, sentences, sections, assertion: what assertion on gold spans needs."""
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_sentences")
    nlp.add_pipe("clinigraph_sections")
    nlp.add_pipe("clinigraph_assertion", config={"social_history_is_past": social_history_is_past})
    return nlp


def _locate(condition: str, sentence: str) -> tuple[str, int, int] | None:
    """Find the condition, whatever its case and blanks: the normalised sentence, start and end."""
    text = " ".join(sentence.split())
    wanted = " ".join(condition.split())
    at = text.lower().find(wanted.lower()) if wanted else -1
    return (text, at, at + len(wanted)) if at >= 0 and len(text) == len(text.lower()) else None


def _assert_one(nlp: Language, text: str, start: int, end: int) -> Assertion:
    """Run all but what finds mentions of its own, with the gold span as the only mention."""
    doc = nlp.make_doc(text)
    early = [(n, p) for n, p in nlp.pipeline if n in ("clinigraph_sentences", "clinigraph_sections")]
    for _, component in early:
        doc = component(doc)
    span = doc.char_span(start, end, label="DISEASE", alignment_mode="expand")
    if span is None:  # cannot happen inside the text; keeps the type honest
        return Assertion()
    doc.set_ents([Span(doc, span.start, span.end, label="DISEASE")])
    doc = nlp.get_pipe("clinigraph_assertion")(doc)
    assertion: Assertion = doc.ents[0]._.assertion
    return assertion


def evaluate_assertion(path: str | Path, nlp: Language | None = None) -> AssertionReport:
    """Measure assertion on gold spans.

    Parameters
    ----------
    path
        Tab-separated table with a header; columns are known by how their names begin: ``Condition``, ``sentence``,
        ``negation_status``, ``temporality``, ``experiencer``. The condition is looked for in the sentence (first
        occurrence, any case, any white space).
    nlp
        A pipeline that holds ``clinigraph_assertion``; of the others only sentences and sections are run. Default:
        :func:`minimal_pipeline`.

    Returns
    -------
    AssertionReport

    Raises
    ------
    UserError
        If the table cannot be read or lacks columns, or the pipeline has no ``clinigraph_assertion``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> table = pathlib.Path(tempfile.mkdtemp()) / "t.tsv"
    >>> _ = table.write_text(
    ...     "Condition\\tsentence\\tnegation\\ttemporality\\texperiencer\\n"
    ...     "cough\\tNo cough.\\tNegated\\tRecent\\tPatient\\n"
    ... )
    >>> evaluate_assertion(table).to_dict()["negated"]["f1"]
    1.0
    """
    nlp = nlp or minimal_pipeline(social_history_is_past=True)
    if not nlp.has_pipe("clinigraph_assertion"):
        raise UserError("the pipeline has no clinigraph_assertion", "add it, or leave the pipeline out")
    report = AssertionReport()
    for number, row in read_assertion_rows(path):
        place = _locate(row["condition"], row["sentence"])
        if place is None:
            report.problems.append(
                Problem(
                    where=f"{Path(path).name} row {number}",
                    message="the condition does not stand in the sentence",
                    solution="correct the row; it was left out",
                    level=Level.WARNING,
                )
            )
            continue
        report.add(number, _gold(row), _found(_assert_one(nlp, *place)))
    if not report.n:
        raise UserError(f"{Path(path).name} holds no row that can be measured", "check that it has rows and conditions")
    return report


def evaluate_passages(
    path: str | Path, format: str, labels: Iterable[str] = (), nlp: Language | None = None
) -> AssertionReport:
    """Measure assertion on the gold spans of whole passages.

    Parameters
    ----------
    path
        Folder (brat) or file (markup).
    format
        "brat": attributes POLARITY, see :func:`read_brat`; "markup": gold inside the text, see :func:`read_markup`.
    labels
        brat only: the types of spans that count; empty: all.
    nlp
        As in :func:`evaluate_assertion`.

    Returns
    -------
    AssertionReport
        With the axes of the format: negated and uncertain, or all six. ``n`` counts mentions.

    Raises
    ------
    UserError
        If nothing can be read, or the pipeline has no ``clinigraph_assertion``.
    """
    nlp = nlp or minimal_pipeline()
    if not nlp.has_pipe("clinigraph_assertion"):
        raise UserError("the pipeline has no clinigraph_assertion", "add it, or leave the pipeline out")
    brat = format == "brat"
    axes = POLARITY_AXES if brat else MARKUP_AXES
    report = AssertionReport(counts={axis: Counts() for axis in axes})
    for passage in read_brat(path, frozenset(labels)) if brat else read_markup(path):
        for number, (gold, found) in enumerate(_passage(nlp, passage), 1):
            said = stated_axes(found)
            where = f"{passage.name}, mention {number}"
            report.add(where, {a: a in gold.axes for a in axes}, {a: a in said for a in axes})
    if not report.n:
        raise UserError(f"{Path(path).name} holds no mention that can be measured", "check its labels and format")
    return report


def _passage(nlp: Language, passage: Passage) -> Iterator[tuple[GoldMention, Assertion]]:
    """Every gold mention with what the pipeline says of it."""
    doc = nlp.make_doc(passage.text)
    for name, component in nlp.pipeline:
        if name in ("clinigraph_sentences", "clinigraph_sections"):
            doc = component(doc)
    pairs = [(m, doc.char_span(m.start, m.end, label=m.label, alignment_mode="expand")) for m in passage.mentions]
    doc.spans[SPANS_KEY] = [span for _, span in pairs if span is not None]  # gold spans may overlap
    doc = nlp.get_pipe("clinigraph_assertion")(doc)
    for mention, span in pairs:
        if span is not None:
            yield mention, span._.assertion
