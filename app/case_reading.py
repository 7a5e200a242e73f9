"""Reads prose cases for the diagnosis evaluation: note -> pipeline -> the state that advice works on."""

from __future__ import annotations

from functools import cached_property

from spacy.language import Language

from ..kg.graph import Graph, open_graph
from ..pipeline import annotate, load
from ..schemas.advice import PatientState
from ..schemas.annotation import Note
from .findings import link_words


class CaseReader:
    """Turns words into concepts and notes into patient states, with the shipped pipeline.

    Parameters
    ----------
    graph
        A graph with the knowledge; it is not written to.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._links: dict[tuple[str, str], str | None] = {}

    @cached_property
    def _nlp(self) -> Language:
        return load()

    def link(self, words: str, label: str = "SYMPTOM") -> str | None:
        """Concept id of a term, or None. Remembered."""
        key = (words, label)
        if key not in self._links:
            self._links[key] = link_words(words, label)
        return self._links[key]

    def read_note(self, text: str) -> PatientState:
        """State of a patient of whom there is only this text."""
        annotated = annotate(self._nlp, Note(note_id="case", patient_id="case", text=text))
        with open_graph(":memory:", knowledge=False) as scratch:
            scratch.add(annotated)
            record = scratch.patient("case")
        labels = self._graph.store.resolve(sorted({f.concept_id for f in record.facts if f.concept_id}))
        from ..kg.graph import DISEASE_LABELS
        from ..kg.loading.patients import patient_state

        return patient_state(record, lambda concept: labels.get(concept) in DISEASE_LABELS)
