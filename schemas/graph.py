"""The graph's one registry: node labels, relationship types, their properties and keys.

Constraints, SQLite tables, validation, exports and the schema page are all generated from what stands here.
Names follow Biolink (world knowledge), FHIR resources (patient facts) and OMOP NOTE_NLP (mentions).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PropertyType = Literal["string", "int", "float", "bool", "date", "string[]"]
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "date": (str,),  # ISO 8601, "2024-03-01": sorts as text in both stores
    "string[]": (list, tuple),
}


@dataclass(frozen=True)
class Property:
    """One property of a node or relationship."""

    name: str
    type: PropertyType = "string"
    required: bool = False
    indexed: bool = False
    description: str = ""


@dataclass(frozen=True)
class NodeType:
    """A node label. Its key is always ``id``. ``world`` nodes also carry the label ``Concept``."""

    label: str
    properties: tuple[Property, ...]
    world: bool
    description: str

    def __post_init__(self) -> None:
        assert self.properties[0].name == "id"


@dataclass(frozen=True)
class RelationshipType:
    """A relationship type with the labels it may join. "Concept" stands for every world label."""

    type: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    properties: tuple[Property, ...]
    world: bool
    description: str


_P = Property
_ID = _P("id", required=True, description="CURIE or content hash")
PROVENANCE = (
    _P("primary_knowledge_source", required=True, indexed=True, description="who says so, e.g. clinigraph-curated"),
    _P("source_version", required=True, description="version or date of that source"),
    _P("licence", required=True, description="licence under which it may be used"),
    _P("knowledge_level", description="Biolink: knowledge_assertion, observation, prediction"),
    _P("agent_type", description="Biolink: manual_agent, text_mining_agent, automated_agent"),
    _P("confidence", "float", description="0 to 1, how far the advice may lean on it"),
)
_NODE_SOURCE = PROVENANCE[:3]
_CONCEPT = (
    _ID,
    _P("name", required=True, indexed=True, description="preferred name"),
    _P("synonyms", "string[]", description="other names"),
    _P("xrefs", "string[]", description="the same thing in other vocabularies, as CURIEs"),
)


def _world(label: str, description: str, *properties: Property) -> NodeType:
    return NodeType(label, _CONCEPT + properties + _NODE_SOURCE, True, description)


def _fact(label: str, description: str, *properties: Property) -> NodeType:
    common = (
        _ID,
        _P("patient_id", required=True, indexed=True),
        _P("concept_id", indexed=True, description="CURIE, empty if the mention could not be linked"),
        _P("name", required=True, description="name of the concept, or the words of the note if not linked"),
        _P("answer", required=True, indexed=True, description="yes, no, conflict: what the notes say, all weighed"),
        _P("certainty", description="certain or uncertain"),
        _P("temporality", description="current or historical"),
        _P("first_seen", "date", description="date of the first note that says so"),
        _P("last_seen", "date", description="date of the last note that says so, or the end that a note gives it"),
        _P("onset", "date", description="first day of the time at which it began or happened, as a note says"),
        _P("onset_precision", description="day, week, month, year or decade: how exact the onset is"),
        _P("supporting", "int", description="mentions for"),
        _P("opposing", "int", description="mentions against"),
        _P("extractor", description="what found it, with version"),
        _P("review_state", required=True, description="extracted, confirmed or corrected"),
    )
    return NodeType(label, common + properties, False, description)


NODE_TYPES: tuple[NodeType, ...] = (
    _world(
        "Disease",
        "A disease or injury (MONDO first).",
        _P("prevalence_primary"),
        _P("prevalence_emergency"),
        _P("prevalence_hospital"),
        _P("sex", description="any, female, male, mostly_female, mostly_male"),
        _P("age_onset_min", "float", description="years"),
        _P("age_onset_max", "float", description="years"),
        _P("urgency", "int", description="1 routine to 5 minutes matter"),
        _P("must_not_miss", "bool"),
        _P("icd10cm", "string[]"),
        _P("specialty"),
    ),
    _world("PhenotypicFeature", "A sign, symptom or abnormal result (HPO first).", _P("kind")),
    _world("Drug", "An ingredient or combination product (DrugBank open ids).", _P("routes"), _P("otc", "bool")),
    _world("DrugClass", "A therapeutic class or a pharmacological group."),
    _world("LabTest", "A laboratory test, vital sign or score.", _P("unit")),
    _world("Procedure", "A procedure or an imaging or functional test."),
    _world("AnatomicalEntity", "A body part."),
    _world("Context", "A circumstance of the patient: pregnancy, lactation, age group, kidney function."),
    NodeType(
        "Patient",
        (
            _ID,
            _P("sex", description="female or male, as the notes say"),
            _P("birth_year", "int", description="from the age and date of the notes"),
            _P("age", "float", description="years, at the last dated note that gives it"),
        ),
        False,
        "A person whose notes were read.",
    ),
    NodeType(
        "Encounter",
        (_ID, _P("patient_id", required=True, indexed=True), _P("date", "date")),
        False,
        "A contact: the notes of one patient on one day.",
    ),
    NodeType(
        "Note",
        (
            _ID,
            _P("note_id", required=True, indexed=True, description="the user's id"),
            _P("patient_id", required=True, indexed=True),
            _P("date", "date"),
            _P("type"),
            _P("origin", description="file and row it came from"),
            _P("text_hash", required=True),
            _P("pipeline", description="what annotated it, with version"),
            _P("characters", "int"),
            _P("text", description="only if the user asked for it"),
        ),
        False,
        "A note; without its text unless asked for.",
    ),
    NodeType(
        "Mention",
        (
            _ID,
            _P("note_id", required=True, indexed=True, description="the user's id of the note"),
            _P("patient_id", required=True, indexed=True),
            _P("start", "int", required=True),
            _P("end", "int", required=True),
            _P("text", description="the words themselves, a few at most"),
            _P("label", required=True, indexed=True),
            _P("score", "float"),
            _P("section"),
            _P("sentence_start", "int"),
            _P("sentence_end", "int"),
            _P("sentence", description="the sentence, only if the user asked for text"),
            _P("negated", "bool"),
            _P("certainty"),
            _P("temporality"),
            _P("experiencer"),
            _P("cues", "string[]", description="axis=value:start-end:words"),
            _P("concept_id", indexed=True),
            _P("concept_score", "float"),
            _P("severity", description="degree of a problem, in the note's words"),
            _P("extractor"),
            _P("details", description="JSON of medication, measurement or allergy details"),
            _P("date", "date", description="of the note"),
        ),
        False,
        "A thing named in a note.",
    ),
    _fact("Condition", "A disease or symptom of the patient."),
    _fact(
        "Observation",
        "A measured or stated value.",
        _P("value", "float", description="in unit"),
        _P("value_high", "float"),
        _P("value_text"),
        _P("comparator"),
        _P("unit"),
        _P("flag"),
        _P("date", "date", description="of the value if the note gives one, else of the note"),
        _P("earlier", "bool", description="an older value of a trend, without a date of its own"),
        _P("computed", "bool", description="calculated from the value it rests on"),
    ),
    _fact(
        "MedicationStatement",
        "A drug the patient takes, took, or shall not take.",
        _P("status", description="active, started, stopped, held, changed, unknown"),
        _P("dose"),
        _P("strength"),
        _P("route"),
        _P("frequency"),
        _P("frequency_per_day", "float"),
        _P("prn", "bool"),
    ),
    _fact("AllergyIntolerance", "An allergy or intolerance.", _P("reaction"), _P("severity")),
    _fact("ProcedureEvent", "A procedure or test done or planned."),
    _fact("FamilyMemberHistory", "A disease of a relative."),
)

FACT_LABELS = tuple(n.label for n in NODE_TYPES if any(p.name == "review_state" for p in n.properties))
WORLD_LABELS = tuple(n.label for n in NODE_TYPES if n.world)
CONCEPT = "Concept"


def _knowledge(type_: str, sources: str, targets: str, description: str, *properties: Property) -> RelationshipType:
    return RelationshipType(
        type_, tuple(sources.split()), tuple(targets.split()), (_ID, *properties, *PROVENANCE), True, description
    )


def _patient(type_: str, sources: str, targets: str, description: str, *properties: Property) -> RelationshipType:
    return RelationshipType(
        type_, tuple(sources.split()), tuple(targets.split()), (_ID, *properties), False, description
    )


_FACTS = " ".join(FACT_LABELS)
RELATIONSHIP_TYPES: tuple[RelationshipType, ...] = (
    _knowledge("SUBCLASS_OF", "Concept", "Concept", "Is a kind of."),
    _knowledge(
        "HAS_PHENOTYPE",
        "Disease",
        "PhenotypicFeature Disease Context",
        "Shows this finding.",
        _P("frequency", description="HPO band: obligate, very_frequent, frequent, occasional, very_rare, excluded"),
        _P("frequency_value", "float", description="share of patients, 0 to 1"),
        _P("sex", description="female or male, if the frequency holds for one sex"),
        _P("age", description="infant, child or older, if the frequency holds for one age"),
        _P("onset"),
        _P("note"),
    ),
    _knowledge(
        "RISK_FACTOR_FOR",
        "PhenotypicFeature Disease Context Drug DrugClass",
        "Disease",
        "Makes the disease more likely before it is there.",
        _P("strength", required=True, description="strong (odds about four times or more), moderate, weak"),
        _P("note"),
    ),
    _knowledge(
        "RED_FLAG_FOR",
        "PhenotypicFeature Disease",
        "Disease",
        "Makes the disease urgent, or points to a worse one that looks alike.",
        _P("meaning", required=True, description="what it signals, in a few words"),
        _P("note"),
    ),
    _knowledge(
        "TREATS",
        "Drug",
        "Disease PhenotypicFeature Context",
        "Is used for.",
        _P("line", description="first, second, adjunct, rescue"),
        _P("approval", description="approved or off_label"),
        _P("population"),
        _P("note"),
    ),
    _knowledge(
        "CONTRAINDICATED_IN",
        "Drug DrugClass",
        "Disease PhenotypicFeature Context",
        "Must not, or only with care, be given in.",
        _P("severity", required=True, description="absolute or relative"),
        _P("note"),
    ),
    _knowledge(
        "INTERACTS_WITH",
        "Drug DrugClass",
        "Drug DrugClass",
        "Interacts with; stored once, true both ways.",
        _P("severity", required=True, description="contraindicated, major, moderate"),
        _P("mechanism"),
        _P("effect"),
        _P("management"),
    ),
    _knowledge(
        "HAS_ADVERSE_EVENT",
        "Drug DrugClass",
        "PhenotypicFeature Disease",
        "Can cause.",
        _P("frequency"),
        _P("serious", "bool"),
        _P("note"),
    ),
    _knowledge("HAS_INGREDIENT", "Drug", "Drug", "Contains."),
    _knowledge("IN_CLASS", "Drug", "DrugClass", "Belongs to."),
    _knowledge(
        "CROSS_REACTIVE_WITH",
        "Drug DrugClass",
        "Drug DrugClass",
        "Allergy to one may mean allergy to the other; stored once, true both ways.",
        _P("level", required=True, description="high, moderate, low"),
        _P("allergy_group"),
        _P("note"),
    ),
    _knowledge(
        "DOSE_ADJUST_FOR",
        "Drug",
        "Context",
        "Dose depends on.",
        _P("population", description="renal, hepatic, adult_range, older_adult, monitoring"),
        _P("threshold", "float", description="applies below it, in unit"),
        _P("unit"),
        _P("action", description="avoid, reduce, monitor, usual"),
        _P("detail"),
    ),
    _knowledge(
        "DIAGNOSED_BY",
        "Disease",
        "LabTest Procedure",
        "Is tested by.",
        _P("purpose", description="confirms, supports, excludes, severity, cause"),
    ),
    _knowledge(
        "REVEALS",
        "LabTest",
        "PhenotypicFeature Disease",
        "Such a result of the test means.",
        _P("outcome", required=True, description="high, low, normal, positive, negative, or a code"),
        _P("absent", "bool", description="true if the result speaks against the finding"),
        _P("scale", description="LOINC: Qn (quantity), Ord (ordered), Nom (named)"),
    ),
    _patient("HAS_ENCOUNTER", "Patient", "Encounter", "Was seen."),
    _patient("HAS_NOTE", "Encounter", "Note", "Was written down in."),
    _patient("HAS_MENTION", "Note", "Mention", "Names."),
    _patient("REFERS_TO", "Mention", "Concept", "Means.", _P("score", "float"), _P("method")),
    _patient(
        "RELATED_TO",
        "Mention",
        "Mention",
        "Is related to, within the note.",
        _P("relation", required=True, description="TREATS, CAUSES, REVEALS, LOCATED_IN, INTERACTS_WITH"),
        _P("score", "float"),
        _P("cue"),
    ),
    _patient("HAS_FACT", "Patient", _FACTS, "Has this fact in the record."),
    _patient("ABOUT", _FACTS, "Concept", "Is about."),
    _patient("EVIDENCED_BY", _FACTS, "Mention", "Rests on.", _P("stance", required=True, description="for or against")),
)

NODES: dict[str, NodeType] = {n.label: n for n in NODE_TYPES}
RELATIONSHIPS: dict[str, RelationshipType] = {r.type: r for r in RELATIONSHIP_TYPES}


def endpoint_labels(names: tuple[str, ...]) -> tuple[str, ...]:
    """Node labels that a relationship end may have, "Concept" spelled out.

    Examples
    --------
    >>> endpoint_labels(("Concept",)) == WORLD_LABELS
    True
    """
    return tuple(label for name in names for label in (WORLD_LABELS if name == CONCEPT else (name,)))


def check_row(kind: NodeType | RelationshipType, row: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a node or relationship row, or None if nothing is.

    Relationship rows hold ``id, source, target`` (the ids of the ends) and the properties.

    Examples
    --------
    >>> check_row(NODES["Encounter"], {"id": "E:1"})
    'Encounter: "patient_id" is missing'
    """
    name = kind.label if isinstance(kind, NodeType) else kind.type
    known = {p.name: p for p in kind.properties}
    ends = {"source", "target"} if isinstance(kind, RelationshipType) else set()
    for key, value in row.items():
        if key in ends:
            continue
        if key not in known:
            return f'{name}: "{key}" is not a property of it'
        if value is not None:
            allowed = PYTHON_TYPES[known[key].type]
            if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
                return f'{name}: "{key}" should be {known[key].type}, got {type(value).__name__}'
    for key in ends:
        if not row.get(key):
            return f'{name}: "{key}" is missing'
    for p in kind.properties:
        if p.required and row.get(p.name) in (None, ""):
            return f'{name}: "{p.name}" is missing'
    return None
