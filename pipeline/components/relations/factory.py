"""Registers ``clinigraph_relations`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import RelationFinder

THRESHOLDS = {"CAUSES": 0.9, "TREATS": 0.9, "REVEALS": 0.5, "LOCATED_IN": 0.4, "INTERACTS_WITH": 0.9}
"""Lowest probabilities at which the trained head is believed; chosen on 15 notes that it was not trained on, for
precision where a false statement would mislead (a drug that treats or harms)."""


@Language.factory(
    "clinigraph_relations",
    requires=["doc.ents"],
    assigns=["doc._.relations"],
    default_config={"learned": True, "thresholds": THRESHOLDS},
)
def create_relations(nlp: Language, name: str, learned: bool, thresholds: dict[str, float]) -> RelationFinder:
    """Make the component; see :class:`RelationFinder` for what it does."""
    from .component import RelationFinder

    return RelationFinder(nlp, name, learned=learned, thresholds=thresholds)
