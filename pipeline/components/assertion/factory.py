"""Registers ``clinigraph_assertion`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import AssertionMatcher


@Language.factory("clinigraph_assertion", requires=["doc.ents"], assigns=["span._.assertion"])
def create_assertion(nlp: Language, name: str) -> AssertionMatcher:
    """Make the component; see :class:`AssertionMatcher` for what it does."""
    from .component import AssertionMatcher

    return AssertionMatcher(nlp, name)
