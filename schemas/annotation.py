"""What the pipeline says about a note: plain, frozen, validated records.

Offsets are character offsets into ``Note.text`` exactly as given, end exclusive. Ids are content hashes, so the
same note and the same finding get the same id in every run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator


class Label(StrEnum):
    """What kind of thing a mention names. DEMOGRAPHIC is age, sex, pregnancy and the like of the patient."""

    DISEASE = "DISEASE"
    SYMPTOM = "SYMPTOM"
    DRUG = "DRUG"
    PROCEDURE = "PROCEDURE"
    TEST = "TEST"
    ANATOMY = "ANATOMY"
    DEMOGRAPHIC = "DEMOGRAPHIC"


class RelationType(StrEnum):
    """How two mentions of one note are related (head -> tail)."""

    TREATS = "TREATS"  # drug or procedure -> problem
    CAUSES = "CAUSES"  # drug or procedure -> adverse effect
    REVEALS = "REVEALS"  # test or procedure -> problem
    LOCATED_IN = "LOCATED_IN"  # problem -> anatomy
    INTERACTS_WITH = "INTERACTS_WITH"  # drug -> drug, where the note says so


def content_id(prefix: str, *parts: object) -> str:
    """Hash the parts into a short stable id.

    Examples
    --------
    >>> content_id("M", "note-1", 4, 9, "DRUG") == content_id("M", "note-1", 4, 9, "DRUG")
    True
    >>> content_id("M", "a", "bc") == content_id("M", "ab", "c")
    False
    """
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{prefix}:{digest[:20]}"


class Record(BaseModel):
    """Base of all records: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Note(Record):
    """One clinical note as the user gave it.

    ``note_id`` is the user's, or a hash of the text; ``patient_id`` likewise falls back to the note's id, so that
    facts of unknown patients are never mixed.
    """

    note_id: str
    patient_id: str
    text: str
    date: dt.date | None = None
    type: str | None = None
    language: str = "en"
    source: str = ""

    @property
    def text_hash(self) -> str:
        """Hash of the text, by which a changed note is told from an unchanged one."""
        return content_id("T", self.text)


class Section(Record):
    """A part of a note under one heading. ``start`` is where the heading begins, ``body_start`` where its text does."""

    kind: str
    title: str
    start: int
    body_start: int
    end: int


class Cue(Record):
    """The words that decided one axis of an assertion. Section headings can be cues too."""

    axis: Literal["negated", "certainty", "temporality", "experiencer"]
    value: str
    start: int
    end: int
    text: str


class Assertion(Record):
    """What the note says about a mention, on four independent axes."""

    negated: bool = False
    certainty: Literal["certain", "uncertain"] = "certain"
    temporality: Literal["current", "historical", "hypothetical"] = "current"
    experiencer: Literal["patient", "family", "other"] = "patient"
    cues: tuple[Cue, ...] = ()

    @property
    def is_patient_fact(self) -> bool:
        """True if the mention states something that the patient has or had."""
        return not self.negated and self.temporality != "hypothetical" and self.experiencer == "patient"


class MedicationDetail(Record):
    """How a drug is taken. Raw words of the note, and beside them what could be normalised."""

    dose: str | None = None
    strength: str | None = None
    form: str | None = None
    route: str | None = None
    frequency: str | None = None
    duration: str | None = None
    prn: bool = False
    reason: str | None = None
    status: Literal["active", "started", "stopped", "held", "changed", "allergy", "unknown"] = "unknown"
    dose_value: float | None = None
    dose_unit: str | None = None
    frequency_per_day: float | None = None


class Measurement(Record):
    """The value of a test, as written and normalised. ``flag`` compares the normal value with the reference range."""

    value: float | None = None
    value_high: float | None = None  # upper end of a range such as "EF 35-40%", or diastolic pressure
    value_text: str | None = None  # values that are no number: "positive", "1+"
    comparator: Literal["<", "<=", "=", ">=", ">"] = "="
    unit: str | None = None
    normal_value: float | None = None  # in normal_unit, the test's standard unit
    normal_unit: str | None = None
    reference_low: float | None = None
    reference_high: float | None = None
    flag: Literal["low", "normal", "high", "critical_low", "critical_high", "abnormal"] | None = None
    finding: str | None = None  # CURIE of what the flag means, for example HP:0001903 anaemia
    earlier: bool = False  # a newer value of this test stands beside it: the 1.2 of "1.2 -> 2.4"
    computed: bool = False  # not written: calculated from the value that the mention stands on (eGFR)


class DateExpression(Record):
    """Words of a note that name a time, and where it lies on the calendar as far as that can be told.

    ``first`` and ``last`` are the first and the last day that the words allow; of a duration the day it began and the
    day of the note. ``days`` is the length of a duration or the distance of a relative time.
    """

    start: int
    end: int
    text: str
    kind: Literal["date", "relative", "duration", "age"]
    first: dt.date | None = None
    last: dt.date | None = None
    precision: Literal["day", "week", "month", "year", "decade"] | None = None
    days: float | None = None


class TimeDetail(Record):
    """When something began, and when it was last so, as the note says; ``text`` holds its words."""

    text: str
    onset: dt.date | None = None  # first day of the time named
    end: dt.date | None = None  # only where the note says that it was over, or was something done on a day
    precision: Literal["day", "week", "month", "year", "decade"] | None = None
    days: float | None = None  # how long, where the words give a length


class AllergyDetail(Record):
    """Stated on a DRUG (or other substance) mention to which the patient is allergic."""

    reaction: str | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None


class ConceptLink(Record):
    """Where a mention lands in the vocabulary, how sure that is, and what came second."""

    id: str
    name: str
    score: float = Field(ge=0, le=1)
    method: str  # exact, normalised, abbreviation, ngram, ...
    runner_up: str | None = None
    runner_up_score: float | None = None


class Mention(Record):
    """A thing named in a note: one row of OMOP NOTE_NLP in spirit."""

    note_id: str
    start: int = Field(ge=0)
    end: int
    text: str
    label: Label
    score: float = Field(default=1.0, ge=0, le=1)
    section: str = "unknown"
    sentence_start: int = 0
    sentence_end: int = 0
    assertion: Assertion = Assertion()
    concept: ConceptLink | None = None
    medication: MedicationDetail | None = None
    measurement: Measurement | None = None
    allergy: AllergyDetail | None = None
    time: TimeDetail | None = None
    long_form: str | None = None  # what an abbreviation stands for in this note
    severity: str | None = None  # degree of a problem, in the note's words
    extractor: str = ""  # name and version of what found it

    @model_validator(mode="before")
    @classmethod
    def _id_is_derived(cls, data: Any) -> Any:
        """Accept our own dumps, which carry the derived id."""
        return {k: v for k, v in data.items() if k != "mention_id"} if isinstance(data, dict) else data

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mention_id(self) -> str:
        """Hash of note, place and label."""
        return content_id("MENTION", self.note_id, self.start, self.end, self.label)


class Relation(Record):
    """A typed link between two mentions of one note, by mention id."""

    head: str
    tail: str
    type: RelationType
    score: float = Field(default=1.0, ge=0, le=1)
    cue: str | None = None  # words that state it; None when it rests on nearness


class AnnotatedNote(Record):
    """A note with everything the pipeline found in it. This is what leaves the process."""

    note: Note
    sections: tuple[Section, ...] = ()
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    pipeline: str = ""  # name and version of the pipeline that annotated it
