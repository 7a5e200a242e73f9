"""Registers ``clinigraph_deid`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import IdentifierMarker


@Language.factory("clinigraph_deid", assigns=["doc.spans"], default_config={"doubt": 0.8})
def create_deid(nlp: Language, name: str, doubt: float) -> IdentifierMarker:
    """Make the component; see :class:`IdentifierMarker` for what it does."""
    from .component import IdentifierMarker

    return IdentifierMarker(nlp, name, doubt=doubt)
