"""Registers ``clinigraph_dates`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import DateReader


@Language.factory("clinigraph_dates")
def create_dates(nlp: Language, name: str) -> DateReader:
    """Make the component; see :class:`DateReader` for what it does."""
    from .component import DateReader

    return DateReader(nlp, name)
