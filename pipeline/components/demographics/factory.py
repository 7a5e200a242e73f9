"""Registers ``clinigraph_demographics`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import DemographicsReader


@Language.factory("clinigraph_demographics", assigns=["doc.ents", "doc.spans"])
def create_demographics(nlp: Language, name: str) -> DemographicsReader:
    """Make the component; see :class:`DemographicsReader` for what it does."""
    from .component import DemographicsReader

    return DemographicsReader(nlp, name)
