"""Tag scores -> mentions, always well-formed.

Labels that a corpus does not tell apart (BC5CDR calls symptoms diseases) share one group: first it is decided that
there is a mention of the group, by the sum of their probabilities, then which of the labels it is. A mention is so
not lost because its probability is split between two labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...schemas.problems import UserError

IMPOSSIBLE = np.float32(-1e9)


class WordSpan(NamedTuple):
    """A mention in words: first word, word after the last, label, score."""

    first: int
    last: int
    label: str
    score: float


@dataclass(frozen=True)
class _Group:
    labels: tuple[str, ...]
    begin: tuple[int, ...]
    inside: tuple[int, ...]


class TagDecoder:
    """Find the best well-formed sequence of tags and read the mentions off it.

    Parameters
    ----------
    tags : sequence of str
        Tags in the order of the columns: ``O``, and ``B-X``/``I-X`` (BIO), ``I-X`` or plain ``X`` (IO), or with
        ``L``/``E`` and ``U``/``S`` (BILOU, BIOES), which are read as I and B.
    label_map : dict of str to str, optional
        The model's label to ours. Labels that it does not name are not given. None: all, as they are.
    groups : sequence of sequence of str
        Labels (after mapping) that are decided together.
    temperature : float
        Scores are divided by it before they become probabilities.
    outside_bias : float
        Added to the score of O, and of the labels that are not given: above 0 fewer mentions and surer ones, below 0
        more.

    Examples
    --------
    >>> decoder = TagDecoder(("O", "B-DRUG", "I-DRUG"))
    >>> scores = np.array([[5, 0, 0], [0, 5, 0], [0, 0, 5]], dtype=np.float32)
    >>> [(span.first, span.last, span.label) for span in decoder.decode([scores])[0]]
    [(1, 3, 'DRUG')]
    """

    def __init__(
        self,
        tags: tuple[str, ...],
        label_map: dict[str, str] | None = None,
        groups: tuple[tuple[str, ...], ...] = (),
        temperature: float = 1.0,
        outside_bias: float = 0.0,
    ) -> None:
        self.tags = tuple(tags)
        self.temperature = temperature
        self.outside_bias = outside_bias
        begin, inside, outside = _columns(self.tags, label_map)
        self.labels = tuple(dict.fromkeys([*begin, *inside]))
        self.io_only = not begin
        grouped = {label for group in groups for label in group}
        sets = [tuple(label for label in group if label in self.labels) for group in groups]
        sets += [(label,) for label in self.labels if label not in grouped]
        self._groups = [
            _Group(
                group,
                tuple(column for label in group for column in begin.get(label, ())),
                tuple(column for label in group for column in inside.get(label, ())),
            )
            for group in sets
            if group
        ]
        self._begin, self._inside, self._outside = begin, inside, tuple(outside)
        if not self._outside:
            raise UserError("The model has no tag O.", "Only BIO, IO, BILOU and BIOES models can be used.")

    def decode(self, scores: list[np.ndarray]) -> list[list[WordSpan]]:
        """Decode the words of each window.

        Parameters
        ----------
        scores : list of ndarray, shape (words, tags)
            Logits.
        """
        logs = [_log_softmax(self._biased(each) / self.temperature) for each in scores]
        merged = [self._merge(log) for log in logs]
        paths = self._paths(merged)
        return [self._spans(*each) for each in zip(logs, merged, paths, strict=True)]

    def _biased(self, scores: np.ndarray) -> np.ndarray:
        biased = scores.astype(np.float32)
        if self.outside_bias:
            biased[:, list(self._outside)] += self.outside_bias
        return biased

    def _merge(self, log: np.ndarray) -> np.ndarray:
        """Columns O, B and I of each group, as log probabilities."""
        columns = [_log_sum(log, self._outside)]
        for group in self._groups:
            columns += [_log_sum(log, group.begin), _log_sum(log, group.inside)]
        return np.stack(columns, axis=1)

    def _paths(self, merged: list[np.ndarray]) -> list[np.ndarray]:
        """The best tag per word where that is well-formed, else the best well-formed sequence."""
        paths = [each.argmax(1) for each in merged]
        if self.io_only:
            return paths
        return [path if _well_formed(path) else _viterbi(each) for path, each in zip(paths, merged, strict=True)]

    def _spans(self, log: np.ndarray, merged: np.ndarray, path: np.ndarray) -> list[WordSpan]:
        spans = []
        word, count = 0, len(path)
        while word < count:
            tag = int(path[word])
            if tag == 0:
                word += 1
                continue
            group = (tag + 1) // 2
            last = word + 1
            while last < count and path[last] == 2 * group:
                last += 1
            spans.append(self._span(log, merged, path, word, last, self._groups[group - 1]))
            word = last
        return spans

    def _span(
        self, log: np.ndarray, merged: np.ndarray, path: np.ndarray, first: int, last: int, group: _Group
    ) -> WordSpan:
        # The weakest word decides: a mention is right only if all its words are.
        words = np.arange(first, last)
        score = float(np.exp(merged[words, path[words]].min()))
        if len(group.labels) == 1:
            return WordSpan(first, last, group.labels[0], score)
        evidence = np.array([self._evidence(log, label, first, last) for label in group.labels])
        best = int(evidence.argmax())
        share = float(1 / np.exp(evidence - evidence[best]).sum())
        return WordSpan(first, last, group.labels[best], score * share)

    def _evidence(self, log: np.ndarray, label: str, first: int, last: int) -> float:
        """Mean log probability of the label over the words of a mention."""
        begin = self._begin.get(label, ()) or self._inside.get(label, ())
        inside = self._inside.get(label, ()) or begin
        total = _log_sum(log[first : first + 1], begin).sum() + _log_sum(log[first + 1 : last], inside).sum()
        return float(total) / (last - first)


def _columns(
    tags: tuple[str, ...], label_map: dict[str, str] | None
) -> tuple[dict[str, list[int]], dict[str, list[int]], list[int]]:
    """Columns of begin and inside tags per label, and those that mean outside."""
    begin: dict[str, list[int]] = {}
    inside: dict[str, list[int]] = {}
    outside = []
    for column, tag in enumerate(tags):
        prefix, separator, label = tag.partition("-")
        if not separator or prefix not in ("B", "I", "L", "E", "U", "S", "M"):
            prefix, label = "I", tag
        if tag in ("O", "NONE") or (label_map is not None and label not in label_map):
            outside.append(column)
            continue
        label = label_map[label] if label_map is not None else label
        target = begin if prefix in ("B", "U", "S") else inside
        target.setdefault(label, []).append(column)
    return begin, inside, outside


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def _log_sum(log: np.ndarray, columns: tuple[int, ...] | list[int]) -> np.ndarray:
    """Log of the summed probabilities of some columns."""
    if not len(columns):
        return np.full(len(log), IMPOSSIBLE, dtype=np.float32)
    if len(columns) == 1:
        return log[:, columns[0]]
    part = log[:, list(columns)]
    top = part.max(axis=1) if len(part) else np.zeros(0, dtype=np.float32)
    return top + np.log(np.exp(part - top[:, None]).sum(axis=1))


def _well_formed(path: np.ndarray) -> bool:
    """No I without a B or I of the same group before it. Tags: 0 is O, 2g-1 is B and 2g is I of group g."""
    before = np.r_[0, path[:-1]]
    inside = (path > 0) & (path % 2 == 0)
    return bool(np.all(~inside | (before == path) | (before == path - 1)))


def _viterbi(scores: np.ndarray) -> np.ndarray:
    """The best well-formed sequence of one window; scores has the columns O, B and I of each group."""
    words, tags = scores.shape
    inside = np.arange(2, tags, 2)
    best = scores[0].copy()
    best[inside] = IMPOSSIBLE
    back = np.zeros((words, tags), dtype=np.int64)
    for word in range(1, words):
        source = int(best.argmax())
        start = np.full(tags, best[source])
        back[word] = source
        from_begin = best[inside - 1] >= best[inside]
        start[inside] = np.where(from_begin, best[inside - 1], best[inside])
        back[word, inside] = np.where(from_begin, inside - 1, inside)
        best = start + scores[word]
    path = np.empty(words, dtype=np.int64)
    path[-1] = best.argmax()
    for word in range(words - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path
