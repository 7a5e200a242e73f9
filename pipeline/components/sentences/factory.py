"""Registers ``clinigraph_sentences`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import SentenceSplitter


@Language.factory(
    "clinigraph_sentences",
    assigns=["token.is_sent_start"],
    default_config={"max_chars": 2000, "overwrite": False},
)
def create_sentences(nlp: Language, name: str, max_chars: int, overwrite: bool) -> SentenceSplitter:
    """Make the component; see :class:`SentenceSplitter` for what it does."""
    from .component import SentenceSplitter

    return SentenceSplitter(nlp, name, max_chars=max_chars, overwrite=overwrite)
