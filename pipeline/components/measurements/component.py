"""Find the values of tests in prose, terse lists and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import ConceptLink, Label, Measurement
from ....schemas.lab_tests import LabTest
from ...extensions import add_mentions, mention_spans, register_extensions
from ..demographics.profile import patient_profile
from ..matching import fold
from .grammar import grammar
from .values import Written, read_pair, read_value, result_before, to_measurement

EXTRACTOR = "clinigraph_measurements 1"
_PROBLEMS = frozenset({Label.DISEASE, Label.SYMPTOM})


class _Name(NamedTuple):
    start: int
    end: int
    test: LabTest


class MeasurementReader:
    """Read values such as "Hgb 8.2 (12-16) L", "BP 142/88", "A1c of 9.2%", "Cr 1.2 -> 2.4" and rows of tables.

    Names, units and ranges come from ``schemas/lab_tests.csv``, ways of writing from ``patterns.toml``. A TEST
    mention is added where none stands; one that stands is kept. ``span._.measurement`` holds the value as written,
    in the standard unit, the reference range (the note's own, else the table's for the patient's sex and age as far
    as the note states them), a flag and the HPO term of an abnormal value; ``span._.concept`` the test, if the span
    has no concept yet. A number that no unit of the test makes possible gets no flag and no finding. Doses
    ("K 40 mEq"), goals ("goal INR 2-3"), thresholds ("call for temp > 101"), dates and list numbers are not values.

    Parameters
    ----------
    nlp
        The pipeline.
    name
        Name of the component.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_measurements")
    >>> span = nlp("K+ 5.9, creatinine was 2.4 mg/dL.").ents[0]
    >>> span._.measurement.flag, span._.measurement.finding
    ('high', 'HP:0002153')
    """

    def __init__(self, nlp: Language, name: str = "clinigraph_measurements") -> None:
        register_extensions()
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc."""
        text = doc.text
        folded = fold(text)
        names = _find_names(text, folded)
        mentions = mention_spans(doc)
        tests = _Ranges(span for span in mentions if span.label_ == Label.TEST)
        if not names and not tests:
            return doc
        problems = _Ranges(span for span in mentions if span.label_ in _PROBLEMS)
        sex, age = patient_profile(text)
        made: list[Span] = []
        for name, written in _values(text, folded, names):
            if written.value is None and problems.at(name.start, name.end):
                continue  # "high blood pressure" is a problem already
            measurement = to_measurement(written, name.test, sex, age)
            if not _worth_keeping(name, measurement):
                continue
            span = self._span(doc, name, tests)
            if span is not None:
                _describe(span, measurement, name.test)
                made.append(span)
        _read_others(text, folded, tests)
        if made:
            add_mentions(doc, made)
        return doc

    def _span(self, doc: Doc, name: _Name, tests: _Ranges) -> Span | None:
        for known in tests.at(name.start, name.end):
            if known._.measurement is None:
                return known
        span = doc.char_span(name.start, name.end, label=Label.TEST, alignment_mode="expand")
        if span is None or span._.measurement is not None:
            return None
        span._.extractor = EXTRACTOR
        return span

    def to_disk(self, path: str | Path, exclude: Any = ()) -> None:
        """Nothing to save: the tables come with the package."""

    def from_disk(self, path: str | Path, exclude: Any = ()) -> MeasurementReader:
        """Nothing to load."""
        return self


class _Ranges:
    """Spans by the characters they cover, found again without comparing with all."""

    BLOCK = 256

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = list(spans)
        self._blocks: dict[int, list[Span]] = {}
        for span in self.spans:
            for block in range(span.start_char // self.BLOCK, span.end_char // self.BLOCK + 1):
                self._blocks.setdefault(block, []).append(span)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def at(self, start: int, end: int) -> list[Span]:
        """Spans that overlap a stretch."""
        near = self._blocks.get(start // self.BLOCK, [])
        return [span for span in near if span.start_char < end and start < span.end_char]


def _find_names(text: str, folded: str) -> list[_Name]:
    g = grammar()
    names = [
        _Name(m.start(), m.end(), g.tests[re.sub(r"\s+", " ", m[0])])
        for pattern, source in ((g.names, folded), (g.short_names, text))
        for m in pattern.finditer(source)
    ]
    names.sort(key=lambda n: (n.start, -n.end))
    kept: list[_Name] = []
    for name in names:
        if not kept or name.start >= kept[-1].end:
            kept.append(name)
    return kept


def _values(text: str, folded: str, names: list[_Name]) -> Iterator[tuple[_Name, Written]]:
    """Names with their values. A name inside what was read for the one before is no name."""
    g = grammar()
    done = 0
    for i, name in enumerate(names):
        if name.start < done:
            continue
        if g.never_after.search(folded[max(0, name.start - 30) : name.start]):
            continue
        if i + 1 < len(names) and (pair := _pair(folded, name, names[i + 1])):
            yield from zip((name, names[i + 1]), pair, strict=True)
            done = pair[1].end
            continue
        written = read_value(text, folded, name.start, name.end, name.test)
        if written is None and name.end - name.start > 2:
            written = None if g.name_rejected.match(folded, name.end) else result_before(folded, name.start)
        if written is not None:
            yield name, written
            done = max(done, written.end)


def _pair(folded: str, first: _Name, second: _Name) -> tuple[Written, Written] | None:
    if second.start - first.end > 10 or not grammar().pair_gap.fullmatch(folded, first.end, second.start):
        return None
    return read_pair(folded, second.end, first.test, second.test)


def _worth_keeping(name: _Name, measurement: Measurement) -> bool:
    """Names of one letter need a value that can be one; words need a meaning ("weight normal" has none)."""
    length = name.end - name.start
    if measurement.value is None:
        return (
            length >= 2
            and measurement.flag is not None
            and not (name.test.kind == "vital" and "+" in (measurement.value_text or ""))
        )
    return length > 1 or measurement.normal_value is not None


def _describe(span: Span, measurement: Measurement, test: LabTest) -> None:
    span._.measurement = measurement
    if span._.concept is None:
        span._.concept = ConceptLink(id=test.test_id, name=test.name, score=1.0, method="lab_table")


def _read_others(text: str, folded: str, tests: _Ranges) -> None:
    """Values of tests that others found and the table does not have."""
    for span in tests.spans:
        if span._.measurement is None:
            written = read_value(text, folded, span.start_char, span.end_char, None)
            if written is not None and (written.unit or written.reference or written.text):
                span._.measurement = to_measurement(written, None, None, None)
