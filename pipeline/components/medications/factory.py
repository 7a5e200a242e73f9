"""Registers ``clinigraph_medications`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import MedicationReader


@Language.factory("clinigraph_medications", requires=["doc.ents"], assigns=["span._.medication", "span._.allergy"])
def create_medications(nlp: Language, name: str) -> MedicationReader:
    """Make the component; see :class:`MedicationReader` for what it does."""
    from .component import MedicationReader

    return MedicationReader(nlp, name)
