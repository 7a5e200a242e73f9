"""Score pairs of mentions from the encoder's states: which relation holds between them.

The network is that of :class:`clinigraph.pipeline.training.model.PairHead`; here in NumPy, for use without PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .tags import LABELS

FILE = "pairs.npz"
RELATION_TYPES = ("CAUSES", "TREATS", "REVEALS", "LOCATED_IN", "INTERACTS_WITH", "DETAIL_OF")
PAIR_WIDTH = 160

_KINDS = {"SYMPTOM": "DISEASE"}  # half of the corpora do not tell them apart
_DISTANCES = (1, 3, 6, 10, 20, 40, 80)
_SENTENCES = (0, 1, 2, 4)
_COUNTS = (1, 2, 4)
FEATURES = 2 * len(LABELS) + len(_DISTANCES) + len(_SENTENCES) + 2 * len(_COUNTS) + 5
"""Columns of :func:`pair_features`."""


@dataclass(frozen=True)
class PairSide:
    """One side of a pair: the label, and the words of each of its mentions as (first, last exclusive)."""

    label: str
    words: tuple[tuple[int, int], ...]


def pair_features(head: PairSide, tail: PairSide, sentence: Sequence[int] | np.ndarray) -> np.ndarray:
    """What is known of a pair beside its words, float32 of shape (FEATURES,).

    Labels, nearest distance in words and in sentences, number of mentions, which comes first, whether either side
    stands in the first sentence (the title of an abstract).

    Parameters
    ----------
    head, tail : PairSide
    sentence : sequence of int
        Number of the sentence of each word.
    """
    nearest = min(
        ((_gap(a, b), a, b) for a in head.words for b in tail.words), key=lambda item: (item[0], item[1], item[2])
    )
    apart = min(abs(int(sentence[a[0]]) - int(sentence[b[0]])) for a in head.words for b in tail.words)
    together = sum(int(sentence[a[0]]) == int(sentence[b[0]]) for a in head.words for b in tail.words)
    values = [float(label == _KINDS.get(head.label, head.label)) for label in LABELS]
    values += [float(label == _KINDS.get(tail.label, tail.label)) for label in LABELS]
    values += [float(nearest[0] >= limit) for limit in _DISTANCES]
    values += [float(apart > limit) for limit in _SENTENCES]
    values += [float(len(head.words) > limit) for limit in _COUNTS]
    values += [float(len(tail.words) > limit) for limit in _COUNTS]
    values += [
        float(nearest[1] < nearest[2]),
        float(any(int(sentence[a]) == 0 for a, _ in head.words)),
        float(any(int(sentence[b]) == 0 for b, _ in tail.words)),
        float(together > 0),
        float(together > 2),
    ]
    return np.asarray(values, dtype=np.float32)


def _gap(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(b[0] - a[1], a[0] - b[1], 0)


def word_weights(side: PairSide, words: int) -> np.ndarray:
    """Share of each word in the mean over a side: every mention counts the same. Shape (words,)."""
    weights = np.zeros(words, dtype=np.float32)
    for first, last in side.words:
        weights[first:last] += 1 / ((last - first) * len(side.words))
    return weights


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
    def load(cls, path: Path) -> PairScorer:
        """Read the file beside a model."""
        with np.load(path) as file:
            return cls({name: file[name] for name in file.files})

    def save(self, path: Path) -> None:
        """Write the weights in 16 bits; the same weights give the same bytes."""
        np.savez(path, **{name: self._weights[name].astype(np.float16) for name in sorted(self._weights)})  # type: ignore[arg-type]

    def scores(
        self,
        states: np.ndarray,
        sentence: np.ndarray,
        pairs: Sequence[tuple[PairSide, PairSide]],
    ) -> np.ndarray:
        """Probability of each relation type for each pair, shape (pairs, types).

        Parameters
        ----------
        states : ndarray, shape (words, hidden)
        sentence : ndarray of int, shape (words,)
        pairs : sequence of (head, tail)
        """
        if not pairs:
            return np.zeros((0, len(RELATION_TYPES)), dtype=np.float32)
        states = states.astype(np.float32)
        heads = np.stack([word_weights(head, len(states)) for head, _ in pairs]) @ states
        tails = np.stack([word_weights(tail, len(states)) for _, tail in pairs]) @ states
        features = np.stack([pair_features(head, tail, sentence) for head, tail in pairs])
        head, tail = np.tanh(self._linear("head", heads)), np.tanh(self._linear("tail", tails))
        query = self._linear("query", np.concatenate([head, tail], 1))
        attention = _softmax(query @ states.T / np.sqrt(states.shape[1]))
        context = np.tanh(self._linear("context", attention @ states))
        joint = np.concatenate([head, tail, head * tail, context, features], 1)
        logits = self._linear("outer", _gelu(self._linear("inner", joint)))
        return 1 / (1 + np.exp(-logits))

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]


def _softmax(x: np.ndarray) -> np.ndarray:
    shifted = np.exp(x - x.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return 0.5 * x * (1 + erf(x / np.sqrt(2)))
