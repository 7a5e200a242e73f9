"""Registers ``clinigraph_sentences`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import SentenceSplitter


@Language.factory("clinigraph_sentences", assigns=["token.is_sent_start"])
def create_sentences(nlp: Language, name: str) -> SentenceSplitter:
    """Make the component; see :class:`SentenceSplitter` for what it does."""
    from .component import SentenceSplitter

    return SentenceSplitter(nlp, name)
