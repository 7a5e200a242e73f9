"""One annotated note as rows of the graph: patient, encounter, note, mentions and the edges between them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ...schemas.annotation import AnnotatedNote, Mention, content_id

Row = dict[str, Any]
MAX_MENTION_TEXT = 200  # characters: a mention is a few words; a runaway span must not smuggle a note in


class Rows:
    """Rows to be written, by node label and by relationship type."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Row]] = defaultdict(dict)
        self.edges: dict[str, dict[str, Row]] = defaultdict(dict)

    def node(self, label: str, row: Row) -> str:
        """Add a node row; properties that are None are left out. Returns the id."""
        self.nodes[label][row["id"]] = {key: value for key, value in row.items() if value is not None}
        return str(row["id"])

    def edge(self, type_: str, source: str, target: str, **properties: Any) -> None:
        """Add an edge whose id is the hash of its type and ends (and stance, where two may join the same ends)."""
        edge_id = content_id("EDGE", type_, source, target, properties.get("stance", properties.get("relation", "")))
        row = {"id": edge_id, "source": source, "target": target, **properties}
        self.edges[type_][edge_id] = {key: value for key, value in row.items() if value is not None}


def note_node_id(note_id: str) -> str:
    """Id of the node of a note.

    Examples
    --------
    >>> note_node_id("n1").startswith("NOTE:")
    True
    """
    return content_id("NOTE", note_id)


def encounter_id(patient_id: str, date: str | None, note_id: str) -> str:
    """Notes of one patient on one day share an encounter; an undated note is one of its own."""
    return content_id("ENC", patient_id, date if date else f"undated {note_id}")


def details_json(mention: Mention) -> str | None:
    """Medication, measurement and allergy details in canonical JSON, or None."""
    details = {
        name: record.model_dump(mode="json", exclude_none=True)
        for name in ("medication", "measurement", "allergy", "time")
        if (record := getattr(mention, name)) is not None
    }
    for name in ("earlier", "computed"):
        if not details.get("measurement", {}).get(name):
            details.get("measurement", {}).pop(name, None)
    if mention.long_form:
        details["long_form"] = mention.long_form  # type: ignore[assignment]
    if mention.concept is not None:
        details["concept_name"] = mention.concept.name  # type: ignore[assignment]
    return json.dumps(details, sort_keys=True, ensure_ascii=False) if details else None


def _mention_row(mention: Mention, patient_id: str, date: str | None, sentence: str | None) -> Row:
    said = mention.assertion
    return {
        "id": mention.mention_id,
        "note_id": mention.note_id,
        "patient_id": patient_id,
        "start": mention.start,
        "end": mention.end,
        "text": mention.text[:MAX_MENTION_TEXT],
        "label": str(mention.label),
        "score": round(mention.score, 4),
        "section": mention.section,
        "sentence_start": mention.sentence_start,
        "sentence_end": mention.sentence_end,
        "sentence": sentence,
        "negated": said.negated,
        "certainty": said.certainty,
        "temporality": said.temporality,
        "experiencer": said.experiencer,
        "cues": [f"{c.axis}={c.value}:{c.start}-{c.end}:{c.text[:60]}" for c in said.cues] or None,
        "concept_id": mention.concept.id if mention.concept else None,
        "concept_score": round(mention.concept.score, 4) if mention.concept else None,
        "severity": mention.severity,
        "extractor": mention.extractor or None,
        "details": details_json(mention),
        "date": date,
    }


def note_rows(annotated: AnnotatedNote, known_concepts: Iterable[str], *, store_text: bool = False) -> Rows:
    """Rows of one note.

    Parameters
    ----------
    annotated
        The note with its mentions.
    known_concepts
        Concept ids that exist in the graph; a mention's REFERS_TO is written only to these.
    store_text
        Keep the note's text and the mentions' sentences in the graph. Off unless the user asks.
    """
    rows, note, concepts = Rows(), annotated.note, set(known_concepts)
    date = note.date.isoformat() if note.date else None
    rows.node("Patient", {"id": note.patient_id})
    meeting = rows.node(
        "Encounter",
        {"id": encounter_id(note.patient_id, date, note.note_id), "patient_id": note.patient_id, "date": date},
    )
    rows.edge("HAS_ENCOUNTER", note.patient_id, meeting)
    note_node = rows.node(
        "Note",
        {
            "id": note_node_id(note.note_id),
            "note_id": note.note_id,
            "patient_id": note.patient_id,
            "date": date,
            "type": note.type,
            "origin": note.source or None,
            "text_hash": note.text_hash,
            "pipeline": annotated.pipeline or None,
            "characters": len(note.text),
            "text": note.text if store_text else None,
        },
    )
    rows.edge("HAS_NOTE", meeting, note_node)
    for mention in annotated.mentions:
        sentence = note.text[mention.sentence_start : mention.sentence_end].strip() if store_text else None
        rows.node("Mention", _mention_row(mention, note.patient_id, date, sentence))
        rows.edge("HAS_MENTION", note_node, mention.mention_id)
        if mention.concept and mention.concept.id in concepts:
            rows.edge(
                "REFERS_TO",
                mention.mention_id,
                mention.concept.id,
                score=round(mention.concept.score, 4),
                method=mention.concept.method,
            )
    for relation in annotated.relations:
        rows.edge(
            "RELATED_TO",
            relation.head,
            relation.tail,
            relation=str(relation.type),
            score=round(relation.score, 4),
            cue=relation.cue,
        )
    return rows
