"""From the mentions of one patient to the facts of their record. Pure: mentions in, facts out.

The rules, in the order they are applied:

1. A hypothetical mention, or one about somebody who is neither patient nor family, is no fact.
2. A disease or symptom of the family is a FamilyMemberHistory, never a Condition; one in the allergies section is
   the reaction that the allergy holds.
3. A drug with an allergy is an AllergyIntolerance, never a MedicationStatement.
4. A test with a value is an Observation; what its flag means (anaemia) is a Condition resting on the same mention.
5. A stated age, sex, pregnancy and so on is an Observation.
6. Everything else of the patient: Condition, MedicationStatement or ProcedureEvent.

A time that a note gives (``span._.time``) becomes the fact's ``onset``, the earliest of them; an end becomes its
``last_seen``. An older value of a trend ("1.2 -> 2.4") has no date of its own and what it means is past.

What several mentions say about one concept is weighed into one answer: certain words outweigh uncertain ones. For
diseases and allergies, certain words for and against are a ``conflict``. Symptoms, drugs and procedures come and
go: the latest day that says something certain decides, and only disagreement on that day is a conflict.
"""

from __future__ import annotations

import json
import tomllib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ...schemas.annotation import content_id

Row = dict[str, Any]
_LASTING = {"AllergyIntolerance", "FamilyMemberHistory"}


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))


@dataclass
class Fact:
    """A fact of the record with the mentions it rests on. ``evidence`` is (mention id, "for" | "against")."""

    label: str
    row: Row
    evidence: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Group:
    """Mentions that speak about the same thing of the patient."""

    label: str
    concept_id: str | None
    name: str
    mentions: list[Row] = field(default_factory=list)


def fact_id(label: str, patient_id: str, *what: object) -> str:
    """Id of a fact: the same patient and thing give the same id whatever notes it rests on."""
    return content_id("FACT", label, patient_id, *what)


def derive_facts(mentions: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[Fact]:
    """Weigh the mentions of ONE patient into facts.

    Parameters
    ----------
    mentions
        Mention rows of the graph (see the registry), in any order.
    names
        Preferred names of the concepts the mentions refer to.

    Returns
    -------
    list of Fact
        Sorted by label and id; the same mentions in another order give the same list.

    Examples
    --------
    >>> base = dict(patient_id="p", note_id="n", start=0, end=5, experiencer="patient", temporality="current",
    ...             certainty="certain", negated=False, label="SYMPTOM", concept_id="HP:0012735")
    >>> said = [dict(base, id="M1", text="cough", date="2024-01-01"),
    ...         dict(base, id="M2", text="cough", date="2024-02-01", negated=True)]
    >>> [(f.label, f.row["name"], f.row["answer"]) for f in derive_facts(said, {"HP:0012735": "Cough"})]
    [('Condition', 'Cough', 'no')]
    """
    groups: dict[tuple[Any, ...], _Group] = {}
    for mention in _told_once(mentions):
        for label, concept_id, extra in _kinds(mention):
            name = (names.get(concept_id) if concept_id else None) or _concept_name(mention, concept_id)
            key = (label, concept_id or "text:" + " ".join(str(mention["text"]).lower().split()), *extra)
            groups.setdefault(key, _Group(label, concept_id, name)).mentions.append(dict(mention))
    facts = [_weigh(group, key) for key, group in groups.items()]
    return sorted(facts, key=lambda f: (f.label, f.row["id"]))


def _told_once(mentions: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Mentions in a fixed order, without those inside one that says more.

    "never smoker" is no finding "smoker", and the "blood pressure" of "blood pressure 118/70" is no symptom.
    """
    ordered = sorted(mentions, key=lambda m: (m.get("date") or "", m["note_id"], m["start"], m["end"], m["id"]))
    telling = {id(m) for m in ordered if m["label"] == "DEMOGRAPHIC" or _is_measured(m)}
    starts: dict[str, list[int]] = defaultdict(list)  # of what tells more, by note, in order
    reach: dict[str, list[int]] = defaultdict(list)  # the furthest end so far: one look-up decides, however long a note
    for m in ordered:
        if id(m) in telling:
            ends = reach[m["note_id"]]
            starts[m["note_id"]].append(m["start"])
            ends.append(max(m["end"], ends[-1] if ends else 0))
    return [m for m in ordered if id(m) in telling or not _within(m, starts[m["note_id"]], reach[m["note_id"]])]


def _within(mention: Mapping[str, Any], starts: list[int], reach: list[int]) -> bool:
    before = bisect_right(starts, mention["start"])
    return bool(before) and mention["end"] <= reach[before - 1]


def _is_measured(mention: Mapping[str, Any]) -> bool:
    return mention["label"] == "TEST" and "measurement" in mention_details(mention)


def mention_details(mention: Mapping[str, Any]) -> dict[str, Any]:
    """The medication, measurement and allergy details of a mention row, as a dictionary."""
    return json.loads(mention["details"]) if mention.get("details") else {}


def _concept_name(mention: Mapping[str, Any], concept_id: str | None) -> str:
    details = mention_details(mention)
    if concept_id and concept_id == mention.get("concept_id") and details.get("concept_name"):
        return str(details["concept_name"])
    return str(details.get("long_form") or mention["text"])


def _kinds(mention: Mapping[str, Any]) -> list[tuple[str, str | None, tuple[Any, ...]]]:
    """Fact labels a mention speaks for: (label, concept id, what else tells two facts apart)."""
    concept = mention.get("concept_id")
    if mention.get("temporality") == "hypothetical" or mention.get("experiencer") == "other":
        return []
    label, details = mention["label"], mention_details(mention)
    family = mention.get("experiencer") == "family"
    if label in ("DISEASE", "SYMPTOM"):
        if mention.get("section") == "allergies":  # the reaction to a drug, once, not a finding of today
            return []
        if concept in _rules()["general"]["concepts"]:
            return []
        return [("FamilyMemberHistory" if family else "Condition", concept, ())]
    if family:
        return []
    if label == "DRUG":
        return [("AllergyIntolerance" if "allergy" in details else "MedicationStatement", concept, ())]
    measured = details.get("measurement")
    if label in ("TEST", "DEMOGRAPHIC") and measured:
        value: tuple[Any, ...] = tuple(measured.get(name) for name in ("value", "value_high", "value_text", "unit"))
        if measured.get("earlier"):
            value = (*value, "earlier")
        kinds: list[tuple[str, str | None, tuple[Any, ...]]] = [
            ("Observation", concept, (mention.get("date") or mention["note_id"], *value))
        ]
        if measured.get("finding"):
            kinds.append(("Condition", measured["finding"], ()))
        return kinds
    return [("ProcedureEvent", concept, ())] if label in ("PROCEDURE", "TEST") else []


def _weigh(group: _Group, key: tuple[Any, ...]) -> Fact:
    mentions = group.mentions
    from_value = [
        m for m in mentions if m["label"] in ("TEST", "DEMOGRAPHIC") and mention_details(m).get("measurement")
    ]
    stance = {m["id"]: "for" if m in from_value or not m.get("negated") else "against" for m in mentions}
    answer, deciding = _answer(group, mentions, stance)
    supporting = [m for m in mentions if stance[m["id"]] == "for"]
    dates = [m["date"] for m in supporting if m.get("date")] or [m["date"] for m in mentions if m.get("date")]
    agreeing = [m for m in deciding if (stance[m["id"]] == "against") == (answer == "no")] or deciding
    row: Row = {
        "id": fact_id(group.label, mentions[0]["patient_id"], *key[1:]),
        "patient_id": mentions[0]["patient_id"],
        "concept_id": group.concept_id,
        "name": group.name,
        "answer": answer,
        "certainty": "certain" if any(m.get("certainty") != "uncertain" for m in agreeing) else "uncertain",
        "temporality": "current" if any(_stands(group, m) for m in agreeing) else "historical",
        "first_seen": min(dates, default=None),
        "last_seen": _last_seen(supporting) or max(dates, default=None),
        **_onset(supporting),
        "supporting": sum(s == "for" for s in stance.values()),
        "opposing": sum(s == "against" for s in stance.values()),
        "extractor": max((m["extractor"] for m in mentions if m.get("extractor")), default=None),
        "review_state": "extracted",
        **_PROPERTIES.get(group.label, lambda _m: {})(agreeing),
    }
    evidence = sorted((m["id"], stance[m["id"]]) for m in mentions)
    return Fact(group.label, {k: v for k, v in row.items() if v is not None}, evidence)


def _time(mention: Mapping[str, Any]) -> dict[str, Any]:
    return mention_details(mention).get("time") or {}


def _onset(mentions: list[Row]) -> Row:
    """The earliest onset that a note gives; of two notes on one day the more exact."""
    exactness = ("day", "week", "month", "year", "decade")
    found = [
        (time["onset"], exactness.index(time.get("precision") or "day"))
        for m in mentions
        if (time := _time(m)).get("onset")
    ]
    if not found:
        return {}
    onset, precision = min(found)
    return {"onset": onset, "onset_precision": exactness[precision]}


def _last_seen(mentions: list[Row]) -> str | None:
    """The last day on which it was so, where every supporting note that is dated or says when gives an end."""
    ends = [str(end) for m in mentions if (end := _time(m).get("end"))]
    return max(ends) if ends and len(ends) == len(mentions) else None


def _answer(group: _Group, mentions: list[Row], stance: Mapping[str, str]) -> tuple[str, list[Row]]:
    """Yes, no or conflict, and the mentions that decided it."""
    weighty = [m for m in mentions if m.get("certainty") != "uncertain"] or mentions
    lasting = group.label in _LASTING or (
        group.label == "Condition" and any(m["label"] == "DISEASE" for m in weighty) and _is_disease(group.concept_id)
    )
    if not lasting:
        latest = max((m.get("date") or "" for m in weighty), default="")
        weighty = [m for m in weighty if (m.get("date") or "") == latest]
    said = {stance[m["id"]] for m in weighty}
    if said == {"for"}:
        return "yes", weighty
    return ("no" if said == {"against"} else "conflict"), weighty


def _stands(group: _Group, mention: Row) -> bool:
    """True if it is so today: said of today, or a disease that only the heading of its list calls past."""
    if (mention_details(mention).get("measurement") or {}).get("earlier"):
        return False
    if mention.get("temporality") != "historical":
        return True
    if group.label != "Condition" or mention["label"] != "DISEASE" or not _is_disease(group.concept_id):
        return False
    said = [cue.split(":", 2)[2] for cue in mention.get("cues") or () if cue.startswith("temporality=")]
    headings = _rules()["standing"]["headings"]
    return bool(said) and all(words.strip(" :#*").lower() in headings for words in said)


def _is_disease(concept_id: str | None) -> bool:
    """An unlinked DISEASE mention counts as one; a DISEASE mention linked to a finding comes and goes like it."""
    return concept_id is None or not concept_id.startswith(("HP:", "SYMP:", "CG:F"))


def _observation(mentions: list[Row]) -> Row:
    newest = mentions[-1]
    measured = mention_details(newest)["measurement"]
    normal = measured.get("normal_value")
    high = measured.get("value_high")
    return {
        "value": normal if normal is not None else measured.get("value"),
        "value_high": high,
        "value_text": measured.get("value_text"),
        "comparator": measured.get("comparator"),
        "unit": measured.get("normal_unit") if normal is not None else measured.get("unit"),
        "flag": measured.get("flag"),
        "date": _time(newest).get("onset") or (None if measured.get("earlier") else newest.get("date")),
        "earlier": measured.get("earlier") or None,
        "computed": measured.get("computed") or None,
    }


def _medication(mentions: list[Row]) -> Row:
    """The latest words win; an unknown status is filled from the latest mention that gives one."""
    taken: dict[str, Any] = defaultdict(lambda: None)
    for mention in mentions:
        details = mention_details(mention).get("medication") or {}
        for name in ("dose", "strength", "route", "frequency", "frequency_per_day", "prn"):
            if details.get(name) not in (None, False):
                taken[name] = details[name]
        if details.get("status") not in (None, "unknown", "allergy"):
            taken["status"] = details["status"]
    return {"status": "unknown", **taken}


def _allergy(mentions: list[Row]) -> Row:
    taken: Row = {}
    for mention in mentions:
        details = mention_details(mention).get("allergy") or {}
        taken.update({k: v for k, v in details.items() if v is not None})
    return taken


_PROPERTIES = {"Observation": _observation, "MedicationStatement": _medication, "AllergyIntolerance": _allergy}


def demographics(mentions: Iterable[Mapping[str, Any]]) -> Row:
    """Sex, age (years) and year of birth of a patient, from the DEMOGRAPHIC mentions of their notes.

    The latest dated note wins for age; for sex the majority, and nothing on a draw.

    Examples
    --------
    >>> said = {"label": "DEMOGRAPHIC", "concept_id": "CG:age", "date": "2024-05-01", "experiencer": "patient",
    ...         "details": '{"measurement": {"value": 67.0}}', "id": "M1"}
    >>> demographics([said]) == {"age": 67.0, "birth_year": 1957}
    True
    """
    ages: list[tuple[str, str, float]] = []
    sexes: dict[str, int] = defaultdict(int)
    for m in mentions:
        measured = mention_details(m).get("measurement")
        if m["label"] != "DEMOGRAPHIC" or m.get("experiencer") != "patient" or not measured:
            continue
        if m.get("concept_id") == "CG:age" and measured.get("value") is not None:
            ages.append((m.get("date") or "", m["id"], float(measured["value"])))
        if measured.get("value_text") in ("female", "male"):  # "67F" is one mention that says both
            sexes[measured["value_text"]] += 1
    row: Row = {}
    if ages:
        date, _, age = max(ages)
        row["age"] = age
        if date:
            row["birth_year"] = int(date[:4]) - int(age)
    best = sorted(sexes.items(), key=lambda item: (-item[1], item[0]))
    if best and (len(best) == 1 or best[0][1] > best[1][1]):
        row["sex"] = best[0][0]
    return row
