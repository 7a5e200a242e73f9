"""The component ``clinigraph_sentences``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc

from ...extensions import doc_text, register_extensions
from .boundaries import sentence_starts

_LONGEST_SPLIT = 200  # a longer "token" is no word: leave it
_MOST_WORK = 20_000_000  # splits x tokens: each split moves all tokens behind it, so a book-sized note is left as it is


def _split_tokens(doc: Doc, starts: np.ndarray) -> None:
    """Split tokens that hold a sentence start, such as ``Atenolol.,2``: no word stays glued to the next sentence."""
    offsets = doc.to_array([IDX]).astype(np.int64).ravel()
    holders = np.searchsorted(offsets, starts, side="right") - 1
    cuts: dict[int, set[int]] = {}
    inside = starts - offsets[holders]
    for index, at in zip(holders[inside > 0].tolist(), inside[inside > 0].tolist(), strict=True):
        token = doc[index]
        if at < len(token) <= _LONGEST_SPLIT:
            word = token.text[:at].rstrip(".,:;!?")
            cuts.setdefault(index, set()).update({at, len(word)} if word else {at})
    if not cuts or len(cuts) * len(doc) > _MOST_WORK:
        return
    with doc.retokenize() as retokenizer:
        for index, places in cuts.items():
            token = doc[index]
            edges = [0, *sorted(places), len(token)]
            parts = [token.text[a:b] for a, b in pairwise(edges)]
            retokenizer.split(token, parts, heads=[(token, i) for i in range(len(parts))])


class SentenceSplitter:
    """Set sentence boundaries as clinical notes have them.

    A newline in running prose is no sentence end; a blank line, heading, bullet, numbered item or table row is. "Dr.",
    "p.o.", "1." and decimals end nothing. Where a note has commas in place of its line breaks
    (``MEDICATIONS:,1.  Atenolol.,2.  Cardura.``) they are read as line breaks.

    Parameters
    ----------
    nlp
        The pipeline (only its vocabulary is used).
    name
        The component's name in it.
    max_chars
        Longest sentence in characters; longer ones are cut at a sensible place.
    overwrite
        Replace boundaries that another component has set. Default: keep them.

    Notes
    -----
    A token that the tokenizer glued over a boundary (``Atenolol.,2``) is split there. One regular expression finds
    candidates, plain rules decide; abbreviations stand in ``abbreviations.txt``.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_sentences")
    >>> [s.text for s in nlp("PLAN:,1.  Aspirin 81 mg q.d.,2.  Call Dr. Lee.").sents]
    ['PLAN:,', '1.  Aspirin 81 mg q.d.,', '2.  Call Dr. Lee.']
    """

    def __init__(self, nlp: Language, name: str, max_chars: int = 2000, overwrite: bool = False) -> None:
        register_extensions()
        self.name = name
        self.max_chars = max_chars
        self.overwrite = overwrite

    def __call__(self, doc: Doc) -> Doc:
        if not len(doc) or (doc.has_annotation("SENT_START") and not self.overwrite):
            return doc
        starts = np.asarray(sentence_starts(doc_text(doc), self.max_chars), dtype=np.int64)
        _split_tokens(doc, starts)
        # the first token at or after each start that is more than white space
        wanted = np.searchsorted(doc.to_array([IDX]).astype(np.int64).ravel(), starts)
        flags = np.full(len(doc), -1, dtype=np.int64)
        for index in wanted:
            while index < len(doc) and doc[int(index)].is_space:
                index += 1
            if index < len(doc):
                flags[index] = 1
        flags[0] = 1
        doc.from_array([SENT_START], flags.astype(np.uint64).reshape(-1, 1))  # type: ignore[arg-type]
        return doc

    def to_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> None:
        """Nothing to write: the settings stand in the pipeline's config."""

    def from_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> SentenceSplitter:
        """Nothing to read."""
        return self
