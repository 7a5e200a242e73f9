"""Character n-gram index over normalised names: TF-IDF cosine by posting lists in flat NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_GRAM = 3
_COMMON = 0.08  # grams in more than this share of all names tell nothing apart


class NgramIndex:
    """Names that share many rare character trigrams with a query.

    Parameters
    ----------
    names : sequence of str
        Normalised names. Longer ones than 80 bytes are left out of the index.

    Examples
    --------
    >>> index = NgramIndex(["metoprolol", "metformin", "hypertension"])
    >>> index.search("metropolol", 1)[0][0]
    0
    """

    def __init__(self, names: Sequence[str]) -> None:
        padded = [b" " + name.encode()[:80] + b" " for name in names]
        lengths = np.fromiter((len(p) for p in padded), np.int64, len(padded))
        text = np.frombuffer(b"".join(padded), np.uint8).astype(np.int32)
        codes = (text[:-2] << 16 | text[1:-1] << 8 | text[2:]) if len(text) > 2 else text[:0]
        owner = np.repeat(np.arange(len(padded), dtype=np.int32), lengths)
        inside = owner[:-2] == owner[2:] if len(text) > 2 else owner[:0].astype(bool)
        codes, owner = codes[inside], owner[:-2][inside]
        order = np.argsort(codes, kind="stable")
        self._owner = owner[order]
        self._codes, starts = np.unique(codes[order], return_index=True)
        self._starts = np.append(starts, len(self._owner))
        df = np.diff(self._starts)
        self.size = len(padded)
        self._idf = np.log1p(self.size / np.maximum(df, 1)).astype(np.float32)
        weights = np.repeat(self._idf**2, df)
        squares = np.bincount(self._owner, weights, minlength=self.size)
        self._norm = np.sqrt(np.maximum(squares, 1e-9)).astype(np.float32)

    def search(self, query: str, limit: int = 60) -> list[tuple[int, float]]:
        """Positions of the nearest names with their cosines, best first; equal ones in order of position."""
        raw = np.frombuffer(b" " + query.encode()[:80] + b" ", np.uint8).astype(np.int32)
        if len(raw) < _GRAM or not self.size:
            return []
        codes = np.unique(raw[:-2] << 16 | raw[1:-1] << 8 | raw[2:])
        at = np.searchsorted(self._codes, codes)
        known = at < len(self._codes)
        at = at[known][self._codes[at[known]] == codes[known]]
        if not len(at):
            return []
        unknown_weight = (len(codes) - len(at)) * float(np.log1p(self.size)) ** 2
        norm = float(np.sqrt((self._idf[at] ** 2).sum() + unknown_weight))
        df = self._starts[at + 1] - self._starts[at]
        rare = at[df <= max(50, _COMMON * self.size)]
        used = rare if len(rare) else at
        owners = np.concatenate([self._owner[self._starts[g] : self._starts[g + 1]] for g in used])
        weights = np.repeat(self._idf[used] ** 2, self._starts[used + 1] - self._starts[used])
        scores = np.bincount(owners, weights, minlength=self.size) / (self._norm * norm)
        best = np.flatnonzero(scores >= max(0.2, float(scores.max()) * 0.5))
        best = best[np.argsort(-scores[best], kind="stable")][:limit]
        return [(int(i), min(1.0, float(scores[i]))) for i in best]
