"""Pairs of mentions of one window, with what the annotation says of their relation."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..encoder.pairs import RELATION_TYPES, PairRows, PairSide, pair_rows
from .gold_relations import Group, RelationMap, RelationRecord

if TYPE_CHECKING:
    from .label_maps import LabelMap

REACH = 250
"""Characters between two single mentions that are still looked at as a pair."""


@dataclass
class PairExamples:
    """Arrays for :class:`~clinigraph.pipeline.training.model.PairHead`.

    Attributes
    ----------
    rows : PairRows
        The pairs, mention by mention.
    related, known : ndarray of float32, shape (pairs, types)
        1 where a type holds; 1 where the corpus says whether it does.
    """

    rows: PairRows
    related: np.ndarray
    known: np.ndarray


def side_of(group: Group, labels: LabelMap, text: str, begin: np.ndarray, end: np.ndarray) -> PairSide | None:
    """A group as words of a window; None if no mention of it has a word there."""
    targets = labels.labels.get(group.label)
    label = targets[0] if targets else "DISEASE"
    places = []
    for span in group.spans:
        words = np.flatnonzero((begin < span.end) & (end > span.start))
        if len(words):
            places.append((int(words[0]), int(words[-1]) + 1))
    name = max((text[span.start : span.end] for span in group.spans), key=len)
    return PairSide(label, tuple(sorted(set(places))), name) if places else None


def pair_examples(
    record: RelationRecord,
    labels: LabelMap,
    relations: RelationMap,
    words: tuple[np.ndarray, np.ndarray],
    sentence: np.ndarray,
    rng: random.Random,
    most: int = 64,
) -> PairExamples | None:
    """The pairs whose mentions lie among some words.

    Parameters
    ----------
    record : RelationRecord
    labels : LabelMap
        What the corpus' labels are in ours.
    relations : RelationMap
    words : (begin, end)
        Character offsets of the words of the window.
    sentence : ndarray of int
        Number of the sentence of each word.
    rng : random.Random
        Draws the unrelated pairs that stay where there are more than ``most``.
    most : int
    """
    begin, end = words
    sides = [side_of(group, labels, record.text, begin, end) for group in record.groups]
    reach = None if relations.document_level else REACH
    types: dict[tuple[int, int], list[str]] = {}
    for pair in relations.candidates(record, reach):
        if sides[pair.head] is not None and sides[pair.tail] is not None:
            types.setdefault((pair.head, pair.tail), []).append(pair.type)
    if not types:
        return None
    positive = {(pair.head, pair.tail) for pair in record.pairs}
    chosen = [ends for ends in types if ends in positive]
    rest = [ends for ends in types if ends not in positive]
    chosen += rng.sample(rest, min(len(rest), max(0, most - len(chosen))))
    related = np.zeros((len(chosen), len(RELATION_TYPES)), dtype=np.float32)
    known = np.zeros_like(related)
    for row, (head, tail) in enumerate(chosen):
        for type_ in types[head, tail]:
            column = RELATION_TYPES.index(type_)
            known[row, column] = 1
            related[row, column] = any(
                (pair.type, pair.head, pair.tail) == (type_, head, tail) for pair in record.pairs
            )
    present = [number for number, side in enumerate(sides) if side is not None]
    place = {number: at for at, number in enumerate(present)}
    rows = pair_rows(
        [side for side in sides if side is not None], [(place[head], place[tail]) for head, tail in chosen], sentence
    )
    return PairExamples(rows, related, known)
