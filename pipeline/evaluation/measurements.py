"""Measures how values of tests are read: JSON lines with a passage and the values that stand in it.

One line is ``{"text": ..., "split": ..., "values": [...]}``. A value has ``test`` (id of ``schemas/lab_tests.csv``) and

``value``, ``value_high``, ``text``, ``comparator``
    what is written: these and the test decide whether a value counts as found;
``normal``, ``flag``, ``reference``, ``finding``, ``earlier``
    how it is understood, judged over the values that were found: value in the standard unit (within 1 %), flag,
    ``[low, high]`` of the reference range, CURIE, and whether a newer value stands beside it. Left out: not judged.

``computed`` values (eGFR) are listed like others, with ``"computed": true``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from ...schemas.annotation import Measurement
from ...schemas.problems import Level, Problem, UserError
from ..extensions import mention_spans
from .spans import Counts

ATTRIBUTES = ("normal", "flag", "reference", "finding", "earlier")
Key = tuple[str, float | None, float | None, str | None, str]


@dataclass
class MeasurementReport:
    """What :func:`evaluate_measurements` found.

    ``values`` counts values; ``attributes`` right and judged per attribute over the values found; ``errors`` holds
    (line, what, gold or found key), without the passage.
    """

    values: Counts = field(default_factory=Counts)
    attributes: dict[str, Counts] = field(default_factory=lambda: {name: Counts() for name in ATTRIBUTES})
    n: int = 0
    problems: list[Problem] = field(default_factory=list)
    errors: list[tuple[int, str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """``{"values": {precision, recall, f1, support}, "flag": ..., "n": passages}``; accuracies as recall."""
        rows = {name: counts.to_dict() for name, counts in self.attributes.items() if counts.support}
        return {"values": self.values.to_dict(), **rows, "n": self.n}


def json_rows(path: Path, problems: list[Problem], keys: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, row) of a gold file; lines that are no object with these keys are listed as problems."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {type(error).__name__}", "give a UTF-8 file of JSON lines") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row["text"], str) or not all(key in row for key in keys):
                raise KeyError
        except (json.JSONDecodeError, KeyError, TypeError):
            where, what = f"{path.name}, line {number}", f"is no JSON object with {', '.join(keys)}"
            problems.append(Problem(where=where, message=what, solution="see docs/evaluation.md", level=Level.WARNING))
            continue
        yield number, row


def default_pipeline() -> Language:
    """Sentences, sections and measurements on a blank pipeline: no tagger."""
    nlp = spacy.blank("en")
    for name in ("clinigraph_sentences", "clinigraph_sections", "clinigraph_measurements"):
        nlp.add_pipe(name)
    return nlp


def evaluate_measurements(
    path: str | Path, *, split: str | None = None, nlp: Language | None = None
) -> MeasurementReport:
    """Hold the values that a pipeline reads against a gold file.

    Parameters
    ----------
    path
        JSON lines as above.
    split
        Only the passages whose ``split`` is this.
    nlp
        The pipeline; default: :func:`default_pipeline`.

    Raises
    ------
    UserError
        If the file cannot be read or holds no such passage.
    """
    report, nlp = MeasurementReport(), nlp or default_pipeline()
    for number, row in json_rows(Path(path), report.problems, ("text", "values")):
        if split is not None and row.get("split") != split:
            continue
        report.n += 1
        found = [
            (span._.concept.id if span._.concept else "", span._.measurement)
            for span in mention_spans(nlp(row["text"]))
            if span.label_ == "TEST" and span._.measurement is not None
        ]
        compare_values(report, number, row["values"], found)
    if not report.n:
        raise UserError(f"{path} holds no passage" + (f" of the split {split!r}" if split else ""), "check the file")
    return report


def compare_values(
    report: MeasurementReport, number: int, gold: list[dict[str, Any]], found: list[tuple[str, Measurement]]
) -> None:
    """Count one passage."""
    left = [(_found_key(test, measurement), measurement) for test, measurement in found]
    report.values.add(Counts(0, len(left), len(gold)))
    for wanted in gold:
        at = next((i for i, (key, _) in enumerate(left) if key == _gold_key(wanted)), None)
        if at is None:
            report.errors.append((number, "missed", _gold_key(wanted)))
            continue
        report.values.correct += 1
        _, measurement = left.pop(at)
        for name in ATTRIBUTES:
            if name in wanted:
                right = _agrees(name, wanted[name], measurement)
                report.attributes[name].add(Counts(int(right), 1, 1))
                if not right:
                    report.errors.append((number, name, (wanted["test"], wanted[name])))
    report.errors += [(number, "extra", key) for key, count in Counter(key for key, _ in left).items() if count]


def _gold_key(row: dict[str, Any]) -> Key:
    return (
        row["test"],
        _rounded(row.get("value")),
        _rounded(row.get("value_high")),
        row.get("text"),
        row.get("comparator", "="),
    )


def _found_key(test: str, m: Measurement) -> Key:
    return test, _rounded(m.value), _rounded(m.value_high), m.value_text if m.value is None else None, m.comparator


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1 if abs(value) >= 100 else 4)


def _agrees(name: str, gold: Any, m: Measurement) -> bool:
    if name == "normal":
        return m.normal_value is not None and math.isclose(m.normal_value, gold, rel_tol=0.01, abs_tol=0.01)
    if name == "reference":
        return [m.reference_low, m.reference_high] == gold
    return bool(getattr(m, name, None) == gold)
