"""From the graph back to the patient: the record, one question about it, and the state that advice works on."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...schemas.advice import (
    Evidence,
    FamilyHistory,
    Finding,
    PatientAllergy,
    PatientCondition,
    PatientMeasurement,
    PatientMedication,
    PatientState,
)
from ...schemas.graph import FACT_LABELS
from ...schemas.patient import Answer, PatientFact, PatientRecord, Reply
from ...schemas.problems import UserError
from ..stores.base import GraphStore

_COMMON = {
    "id", "patient_id", "concept_id", "name", "answer", "certainty", "temporality", "first_seen", "last_seen", "onset", "onset_precision",  # noqa: E501
    "supporting", "opposing", "extractor", "review_state",
}  # fmt: skip
UNCERTAIN_WEIGHT = 0.5  # how much a "possible" finding counts beside a certain one
CONFLICT_WEIGHT = 0.3
NO_ALLERGIES = "CG:no_known_allergies"
_SEXES: dict[str, Any] = {"female": "female", "male": "male"}
_HABITS = ("CG:smoking", "CG:alcohol")


def patient_record(store: GraphStore, patient_id: str) -> PatientRecord:
    """All facts of a patient with their evidence.

    Raises
    ------
    UserError
        If the graph has no such patient.
    """
    patient = store.node("Patient", patient_id)
    if patient is None:
        raise UserError(
            f"the graph has no patient {patient_id!r}", "list them with: clinigraph graph query patients --graph ..."
        )
    mentions = {m["id"]: m for m in store.nodes("Mention", patient_id=patient_id)}
    rows = [(label, row) for label in FACT_LABELS for row in store.nodes(label, patient_id=patient_id)]
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for edge in store.edges("EVIDENCED_BY", source=[row["id"] for _, row in rows]):
        evidence[edge["source"]].append(_evidence(mentions[edge["target"]], edge["stance"]))
    notes = list(store.nodes("Note", patient_id=patient_id))
    dates = [note["date"] for note in notes if note.get("date")]
    return PatientRecord(
        patient_id=patient_id,
        sex=patient.get("sex"),
        age=patient.get("age"),
        birth_year=patient.get("birth_year"),
        notes=len(notes),
        first_note=min(dates, default=None),
        last_note=max(dates, default=None),
        facts=tuple(_fact(label, row, evidence[row["id"]]) for label, row in rows),
    )


def _evidence(mention: Mapping[str, Any], stance: str) -> Evidence:
    cues = [cue.split(":", 2)[-1] for cue in mention.get("cues") or ()]
    return Evidence(
        note_id=mention["note_id"],
        start=mention["start"],
        end=mention["end"],
        text=mention.get("sentence") or mention.get("text"),
        section=mention.get("section"),
        date=mention.get("date"),
        cue=", ".join(cues) or None,
        source=mention.get("extractor") or "",
        mention_id=mention["id"],
        stance="against" if stance == "against" else "for",
    )


def _fact(label: str, row: Mapping[str, Any], evidence: Iterable[Evidence]) -> PatientFact:
    def newest_first(e: Evidence) -> tuple[Any, ...]:
        return (-(e.date.toordinal() if e.date else 0), e.note_id or "", e.start or 0)

    return PatientFact(
        id=row["id"],
        kind=label,
        concept_id=row.get("concept_id"),
        name=row["name"],
        answer=row["answer"],
        certainty=row.get("certainty"),
        temporality=row.get("temporality"),
        first_seen=row.get("first_seen"),
        last_seen=row.get("last_seen"),
        onset=row.get("onset"),
        onset_precision=row.get("onset_precision"),
        details={key: value for key, value in row.items() if key not in _COMMON},
        review_state=row["review_state"],
        evidence=tuple(sorted(evidence, key=newest_first)),
    )


def ask(record: PatientRecord, concept_id: str, kinds: Iterable[str], descendants: Iterable[str], name: str) -> Reply:
    """Does the patient have this concept, or a kind of it? Yes, no, unknown or conflict, with the facts.

    A kind of it that is there means yes; that one kind is absent says nothing about the others, so only the concept
    itself can be "no".
    """
    wanted = {concept_id, *descendants}
    facts = tuple(f for f in record.facts if f.kind in set(kinds) and f.concept_id in wanted)
    yes = any(f.answer == "yes" for f in facts)
    no = any(f.answer == "no" and f.concept_id == concept_id for f in facts)
    conflict = any(f.answer == "conflict" for f in facts)
    answer: Answer = "conflict" if conflict or (yes and no) else "yes" if yes else "no" if no else "unknown"
    return Reply(answer=answer, concept_id=concept_id, name=name, facts=facts)


def patient_state(record: PatientRecord, is_disease: Callable[[str], bool]) -> PatientState:
    """What advice works on: the record, sorted into findings, conditions, drugs, allergies and values.

    Parameters
    ----------
    record
        The patient's record.
    is_disease
        Tells a disease's id from a finding's.
    """
    conditions = [f for f in record.of_kind("Condition", "yes", "no", "conflict") if f.concept_id]
    values = record.of_kind("Observation", "yes", "conflict")
    stated = {name: _latest(values, f"CG:{name}") for name in ("pregnancy", "lactation")}
    # "consider insulin" is no drug of the patient
    drugs = [f for f in record.of_kind("MedicationStatement") if f.concept_id and f.certainty != "uncertain"]
    allergies = record.of_kind("AllergyIntolerance")
    return PatientState(
        patient_id=record.patient_id,
        sex=_SEXES.get(record.sex or ""),
        age=record.age,
        pregnant=_yes_no(stated["pregnancy"] or _latest(record.of_kind("Condition"), "CG:pregnancy")),
        lactating=_yes_no(stated["lactation"]),
        findings=tuple([_finding(f) for f in conditions if not is_disease(f.concept_id or "")] + _habits(values)),
        conditions=tuple(_condition(f) for f in conditions if is_disease(f.concept_id or "")) + _implied(record),
        medications=tuple(_medication(f, record) for f in drugs),
        allergies=tuple(_allergy(f) for f in allergies),
        measurements=tuple(_measurements(values)),
        family_history=tuple(
            FamilyHistory(concept_id=f.concept_id, name=f.name, evidence=f.evidence)
            for f in record.of_kind("FamilyMemberHistory")
            if f.concept_id
        ),
        allergies_recorded=True if allergies or _latest(values, NO_ALLERGIES) else None,
        medications_recorded=True if drugs else None,
        demographics_evidence=tuple(e for f in values if (f.concept_id or "").startswith("CG:") for e in f.evidence),
    )


# Who is dialysed has no kidney function to count on, whether the notes say so or not: procedure -> condition.
_IMPLIED = {"MESH:D006435": "MONDO:0004375", "MESH:D010530": "MONDO:0004375"}


def _implied(record: PatientRecord) -> tuple[PatientCondition, ...]:
    """Conditions that a current procedure implies, under the name of the procedure."""
    found = []
    for fact in record.of_kind("ProcedureEvent", "yes"):
        if fact.concept_id in _IMPLIED and fact.temporality != "historical" and fact.certainty != "uncertain":
            implied = _condition(fact).model_copy(update={"concept_id": _IMPLIED[fact.concept_id]})
            found.append(implied)
    return tuple(found)


def _habits(values: list[PatientFact]) -> list[Finding]:
    """Smoking and drinking as findings: the latest note decides; what was given up still counts, but less."""
    found = []
    for concept in _HABITS:
        fact = _latest(values, concept)
        if fact is not None:
            said = fact.details.get("value_text")
            found.append(
                Finding(
                    concept_id=concept,
                    name=fact.name,
                    present="no" if said in ("never", "no") else "yes",
                    weight=UNCERTAIN_WEIGHT if said == "former" else 1.0,
                    evidence=fact.evidence,
                )
            )
    return found


def _latest(values: list[PatientFact], concept_id: str) -> PatientFact | None:
    found = [f for f in values if f.concept_id == concept_id]
    return max(found, key=lambda f: (f.last_seen or dt.date.min, f.id), default=None)


def _yes_no(fact: PatientFact | None) -> bool | None:
    if fact is None:
        return None
    return fact.details.get("value_text") not in ("no", "never", "negative")


_PRESENT: dict[str, Any] = {"yes": "yes", "no": "no", "conflict": "uncertain"}


def _finding(fact: PatientFact) -> Finding:
    sure = fact.certainty != "uncertain"
    weight = CONFLICT_WEIGHT if fact.answer == "conflict" else 1.0 if sure else UNCERTAIN_WEIGHT
    present: Any = "uncertain" if not sure and fact.answer == "yes" else _PRESENT[fact.answer]
    if fact.temporality == "historical" and present == "yes":
        weight = UNCERTAIN_WEIGHT  # what was is weak evidence for what is
    assert fact.concept_id
    return Finding(concept_id=fact.concept_id, name=fact.name, present=present, weight=weight, evidence=_deciding(fact))


def _deciding(fact: PatientFact) -> tuple[Evidence, ...]:
    """Mentions on the answer's side; all of them where the notes disagree."""
    if fact.answer == "conflict":
        return fact.evidence
    side = "against" if fact.answer == "no" else "for"
    return tuple(e for e in fact.evidence if e.stance == side)


def _condition(fact: PatientFact) -> PatientCondition:
    assert fact.concept_id
    sure = fact.certainty != "uncertain"
    return PatientCondition(
        concept_id=fact.concept_id,
        name=fact.name,
        present="uncertain" if fact.answer == "yes" and not sure else _PRESENT[fact.answer],
        status="historical" if fact.temporality == "historical" else "active",
        evidence=_deciding(fact),
    )


def _medication(fact: PatientFact, record: PatientRecord) -> PatientMedication:
    """A statement in the patient's last note, or started or changed and never stopped, counts as active."""
    assert fact.concept_id
    status = fact.details.get("status", "unknown")
    known: dict[str, Any] = {"stopped": "stopped", "held": "held"}
    if fact.temporality == "historical" and status in ("unknown", "active"):
        taken: Any = "stopped"
    else:
        taken = known.get(status, "active")
    return PatientMedication(drug_id=fact.concept_id, name=fact.name, status=taken, evidence=_deciding(fact))


def _allergy(fact: PatientFact) -> PatientAllergy:
    severity = fact.details.get("severity")
    return PatientAllergy(
        concept_id=fact.concept_id or f"text:{fact.name.lower()}",
        name=fact.name,
        reaction=fact.details.get("reaction"),
        severity=severity if severity in ("mild", "moderate", "severe") else None,
        evidence=_deciding(fact),
    )


def _measurements(values: list[PatientFact]) -> Iterable[PatientMeasurement]:
    for fact in values:
        value = fact.details.get("value")
        if fact.details.get("earlier"):
            continue  # a newer value stands beside it
        if fact.concept_id and not fact.concept_id.startswith("CG:") and value is not None:
            yield PatientMeasurement(
                test_id=fact.concept_id,
                name=fact.name,
                value=float(value),
                unit=fact.details.get("unit"),
                date=fact.details.get("date"),
                flag=fact.details.get("flag"),
                evidence=fact.evidence,
            )


def details_text(fact: PatientFact) -> str:
    """The details of a fact in a few words, for people.

    Examples
    --------
    >>> details_text(PatientFact(id="F", kind="Observation", name="Potassium", answer="yes",
    ...                          details={"value": 5.9, "unit": "mmol/L", "flag": "high"}))
    '5.9 mmol/L, high'
    """
    d = fact.details
    if fact.kind == "Observation":
        number = d.get("value_text") or (f"{d['value']:g}" if d.get("value") is not None else "")
        if d.get("value_high") is not None:
            number += f"/{d['value_high']:g}"
        sign = d.get("comparator") if d.get("comparator") not in (None, "=") else ""
        value = " ".join(str(part) for part in (f"{sign}{number}", d.get("unit")) if part)
        return ", ".join(part for part in (value, d.get("flag")) if part)
    if fact.kind == "MedicationStatement":
        given = [d.get(key) for key in ("strength", "dose", "route", "frequency")]
        return " ".join(str(part) for part in [*given, "as needed" if d.get("prn") else None] if part) + (
            f" ({d['status']})" if d.get("status") not in (None, "unknown") else ""
        )
    return ", ".join(str(d[key]) for key in ("reaction", "severity") if d.get(key))


def record_json(record: PatientRecord) -> str:
    """The record as canonical JSON."""
    return json.dumps(record.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
