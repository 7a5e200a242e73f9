"""Registers ``clinigraph_linker`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import ConceptLinker


@Language.factory(
    "clinigraph_linker",
    default_config={"vocabulary": None, "threshold": 0.78, "join": True, "guideline": None},
    requires=["doc.ents"],
    assigns=["span._.concept"],
)
def create_linker(
    nlp: Language, name: str, vocabulary: str | None, threshold: float, join: bool, guideline: str | None
) -> ConceptLinker:
    """Make the component; see :class:`ConceptLinker` for what it does."""
    from .component import ConceptLinker

    return ConceptLinker(nlp, name, vocabulary=vocabulary, threshold=threshold, join=join, guideline=guideline)
