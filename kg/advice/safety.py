"""Safety rules: what blocks a drug for a patient, what only lowers its score, what could not be checked.

Every rule takes the drug's keys (itself, its ingredients, its classes) and the patient's circumstances and yields
findings. A finding with ``blocks`` set is a hard gate: no score can override it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ...schemas.advice import PatientAllergy, PatientMedication, Reason, ReasonKind, Source
from ..knowledge.importers import is_imported
from .circumstances import Circumstances, Problem, contexts
from .parameters import parameters
from .view import KnowledgeView, Statement

_LEVELS = ("low", "moderate", "high")
_SEVERITIES = ("moderate", "major", "contraindicated")
_RARE = ("rare", "very_rare")


@dataclass(frozen=True)
class Verdict:
    """All findings of the rules on one drug."""

    blocks: tuple[Reason, ...]
    cautions: tuple[Reason, ...]
    notes: tuple[Reason, ...]
    not_checked: tuple[str, ...]
    already_taken: PatientMedication | None

    @property
    def factor(self) -> float:
        """Product of the cautions' factors, bounded from below."""
        numbers = parameters()["drugs"]
        return max(prod(r.factor or 1.0 for r in self.cautions), numbers["lowest_factor"])


@dataclass(frozen=True)
class _Found:
    reason: Reason
    blocks: bool = False


def judge(drug_id: str, patient: Circumstances, *, treats: str | None = None) -> Verdict:
    """Apply all rules to one drug.

    Parameters
    ----------
    drug_id
        The drug.
    patient
        The patient, arranged for the rules.
    treats
        What it is meant for: an adverse effect of the same name is then not held against it.
    """
    view = patient.view
    keys = view.drug_keys(drug_id)
    found = [
        *_allergies(drug_id, keys, patient),
        *_contraindications(drug_id, keys, patient, treats),
        *_interactions(drug_id, keys, patient),
        *_doses(keys, patient),
        *_duplicates(drug_id, patient),
        *_adverse_effects(drug_id, keys, patient, treats),
        *_unknown_safety(keys, view),
    ]
    blocks = _ordered(f.reason for f in found if f.blocks)
    rest = [f.reason for f in found if not f.blocks]
    return Verdict(
        blocks=blocks,
        cautions=_ordered(r for r in rest if r.factor is not None),
        notes=_ordered(r for r in rest if r.factor is None),
        not_checked=tuple(_not_checked(keys, patient)),
        already_taken=next((m for m in patient.taken if m.drug_id in view.same_as(drug_id)), None),
    )


def _ordered(reasons: Iterator[Reason]) -> tuple[Reason, ...]:
    unique = {(r.kind, r.message): r for r in reasons}
    return tuple(sorted(unique.values(), key=lambda r: (r.factor or 0.0, r.kind, r.message)))


def _allergies(drug_id: str, keys: tuple[str, ...], patient: Circumstances) -> Iterator[_Found]:
    view = patient.view
    for allergy in patient.state.allergies:
        name = view.name(allergy.concept_id, allergy.name)
        after = f", reaction: {allergy.reaction}" if allergy.reaction else ""
        direct = next((key for key in view.same_as(allergy.concept_id) if key in keys), None)
        contained = set(view.ingredients(allergy.concept_id)) & set(view.ingredients(drug_id))
        if direct or contained:
            how = "" if direct in view.same_as(drug_id) else f" ({view.name(drug_id)} belongs to it or contains it)"
            reason = Reason(
                kind="allergy",
                message=f"allergy to {name}{how}{after}",
                evidence=allergy.evidence,
                sources=_belonging(keys, allergy.concept_id, view) if how else (),
            )
            yield _Found(reason, blocks=True)
        else:
            yield from _cross_reactions(drug_id, keys, allergy, f"allergy to {name}{after}", view)


def _belonging(keys: tuple[str, ...], allergen: str, view: KnowledgeView) -> tuple[Source, ...]:
    """The statements by which a drug contains the allergen, or belongs to it."""
    meant = {*view.same_as(allergen), *view.ingredients(allergen)}
    return tuple(
        view.source_of(row, verb)
        for type_, verb in (("HAS_INGREDIENT", "contains"), ("IN_CLASS", "is a"))
        for row in view.about(type_, keys)
        if meant & set(view.drug_keys(row["target"]))
    )


def _cross_reactions(
    drug_id: str, keys: tuple[str, ...], allergy: PatientAllergy, words: str, view: KnowledgeView
) -> Iterator[_Found]:
    """The worst cross-reaction between the allergen and the drug; a severe reaction raises the level by one."""
    numbers = parameters()["drugs"]
    allergen = set(view.drug_keys(allergy.concept_id))
    rows = [
        (_LEVELS.index(row["level"]) if row["level"] in _LEVELS else 1, row)
        for row in view.about("CROSS_REACTIVE_WITH", keys)
        if _joins(row, set(keys), allergen)
    ]
    if rows:
        level, row = max(rows, key=lambda pair: (pair[0], pair[1]["id"]))
        level = min(level + (allergy.severity == "severe"), 2)
        reason = Reason(
            kind="cross_reactivity",
            message=f"{words}; cross-reactivity {_LEVELS[level]}",
            severity=_LEVELS[level],
            factor=None if level == 2 else numbers[f"cross_reactivity_{_LEVELS[level]}"],
            evidence=allergy.evidence,
            sources=(view.source_of(row, "is cross-reactive with"),),
        )
        yield _Found(reason, blocks=level == 2)
        return
    shared = _shared_classes(drug_id, allergy.concept_id, view)
    if shared:
        message = f"{words}; of the same class ({view.name(shared[0])}), cross-reactivity not known"
        factor = numbers["cross_reactivity_low"]
        yield _Found(Reason(kind="cross_reactivity", message=message, factor=factor, evidence=allergy.evidence))


def _joins(row: Statement, one: set[str], other: set[str]) -> bool:
    source, target = row["source"], row["target"]
    return (source in one and target in other) or (target in one and source in other)


def _contraindications(
    drug_id: str, keys: tuple[str, ...], patient: Circumstances, treats: str | None
) -> Iterator[_Found]:
    view, ids = patient.view, contexts()["circumstance"]
    kinds: dict[str, ReasonKind] = {ids["pregnancy"]: "pregnancy", ids["lactation"]: "lactation"}
    kinds |= dict.fromkeys(contexts()["ages"], "age")
    rows = list(view.about("CONTRAINDICATED_IN", keys))
    lost = _lost_pregnancy(drug_id, patient, treats)
    for row in rows:
        problem = _problem_of(row, rows, patient)
        if problem is None:
            continue
        absolute = row["severity"] == "absolute"
        factor = "older_adult" if row["target"] == ids["older_adult"] else "contraindication_relative"
        words = _contraindication_words(row, problem, view)
        reason = Reason(
            kind=kinds.get(row["target"], "contraindication"),
            message=words,
            severity=row["severity"],
            factor=parameters()["drugs"][factor],
            management=row.get("note"),
            evidence=problem.evidence,
            sources=(view.source_of(row, "is contraindicated in"),),
        )
        if lost and row["target"] in (ids["pregnancy"], ids["lactation"]):
            yield _Found(reason.model_copy(update={"factor": None, "message": f"{words}; but given for {lost}"}))
        elif absolute and problem.sure and _graded_by_kidney(row, problem, keys, patient):
            assert patient.kidney is not None
            said = f"{words}; eGFR {patient.kidney.egfr:g} ({patient.kidney.origin}) decides"
            yield _Found(reason.model_copy(update={"message": said}))
        elif absolute and problem.sure:
            yield _Found(reason.model_copy(update={"factor": None}), blocks=True)
        else:
            yield _Found(reason)


def _problem_of(row: Statement, rows: list[Statement], patient: Circumstances) -> Problem | None:
    """The patient's problem that a contraindication speaks of, sure ones first.

    The nearest statement wins: what is said of chronic kidney disease replaces, for who has it, what is said of
    kidney failure above it.
    """
    view = patient.view
    meant = set(view.same_as(row["target"]))
    nearer = [r["target"] for r in rows if r["target"] not in meant and meant & view.above(r["target"]).keys()]
    for problem, lineage in patient.lineages:
        if any(target in lineage for target in meant) and not any(target in lineage for target in nearer):
            return problem
    return None


def _graded_by_kidney(row: Statement, problem: Problem, keys: tuple[str, ...], patient: Circumstances) -> bool:
    """True if a measured eGFR says better than the word in the notes whether the drug may be given."""
    view, kidney = patient.view, contexts()["kidney"]
    if patient.kidney is None or not set(kidney["graded"]) & set(view.same_as(row["target"])):
        return False
    if set(kidney["ungraded"]) & view.above(problem.concept_id).keys():
        return False
    rows = view.about("DOSE_ADJUST_FOR", keys)
    return any(r.get("population") == "renal" and r.get("threshold") is not None for r in rows)


def _lost_pregnancy(drug_id: str, patient: Circumstances, treats: str | None) -> str | None:
    """Name of a pregnancy that cannot go on, if the drug is meant for it and the patient has it."""
    view, conditions = patient.view, set(contexts()["pregnancy_lost"]["conditions"])
    active = [treats] if treats else [p.concept_id for p, _ in patient.lineages if p.sure]
    treated = {twin for row in view.about("TREATS", (drug_id,)) for twin in view.same_as(row["target"])}
    for concept in active:
        if conditions & view.above(concept).keys() and treated & view.above(concept).keys():
            return view.name(concept)
    return None


def _contraindication_words(row: Statement, problem: Problem, view: KnowledgeView) -> str:
    target = view.name(row["target"])
    through = "" if problem.name == target else f" ({problem.name})"
    severity = "contraindicated" if row["severity"] == "absolute" else "only with care"
    return f"{severity} in {target}{through}{problem.doubt}"


def _interactions(drug_id: str, keys: tuple[str, ...], patient: Circumstances) -> Iterator[_Found]:
    """The worst interaction with each drug that the patient takes."""
    view, numbers, own = patient.view, parameters()["drugs"], set(keys)
    for other in patient.taken:
        if other.drug_id in view.same_as(drug_id):
            continue
        theirs = set(view.drug_keys(other.drug_id))
        rows = [row for row in view.about("INTERACTS_WITH", keys) if _joins(row, own, theirs)]
        if not rows:
            continue
        row = max(rows, key=lambda r: (_SEVERITIES.index(_severity(r)), r["id"]))
        severity, name = _severity(row), view.name(other.drug_id, other.name)
        effect = f": {row['effect']}" if row.get("effect") else ""
        hard = severity == "contraindicated"
        reason = Reason(
            kind="interaction",
            message=f"{severity} interaction with {name}{effect}",
            severity=severity,
            factor=None if hard else numbers[f"interaction_{severity}"],
            management=row.get("management"),
            evidence=other.evidence,
            sources=(view.source_of(row, "interacts with"),),
        )
        yield _Found(reason, blocks=hard)


def _severity(row: Statement) -> str:
    """Severity of an interaction; a word that is not known here counts as moderate."""
    return row["severity"] if row["severity"] in _SEVERITIES else "moderate"


def _doses(keys: tuple[str, ...], patient: Circumstances) -> Iterator[_Found]:
    """Kidney, liver and age rules, usual doses and monitoring."""
    view = patient.view
    rows = list(view.about("DOSE_ADJUST_FOR", keys))
    renal = [row for row in rows if row.get("population") == "renal"]
    if patient.kidney is not None:
        below = [r for r in renal if r.get("threshold") is None or patient.kidney.egfr < r["threshold"]]
        if below:
            yield _renal(min(below, key=lambda r: (r.get("threshold") or 999.0, r["id"])), patient)
    for row in rows:
        population, action = row.get("population"), row.get("action")
        detail, source = row.get("detail"), (view.source_of(row, "dose depends on"),)
        if population == "hepatic" and patient.liver is not None:
            message = f"liver disease ({patient.liver.name}): {action or 'adjust'}"
            factor = parameters()["drugs"]["hepatic"]
            yield _Found(
                Reason(
                    kind="hepatic", message=message, factor=factor, management=detail,
                    evidence=patient.liver.evidence, sources=source,
                )
            )  # fmt: skip
        elif population == "older_adult" and (patient.state.age or 0) >= parameters()["drugs"]["older_adult_age"]:
            factor = parameters()["drugs"]["older_adult"]
            message = f"older adult: {action or 'adjust'}"
            evidence = patient.state.demographics_evidence
            yield _Found(
                Reason(
                    kind="age", message=message, factor=factor, management=detail,
                    evidence=evidence, sources=source,
                )
            )  # fmt: skip
        elif population in ("adult_range", "monitoring") and detail:
            words = "usual dose" if population == "adult_range" else "monitor"
            yield _Found(Reason(kind="monitoring", message=f"{words}: {detail}", sources=source))


def _renal(row: Statement, patient: Circumstances) -> _Found:
    kidney, action = patient.kidney, row.get("action") or "reduce"
    assert kidney is not None
    numbers = parameters()["drugs"]
    hard = action == "avoid"
    limit = f", below {row['threshold']:g}" if row.get("threshold") is not None else ""
    reason = Reason(
        kind="renal",
        message=f"eGFR {kidney.egfr:g} ({kidney.origin}){limit}: {action}",
        severity=action,
        factor=None if hard else numbers["renal_reduce" if action == "reduce" else "renal_monitor"],
        management=row.get("detail"),
        evidence=kidney.evidence,
        sources=(patient.view.source_of(row, "dose depends on"),),
    )
    return _Found(reason, blocks=hard)


def _shared_classes(one: str, other: str, view: KnowledgeView) -> list[str]:
    """Classes that say what both drugs are (not what they do), as their direct memberships."""
    root = contexts()["classes"]["therapeutic_root"]
    both = [key for key in _direct(one, view) if key in set(_direct(other, view))]
    return [key for key in both if root not in view.labels or root in view.above(key)]


def _direct(drug_id: str, view: KnowledgeView) -> list[str]:
    classes = (c for key in view.ingredients(drug_id) for c in view.memberships.get(key, ()))
    return [c for c in dict.fromkeys(classes) if view.labels.get(c) == "DrugClass"]


def _duplicates(drug_id: str, patient: Circumstances) -> Iterator[_Found]:
    view, factor = patient.view, parameters()["drugs"]["duplicate_class"]
    for other in patient.taken:
        if other.drug_id in view.same_as(drug_id):
            continue
        name = view.name(other.drug_id, other.name)
        same = set(view.ingredients(drug_id)) & set(view.ingredients(other.drug_id))
        classes = _shared_classes(drug_id, other.drug_id, view)
        if same or classes:
            what = "the same ingredient" if same else view.name(classes[0])
            message = f"duplicates {name}, which the patient takes ({what})"
            yield _Found(Reason(kind="duplicate", message=message, factor=factor, evidence=other.evidence))


def _adverse_effects(
    drug_id: str, keys: tuple[str, ...], patient: Circumstances, treats: str | None
) -> Iterator[_Found]:
    """Adverse effects that the patient complains of already; not those that the drug is itself given for."""
    view, factor = patient.view, parameters()["drugs"]["adverse_effect_present"]
    meant = set(view.above(treats)) if treats else set()
    meant |= {twin for row in view.about("TREATS", (drug_id,)) for twin in view.same_as(row["target"])}
    for row in view.about("HAS_ADVERSE_EVENT", keys):
        problem = patient.above.get(row["target"])
        if problem is None or not problem.sure or row.get("frequency") in _RARE or row["target"] in meant:
            continue
        reason = Reason(
            kind="adverse_effect",
            message=f"can cause {view.name(row['target'])}, which the patient has already ({problem.name})",
            factor=factor,
            management=row.get("note"),
            evidence=problem.evidence,
            sources=(view.source_of(row, "can cause"),),
        )
        yield _Found(reason)


def _vetted(keys: tuple[str, ...], view: KnowledgeView) -> bool:
    """False for a drug that an import says is used for something, when only imports say where it must not be."""
    if not any(is_imported(row["primary_knowledge_source"]) for row in view.about("TREATS", keys)):
        return True
    rows = (row for type_ in ("CONTRAINDICATED_IN", "DOSE_ADJUST_FOR") for row in view.about(type_, keys))
    return any(not is_imported(row["primary_knowledge_source"]) for row in rows)


def _unknown_safety(keys: tuple[str, ...], view: KnowledgeView) -> Iterator[_Found]:
    """A drug that an import brought, about whose risks our tables say nothing: no rule can block it, so say so."""
    if not _vetted(keys, view):
        message = "our tables hold no contraindication and no dose of this drug: hardly anything could be checked"
        factor = parameters()["drugs"]["not_vetted"]
        yield _Found(Reason(kind="not_vetted", message=message, factor=factor))


def _not_checked(keys: tuple[str, ...], patient: Circumstances) -> Iterator[str]:
    """What matters for this drug and is not in the record, or not in the knowledge."""
    view, ids, state = patient.view, contexts()["circumstance"], patient.state
    if not _vetted(keys, view):
        yield "contraindications, pregnancy, kidney and dose: not held for this drug"
    targets = {row["target"] for row in view.about("CONTRAINDICATED_IN", keys)}
    populations = {row.get("population") for row in view.about("DOSE_ADJUST_FOR", keys)}
    if ids["pregnancy"] in targets and patient.may_be_pregnant:
        yield "pregnancy: matters for this drug, status not recorded"
    if ids["lactation"] in targets and state.lactating is None and state.sex != "male" and patient.may_be_pregnant:
        yield "breastfeeding: matters for this drug, status not recorded"
    if "renal" in populations and patient.kidney is None:
        yield "kidney function: matters for this drug, no eGFR"
    if "hepatic" in populations and patient.liver is not None:
        yield "severity of the liver disease (Child-Pugh) is not computed"
    if state.age is None and (targets & contexts()["ages"].keys() or "older_adult" in populations):
        yield "age: matters for this drug, not recorded"
    if state.age is not None and state.age < 18:
        yield "dose for children: not held here"
