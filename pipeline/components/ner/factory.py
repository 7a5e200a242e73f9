"""Registers ``clinigraph_ner`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import EntityRecogniser


@Language.factory("clinigraph_ner", assigns=["doc.ents","doc.spans"])
def create_ner(nlp: Language, name: str) -> EntityRecogniser:
    """Make the component; see :class:`EntityRecogniser` for what it does."""
    from .component import EntityRecogniser

    return EntityRecogniser(nlp, name)
