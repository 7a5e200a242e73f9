"""Score pairs of mentions from the encoder's states: which relation holds between them.

The network is that of :class:`clinigraph.pipeline.training.model.PairHead`; here in NumPy, for use without PyTorch.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .tags import LABELS

log = logging.getLogger(__name__)

FILE = "pairs.npz"
RELATION_TYPES = ("CAUSES", "TREATS", "REVEALS", "LOCATED_IN", "INTERACTS_WITH", "DETAIL_OF")
PAIR_WIDTH = 160

REACH = 250
"""Characters between two single mentions that are still looked at as a pair."""

WHOLE_TEXT = 500
"""Word pieces up to which a text whose concepts are related is seen whole."""

CLOSEST = 16
"""Of two sides with many mentions so many pairs of mentions are looked at, the closest ones."""

_FAR = 1 << 30
_KINDS = {"SYMPTOM": "DISEASE"}  # half of the corpora do not tell them apart
_DISTANCES = (1, 3, 6, 10, 20, 40, 80)
_SENTENCES = (0, 1, 2, 4)
_COUNTS = (1, 2, 4)
_RIVALS = (0, 1, 3, 6)
FEATURES = 2 * (len(LABELS) + len(_COUNTS) + len(_RIVALS) + 4) + 4 + len(_DISTANCES) + len(_SENTENCES) + 3
"""Columns of :attr:`PairRows.features`."""


@dataclass(frozen=True)
class PairSide:
    """What may be one side of a pair: a mention, or all mentions of a concept in a window.

    Attributes
    ----------
    label : str
    words : tuple of (int, int)
        First word and word after the last of each mention.
    name : str
        Its longest name as written, to see which of two is the more special.
    """

    label: str
    words: tuple[tuple[int, int], ...]
    name: str = ""

    @property
    def kind(self) -> str:
        """The label, as far as the corpora tell them apart."""
        return _KINDS.get(self.label, self.label)


class PairRows(NamedTuple):
    """Pairs of sides as rows, one for each pair of their mentions.

    Attributes
    ----------
    mentions : ndarray of float32, shape (mentions, words)
        Weights of the words in each mention, summing to one.
    ends : ndarray of int64, shape (rows, 2)
        Head and tail, as positions in ``mentions``.
    pair : ndarray of int64, shape (rows,)
        Which pair a row belongs to, ascending.
    features : ndarray of float32, shape (rows, FEATURES)
        What is known of the two beside their words.
    """

    mentions: np.ndarray
    ends: np.ndarray
    pair: np.ndarray
    features: np.ndarray


def pair_rows(
    sides: Sequence[PairSide], pairs: Sequence[tuple[int, int]], sentence: Sequence[int] | np.ndarray
) -> PairRows:
    """Lay out some pairs for the network.

    Parameters
    ----------
    sides : sequence of PairSide
        All that stands in the window: what a pair is worth depends on its rivals too.
    pairs : sequence of (int, int)
        Head and tail, as positions in ``sides``.
    sentence : sequence of int
        Number of the sentence of each word.
    """
    sentence = np.asarray(sentence)
    places = {words: number for number, words in enumerate(dict.fromkeys(w for side in sides for w in side.words))}
    mentions = np.zeros((len(places), len(sentence)), dtype=np.float32)
    for (first, last), number in places.items():
        mentions[number, first:last] = 1 / (last - first)
    standing = _standing(sides, sentence)
    nearest, together = _distances(sides, sentence)
    kinds = np.array([side.kind for side in sides])
    # how near the nearest of a kind is to a side, itself apart
    best = {kind: np.where(kinds[:, None] == kind, nearest, _FAR).min(0) for kind in dict.fromkeys(kinds.tolist())}
    ends, of, features = [], [], []
    labels = [[float(label == side.kind) for label in LABELS] for side in sides]
    sentences = sentence.tolist()
    for number, (head, tail) in enumerate(pairs):
        common = [
            *labels[head],
            *labels[tail],
            *standing[head],
            *standing[tail],
            float(nearest[head, tail] <= best[sides[head].kind][tail]),
            float(nearest[head, tail] <= best[sides[tail].kind][head]),
            float(together[head, tail] > 0),
            float(together[head, tail] > 2),
        ]
        both = [(a, b) for a in sides[head].words for b in sides[tail].words]
        if len(both) > CLOSEST:
            both = sorted(both, key=lambda each: (_gap(*each), each))[:CLOSEST]
        for a, b in both:
            ends.append((places[a], places[b]))
            of.append(number)
            features.append(common + _between(a, b, sentences))
    return PairRows(
        mentions,
        np.asarray(ends, dtype=np.int64).reshape(-1, 2),
        np.asarray(of, dtype=np.int64),
        np.asarray(features, dtype=np.float32).reshape(-1, FEATURES),
    )


def _standing(sides: Sequence[PairSide], sentence: np.ndarray) -> list[list[float]]:
    """Per side: how much its window is about it."""
    last = int(sentence[-1]) if len(sentence) else 0
    most: dict[str, int] = {}
    rivals: dict[str, int] = {}
    for side in sides:
        most[side.kind] = max(most.get(side.kind, 0), len(side.words))
        rivals[side.kind] = rivals.get(side.kind, -1) + 1
    found = []
    for side in sides:
        inside = {int(sentence[first]) for first, _ in side.words}
        name = f" {side.name.lower()} "
        found.append(
            [
                *(float(len(side.words) > limit) for limit in _COUNTS),
                *(float(rivals[side.kind] > limit) for limit in _RIVALS),
                float(0 in inside),
                float(last in inside),
                float(len(side.words) == most[side.kind]),
                float(
                    bool(side.name)
                    and any(
                        name in f" {other.name.lower()} " and len(other.name) > len(side.name)
                        for other in sides
                        if other.kind == side.kind
                    )
                ),
            ]
        )
    return found


def _distances(sides: Sequence[PairSide], sentence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per pair of sides: words between their nearest mentions (:data:`_FAR` to itself), sentences that hold both."""
    words = np.array([words for side in sides for words in side.words], dtype=np.int64).reshape(-1, 2)
    first = np.cumsum([0, *(len(side.words) for side in sides)])[:-1]
    gaps = np.maximum(np.maximum(words[None, :, 0] - words[:, None, 1], words[:, None, 0] - words[None, :, 1]), 0)
    same = sentence[words[:, 0]][:, None] == sentence[words[:, 0]][None, :]
    nearest = np.minimum.reduceat(np.minimum.reduceat(gaps, first, axis=0), first, axis=1)
    together = np.add.reduceat(np.add.reduceat(same.astype(np.int64), first, axis=0), first, axis=1)
    np.fill_diagonal(nearest, _FAR)
    return nearest, together


def _between(a: tuple[int, int], b: tuple[int, int], sentence: Sequence[int]) -> list[float]:
    """What distinguishes one pair of mentions."""
    gap, apart = _gap(a, b), abs(sentence[a[0]] - sentence[b[0]])
    return [
        *(float(gap >= limit) for limit in _DISTANCES),
        *(float(apart > limit) for limit in _SENTENCES),
        float(a < b),
        float(sentence[a[0]] == 0),
        float(sentence[b[0]] == 0),
    ]


def _gap(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(b[0] - a[1], a[0] - b[1], 0)


class PairScorer:
    """The trained pair head.

    Parameters
    ----------
    weights : dict of str to ndarray
        ``head.weight``, ``head.bias`` and so on, as PyTorch names them.
    """

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self._weights = {name: value.astype(np.float32) for name, value in weights.items()}

    @classmethod
    def load(cls, path: Path) -> PairScorer | None:
        """Read the file beside a model; None if it is of an earlier kind."""
        with np.load(path) as file:
            return cls.of({name: file[name] for name in file.files})

    @classmethod
    def of(cls, weights: dict[str, np.ndarray]) -> PairScorer | None:
        """A scorer, or None (and a warning) for weights that were trained with other features of pairs."""
        if weights["inner.weight"].shape[1] != 4 * weights["head.weight"].shape[0] + FEATURES:
            log.warning("The model's head for relations is of an earlier version: relations rest on cues alone.")
            return None
        return cls(weights)

    def save(self, path: Path) -> None:
        """Write the weights in 16 bits; the same weights give the same bytes."""
        np.savez(path, **{name: self._weights[name].astype(np.float16) for name in sorted(self._weights)})  # type: ignore[arg-type]

    def scores(
        self,
        states: np.ndarray,
        sentence: np.ndarray,
        sides: Sequence[PairSide],
        pairs: Sequence[tuple[int, int]],
    ) -> np.ndarray:
        """Probability of each relation type for each pair, shape (pairs, types).

        Parameters
        ----------
        states : ndarray, shape (words, hidden)
        sentence : ndarray of int, shape (words,)
        sides : sequence of PairSide
            All that stands in the window.
        pairs : sequence of (int, int)
            Head and tail, as positions in ``sides``.
        """
        if not pairs:
            return np.zeros((0, len(RELATION_TYPES)), dtype=np.float32)
        states = states.astype(np.float32)
        rows = pair_rows(sides, pairs, sentence)
        mentions = rows.mentions @ states
        head = np.tanh(self._linear("head", mentions))[rows.ends[:, 0]]
        tail = np.tanh(self._linear("tail", mentions))[rows.ends[:, 1]]
        query = self._linear("query", np.concatenate([head, tail], 1))
        attention = _softmax(query @ states.T / np.sqrt(states.shape[1]))
        context = np.tanh(self._linear("context", attention @ states))
        joint = np.concatenate([head, tail, head * tail, context, rows.features], 1)
        logits = self._linear("outer", _gelu(self._linear("inner", joint)))
        # a relation holds if one pair of mentions says so, and the surer the more do
        first = np.searchsorted(rows.pair, np.arange(len(pairs)))
        return 1 / (1 + np.exp(-np.logaddexp.reduceat(logits, first, axis=0)))

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]


def _softmax(x: np.ndarray) -> np.ndarray:
    shifted = np.exp(x - x.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / np.sqrt(2)))
