"""Find the values of tests in prose, terse lists and tables."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import ConceptLink, Label, Measurement
from ....schemas.lab_tests import LabTest, lab_tests
from ...extensions import SPANS_KEY, add_mentions, doc_text, mention_spans, register_extensions
from ..demographics.profile import patient_profile
from ..matching import fold
from ..tokens import split_tokens
from .computed import CREATININE, EGFR, computed_egfr
from .grammar import grammar
from .panels import Placed, fishbones, in_context, pairs, specials
from .series import earlier_values, further_values
from .values import Patient, Written, read_pair, read_value, result_before, to_measurement

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

    Notes
    -----
    Every one of several values is a mention: of "158/94, repeat 144/86" the second stands on its digits. Older values
    of a trend ("1.2 -> 2.4", "7.2 <- 8.1", "down from 9.8") are marked ``earlier``. Drawn panels ("7.2>13.1/39.4<250"),
    "H/H 8.2/25", "pain 7/10", "165 cm tall" and the names after "UA" or "CSF" are read, too.
    Where no eGFR is written it is computed from the creatinine of an adult whose age and sex the note gives (CKD-EPI
    2021): a mention on the digits of the creatinine, ``computed``, in ``doc.spans`` only.

    Measured on ``tests/measurements_gold.jsonl`` (123 passages of our own, 243 values). Values F1 at first run: the
    24 passages written before the work .756, 24 written after it and never seen .961 (precision 1.000, recall .924;
    flags of the values found .98); all after tuning .996. Command: ``clinigraph evaluate measurements``.

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
        text = doc_text(doc)
        folded = fold(text)
        placed = _placed(text, folded)
        if not placed and not any(span.label_ == Label.TEST for span in mention_spans(doc)):
            return doc
        split_tokens(doc, _ends_of_values(placed))
        mentions = mention_spans(doc)
        tests = _Ranges(span for span in mentions if span.label_ == Label.TEST)
        problems = _Ranges(span for span in mentions if span.label_ in _PROBLEMS)
        sex, age, pregnant = patient_profile(text)
        patient = Patient(sex, age, pregnant)
        made: list[Span] = []
        rates: list[tuple[Placed, Measurement]] = []
        for value in placed:
            if value.written.value is None and problems.at(value.start, value.end):
                continue  # "high blood pressure" is a problem already
            measurement = to_measurement(value.written, value.test, patient, earlier=value.earlier)
            if not _worth_keeping(value, measurement):
                continue
            span = self._span(doc, value, tests)
            if span is None:
                continue
            _describe(span, measurement, value.test)
            made.append(span)
            if value.test.test_id == CREATININE and (rate := computed_egfr(measurement, patient)):
                rates.append((value, rate))
        _read_others(text, folded, tests)
        if made:
            add_mentions(doc, made)
        if rates and not any(value.test.test_id == EGFR for value in placed):
            _add_rates(doc, rates)
        return doc

    def _span(self, doc: Doc, value: Placed, tests: _Ranges) -> Span | None:
        for known in tests.at(value.start, value.end):
            if known._.measurement is None:
                return known
        span = doc.char_span(value.start, value.end, label=Label.TEST, alignment_mode="expand")
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
    meant = {(start, end): test for start, end, test in in_context(folded)}
    names += [_Name(start, end, test) for (start, end), test in meant.items()]
    names.sort(key=lambda n: (n.start, -n.end))
    kept: list[_Name] = []
    for name in names:
        if not kept or name.start >= kept[-1].end:
            kept.append(name._replace(test=meant.get(name[:2], name.test)))
    return kept


def _placed(text: str, folded: str) -> list[Placed]:
    """All values of a note, in the order they are believed: drawn panels first, ways of writing without a name last."""
    odd = list(specials(folded))
    found = [*fishbones(folded), *pairs(folded), *(v for v in odd if v.written.unit in ("in", "lb"))]
    taken = _Stretches((value.start, max(value.end, value.written.end)) for value in found)
    names = [name for name in _find_names(text, folded) if not taken.meets(name.start, name.end)]
    for name, written in _values(text, folded, names):
        if taken.meets(name.start, name.end):
            continue
        found.append(Placed(name.start, name.end, name.test, written))
        if written.value is None:
            continue
        taken.add(written.start or name.end, written.end)
        limit = _next_name(names, name, written.end, len(folded))
        further = list(further_values(folded, name.test, written, limit))
        if further and not further[0].earlier and not _LISTED_TOGETHER.search(folded, name.end, written.end):
            found[-1] = found[-1]._replace(earlier=_IS_TREND.search(folded, written.end, further[0].start) is not None)
        if written.prior:
            spread = _LISTED_TOGETHER.search(folded, name.end, written.prior[0]) is not None
            further += [v._replace(earlier=not spread) for v in earlier_values(folded, *written.prior, written.unit)]
        for value in further:
            taken.add(value.start, value.end)
            found.append(Placed(value.start, value.end, name.test, value.written, value.earlier))
    found += [v for v in odd if not taken.meets(min(v.start, v.written.start), max(v.end, v.written.end))]
    return found


# "ranged from 118/70 to 136/82" is no trend; "1.2 -> 2.4" is one
_LISTED_TOGETHER = re.compile(r"rang|between|vari|averag")
_IS_TREND = re.compile(
    r">|→|now|today|then|repeat|recheck|later|\bto\b|discharge|current|this|improved|followed|after|subsequently|nadir|peak"
)


def _next_name(names: list[_Name], name: _Name, end: int, length: int) -> int:
    at = bisect_left(names, end, key=lambda n: n.start)
    return next((n.start for n in names[at : at + 3] if n.test.test_id != name.test.test_id), length)


def _ends_of_values(placed: list[Placed]) -> set[int]:
    """Where mentions that are digits begin and end: tokens are split there."""
    places = {(v.start, v.end) for v in placed if v.start == v.written.start}
    places |= {(v.written.start, v.written.digits_end) for v in placed if v.test.test_id == CREATININE}
    return {offset for place in places for offset in place if offset}


class _Stretches:
    """Stretches of text that are taken."""

    def __init__(self, places: Iterable[tuple[int, int]]) -> None:
        self._places = sorted(places)

    def add(self, start: int, end: int) -> None:
        if end > start:
            insort(self._places, (start, end))

    def meets(self, start: int, end: int) -> bool:
        at = bisect_left(self._places, (end, 0))
        return any(s < end and start < e for s, e in self._places[max(0, at - 4) : at])


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


def _worth_keeping(name: Placed, measurement: Measurement) -> bool:
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
                span._.measurement = to_measurement(written, None)


def _add_rates(doc: Doc, rates: list[tuple[Placed, Measurement]]) -> None:
    """Filtration rates stand on the digits of their creatinine, among all mentions but not in ``doc.ents``."""
    group = list(doc.spans[SPANS_KEY]) if SPANS_KEY in doc.spans else []
    test = lab_tests()[EGFR]
    for value, rate in rates:
        start = value.written.start
        span = doc.char_span(start, value.written.digits_end, label=Label.TEST, alignment_mode="expand")
        if span is None or span._.measurement is not None:
            continue
        span._.extractor = EXTRACTOR
        _describe(span, rate, test)
        group.append(span)
    doc.spans[SPANS_KEY] = sorted(group, key=lambda s: (s.start, -s.end, s.label_))
