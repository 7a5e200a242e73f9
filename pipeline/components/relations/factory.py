"""Registers ``clinigraph_relations`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import RelationFinder


@Language.factory("clinigraph_relations", requires=["doc.ents"], assigns=["doc._.relations"])
def create_relations(nlp: Language, name: str) -> RelationFinder:
    """Make the component; see :class:`RelationFinder` for what it does."""
    from .component import RelationFinder

    return RelationFinder(nlp, name)
