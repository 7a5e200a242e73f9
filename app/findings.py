"""Words of a person at the command line -> concepts of the graph."""

from __future__ import annotations

import re
from functools import lru_cache

from spacy.language import Language

from ..kg.graph import Graph
from ..schemas.advice import Evidence, Finding, PatientState
from ..schemas.problems import UserError

_CURIE = re.compile(r"^[A-Za-z][\w.]*:[\w.-]+$")
_NEGATION = re.compile(r"^(?:no|not|without|denies|absent|-)\s+", re.IGNORECASE)


@lru_cache(maxsize=1)
def _linking_pipeline() -> Language:
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_linker")
    return nlp


def link_words(words: str, label: str) -> str | None:
    """Concept that the words mean when taken as a mention of this label, or None.

    Parameters
    ----------
    words
        One term, such as "shortness of breath".
    label
        DISEASE, SYMPTOM, DRUG, PROCEDURE or TEST.
    """
    nlp = _linking_pipeline()
    doc = nlp.make_doc(words.strip())
    if not len(doc):
        return None
    from spacy.tokens import Span

    doc.set_ents([Span(doc, 0, len(doc), label=label)])
    for _, component in nlp.pipeline:
        doc = component(doc)
    concept = doc.ents[0]._.concept
    return concept.id if concept else None


def concept_from_words(words: str, label: str, graph: Graph) -> str:
    """Id of the concept that the words, or the id, name in this graph.

    Raises
    ------
    UserError
        If the graph knows no such concept.
    """
    wanted = words.strip()
    concept = wanted if _CURIE.match(wanted) else link_words(wanted, label)
    if concept is None or not graph.store.resolve([concept]):
        raise UserError(
            f"the graph knows no {label.lower()} called {wanted!r}",
            f'look for its name with: clinigraph graph query concept_search text="{wanted}"',
        )
    return concept


def state_from_words(findings: str, graph: Graph) -> PatientState:
    """A patient about whom only these findings are known, given by commas; "no fever" is an absent one."""
    said: list[Finding] = []
    for part in (p.strip() for p in re.split(r"[,;\n]", findings)):
        if not part:
            continue
        words = _NEGATION.sub("", part)
        concept = concept_from_words(words, "SYMPTOM", graph)
        label = graph.store.resolve([concept])[concept]
        name = str((graph.store.node(label, concept) or {}).get("name", words))
        evidence = Evidence(text=part, source="command line")
        absent = words != part
        said.append(Finding(concept_id=concept, name=name, present="no" if absent else "yes", evidence=(evidence,)))
    if not said:
        raise UserError("no findings were given", "write them by commas: --findings 'fever, cough, no chest pain'")
    return PatientState(patient_id="", findings=tuple(said))
