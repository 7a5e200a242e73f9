"""What the tagger is told of each word beside its letters: names of the vocabulary, case, gap before it, guideline.

Each is a number; the model adds the row of its table to the word piece's embedding, so that every layer sees it. The
word pieces are in small letters and know no line breaks: case and gap bring back what tokenizing lost. The guideline
says whose rules of annotation are meant; corpora disagree where a mention ends and what counts as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...schemas.problems import UserError
from .lexicon import Lexicon
from .tags import ENTITY_LABELS, LABELS

_ABSTRACTS = ("DISEASE", "SYMPTOM", "DRUG")
GUIDELINES: dict[str, tuple[str, ...]] = {
    "none": LABELS,
    "clinical-notes": LABELS,
    "bc5cdr": _ABSTRACTS,
    "ncbi-disease": ("DISEASE", "SYMPTOM"),
    "biored": _ABSTRACTS,
    "maccrobat": (*ENTITY_LABELS, "SEVERITY", "DURATION", "VALUE"),
    "phee": (*_ABSTRACTS, "DOSE", "STRENGTH", "ROUTE", "FREQUENCY"),
    "glaucoma-med": ("DRUG", "DOSE", "STRENGTH", "ROUTE", "FREQUENCY", "DURATION"),
}
"""Whose rules of annotation a text follows, and what these annotate: other labels are outside then. ``clinical-notes``
are our own, and the default."""

SHAPES = ("other", "small", "Capital", "SHORT", "LONG CAPITALS", "mIxed", "digits", "digits+letters")
GAPS = ("none", "space", "line", "blank line")

_SIZES = (*[4] * len(ENTITY_LABELS), len(SHAPES), len(GAPS), len(GUIDELINES))
_OFFSETS = np.cumsum([1, *_SIZES[:-1]])  # row 0 is padding
COLUMNS = len(_SIZES)
ROWS = 1 + sum(_SIZES)
"""Rows of the model's table of features."""

_SHAPE, _GAP, _GUIDELINE = COLUMNS - 3, COLUMNS - 2, COLUMNS - 1


class WordFeatures:
    """Compute the features of the words of a text.

    Parameters
    ----------
    lexicon : Lexicon
    guideline : str
        One of :data:`GUIDELINES`.

    Examples
    --------
    >>> features = WordFeatures(Lexicon({"aspirin": 4}))
    >>> features("ASA or aspirin", [0, 4, 7], [3, 6, 14]).shape == (3, COLUMNS)
    True
    """

    def __init__(self, lexicon: Lexicon, guideline: str = "clinical-notes") -> None:
        self.lexicon = lexicon
        self.guideline = guideline
        self._row = guideline_row(guideline)

    def __call__(self, text: str, begin: Sequence[int] | np.ndarray, end: Sequence[int] | np.ndarray) -> np.ndarray:
        """Rows of the table for each word, uint8 of shape (words, columns).

        Parameters
        ----------
        text : str
        begin, end : sequence of int
            Character offsets of the words, in order.
        """
        words = [text[a:b] for a, b in zip(begin, end, strict=True)]
        rows = np.empty((len(words), COLUMNS), dtype=np.int64)
        rows[:, : len(ENTITY_LABELS)] = self.lexicon.match(words)
        rows[:, _SHAPE] = [_shape(word) for word in words]
        rows[:, _GAP] = [_gap(text, 0 if i == 0 else int(end[i - 1]), int(begin[i])) for i in range(len(words))]
        rows += _OFFSETS
        rows[:, _GUIDELINE] = self._row
        return rows.astype(np.uint8)


def multi_hot(windows: Sequence[np.ndarray], length: int) -> np.ndarray:
    """Features of a padded batch as the model takes them: 1 in the column of each row of its table that is meant.

    Parameters
    ----------
    windows : sequence of ndarray of uint8, shape (pieces, columns)
    length : int
        Pieces of the longest window.

    Returns
    -------
    ndarray of float32, shape (batch, length, ROWS)
    """
    hot = np.zeros((len(windows), length, ROWS), dtype=np.float32)
    for number, features in enumerate(windows):
        np.put_along_axis(hot[number, : len(features)], features.astype(np.int64), 1.0, axis=1)
    hot[..., 0] = 0  # padding
    return hot


def frame_features(features: np.ndarray) -> np.ndarray:
    """The features of a piece that is no word (start, end): the guideline only. Shape (1, columns)."""
    row = np.zeros((1, COLUMNS), dtype=np.uint8)
    if len(features):
        row[0, _GUIDELINE] = features[0, _GUIDELINE]
    return row


def guideline_row(guideline: str) -> int:
    """Row of the table for a guideline.

    Raises
    ------
    UserError
        If there is no such guideline.
    """
    if guideline not in GUIDELINES:
        raise UserError(f'There is no guideline "{guideline}".', f"Use one of: {', '.join(GUIDELINES)}.")
    return int(_OFFSETS[_GUIDELINE]) + list(GUIDELINES).index(guideline)


def guideline_labels(guideline: str, label_map: dict[str, str] | None = None) -> dict[str, str]:
    """What a guideline annotates, as a label map of the tagger; of a user's map what the guideline has.

    Examples
    --------
    >>> guideline_labels("ncbi-disease")
    {'DISEASE': 'DISEASE', 'SYMPTOM': 'SYMPTOM'}
    """
    guideline_row(guideline)
    own = GUIDELINES[guideline]
    if label_map is None:
        return {label: label for label in own}
    return {theirs: ours for theirs, ours in label_map.items() if theirs in own}


def with_guideline(features: np.ndarray, guideline: str) -> np.ndarray:
    """The same features under another guideline."""
    changed = features.copy()
    changed[..., _GUIDELINE] = np.where(changed[..., _GUIDELINE] > 0, guideline_row(guideline), 0)
    return changed


def without_names(features: np.ndarray) -> np.ndarray:
    """The same features as if the vocabulary knew none of the words; padding stays padding."""
    changed = features.copy()
    names = changed[..., : len(ENTITY_LABELS)]
    changed[..., : len(ENTITY_LABELS)] = np.where(names > 0, _OFFSETS[: len(ENTITY_LABELS)], 0)
    return changed


def _shape(word: str) -> int:
    letters = any(map(str.isalpha, word))
    digits = any(map(str.isdigit, word))
    if digits:
        return 7 if letters else 6
    if not letters:
        return 0
    if word.islower():
        return 1
    if word.isupper():
        return 2 if len(word) == 1 else 3 if len(word) <= 5 else 4
    return 2 if word[0].isupper() and word[1:].islower() else 5


def _gap(text: str, start: int, end: int) -> int:
    if start >= end:
        return 0 if start else 2
    lines = text.count("\n", start, end)
    return 1 if not lines else 2 if lines == 1 else 3
