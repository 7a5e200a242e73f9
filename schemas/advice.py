"""What advice takes in and hands out: the state of a patient, a differential, drugs that fit or do not.

Every line of advice can be traced both ways: to the place in the note (:class:`Evidence`) and to the statement
of the knowledge graph (:class:`Source`) that it rests on. Silence is never "no": what nobody wrote down is
absent from :class:`PatientState`, and what could not be checked for lack of it is said in ``not_checked``.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from .annotation import Record

DISCLAIMER = "Advice for a clinician to judge; not a medical device."

Sex = Literal["female", "male"]
Setting = Literal["primary", "emergency", "hospital", "rare"]
MatchKind = Literal[
    "exact",  # the patient's finding is the disease's finding
    "more_specific",  # the patient's finding is a kind of the disease's finding
    "more_general",  # the disease's finding is a kind of the patient's finding
    "related",  # they meet in a common ancestor
    "unrelated",  # the disease is not known to cause it
    "excluded",  # the disease is known never to show it
]
PartKind = Literal["prior", "age", "sex", "finding", "risk", "negated", "stated", "missing"]
Band = Literal["likely", "possible", "less_likely", "unlikely", "not_enough_information"]
ReasonKind = Literal[
    "allergy",
    "cross_reactivity",
    "contraindication",
    "interaction",
    "pregnancy",
    "lactation",
    "renal",
    "hepatic",
    "age",
    "duplicate",
    "adverse_effect",
    "indication",
    "already_taken",
    "monitoring",
    "not_vetted",
]


class Evidence(Record):
    """A place in a note. ``text`` is filled only where the words may be shown."""

    note_id: str | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None
    section: str | None = None
    date: dt.date | None = None
    cue: str | None = None  # words that decided negation, certainty, time or person
    source: str = ""  # extractor and version, "command line", "form", ...
    mention_id: str | None = None
    stance: Literal["for", "against"] = "for"


class Source(Record):
    """A statement of the knowledge graph, in words, with who says so."""

    statement: str
    primary_knowledge_source: str
    source_version: str
    edge_id: str | None = None
    confidence: float | None = None
    note: str | None = None


class Finding(Record):
    """A sign, symptom or abnormal result that the patient has, has not, or may have.

    ``weight`` (0 to 1) is how sure the notes are; a finding of weight 0 changes nothing.
    ``present="uncertain"`` also stands for notes that disagree.
    """

    concept_id: str
    name: str = ""
    present: Literal["yes", "no", "uncertain"] = "yes"
    weight: float = Field(default=1.0, ge=0, le=1)
    evidence: tuple[Evidence, ...] = ()


class PatientCondition(Record):
    """A disease that the patient is known to have, or had."""

    concept_id: str
    name: str = ""
    present: Literal["yes", "no", "uncertain"] = "yes"
    status: Literal["active", "historical"] = "active"
    evidence: tuple[Evidence, ...] = ()


class PatientMedication(Record):
    """A drug of the patient. Only ``active`` ones take part in interaction checks."""

    drug_id: str
    name: str = ""
    status: Literal["active", "stopped", "held", "unknown"] = "active"
    evidence: tuple[Evidence, ...] = ()


class PatientAllergy(Record):
    """An allergy to a drug, a drug class or another substance."""

    concept_id: str
    name: str = ""
    reaction: str | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None
    evidence: tuple[Evidence, ...] = ()


class PatientMeasurement(Record):
    """A measured value in the test's standard unit. The last one by date counts."""

    test_id: str
    name: str = ""
    value: float
    unit: str | None = None
    date: dt.date | None = None
    flag: str | None = None
    evidence: tuple[Evidence, ...] = ()


class FamilyHistory(Record):
    """A disease of a relative."""

    concept_id: str
    name: str = ""
    relative: str | None = None
    evidence: tuple[Evidence, ...] = ()


class PatientState(Record):
    """Everything that advice may know of a patient.

    ``None`` means that nobody wrote it down. ``allergies_recorded`` is True if there are allergies, or if the
    notes say that there are none ("NKDA"); likewise ``medications_recorded``.

    Examples
    --------
    >>> state = PatientState(patient_id="p1", sex="female", age=63,
    ...                      findings=(Finding(concept_id="HP:0012735", name="Cough"),))
    >>> state.pregnant is None
    True
    """

    patient_id: str = ""
    sex: Sex | None = None
    age: float | None = Field(default=None, ge=0, le=130)  # years
    pregnant: bool | None = None
    lactating: bool | None = None
    findings: tuple[Finding, ...] = ()
    conditions: tuple[PatientCondition, ...] = ()
    medications: tuple[PatientMedication, ...] = ()
    allergies: tuple[PatientAllergy, ...] = ()
    measurements: tuple[PatientMeasurement, ...] = ()
    family_history: tuple[FamilyHistory, ...] = ()
    allergies_recorded: bool | None = None
    medications_recorded: bool | None = None
    demographics_evidence: tuple[Evidence, ...] = ()  # of sex, age, pregnancy, lactation


class ConceptRef(Record):
    """A concept by id and name."""

    id: str
    name: str


class ScorePart(Record):
    """One addend of a disease's score, in natural log odds, with what it rests on.

    For ``kind="finding"`` and ``"negated"`` the finding is the patient's; ``matched`` is the disease's own
    finding that it met and ``match`` how. For ``kind="risk"`` it is a finding, disease or drug of the patient, and
    ``matched`` the risk factor as the table names it.
    """

    kind: PartKind
    log_odds: float
    reason: str
    finding: ConceptRef | None = None
    match: MatchKind | None = None
    matched: ConceptRef | None = None
    frequency: float | None = None  # of the matched finding in the disease, 0 to 1
    explained_by: tuple[str, ...] = ()  # known conditions and drugs that explain the finding as well
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ()


class ExpectedFinding(Record):
    """A finding that most patients with the disease have and that nobody has asked for or written down."""

    finding: ConceptRef
    frequency: float
    sources: tuple[Source, ...] = ()


class RedFlag(Record):
    """A finding that makes the disease urgent, or that points to a worse one which looks alike."""

    finding: ConceptRef  # the patient's, where the patient has it
    meaning: str
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ()


class DifferentialEntry(Record):
    """A disease of the differential. ``score`` is the sum of the log odds of all parts."""

    disease_id: str
    name: str
    rank: int
    score: float
    probability_band: Band
    prior: tuple[ScorePart, ...] = ()  # how common it is, at this age and in this sex
    evidence_for: tuple[ScorePart, ...] = ()
    evidence_against: tuple[ScorePart, ...] = ()  # absent or unexplained findings, and the soft missing term
    expected_missing: tuple[ExpectedFinding, ...] = ()
    red_flags: tuple[RedFlag, ...] = ()  # that the patient has
    red_flags_to_check: tuple[RedFlag, ...] = ()  # on which the record says nothing
    urgency: int | None = None  # 1 routine to 5 minutes matter
    must_not_miss: bool = False
    xrefs: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def parts(self) -> tuple[ScorePart, ...]:
        """All addends of the score."""
        return self.prior + self.evidence_for + self.evidence_against


class Question(Record):
    """What to ask, examine or test next, and which candidates it would tell apart."""

    concept: ConceptRef
    kind: Literal["finding", "test"]
    information_gain: float  # bits, over the candidates shown
    speaks_for: tuple[ConceptRef, ...] = ()
    speaks_against: tuple[ConceptRef, ...] = ()
    sources: tuple[Source, ...] = ()


class NotUsed(Record):
    """A fact of the patient that took no part in the answer, and why."""

    concept: ConceptRef
    reason: str


class Differential(Record):
    """Answer to "what may this be?"."""

    patient_id: str = ""
    entries: tuple[DifferentialEntry, ...] = ()
    must_not_miss: tuple[DifferentialEntry, ...] = ()
    known: tuple[ConceptRef, ...] = ()  # diseases that the patient is known to have: not suggested again
    combination: tuple[ConceptRef, ...] = ()  # the fewest candidates that together explain the findings
    unexplained: tuple[ConceptRef, ...] = ()  # findings that no candidate of the combination explains
    ask_next: tuple[Question, ...] = ()
    enough_information: bool = False
    informative_findings: int = 0
    not_used: tuple[NotUsed, ...] = ()
    setting: Setting = "primary"
    disclaimer: str = DISCLAIMER


class Reason(Record):
    """Why a drug is suggested, cautioned or blocked. ``factor`` multiplies the score (penalties only)."""

    kind: ReasonKind
    message: str
    severity: str | None = None
    factor: float | None = None
    management: str | None = None
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[Source, ...] = ()


class DrugSuggestion(Record):
    """A drug for a condition. ``score`` (0 to 1) is the line's base times the factors of all cautions."""

    drug_id: str
    name: str
    for_condition: ConceptRef
    line: str | None = None
    approval: str | None = None
    score: float
    already_taken: bool = False
    reasons: tuple[Reason, ...] = ()
    cautions: tuple[Reason, ...] = ()
    not_checked: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


class BlockedDrug(Record):
    """A drug that must not be given to this patient, with every reason for it."""

    drug_id: str
    name: str
    for_condition: ConceptRef | None = None
    already_taken: bool = False
    reasons: tuple[Reason, ...]


class Recommendation(Record):
    """Answer to "which drugs?". ``suggested`` have mild cautions at most; ``cautioned`` may be given with care."""

    patient_id: str = ""
    suggested: tuple[DrugSuggestion, ...] = ()
    cautioned: tuple[DrugSuggestion, ...] = ()
    blocked: tuple[BlockedDrug, ...] = ()
    not_checked: tuple[str, ...] = ()
    no_drug_known_for: tuple[ConceptRef, ...] = ()
    disclaimer: str = DISCLAIMER


class DrugCheck(Record):
    """Answer to "may this drug be given?". "no_problem_found" is not "safe": see ``not_checked``."""

    patient_id: str = ""
    drug_id: str
    name: str
    verdict: Literal["blocked", "caution", "no_problem_found", "unknown_drug"]
    already_taken: bool = False
    blocks: tuple[Reason, ...] = ()
    cautions: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()  # usual dose, monitoring: no problem in themselves
    not_checked: tuple[str, ...] = ()
    disclaimer: str = DISCLAIMER
