"""Registers ``clinigraph_abbreviations`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import AbbreviationExpander


@Language.factory(
    "clinigraph_abbreviations",
    requires=["doc.ents"],
    assigns=["span._.long_form"],
    default_config={"inventory": True},
)
def create_abbreviations(nlp: Language, name: str, inventory: bool) -> AbbreviationExpander:
    """Make the component; see :class:`AbbreviationExpander` for what it does."""
    from .component import AbbreviationExpander

    return AbbreviationExpander(nlp, name, inventory=inventory)
