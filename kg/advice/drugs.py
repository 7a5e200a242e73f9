"""Drugs for a patient: candidates along the disease hierarchy, hard gates, bounded penalties."""

from __future__ import annotations

from collections.abc import Iterable

from ...schemas.advice import (
    BlockedDrug,
    ConceptRef,
    DrugCheck,
    DrugSuggestion,
    Evidence,
    PatientState,
    Reason,
    Recommendation,
)
from .circumstances import Circumstances, contexts
from .parameters import parameters
from .safety import Verdict, judge
from .view import KnowledgeView, Statement

Candidates = dict[str, tuple[float, Statement, int]]


def recommend(state: PatientState, view: KnowledgeView, *, condition: str | None = None) -> Recommendation:
    """Drugs for a condition, or for every active condition: suggested, to be given with care, and blocked.

    Parameters
    ----------
    state
        What is known of the patient.
    view
        Compiled knowledge.
    condition
        Id of a disease or finding. Without it, all active conditions of the patient.

    Returns
    -------
    Recommendation
        Per condition best first. A drug with a hard gate is in ``blocked`` whatever its score.

    Notes
    -----
    score = base of the line of treatment x hierarchy x factors of all cautions (``parameters.toml``); a further
    caution never raises it. Hard gates: allergy to the drug, an ingredient or its class; high cross-reactivity;
    absolute contraindication in a certain, current condition (or a kind of it); pregnancy and lactation;
    contraindicated interaction with a drug taken; eGFR below a threshold to avoid.

    Examples
    --------
    >>> from clinigraph.kg.advice.view import Rows
    >>> recommend(PatientState(), KnowledgeView.compile(Rows({}, {}))).suggested
    ()
    """
    patient = Circumstances(state, view)
    suggestions: list[DrugSuggestion] = []
    blocked: dict[str, BlockedDrug] = {}
    without: list[ConceptRef] = []
    for target, evidence in _targets(state, view, condition):
        candidates = _candidates(target.id, patient)
        if not candidates:
            without.append(target)
        for drug_id, (base, row, steps) in candidates.items():
            verdict = judge(drug_id, patient, treats=target.id)
            if verdict.blocks:
                blocked.setdefault(drug_id, _blocked(drug_id, target, verdict, view))
            else:
                suggestions.append(_suggestion(drug_id, target, evidence, base, row, steps, verdict, view))
    suggestions.sort(key=lambda s: (s.for_condition.name, s.for_condition.id, -s.score, s.name, s.drug_id))
    return Recommendation(
        patient_id=state.patient_id,
        suggested=tuple(s for s in suggestions if _mild(s)),
        cautioned=tuple(s for s in suggestions if not _mild(s)),
        blocked=tuple(sorted(blocked.values(), key=lambda b: (b.name, b.drug_id))),
        not_checked=patient.not_checked,
        no_drug_known_for=tuple(without),
    )


def _mild(suggestion: DrugSuggestion) -> bool:
    """True if no caution is more than mild (a dose to reduce, a moderate interaction)."""
    limit = parameters()["drugs"]["mild_caution"]
    return all((r.factor or 0.0) > limit for r in suggestion.cautions)


def check(state: PatientState, view: KnowledgeView, drug: str) -> DrugCheck:
    """May this drug be given to this patient? Every rule is applied, whatever the drug is meant for.

    Parameters
    ----------
    drug
        Id of the drug, or a cross reference of it.

    Examples
    --------
    >>> from clinigraph.kg.advice.view import Rows
    >>> check(PatientState(), KnowledgeView.compile(Rows({}, {})), "DRUGBANK:DB00000").verdict
    'unknown_drug'
    """
    drug_id = next((c for c in view.same_as(drug) if view.labels.get(c) == "Drug"), None)
    patient = Circumstances(state, view)
    if drug_id is None:
        line = "everything: this drug is not in the knowledge"
        return DrugCheck(
            patient_id=state.patient_id, drug_id=drug, name=drug, verdict="unknown_drug", not_checked=(line,)
        )
    verdict = judge(drug_id, patient)
    return DrugCheck(
        patient_id=state.patient_id,
        drug_id=drug_id,
        name=view.name(drug_id),
        verdict="blocked" if verdict.blocks else "caution" if verdict.cautions else "no_problem_found",
        already_taken=verdict.already_taken is not None,
        blocks=verdict.blocks,
        cautions=verdict.cautions,
        notes=verdict.notes,
        not_checked=tuple(dict.fromkeys((*patient.not_checked, *verdict.not_checked))),
    )


def _targets(
    state: PatientState, view: KnowledgeView, condition: str | None
) -> list[tuple[ConceptRef, tuple[Evidence, ...]]]:
    """What is to be treated, with the patient's evidence for it."""
    if condition is not None:
        same = set(view.same_as(condition))
        facts: Iterable = (*state.conditions, *state.findings)
        evidence = tuple(e for f in facts if f.concept_id in same and f.present != "no" for e in f.evidence)
        return [(view.ref(condition), evidence)]
    active = {
        c.concept_id: (view.ref(c.concept_id, c.name), c.evidence)
        for c in state.conditions
        if c.present == "yes" and c.status == "active"
    }
    return [active[c] for c in sorted(active)]


def _candidates(target: str, patient: Circumstances) -> Candidates:
    """Drugs that treat the condition, what it is a kind of, or - if there are none - a kind of it."""
    view = patient.view
    found = _treating(view.above(target), patient)
    if not found:
        found = _treating(view.below(target), patient)
    return found


def _treating(concepts: dict[str, int], patient: Circumstances) -> Candidates:
    view, numbers = patient.view, parameters()["drugs"]
    component = contexts()["classes"]["component_only"]
    best: Candidates = {}
    for concept, steps in concepts.items():
        for row in view.treatments.get(concept, ()):
            drug_id = row["source"]
            if component in view.memberships.get(drug_id, ()) or not _suits(row.get("population"), patient):
                continue
            base = numbers.get(row.get("line") or "unknown_line", numbers["unknown_line"])
            base *= numbers["hierarchy_step"] ** steps
            base *= numbers["off_label"] if row.get("approval") == "off_label" else 1.0
            if drug_id not in best or (base, row["id"]) > (best[drug_id][0], best[drug_id][1]["id"]):
                best[drug_id] = (base, row, steps)
    return dict(sorted(best.items()))


def _suits(population: str | None, patient: Circumstances) -> bool:
    """False if the indication is for other people than this patient.

    What is not known excludes nobody, except that a drug for pregnant or breastfeeding women is for those only.
    """
    circumstance = contexts()["circumstance"]
    concept = circumstance.get((population or "").strip().lower().replace(" ", "_"))
    if concept is None or concept in patient.above:
        return True
    known = {
        circumstance["pregnancy"]: True,
        circumstance["lactation"]: True,
        circumstance["female"]: patient.state.sex is not None,
        circumstance["male"]: patient.state.sex is not None,
    }
    return not known.get(concept, patient.state.age is not None)


def _blocked(drug_id: str, target: ConceptRef, verdict: Verdict, view: KnowledgeView) -> BlockedDrug:
    return BlockedDrug(
        drug_id=drug_id,
        name=view.name(drug_id),
        for_condition=target,
        already_taken=verdict.already_taken is not None,
        reasons=verdict.blocks,
    )


def _suggestion(
    drug_id: str,
    target: ConceptRef,
    evidence: tuple[Evidence, ...],
    base: float,
    row: Statement,
    steps: int,
    verdict: Verdict,
    view: KnowledgeView,
) -> DrugSuggestion:
    treated = view.name(row["target"])
    how = row.get("line") or "line not stated"
    label = ", off label" if row.get("approval") == "off_label" else ""
    group = f", in {row['population']}" if row.get("population") else ""
    through = "" if not steps else f" ({steps} step{'s' if steps > 1 else ''} from {target.name})"
    source = view.source_of(row, "treats")
    reasons = [
        Reason(
            kind="indication",
            message=f"{how} for {treated}{through}{label}{group}",
            management=row.get("note"),
            evidence=evidence,
            sources=(source,),
        )
    ]
    score = base * verdict.factor
    if verdict.already_taken is not None:
        score *= parameters()["drugs"]["already_taken"]
        reasons.append(Reason(kind="already_taken", message="taken already", evidence=verdict.already_taken.evidence))
    return DrugSuggestion(
        drug_id=drug_id,
        name=view.name(drug_id),
        for_condition=target,
        line=row.get("line"),
        approval=row.get("approval"),
        score=round(score, 6),
        already_taken=verdict.already_taken is not None,
        reasons=(*reasons, *verdict.notes),
        cautions=verdict.cautions,
        not_checked=verdict.not_checked,
        sources=(source, *(s for r in verdict.cautions for s in r.sources)),
    )
