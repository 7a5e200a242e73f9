"""Write annotated notes into a store and keep the patients' facts true to the mentions that are there.

Every batch is one transaction: its notes, and the facts of every patient it touches, derived anew from all the
patient's mentions. A kill leaves the graph as it was before or after a batch, never between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...schemas.annotation import AnnotatedNote
from ...schemas.graph import FACT_LABELS
from ..stores.base import GraphStore
from .facts import Fact, demographics, derive_facts, mention_details
from .rows import Rows, note_node_id, note_rows

# Nodes before the edges that join them.
_NODE_ORDER = ("Patient", "Encounter", "Note", "Mention", *FACT_LABELS)
_EDGE_ORDER = (
    "HAS_ENCOUNTER",
    "HAS_NOTE",
    "HAS_MENTION",
    "REFERS_TO",
    "RELATED_TO",
    "HAS_FACT",
    "ABOUT",
    "EVIDENCED_BY",
)


@dataclass
class LoadReport:
    """What a load did. ``changed`` counts rows that are new or different; a second load of the same changes 0."""

    notes: int = 0
    mentions: int = 0
    relations: int = 0
    facts: int = 0
    changed: int = 0

    def __add__(self, other: LoadReport) -> LoadReport:
        return LoadReport(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))


class Loader:
    """Loads notes into one store.

    Parameters
    ----------
    store
        Any GraphStore that already holds the knowledge (concepts that are not there get no REFERS_TO edge).
    store_text
        Keep note texts and sentences in the graph.
    """

    def __init__(self, store: GraphStore, *, store_text: bool = False) -> None:
        self.store = store
        self.store_text = store_text
        self._names: dict[str, str | None] = {}

    def unchanged(self, annotated_by: str, note_id: str, text_hash: str) -> bool:
        """True if this very text, annotated by this very pipeline, is in the graph already."""
        row = self.store.node("Note", note_node_id(note_id))
        return bool(row and row["text_hash"] == text_hash and row.get("pipeline") == annotated_by)

    def add(self, batch: Sequence[AnnotatedNote]) -> LoadReport:
        """Write a batch in one transaction. A note that is there already is replaced, not doubled."""
        report = LoadReport(notes=len(batch))
        if not batch:
            return report
        concepts = {m.concept.id for a in batch for m in a.mentions if m.concept}
        concepts |= {
            m.measurement.finding for a in batch for m in a.mentions if m.measurement and m.measurement.finding
        }
        self._look_up(concepts)
        known = {c for c in concepts if self._names.get(c) is not None}
        patients = {a.note.patient_id for a in batch}
        with self.store.transaction():
            for annotated in batch:
                rows = note_rows(annotated, known, store_text=self.store_text)
                patients |= self._replace(annotated, rows)
                report.mentions += len(annotated.mentions)
                report.relations += len(annotated.relations)
                report.changed += self._write(rows)
            for patient in sorted(patients):
                facts, changed = self._derive(patient)
                report.facts += facts
                report.changed += changed
        return report

    def withdraw(self, note_id: str) -> bool:
        """Remove a note with its mentions, and re-derive the facts that rested on them.

        Returns
        -------
        bool
            False if there is no such note.
        """
        node_id = note_node_id(note_id)
        row = self.store.node("Note", node_id)
        if row is None:
            return False
        with self.store.transaction():
            self.store.delete_nodes("Mention", [m["id"] for m in self.store.nodes("Mention", note_id=note_id)])
            self.store.delete_nodes("Note", [node_id])
            self._drop_empty(row["patient_id"])
            self._derive(row["patient_id"])
        return True

    def _replace(self, annotated: AnnotatedNote, rows: Rows) -> set[str]:
        """Drop what an earlier version of the note said and this one does not. Returns other patients touched."""
        note = annotated.note
        old = self.store.node("Note", note_node_id(note.note_id))
        if old is None:
            return set()
        keep = rows.nodes["Mention"]
        gone = [m["id"] for m in self.store.nodes("Mention", note_id=note.note_id) if m["id"] not in keep]
        self.store.delete_nodes("Mention", gone)
        for type_ in ("REFERS_TO", "RELATED_TO"):
            stale = self.store.edges(type_, source=sorted(keep)) if keep else iter(())
            self.store.delete_edges(type_, [e["id"] for e in list(stale) if e["id"] not in rows.edges[type_]])
        linked = list(self.store.edges("HAS_NOTE", target=old["id"]))
        self.store.delete_edges("HAS_NOTE", [e["id"] for e in linked if e["id"] not in rows.edges["HAS_NOTE"]])
        if (linked and old["patient_id"] != note.patient_id) or old.get("date") != (
            note.date.isoformat() if note.date else None
        ):
            self._drop_empty(old["patient_id"])
        return {old["patient_id"]}

    def _drop_empty(self, patient_id: str) -> None:
        """Encounters without a note go; a patient without an encounter goes with their facts."""
        encounters = [e["id"] for e in self.store.nodes("Encounter", patient_id=patient_id)]
        used = {e["source"] for e in self.store.edges("HAS_NOTE", source=encounters)} if encounters else set()
        self.store.delete_nodes("Encounter", [e for e in encounters if e not in used])

    def _write(self, rows: Rows) -> int:
        changed = 0
        for label in _NODE_ORDER:
            if label in rows.nodes:
                # A patient's row is written whole when the facts are derived; here it must only exist.
                new = list(rows.nodes[label].values())
                if label == "Patient":
                    new = [row for row in new if self.store.node("Patient", row["id"]) is None]
                changed += self.store.upsert_nodes(label, new)
        for type_ in _EDGE_ORDER:
            if rows.edges.get(type_):
                changed += self.store.upsert_edges(type_, rows.edges[type_].values())
        return changed

    def _derive(self, patient_id: str) -> tuple[int, int]:
        """Bring the facts of a patient in line with their mentions. Returns (facts, rows changed)."""
        mentions = list(self.store.nodes("Mention", patient_id=patient_id))
        if not mentions and not any(True for _ in self.store.nodes("Encounter", patient_id=patient_id)):
            for label in FACT_LABELS:
                self.store.delete_nodes(label, [f["id"] for f in self.store.nodes(label, patient_id=patient_id)])
            return 0, self.store.delete_nodes("Patient", [patient_id])
        facts = derive_facts(mentions, self._look_up(_concepts(mentions)))
        rows = self._fact_rows(patient_id, facts)
        rows.node("Patient", {"id": patient_id, **demographics(mentions)})
        changed = 0
        for label in FACT_LABELS:
            there = [f["id"] for f in self.store.nodes(label, patient_id=patient_id)]
            changed += self.store.delete_nodes(label, [i for i in there if i not in rows.nodes[label]])
            kept = [i for i in there if i in rows.nodes[label]]
            for type_ in ("ABOUT", "EVIDENCED_BY"):
                stale = [e["id"] for e in self.store.edges(type_, source=kept)] if kept else []
                changed += self.store.delete_edges(type_, [e for e in stale if e not in rows.edges[type_]])
        return len(facts), changed + self._write_patient(rows)

    def _write_patient(self, rows: Rows) -> int:
        patient = list(rows.nodes.pop("Patient").values())
        return self.store.upsert_nodes("Patient", patient) + self._write(rows)

    def _fact_rows(self, patient_id: str, facts: Iterable[Fact]) -> Rows:
        rows = Rows()
        for fact in facts:
            node = rows.node(fact.label, fact.row)
            rows.edge("HAS_FACT", patient_id, node)
            concept = fact.row.get("concept_id")
            if concept and self._names.get(concept) is not None:
                rows.edge("ABOUT", node, concept)
            for mention, stance in fact.evidence:
                rows.edge("EVIDENCED_BY", node, mention, stance=stance)
        return rows

    def _look_up(self, concepts: Iterable[str]) -> dict[str, str]:
        """Names of the concepts that exist in the graph. Remembered: an archive repeats itself."""
        wanted = set(concepts)
        new = sorted(wanted - self._names.keys())
        if new:
            labels = self.store.resolve(new)
            for concept in new:
                row = self.store.node(labels[concept], concept) if concept in labels else None
                self._names[concept] = str(row["name"]) if row else None
        return {c: name for c in wanted if (name := self._names[c]) is not None}


def _concepts(mentions: Iterable[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for mention in mentions:
        if mention.get("concept_id"):
            found.add(mention["concept_id"])
        finding = (mention_details(mention).get("measurement") or {}).get("finding")
        if finding:
            found.add(finding)
    return found
