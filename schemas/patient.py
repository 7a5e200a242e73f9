"""A patient as the graph knows them: facts, each with the mentions that it rests on."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from .advice import Evidence
from .annotation import Record

Answer = Literal["yes", "no", "unknown", "conflict"]


class PatientFact(Record):
    """One fact of the record.

    ``kind`` is the label of the fact's node (Condition, Observation, ...). ``answer`` is what the notes say, all
    weighed: yes, no, or conflict where they disagree. ``onset`` is the first day of the time at which it began or
    happened, as exact as ``onset_precision`` (day, week, month, year, decade); None where no note says. ``details``
    holds what only some kinds have: value, unit and flag, dose and route, reaction.
    """

    id: str
    kind: str
    concept_id: str | None = None
    name: str
    answer: Answer
    certainty: str | None = None
    temporality: str | None = None
    first_seen: dt.date | None = None
    last_seen: dt.date | None = None
    onset: dt.date | None = None
    onset_precision: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    review_state: str = "extracted"
    evidence: tuple[Evidence, ...] = ()


class PatientRecord(Record):
    """All that is known of a patient."""

    patient_id: str
    sex: str | None = None
    age: float | None = None
    birth_year: int | None = None
    notes: int = 0
    first_note: dt.date | None = None
    last_note: dt.date | None = None
    facts: tuple[PatientFact, ...] = ()

    def of_kind(self, kind: str, *answers: Answer) -> list[PatientFact]:
        """Facts of one kind, of the answers given (default: yes and conflict)."""
        wanted = answers or ("yes", "conflict")
        return [f for f in self.facts if f.kind == kind and f.answer in wanted]


class Reply(Record):
    """Answer to "does the patient have this?". ``unknown`` means that nothing is written; it is never "no"."""

    answer: Answer
    concept_id: str
    name: str = ""
    facts: tuple[PatientFact, ...] = ()
