"""Registers ``clinigraph_measurements`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import MeasurementReader


@Language.factory("clinigraph_measurements", assigns=["doc.ents", "doc.spans", "span._.measurement"])
def create_measurements(nlp: Language, name: str) -> MeasurementReader:
    """Make the component; see :class:`MeasurementReader` for what it does."""
    from .component import MeasurementReader

    return MeasurementReader(nlp, name)
