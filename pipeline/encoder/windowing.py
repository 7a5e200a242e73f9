"""Cut texts of any length into windows of word pieces, and keep the way back to characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .word_features import frame_features

CHUNK = 16_384
"""Characters handed to the tokenizer at once: bounds the memory of a note of megabytes."""

PARAGRAPH_MINIMUM = 48
"""A blank line ends a window once it holds so many pieces: copied paragraphs then fall into the same windows."""


@dataclass
class Window:
    """A stretch of one text, ready for the model.

    Attributes
    ----------
    pieces : ndarray of int32
        Word-piece ids, start and end tokens included.
    first : ndarray of int32
        Position in ``pieces`` of the first piece of each word.
    begin, end : ndarray of int64
        Character offsets of each word in the text.
    keep : tuple of int
        Words ``keep[0]`` to ``keep[1]`` are this window's to answer for; the others are context.
    """

    pieces: np.ndarray
    first: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    keep: tuple[int, int]
    features: np.ndarray | None = None
    """uint8 per piece and column, for models with word features."""


@dataclass
class _Words:
    """A chunk of text in words and pieces."""

    pieces: np.ndarray
    starts: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    sentence: np.ndarray
    paragraph: np.ndarray
    features: np.ndarray | None


class Windower:
    """Cut texts into windows of whole sentences; a run without sentence ends is cut with overlap.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    longest : int
        Word pieces in a window, start and end tokens included.
    overlap : int
        Words of context on either side where a window has to end inside a sentence.
    featurise : callable, optional
        Text and offsets of words -> features per word, see :class:`~.word_features.WordFeatures`.
    """

    def __init__(
        self,
        tokenizer: Any,
        longest: int = 144,
        overlap: int = 16,
        featurise: Callable[[str, np.ndarray, np.ndarray], np.ndarray] | None = None,
    ) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.tokenizer = tokenizer
        marked = tokenizer.encode("a")
        mask = np.asarray(marked.special_tokens_mask)
        ids = np.asarray(marked.ids, dtype=np.int32)
        text = np.flatnonzero(mask == 0)
        self.prefix, self.suffix = ids[: text[0]], ids[text[-1] + 1 :]
        self.room = max(8, longest - len(self.prefix) - len(self.suffix))
        self.overlap = min(overlap, self.room // 4)
        self.featurise = featurise

    def windows(self, text: str) -> Iterator[Window]:
        """Yield the windows of a text in order; every word is kept by exactly one."""
        for start, end in chunks(text):
            words = self._words(text, start, end)
            if words is not None:
                yield from self._cut(words)

    def _words(self, text: str, start: int, end: int) -> _Words | None:
        encoding = self.tokenizer.encode(text[start:end], add_special_tokens=False)
        if not encoding.ids:
            return None
        offsets = np.asarray(encoding.offsets, dtype=np.int64) + start
        # Pieces of special tokens that stand in the text have no word; each counts as one.
        ids = np.array([-1 - i if word is None else word for i, word in enumerate(encoding.word_ids)])
        new = np.r_[True, ids[1:] != ids[:-1]]
        # Some tokenizers (SentencePiece) leave punctuation on the word; a mention must not end in a comma.
        mark = np.array([_is_mark(text, int(a), int(b)) for a, b in offsets])
        new |= mark
        new[1:] |= mark[:-1]
        starts = np.flatnonzero(new)
        last = np.r_[starts[1:] - 1, len(ids) - 1]
        begin, stop = offsets[starts, 0], offsets[last, 1]
        paragraph, sentence = boundaries(text, begin, stop)
        features = None if self.featurise is None else self.featurise(text, begin, stop)
        return _Words(
            np.asarray(encoding.ids, dtype=np.int32),
            np.r_[starts, len(ids)],
            begin,
            stop,
            sentence,
            paragraph,
            features,
        )

    def _cut(self, words: _Words) -> Iterator[Window]:
        count = len(words.begin)
        sentences = np.r_[np.flatnonzero(words.sentence), count]
        left, context = 0, 0
        while left < count:
            from_word = left - context
            fits = int(np.searchsorted(words.starts, words.starts[from_word] + self.room, side="right")) - 1
            fits = max(fits, left + 1)
            right, after = self._end(words, sentences, left, fits)
            yield self._window(words, from_word, left, right, min(right + after, count))
            context = min(after, right - left - 1) if right < count else 0
            left = right

    def _end(self, words: _Words, sentences: np.ndarray, left: int, fits: int) -> tuple[int, int]:
        """Where a window that may reach to the word ``fits`` ends, and how many words of context follow."""
        inside = sentences[np.searchsorted(sentences, left, side="right") :]
        inside = inside[inside <= fits]
        if not len(inside):
            overlap = min(self.overlap, (fits - left) // 4)
            return fits - overlap, overlap
        filled = words.starts[inside] - words.starts[left] >= PARAGRAPH_MINIMUM
        paragraphs = inside[:-1][filled[:-1] & words.paragraph[inside[:-1]]]
        return int(paragraphs[0]) if len(paragraphs) else int(inside[-1]), 0

    def _window(self, words: _Words, first: int, left: int, right: int, last: int) -> Window:
        at, stop = words.starts[first], words.starts[last]
        # One word longer than a window (only odd tokenizers make them): its first pieces stand for it.
        pieces = words.pieces[at : min(stop, at + self.room)]
        positions = words.starts[first:last] - at
        positions = np.minimum(positions, len(pieces) - 1) + len(self.prefix)
        return Window(
            np.concatenate([self.prefix, pieces, self.suffix]),
            positions.astype(np.int32),
            words.begin[first:last],
            words.end[first:last],
            (left - first, right - first),
            self._features(words, first, last, len(pieces)),
        )

    def _features(self, words: _Words, first: int, last: int, pieces: int) -> np.ndarray | None:
        if words.features is None:
            return None
        own = words.features[first:last]
        frame = frame_features(own)
        spread = np.repeat(own, np.diff(words.starts[first : last + 1]), axis=0)[:pieces]
        before, after = np.repeat(frame, len(self.prefix), axis=0), np.repeat(frame, len(self.suffix), axis=0)
        return np.concatenate([before, spread, after])


def chunks(text: str, size: int = CHUNK) -> Iterator[tuple[int, int]]:
    """Cut a text into stretches of at most ``size`` characters, at a line end or a space where there is one.

    Examples
    --------
    >>> list(chunks("one two three", size=8))
    [(0, 8), (8, 13)]
    """
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            for separator in ("\n", ". ", " "):
                found = text.rfind(separator, start + size // 2, end)
                if found > 0:
                    end = found + len(separator)
                    break
        yield start, end
        start = end


def _is_mark(text: str, start: int, end: int) -> bool:
    """One character that is punctuation."""
    return end - start == 1 and unicodedata.category(text[start])[0] == "P"


def boundaries(text: str, begin: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per word: does a paragraph, does a sentence or a line begin here?

    Only to place the ends of windows: sentences proper are another component's business.
    """
    paragraph = np.zeros(len(begin), dtype=bool)
    sentence = np.zeros(len(begin), dtype=bool)
    for i in np.flatnonzero(begin[1:] > end[:-1]) + 1:
        before = end[i - 1]
        gap = text[before : begin[i]]
        lines = gap.count("\n")
        paragraph[i] = lines > 1
        sentence[i] = lines > 0 or (before > 0 and text[before - 1] in ".?!;")
    return paragraph, sentence
