"""Windows, batches, cache and decoding around whatever computes the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .decoding import TagDecoder, WordSpan
from .pairs import PairScorer
from .protocol import TaggedSpan
from .windowing import Window, Windower
from .word_features import WordFeatures, multi_hot

WINDOWS_AT_ONCE = 512
"""Windows sorted by length together; bounds the memory whatever the length of the notes."""

CACHED_WINDOWS = 8192

CACHED_STATES = 256
"""Windows whose states are kept for the relations, when they are asked for: about 40 MB."""


class WindowStates(NamedTuple):
    """A window with the state of each of its words (float16, words x hidden)."""

    window: Window
    states: np.ndarray


class WindowedTagger(ABC):
    """A :class:`~clinigraph.pipeline.encoder.TokenClassifier`; subclasses compute the scores of a batch.

    Parameters
    ----------
    name : str
    tokenizer : tokenizers.Tokenizer
    decoder : TagDecoder
    longest, overlap : int
        See :class:`~clinigraph.pipeline.encoder.windowing.Windower`.
    batch_tokens : int
        Padded word pieces in a batch.
    padding : int
        Id of the padding piece.
    cached : int
        Windows whose mentions are remembered (archives repeat themselves); 0 for none.
    featurise : callable, optional
        Word features of the model, see :class:`~clinigraph.pipeline.encoder.word_features.WordFeatures`.

    Attributes
    ----------
    pair_scorer : PairScorer or None
        The model's head for relations, if it has one.
    keep_states : bool
        Keep the states of the windows seen last, for :meth:`states`. Off until somebody needs them.
    """

    pair_scorer: PairScorer | None = None

    def __init__(
        self,
        name: str,
        tokenizer: Any,
        decoder: TagDecoder,
        *,
        longest: int = 144,
        overlap: int = 16,
        batch_tokens: int = 4096,
        padding: int = 0,
        cached: int = CACHED_WINDOWS,
        featurise: WordFeatures | None = None,
    ) -> None:
        self.name = name
        self.decoder = decoder
        self.labels = decoder.labels
        self.batch_tokens = batch_tokens
        self.padding = padding
        self.cached = cached
        self.keep_states = False
        self._windower = Windower(tokenizer, longest, overlap, featurise)
        self._cache: OrderedDict[bytes, list[WordSpan]] = OrderedDict()
        self._states: OrderedDict[bytes, np.ndarray] = OrderedDict()

    @abstractmethod
    def scores(
        self, pieces: np.ndarray, mask: np.ndarray, features: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits and states of a padded batch.

        Parameters
        ----------
        pieces, mask : ndarray of int32, shape (batch, length)
        features : ndarray of float32, shape (batch, length, rows), or None
            1 where a feature holds (:data:`~.word_features.ROWS`); None for models without word features.

        Returns
        -------
        logits : ndarray, shape (batch, length, tags)
        states : ndarray, shape (batch, length, hidden), or None
            Of the last layer; None if the model does not give them.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the model to a folder from which it can be loaded."""

    def tag(self, texts: Sequence[str]) -> list[list[TaggedSpan]]:
        """Find the mentions of each text, sorted by start; they do not overlap.

        The texts may have any length: they are cut into windows, never cut off.
        """
        found: list[list[TaggedSpan]] = [[] for _ in texts]
        stream = ((number, window) for number, text in enumerate(texts) for window in self._windower.windows(text))
        while batch := list(islice(stream, WINDOWS_AT_ONCE)):
            for (number, window), spans in zip(batch, self._decoded([w for _, w in batch]), strict=True):
                for span in self._characters(window, spans, texts[number]):
                    # A mention that runs over the end of a window is seen by the next one too.
                    if not found[number] or span.start >= found[number][-1].end:
                        found[number].append(span)
        return found

    def _decoded(self, windows: list[Window]) -> list[list[WordSpan]]:
        """Mentions of each window; equal windows are computed once."""
        keys = [_key(window) for window in windows]
        known: dict[bytes, list[WordSpan]] = {}
        fresh: dict[bytes, Window] = {}
        for key, window in zip(keys, windows, strict=True):
            if key in self._cache:
                self._cache.move_to_end(key)
                known[key] = self._cache[key]
            else:
                fresh[key] = window
        todo = sorted(fresh.items(), key=lambda item: len(item[1].pieces))
        for batch in self._batches(todo):
            logits, states = self._padded_scores([window for _, window in batch])
            rows = [logits[row][window.first] for row, (_, window) in enumerate(batch)]
            if self.keep_states and states is not None:
                for row, (key, window) in enumerate(batch):
                    self._keep(key, states[row][window.first])
            for (key, _), spans in zip(batch, self.decoder.decode(rows), strict=True):
                known[key] = spans
                self._remember(key, spans)
        return [known[key] for key in keys]

    def _batches(self, windows: list[tuple[bytes, Window]]) -> Iterator[list[tuple[bytes, Window]]]:
        batch: list[tuple[bytes, Window]] = []
        for item in windows:
            if batch and (len(batch) + 1) * len(item[1].pieces) > self.batch_tokens:
                yield batch
                batch = []
            batch.append(item)
        if batch:
            yield batch

    def states(self, text: str, longest: int | None = None) -> Iterator[WindowStates]:
        """The windows of a text with the states of their words; nothing if the model gives no states.

        Windows that :meth:`tag` saw lately are not computed again.

        Parameters
        ----------
        text : str
        longest : int, optional
            Word pieces of a window, where other windows than those of :meth:`tag` are wanted.
        """
        self.keep_states = True
        windower = self._windower
        if longest is not None:
            windower = Windower(windower.tokenizer, longest, windower.overlap, windower.featurise)
        for window in windower.windows(text):
            key = _key(window)
            if key not in self._states:
                _, states = self._padded_scores([window])
                if states is None:
                    return
                self._keep(key, states[0][window.first])
            yield WindowStates(window, self._states[key])

    def _keep(self, key: bytes, states: np.ndarray) -> None:
        self._states[key] = states.astype(np.float16)
        while len(self._states) > CACHED_STATES:
            self._states.popitem(last=False)

    def _padded_scores(self, windows: list[Window]) -> tuple[np.ndarray, np.ndarray | None]:
        length = max(len(window.pieces) for window in windows)
        pieces = np.full((len(windows), length), self.padding, dtype=np.int32)
        mask = np.zeros((len(windows), length), dtype=np.int32)
        for row, window in enumerate(windows):
            pieces[row, : len(window.pieces)] = window.pieces
            mask[row, : len(window.pieces)] = 1
        told = [window.features for window in windows if window.features is not None]
        return self.scores(pieces, mask, multi_hot(told, length) if told else None)

    def _remember(self, key: bytes, spans: list[WordSpan]) -> None:
        if not self.cached:
            return
        self._cache[key] = spans
        while len(self._cache) > self.cached:
            self._cache.popitem(last=False)

    def _characters(self, window: Window, spans: list[WordSpan], text: str) -> Iterator[TaggedSpan]:
        """A mention belongs to the window that keeps its first word; it may run on into the context."""
        left, right = window.keep
        for span in spans:
            if not left <= span.first < right:
                continue
            start, end = int(window.begin[span.first]), int(window.end[span.last - 1])
            # Accents written as combining characters belong to the letter before them.
            while end < len(text) and "\u0300" <= text[end] <= "\u036f":
                end += 1
            if start < end:
                yield TaggedSpan(start, end, span.label, round(span.score, 4))


def _key(window: Window) -> bytes:
    """Two windows with the same key get the same mentions."""
    if window.features is None:
        return window.pieces.tobytes()
    return window.pieces.tobytes() + window.features.tobytes()
