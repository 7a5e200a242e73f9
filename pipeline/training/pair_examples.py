"""Pairs of mentions of one window, with what the annotation says of their relation."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..encoder.pairs import REACH, RELATION_TYPES, PairRows, PairSide, pair_rows
from .gold_relations import PROBLEM, Group, Pair, RelationMap, RelationRecord

if TYPE_CHECKING:
    from .label_maps import LabelMap


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


_OURS = {PROBLEM: "DISEASE", "Dosage": "DOSE"}
"""Labels that only relations have; the tagger does not learn them."""


class WindowSides(NamedTuple):
    """The groups of a record that have a word in a window.

    Attributes
    ----------
    sides : list of PairSide
    place : dict of int to int
        Position among the record's groups -> position in ``sides``.
    """

    sides: list[PairSide]
    place: dict[int, int]


def window_sides(record: RelationRecord, labels: LabelMap, begin: np.ndarray, end: np.ndarray) -> WindowSides:
    """The groups that a window holds; those whose labels the tagger does not know are no rivals and left out.

    Parameters
    ----------
    record : RelationRecord
    labels : LabelMap
        What the corpus' labels are in ours.
    begin, end : ndarray of int
        Character offsets of the words of the window.
    """
    found = WindowSides([], {})
    for number, group in enumerate(record.groups):
        side = _side(group, labels, record.text, begin, end)
        if side is not None:
            found.place[number] = len(found.sides)
            found.sides.append(side)
    return found


def _side(group: Group, labels: LabelMap, text: str, begin: np.ndarray, end: np.ndarray) -> PairSide | None:
    targets = labels.labels.get(group.label) or labels.learned.get(group.label)
    label = _OURS.get(group.label) or (targets[0] if targets else None)
    if label is None or not len(begin):
        return None
    places = set()
    for span in group.spans:
        first, last = int(np.searchsorted(end, span.start, "right")), int(np.searchsorted(begin, span.end, "left"))
        if first < last:
            places.add((first, last))
    name = max((text[span.start : span.end] for span in group.spans), key=len)
    return PairSide(label, tuple(sorted(places)), name) if places else None


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
    sides, place = window_sides(record, labels, begin, end)
    reach = None if relations.document_level else REACH
    types: dict[tuple[int, int], list[str]] = {}
    for pair in relations.candidates(record, reach, place):
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
            related[row, column] = Pair(type_, head, tail) in record.pairs
    return PairExamples(
        pair_rows(sides, [(place[head], place[tail]) for head, tail in chosen], sentence), related, known
    )
