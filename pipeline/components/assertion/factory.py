"""Registers ``clinigraph_assertion`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from .component import AssertionMatcher


@Language.factory(
    "clinigraph_assertion",
    requires=["doc.ents"],
    assigns=["span._.assertion"],
    default_config={"use_sections": True, "social_history_is_past": False, "drop_normal": False},
)
def create_assertion(
    nlp: Language, name: str, use_sections: bool, social_history_is_past: bool, drop_normal: bool
) -> AssertionMatcher:
    """Make the component; see :class:`AssertionMatcher` for what it does."""
    from .component import AssertionMatcher

    return AssertionMatcher(
        nlp, name, use_sections=use_sections, social_history_is_past=social_history_is_past, drop_normal=drop_normal
    )
