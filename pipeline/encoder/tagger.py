"""Windows, batches, cache and decoding around whatever computes the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .decoding import TagDecoder, WordSpan
from .protocol import TaggedSpan
from .windowing import Window, Windower

WINDOWS_AT_ONCE = 512
"""Windows sorted by length together; bounds the memory whatever the length of the notes."""

CACHED_WINDOWS = 8192


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
    """

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
    ) -> None:
        self.name = name
        self.decoder = decoder
        self.labels = decoder.labels
        self.batch_tokens = batch_tokens
        self.padding = padding
        self.cached = cached
        self._windower = Windower(tokenizer, longest, overlap)
        self._cache: OrderedDict[bytes, list[WordSpan]] = OrderedDict()

    @abstractmethod
    def scores(self, pieces: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Logits, shape (batch, length, tags), of padded word pieces, int32 of shape (batch, length)."""

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
        keys = [window.pieces.tobytes() for window in windows]
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
            logits = self._padded_scores([window for _, window in batch])
            rows = [logits[row][window.first] for row, (_, window) in enumerate(batch)]
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

    def _padded_scores(self, windows: list[Window]) -> np.ndarray:
        length = max(len(window.pieces) for window in windows)
        pieces = np.full((len(windows), length), self.padding, dtype=np.int32)
        mask = np.zeros((len(windows), length), dtype=np.int32)
        for row, window in enumerate(windows):
            pieces[row, : len(window.pieces)] = window.pieces
            mask[row, : len(window.pieces)] = 1
        return self.scores(pieces, mask)

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
