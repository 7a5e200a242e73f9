"""Annotated text -> windows of word pieces with the tags that are allowed for each word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from ..encoder.tags import TAGS
from ..encoder.word_features import COLUMNS, WordFeatures, frame_features
from .corpora import Record
from .kinds import narrowed
from .label_maps import LabelMap
from .pair_examples import PairExamples


@dataclass
class Window:
    """A stretch of one text.

    Attributes
    ----------
    pieces : ndarray of int64, shape (n,)
        Word-piece ids with the start and end tokens.
    first : ndarray of int64, shape (words,)
        Position in ``pieces`` of the first piece of each word.
    allowed : ndarray of bool, shape (words, tags)
        Tags that the annotation allows for each word.
    weight : float
        Weight of the words in the loss.
    features : ndarray of uint8, shape (n, columns)
        Of each piece, see :mod:`..encoder.word_features`.
    pairs : PairExamples or None
        Pairs of mentions of this window with what is known of their relation.
    """

    pieces: np.ndarray
    first: np.ndarray
    allowed: np.ndarray
    weight: float
    features: np.ndarray
    pairs: PairExamples | None = None


@dataclass
class TaggedText:
    """A whole text in word pieces; ``starts[i]:starts[i+1]`` are the pieces of word i."""

    pieces: np.ndarray
    starts: np.ndarray
    allowed: np.ndarray
    breaks: np.ndarray
    """bool per word: a sentence or a line may begin here."""
    features: np.ndarray
    """uint8 per word and column."""
    begin: np.ndarray
    end: np.ndarray
    """Character offsets of the words."""


def tag_text(
    record: Record, labels: LabelMap, tokenizer: Tokenizer, featurise: WordFeatures | None = None
) -> TaggedText | None:
    """Split a text into word pieces and say which tags each word may have; None for a text without words."""
    encoding = tokenizer.encode(record.text, add_special_tokens=False)
    if not encoding.ids:
        return None
    word_ids = np.asarray(encoding.word_ids)
    offsets = np.asarray(encoding.offsets)
    starts = np.flatnonzero(np.r_[True, word_ids[1:] != word_ids[:-1]])
    begin = offsets[starts, 0]
    end = offsets[np.r_[starts[1:] - 1, len(word_ids) - 1], 1]
    if featurise is None:
        features = np.zeros((len(starts), COLUMNS), dtype=np.uint8)
    else:
        features = featurise(record.text, begin, end)
    return TaggedText(
        pieces=np.asarray(encoding.ids, dtype=np.int64),
        starts=np.r_[starts, len(word_ids)],
        allowed=allowed_tags(record, labels, begin, end),
        breaks=sentence_starts(record.text, begin, end),
        features=features,
        begin=begin,
        end=end,
    )


def allowed_tags(record: Record, labels: LabelMap, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Tags allowed per word, shape (words, tags).

    Outside the spans: O, and the tags of every label that the corpus does not annotate. In a span: B (first word) or I
    of the labels it may be. Of nested spans the outermost wins, the first of equals.
    """
    outside = np.array([tag == "O" or tag[2:] not in labels.negatives for tag in TAGS])
    allowed = np.tile(outside, (len(begin), 1))
    taken = np.zeros(len(begin), dtype=bool)
    for span in sorted(record.spans, key=lambda span: (span.start, -span.end)):
        words = np.flatnonzero((begin < span.end) & (end > span.start))
        if not len(words):
            continue
        if span.label in labels.unknown:
            allowed[words[~taken[words]]] = True
            continue
        targets = labels.targets(span.label)
        if targets is None or taken[words].any():
            continue
        targets = narrowed(targets, record.text[span.start : span.end])
        allowed[words] = [tag[0] == "I" and tag[2:] in targets for tag in TAGS]
        allowed[words[0]] = [tag[0] == "B" and tag[2:] in targets for tag in TAGS]
        taken[words] = True
    return allowed


def sentence_starts(text: str, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A word starts a sentence after ``.``, ``?``, ``!`` and a space, or on a new line."""
    starts = np.zeros(len(begin), dtype=bool)
    starts[0] = True
    for i in range(1, len(begin)):
        gap = text[end[i - 1] : begin[i]]
        starts[i] = "\n" in gap or (gap != "" and text[end[i - 1] - 1] in ".?!")
    return starts


def windows(
    tagged: TaggedText, longest: int, shortest: int, weight: float, ends: tuple[int, int], rng: random.Random
) -> Iterator[Window]:
    """Cut a text into windows of whole sentences, of a random length between two limits (in word pieces).

    A sentence longer than the limit is cut between words. Every word is in exactly one window.
    """
    words = len(tagged.starts) - 1
    bounds = np.r_[np.flatnonzero(tagged.breaks), words]
    left = 0
    while left < words:
        room = rng.randint(shortest, longest)
        fits = int(np.searchsorted(tagged.starts, tagged.starts[left] + room, side="right")) - 1
        at_sentence = bounds[(bounds > left) & (bounds <= fits)]
        right = int(at_sentence[-1]) if len(at_sentence) else max(left + 1, fits)
        yield stretch(tagged, left, right, weight, ends)
        left = right


def stretch(tagged: TaggedText, left: int, right: int, weight: float, ends: tuple[int, int]) -> Window:
    """The words ``left`` to ``right`` of a text as a window."""
    first, last = tagged.starts[left], tagged.starts[right]
    # A single word longer than a window cannot be: word pieces of one word are limited by the tokenizer.
    pieces = np.r_[ends[0], tagged.pieces[first:last], ends[1]]
    lengths = np.diff(tagged.starts[left : right + 1])
    frame = frame_features(tagged.features)
    features = np.concatenate([frame, np.repeat(tagged.features[left:right], lengths, axis=0), frame])
    return Window(pieces, tagged.starts[left:right] - first + 1, tagged.allowed[left:right], weight, features)


def batches(pool: list[Window], tokens: int, rng: random.Random, pool_size: int = 1024) -> list[list[Window]]:
    """Shuffle, sort by length within pools, and cut into batches of at most ``tokens`` padded word pieces."""
    order = list(pool)
    rng.shuffle(order)
    made: list[list[Window]] = []
    for at in range(0, len(order), pool_size):
        batch: list[Window] = []
        for window in sorted(order[at : at + pool_size], key=lambda window: len(window.pieces)):
            if batch and (len(batch) + 1) * len(window.pieces) > tokens:
                made.append(batch)
                batch = []
            batch.append(window)
        if batch:
            made.append(batch)
    rng.shuffle(made)
    return made


def padded(batch: list[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces, mask (int64, batch x length) and features (int64, batch x length x columns) of a batch."""
    length = max(len(window.pieces) for window in batch)
    pieces = np.zeros((len(batch), length), dtype=np.int64)
    mask = np.zeros((len(batch), length), dtype=np.int64)
    features = np.zeros((len(batch), length, COLUMNS), dtype=np.int64)
    for row, window in enumerate(batch):
        count = len(window.pieces)
        pieces[row, :count] = window.pieces
        mask[row, :count] = 1
        features[row, :count] = window.features
    return pieces, mask, features
