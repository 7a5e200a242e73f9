"""Registers ``clinigraph_sections`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import SectionFinder


@Language.factory("clinigraph_sections", assigns=["doc._.sections"])
def create_sections(nlp: Language, name: str) -> SectionFinder:
    """Make the component; see :class:`SectionFinder` for what it does."""
    from .component import SectionFinder

    return SectionFinder(nlp, name)
