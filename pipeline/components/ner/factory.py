"""Registers ``clinigraph_ner`` with spaCy. Light on purpose: spaCy imports it in every program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spacy.language import Language

if TYPE_CHECKING:
    from .component import EntityTagger

DEFAULTS: dict[str, Any] = {
    "model": None,
    "backend": "auto",
    "label_map": None,
    "thresholds": {},
    "batch_tokens": 4096,
    "threads": None,
    "guideline": None,
    "repeats": True,
    "split_tokens": True,
}


@Language.factory(
    "clinigraph_ner",
    assigns=["doc.ents", "doc.spans", "span._.score"],
    default_config=DEFAULTS,
)
def create_ner(
    nlp: Language,
    name: str,
    model: str | None,
    backend: str,
    label_map: dict[str, str] | None,
    thresholds: dict[str, float],
    batch_tokens: int,
    threads: int | None,
    guideline: str | None,
    repeats: bool,
    split_tokens: bool,
) -> EntityTagger:
    """Make the component; the model is loaded with the first text, or by ``initialize``.

    See :class:`~clinigraph.pipeline.components.ner.component.EntityTagger` for the settings.
    """
    from .component import EntityTagger

    return EntityTagger(
        name,
        model=model,
        backend=backend,
        label_map=label_map,
        thresholds=thresholds,
        batch_tokens=batch_tokens,
        threads=threads,
        guideline=guideline,
        repeats=repeats,
        split_tokens=split_tokens,
    )
