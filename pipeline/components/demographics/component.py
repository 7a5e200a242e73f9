"""Find what a note says about the person: age, sex, pregnancy, lactation, smoking, alcohol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import ConceptLink, Label
from ...extensions import add_mentions, doc_sections, doc_text, register_extensions
from .profile import Statement, statements

EXTRACTOR = "clinigraph_demographics 1"
FAMILY_SECTIONS = frozenset({"family_history"})


class DemographicsReader:
    """Add a DEMOGRAPHIC mention for each statement about the patient's person.

    ``span._.concept`` says what it is about (CG:age, CG:sex, CG:pregnancy, CG:lactation, CG:smoking, CG:alcohol),
    ``span._.measurement`` what it is: age as ``value`` in years (months and weeks as fractions), the others in
    ``value_text``: female or male; yes or no; current, former or never. "67F" is one mention: an age with the sex as
    its ``value_text``. Ages of relatives, ages at which something
    happened, and the family history are left out. The patterns stand in ``patterns.toml``.

    Parameters
    ----------
    nlp
        The pipeline.
    name
        Name of the component.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_demographics")
    >>> [(e.text, e._.concept.id) for e in nlp("67-year-old woman. Father died at age 50.").ents]
    [('67-year-old', 'CG:age'), ('woman', 'CG:sex')]
    """

    def __init__(self, nlp: Language, name: str = "clinigraph_demographics") -> None:
        register_extensions()
        self.name = name

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc."""
        sections = [s for s in doc_sections(doc) if s["kind"] in FAMILY_SECTIONS]
        spans: list[Span] = []
        for statement in statements(doc_text(doc)):
            if any(s["start"] <= statement.start < s["end"] for s in sections):
                continue
            span = _add(doc, statement)
            if span is not None and span not in spans:
                spans.append(span)
        if spans:
            add_mentions(doc, spans)
        return doc

    def to_disk(self, path: str | Path, exclude: Any = ()) -> None:
        """Nothing to save: the patterns come with the package."""

    def from_disk(self, path: str | Path, exclude: Any = ()) -> DemographicsReader:
        """Nothing to load."""
        return self


def _add(doc: Doc, statement: Statement) -> Span | None:
    span = doc.char_span(statement.start, statement.end, label=Label.DEMOGRAPHIC, alignment_mode="expand")
    if span is None:
        return None
    if _says_something_else(span, statement):
        return _say_both(span, statement)
    span._.concept = ConceptLink(id=statement.concept, name=statement.name, score=1.0, method="rule")
    span._.measurement = statement.measurement
    span._.extractor = EXTRACTOR
    return span


def _say_both(span: Span, statement: Statement) -> Span | None:
    """ "67F" is one mention that says two things: it is an age, whose ``value_text`` is the sex."""
    other = span._.concept.id
    if {other, statement.concept} != {"CG:age", "CG:sex"}:
        return None
    age, sex = span._.measurement, statement.measurement
    if other == "CG:sex":
        age, sex = sex, age
        span._.concept = ConceptLink(id=statement.concept, name=statement.name, score=1.0, method="rule")
    span._.measurement = age.model_copy(update={"value_text": sex.value_text})
    return span


def _says_something_else(span: Span, statement: Statement) -> bool:
    concept = span._.concept
    return concept is not None and concept.id != statement.concept
