"""What every entity tagger can do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable


class TaggedSpan(NamedTuple):
    """A mention in a text.

    Attributes
    ----------
    start, end : int
        Character offsets into the text exactly as given, end exclusive.
    label : str
        DISEASE, SYMPTOM, DRUG, PROCEDURE, TEST, ANATOMY, or a label of the user's model.
    score : float
        Probability of the mention, 0 to 1.
    """

    start: int
    end: int
    label: str
    score: float


@runtime_checkable
class TokenClassifier(Protocol):
    """Finds labelled spans in texts of any length.

    Attributes
    ----------
    name : str
        Name and version of the model, for provenance.
    labels : tuple of str
        Labels that it can give.
    """

    name: str
    labels: tuple[str, ...]

    def tag(self, texts: Sequence[str]) -> list[list[TaggedSpan]]:
        """Find the mentions of each text, sorted by start; they do not overlap."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model to a folder from which :func:`load_token_classifier` loads it."""
        ...
