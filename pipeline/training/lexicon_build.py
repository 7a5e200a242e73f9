"""The tagger's lexicon, made from the vocabulary that ships."""

from __future__ import annotations

from collections.abc import Iterator

from ...schemas.vocabulary import Vocabulary
from ..encoder.lexicon import Lexicon

LABEL_OF_NODE = {
    "Disease": "DISEASE",
    "PhenotypicFeature": "SYMPTOM",
    "Drug": "DRUG",
    "DrugClass": "DRUG",
    "Procedure": "PROCEDURE",
    "LabTest": "TEST",
    "AnatomicalEntity": "ANATOMY",
}


def build_lexicon(vocabulary: Vocabulary | None = None) -> Lexicon:
    """All names of the vocabulary with the labels of their concepts.

    Examples
    --------
    >>> build_lexicon().match(["metformin"]).tolist()
    [[0, 0, 3, 0, 0, 0]]
    """
    return Lexicon.build(_names(vocabulary or Vocabulary.default()))


def _names(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    for name, _, label in vocabulary.iter_names(tuple(LABEL_OF_NODE)):
        yield name, LABEL_OF_NODE[label]
