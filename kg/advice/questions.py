"""What to ask, examine or test next: information gained about the leading candidates."""

from __future__ import annotations

import numpy as np

from ...schemas.advice import Question
from .explanation import asked_about, frequency_of
from .parameters import parameters
from .phenotypes import FloatArray
from .scoring import Scores
from .view import KnowledgeView


def information_gain(probability: FloatArray, positive: FloatArray) -> float:
    """Expected fall of entropy, in bits, from a yes-or-no answer.

    Parameters
    ----------
    probability
        Of the candidates; need not sum to 1.
    positive
        Chance of "yes" under each candidate.

    Examples
    --------
    >>> round(information_gain(np.array([0.5, 0.5]), np.array([1.0, 0.0])), 3)
    1.0
    >>> round(information_gain(np.array([0.5, 0.5]), np.array([0.3, 0.3])), 3)
    0.0
    """
    p = probability / probability.sum()
    yes = float(p @ positive)
    after = 0.0
    for share, joint in ((yes, p * positive), (1 - yes, p * (1 - positive))):
        if share > 1e-12:
            after += share * _entropy(joint / share)
    return max(_entropy(p) - after, 0.0)


def _entropy(p: FloatArray) -> float:
    positive = p[p > 0]
    return float(-(positive * np.log2(positive)).sum())


def ask_next(rows: list[int], probability: FloatArray, scores: Scores, view: KnowledgeView) -> tuple[Question, ...]:
    """Questions and tests that tell the candidates apart best: findings first, then tests.

    Parameters
    ----------
    rows
        Candidate diseases, best first.
    probability
        Of all diseases.
    """
    if len(rows) < 2:
        return ()
    chance = probability[rows]
    questions = _findings(rows, chance, scores, view)
    return (*questions, *_tests(rows, chance, view))


def _findings(rows: list[int], chance: FloatArray, scores: Scores, view: KnowledgeView) -> list[Question]:
    matrix, numbers = view.matrix, parameters()["ask"]
    columns = {int(c) for row in rows for c in matrix.row(row, scores.foreign)[0]} - asked_about(scores, view)
    columns -= {column for row in rows for column in view.itself(row)}
    columns = {c for c in columns if view.labels.get(view.findings[c]) == "PhenotypicFeature"}
    gains = []
    for column in columns:
        # a candidate that is not known to show it may show it as often as anybody
        noise = min(float(scores.background[column]), 0.5)
        positive = np.array([max(frequency_of(row, column, view, scores.foreign), noise) for row in rows])
        gains.append((-round(information_gain(chance, positive), 9), view.findings[column], column, positive))
    gains.sort(key=lambda g: g[:2])
    questions: list[Question] = []
    taken: set[int] = set()
    for negative, finding, column, positive in gains:
        if len(questions) == int(numbers["findings"]) or not negative:
            break
        family = {*map(int, matrix.ancestors_of(column)), *map(int, matrix.descendants_of(column))}
        if taken & family:
            continue  # a kind of what is asked already
        taken.add(column)
        mean = float(chance @ positive / chance.sum())
        ups = [row for row, p in zip(rows, positive, strict=True) if p > 1.2 * mean]
        downs = [row for row, p in zip(rows, positive, strict=True) if p < 0.8 * mean]
        origin = [(row, int(e)) for row in ups for c, _, e in zip(*matrix.row(row), strict=True) if c == column]
        questions.append(
            Question(
                concept=view.ref(finding),
                kind="finding",
                information_gain=-negative,
                speaks_for=tuple(view.ref(view.diseases[r]) for r in ups[:3]),
                speaks_against=tuple(view.ref(view.diseases[r]) for r in downs[:3]),
                sources=tuple(view.phenotype_source(r, column, e) for r, e in origin[:3]),
            )
        )
    return questions


def _tests(rows: list[int], chance: FloatArray, view: KnowledgeView) -> list[Question]:
    numbers = parameters()["ask"]
    tests: dict[str, dict[int, list]] = {}
    for row in rows:
        for statement in view.about("DIAGNOSED_BY", (view.diseases[row],)):
            tests.setdefault(statement["target"], {}).setdefault(row, []).append(statement)
    questions = []
    for test, by_row in tests.items():
        positive = np.where(
            [row in by_row for row in rows], numbers["test_sensitivity"], numbers["test_false_positive"]
        )
        questions.append(
            Question(
                concept=view.ref(test),
                kind="test",
                information_gain=round(information_gain(chance, positive), 9),
                speaks_for=tuple(view.ref(view.diseases[row]) for row in by_row),
                sources=tuple(view.source_of(s, "is tested by") for row in by_row for s in by_row[row])[:3],
            )
        )
    questions.sort(key=lambda q: (-q.information_gain, q.concept.id))
    return questions[: int(numbers["tests"])]
