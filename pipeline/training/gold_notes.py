"""Which MTSamples notes are the project's own gold: they are never trained on, not even as unlabelled text."""

from __future__ import annotations

from functools import cache
from pathlib import Path

GOLD_NOTES = Path(__file__).with_name("gold_notes.txt")


@cache
def gold_note_ids() -> frozenset[str]:
    """Ids of the hand-annotated notes kept for measuring.

    Examples
    --------
    >>> len(gold_note_ids())
    30
    """
    lines = GOLD_NOTES.read_text(encoding="utf-8").split("\n")
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
