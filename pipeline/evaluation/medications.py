"""Measures how prescriptions are read, on corpora that mark drugs and the words that say how they are taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ...schemas.annotation import Label
from ...schemas.problems import Problem, UserError
from ..assembling import load, pipeline_names
from ..components.medications.component import medication_parts
from ..components.ner.component import split_at
from ..extensions import add_mentions, mention_spans
from ..training.corpora import Record, Rejected, read_corpus
from .spans import Counts, LabelledSpan, compare

# Gold label -> the kinds of parts that count as it (see sig.py); "drug" is the mention itself.
KINDS: dict[str, tuple[str, ...]] = {
    "DRUG": ("drug",),
    "ROUTE": ("route",),
    "FREQUENCY": ("frequency", "prn"),
    "STRENGTH": ("quantity",),
    "DOSAGE": ("count",),
    "DOSE": ("quantity", "count"),
    "FORM": ("form",),
    "DURATION": ("duration",),
    "REASON": ("reason", "prn_reason"),
}
_OTHER_NAMES = {"Dosage": "DOSE", "Route": "ROUTE", "Freq": "FREQUENCY", "Duration": "DURATION", "Drug": "DRUG"}  # PHEE
_EDGES = " \t\n\xa0.,;:()-"


@dataclass
class MedicationReport:
    """Figures of one evaluation: ``labels`` by gold label, strict spans; ``overlap`` any character in common.

    ``masked`` counts gold spans without a letter or digit ("***"): they are left out, as are answers that touch them.
    ``errors`` holds (record number, "missed" or "extra", label, start, end).
    """

    labels: dict[str, Counts] = field(default_factory=dict)
    overlap: dict[str, Counts] = field(default_factory=dict)
    masked: int = 0
    documents: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    errors: list[tuple[int, str, str, int, int]] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        """The rows of the corpus that could not be read."""
        return [row.problem() for row in self.rejected]

    def to_dict(self) -> dict[str, Any]:
        """``{"labels": {DRUG: {precision, recall, f1, support}, ...}, "overlap": {...}, "masked": n, "n": n}``."""
        return {
            "labels": {name: counts.to_dict() for name, counts in sorted(self.labels.items())},
            "overlap": {name: counts.to_dict() for name, counts in sorted(self.overlap.items())},
            "masked": self.masked,
            "n": self.documents,
        }


def medication_pipeline(*, tagger: bool = True, **settings: Any) -> Language:
    """Sentences, sections and medications; with a tagger, ``settings`` go to :func:`clinigraph.pipeline.load`."""
    keep = {"clinigraph_sentences", "clinigraph_sections", "clinigraph_ner", "clinigraph_medications"}
    if tagger:
        return load(**settings, exclude=[name for name in pipeline_names() if name not in keep])
    nlp = spacy.blank("en")
    for name in ("clinigraph_sentences", "clinigraph_sections", "clinigraph_medications"):
        nlp.add_pipe(name)
    return nlp


def evaluate_medications(
    path: Path | str,
    *,
    format: str,
    nlp: Language,
    gold_drugs: bool = False,
    keep_masked: bool = False,
    labels: Iterable[str] | None = None,
) -> MedicationReport:
    """Hold drugs and parts of prescriptions against gold spans.

    Parameters
    ----------
    path
        File or folder.
    format
        A format of :mod:`..training.corpora`. Labels DRUG, ROUTE, FREQUENCY, STRENGTH, DOSAGE, DOSE, FORM, DURATION
        and REASON are compared, and PHEE's Drug, Dosage, Route, Freq, Duration.
    nlp
        A pipeline with ``clinigraph_medications``.
    gold_drugs
        Mark the gold drugs before the pipeline runs, so that only the reading of prescriptions is measured.
    keep_masked
        Count gold spans that are nothing but mask characters, too.
    labels
        Only these gold labels. Default: all of the above that the corpus has.

    Notes
    -----
    Edges that say nothing (spaces, punctuation) are trimmed from both sides. Parts that belong to several
    mentions of one group ("dorzolamide/timolol") count once.

    Raises
    ------
    UserError
        If the path cannot be read or no gold span has such a label.
    """
    reading = read_corpus(path, format)
    wanted = set(labels) if labels else set(KINDS) | set(_OTHER_NAMES)
    report = MedicationReport(documents=len(reading.records), rejected=reading.rejected)
    docs = nlp.pipe(_docs(nlp, reading.records, gold_drugs))
    for number, (record, doc) in enumerate(zip(reading.records, docs, strict=True)):
        gold = {
            _trimmed(record.text, s.start, s.end, _OTHER_NAMES.get(s.label, s.label))
            for s in record.spans
            if s.label in wanted
        }
        masked = set() if keep_masked else {s for s in gold if not any(map(str.isalnum, record.text[s.start : s.end]))}
        report.masked += len(masked)
        _count(report, number, gold - masked, masked, _found(doc))
    if not report.labels or not any(c.support for c in report.labels.values()):
        raise UserError(f"{path} has no gold span of the labels {', '.join(sorted(wanted))}", "check --format")
    report.labels = {name: c for name, c in report.labels.items() if c.support}
    report.overlap = {name: c for name, c in report.overlap.items() if name in report.labels}
    return report


def _docs(nlp: Language, records: Iterable[Record], gold_drugs: bool) -> Iterable[Doc]:
    for record in records:
        doc = nlp.make_doc(record.text)
        if gold_drugs:
            spans = [s for s in record.spans if s.label in ("DRUG", "Drug")]
            split_at(doc, {offset for s in spans for offset in (s.start, s.end)})
            marked = [doc.char_span(s.start, s.end, label=Label.DRUG, alignment_mode="expand") for s in spans]
            add_mentions(doc, [span for span in marked if span is not None])
        yield doc


def _found(doc: Doc) -> dict[str, set[tuple[int, int]]]:
    text, found = doc.text, {}
    drugs = {(s.start_char, s.end_char) for s in mention_spans(doc) if s.label_ == Label.DRUG}
    found["drug"] = {_trimmed(text, start, end, "")[:2] for start, end in drugs}
    for kind, start, end in medication_parts(doc):
        found.setdefault(kind, set()).add(_trimmed(text, start, end, "")[:2])
    return found


def _count(
    report: MedicationReport,
    number: int,
    gold: set[LabelledSpan],
    masked: set[LabelledSpan],
    found: dict[str, set[tuple[int, int]]],
) -> None:
    names = {s.label for s in gold} | set(report.labels) | (set(KINDS) - {"DOSE", "STRENGTH", "DOSAGE"})
    for name in names:
        given = {LabelledSpan(s, e, name) for kind in KINDS[name] for s, e in found.get(kind, ())}
        given = {g for g in given if not any(g.start < m.end and m.start < g.end for m in masked if m.label == name)}
        mine = {s for s in gold if s.label == name}
        report.errors += [(number, "missed", name, s.start, s.end) for s in sorted(mine - given)]
        report.errors += [(number, "extra", name, s.start, s.end) for s in sorted(given - mine)]
        for table, loose in ((report.labels, False), (report.overlap, True)):
            counts = compare(mine, given, overlap=loose).get(name)
            if counts is not None:
                table.setdefault(name, Counts()).add(counts)


def _trimmed(text: str, start: int, end: int, label: str) -> LabelledSpan:
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        end -= 1
    return LabelledSpan(start, end, label)
