"""Compare two sets of labelled spans, one to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class LabelledSpan(NamedTuple):
    """Start, end (exclusive) and label."""

    start: int
    end: int
    label: str


@dataclass
class Counts:
    """True positives, predicted and gold spans; addable.

    Examples
    --------
    >>> Counts(correct=8, predicted=10, support=16).to_dict()
    {'precision': 0.8, 'recall': 0.5, 'f1': 0.6154, 'support': 16}
    """

    correct: int = 0
    predicted: int = 0
    support: int = 0

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are right; 0 if there are none."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold spans that were found; 0 if there are none."""
        return self.correct / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.predicted + self.support
        return 2 * self.correct / both if both else 0.0

    def add(self, other: Counts) -> None:
        """Add the counts of another set."""
        self.correct += other.correct
        self.predicted += other.predicted
        self.support += other.support

    def to_dict(self) -> dict[str, float | int]:
        """Rounded to four places."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
            "support": self.support,
        }


def compare(
    gold: Iterable[LabelledSpan], predicted: Iterable[LabelledSpan], *, overlap: bool = False
) -> dict[str, Counts]:
    """Count per label how many predicted spans are right.

    Parameters
    ----------
    gold, predicted : iterable of LabelledSpan
        Duplicates count once.
    overlap : bool
        False: right is the same start, end and label. True: the same label and at least one character in common, each
        gold span answered by at most one predicted span and the reverse.

    Examples
    --------
    >>> gold = [LabelledSpan(0, 10, "DRUG")]
    >>> compare(gold, [LabelledSpan(0, 7, "DRUG")])["DRUG"].correct
    0
    >>> compare(gold, [LabelledSpan(0, 7, "DRUG")], overlap=True)["DRUG"].correct
    1
    """
    gold_set, predicted_set = set(gold), set(predicted)
    counts: dict[str, Counts] = {}
    for label in sorted({span.label for span in gold_set | predicted_set}):
        wanted = sorted(span for span in gold_set if span.label == label)
        given = sorted(span for span in predicted_set if span.label == label)
        correct = _overlapping(wanted, given) if overlap else len(set(wanted) & set(given))
        counts[label] = Counts(correct, len(given), len(wanted))
    return counts


def _overlapping(wanted: list[LabelledSpan], given: list[LabelledSpan]) -> int:
    """Size of a largest one-to-one matching of overlapping spans (augmenting paths; exact for nested spans too)."""
    partner: dict[int, int] = {}
    neighbours = [
        [i for i, span in enumerate(wanted) if span.start < other.end and other.start < span.end] for other in given
    ]

    def place(start: int) -> bool:
        # Depth first without recursion: long chains of overlapping spans must not meet the recursion limit.
        seen: set[int] = set()
        path: list[tuple[int, int]] = []
        stack = [(start, iter(neighbours[start]))]
        while stack:
            mine, options = stack[-1]
            for choice in options:
                if choice in seen:
                    continue
                seen.add(choice)
                path.append((mine, choice))
                if choice not in partner:
                    for giver, taken in path:
                        partner[taken] = giver
                    return True
                stack.append((partner[choice], iter(neighbours[partner[choice]])))
                break
            else:
                stack.pop()
                if path:
                    path.pop()
        return False

    return sum(place(number) for number in range(len(given)))
