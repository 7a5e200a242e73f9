"""Log odds of every disease for one patient, each addend kept so that the answer can be explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...schemas.advice import ConceptRef, Evidence, NotUsed, PatientState, Setting
from .parameters import parameters
from .phenotypes import FloatArray
from .view import KnowledgeView, Statement

PREGNANCY = "CG:pregnancy"


@dataclass(frozen=True)
class Query:
    """A fact of the patient as a column of the matrix.

    ``known`` marks a disease or circumstance of the patient: a hint, never a reason against. ``stated`` marks a
    disease that the notes name as possible (or, ``negated``, as absent); its column is a row of the diseases.
    ``risk`` marks what is no finding at all, a drug or a disease, and counts as a risk factor only; it has no column.
    """

    column: int
    weight: float
    ref: ConceptRef
    negated: bool = False
    known: bool = False
    stated: bool = False
    risk: bool = False
    evidence: tuple[Evidence, ...] = ()
    explained_by: tuple[str, ...] = ()

    @property
    def is_finding(self) -> bool:
        """Whether ``column`` is a finding of the matrix."""
        return not (self.stated or self.risk)


@dataclass(frozen=True)
class Scores:
    """Addends of the score of every disease: ``total`` is their sum, minus infinity for the impossible."""

    queries: tuple[Query, ...]
    prior: FloatArray
    sex: FloatArray
    age: FloatArray
    findings: NDArray[np.float64]  # queries x diseases
    missing: FloatArray
    total: FloatArray
    background: FloatArray
    not_used: tuple[NotUsed, ...]
    known: tuple[ConceptRef, ...]
    foreign: tuple[str, ...] = ()  # groups of people that the patient does not belong to
    risks: Mapping[tuple[int, int], Statement] = field(default_factory=dict)  # (query, disease) counted as risk factor

    def probabilities(self) -> FloatArray:
        """Posterior over all diseases, tempered: evidence counts less than it says, because findings go together."""
        possible = np.isfinite(self.total)
        result = np.zeros(len(self.total))
        if possible.any():
            temperature = 1 + parameters()["bands"]["temperature_per_finding"] * len(self.queries)
            tempered = self.total[possible] / temperature
            result[possible] = np.exp(tempered - tempered.max())
            result /= result.sum()
        return result


def score(state: PatientState, view: KnowledgeView, setting: Setting) -> Scores:
    """Score all diseases of the view for a patient.

    Returns
    -------
    Scores
        Vectors in the order of ``view.diseases``. The order of the patient's facts does not matter.
    """
    queries, not_used = read_queries(state, view)
    background = view.background(setting)
    size = len(view.diseases)
    foreign = foreign_groups(state)
    findings = np.zeros((len(queries), size))
    risks: dict[tuple[int, int], Statement] = {}
    for i, query in enumerate(queries):
        if query.stated:
            findings[i] = _stated(view, query)
        elif query.negated:
            findings[i] = query.weight * absent_log_ratio(view, query.column, foreign)
        elif query.is_finding:
            ratio = log_ratio(view, query.column, background, foreign)
            findings[i] = query.weight * (np.maximum(ratio, 0) if query.known else ratio)
        if not (query.stated or query.negated):
            for row, (raised, statement) in risk_log_ratios(view, query.ref.id).items():
                # what the table says of the finding itself and what it says of the risk are one fact: no sum
                if query.weight * raised > findings[i, row]:
                    findings[i, row] = query.weight * raised
                    risks[i, row] = statement
    prior = view.log_prior(setting)
    sex, age = _sex_fit(state, view), _age_fit(state, view)
    missing = _missing(view, queries, foreign)
    total = prior + sex + age + findings.sum(axis=0) + missing
    known = _known_rows(state, view)
    total[sorted(known)] = -np.inf
    refs = tuple(view.ref(view.diseases[row]) for row in sorted(known))
    return Scores(
        tuple(queries), prior, sex, age, findings, missing, total, background, tuple(not_used), refs, foreign, risks
    )


def foreign_groups(state: PatientState) -> tuple[str, ...]:
    """Groups of people that the patient certainly does not belong to: the other sex, other ages.

    Examples
    --------
    >>> foreign_groups(PatientState(sex="female", age=30))
    ('male', 'infant', 'child', 'older')
    >>> foreign_groups(PatientState())
    ()
    """
    numbers = parameters()["demographics"]
    groups = [] if state.sex is None else ["male" if state.sex == "female" else "female"]
    if state.age is not None:
        groups += ["infant"] if state.age >= numbers["infant_below"] else []
        groups += ["child"] if state.age >= numbers["child_below"] else []
        groups += ["older"] if state.age < numbers["older_from"] else []
    return tuple(groups)


def risk_log_ratios(view: KnowledgeView, concept: str) -> dict[int, tuple[float, Statement]]:
    """Rows of the diseases for which a concept, or what it is a kind of, is a risk factor: how much, who says so.

    The ratios are modest and bounded (``parameters.toml``): a table of strengths is no measurement.
    """
    strengths = parameters()["risk"]
    keys = view.drug_keys(concept) if view.labels.get(concept) == "Drug" else view.above(concept)
    result: dict[int, tuple[float, Statement]] = {}
    for statement in (s for key in keys for s in view.risks.get(key, ())):
        row = view.disease_row[statement["target"]]
        ratio = float(np.log(strengths[statement["strength"]]))
        if row not in result or ratio > result[row][0]:
            result[row] = ratio, statement
    return result


def log_ratio(view: KnowledgeView, column: int, background: FloatArray, foreign: tuple[str, ...] = ()) -> FloatArray:
    """Log likelihood ratio of a present finding for every disease, in natural logarithms.

    The finding itself, or a kind of it, counts in full; a match through a common ancestor counts as that
    ancestor's ratio to the power ``backoff_exponent``; no match at all is ``floor``. As all findings meet in the
    root, a finding that fits nothing costs a disease little: notes hold much that has other causes.
    """
    limits = parameters()["likelihood"]
    matrix = view.matrix
    best = np.full(len(view.diseases), np.log(limits["floor"]))
    for ancestor in matrix.ancestors_of(column):
        rows, frequency = matrix.column(ancestor, foreign)
        exponent = 1.0 if ancestor == column else limits["backoff_exponent"]
        best[rows] = np.maximum(best[rows], exponent * np.log(frequency / background[ancestor]))
    never = matrix.never
    for ancestor in matrix.ancestors_of(column):
        rows = never.indices[never.indptr[ancestor] : never.indptr[ancestor + 1]]
        if len(rows):
            best[rows] = limits["excluded_log_ratio"]
    return np.minimum(best, limits["max_log_ratio"])


def absent_log_ratio(view: KnowledgeView, column: int, foreign: tuple[str, ...] = ()) -> FloatArray:
    """Log likelihood ratio of a finding that is NOT there: never above 0."""
    limits = parameters()["likelihood"]
    result = np.zeros(len(view.diseases))
    rows, frequency = view.matrix.column(column, foreign)
    result[rows] = np.log1p(-np.minimum(frequency, limits["max_frequency"]))
    return result


def _column(view: KnowledgeView, concept_id: str) -> int | None:
    """Column of a finding, or of the finding that is the same thing ("smoking" and "Tobacco use history")."""
    for twin in view.same_as(concept_id):
        if twin in view.finding_index:
            return view.finding_index[twin]
    return None


def read_queries(state: PatientState, view: KnowledgeView) -> tuple[list[Query], list[NotUsed]]:
    """Turn the patient's findings and conditions into columns, in an order of their own; say what is left out."""
    limits = parameters()["likelihood"]
    index = view.finding_index
    present: dict[int, Query] = {}
    absent: dict[int, Query] = {}
    not_used: list[NotUsed] = []
    for finding in state.findings:
        ref = view.ref(finding.concept_id, finding.name)
        column = _column(view, finding.concept_id)
        if column is None or finding.weight == 0:
            reason = "the knowledge holds no finding of this id" if column is None else "its weight is 0"
            not_used.append(NotUsed(concept=ref, reason=reason))
            continue
        most = limits["uncertain_weight"] if finding.present == "uncertain" else 1.0
        hint = view.labels.get(view.findings[column]) != "PhenotypicFeature"
        query = Query(
            column,
            min(finding.weight, most),
            ref,
            negated=finding.present == "no",
            known=hint and finding.present != "no",
            evidence=finding.evidence,
        )
        _keep_surer(absent if query.negated else present, query)
    for condition in state.conditions:
        column = index.get(condition.concept_id)
        if column is not None and condition.present == "yes" and column not in present:
            weight = limits["condition_weight"]
            ref = view.ref(condition.concept_id, condition.name)
            present[column] = Query(column, weight, ref, known=True, evidence=condition.evidence)
    column = _column(view, PREGNANCY)
    if state.pregnant and column is not None and column not in present:
        evidence = state.demographics_evidence
        present[column] = Query(column, 1.0, view.ref(PREGNANCY), known=True, evidence=evidence)
    for column in sorted(absent.keys() & present.keys()):
        query = absent.pop(column)
        not_used.append(NotUsed(concept=query.ref, reason="said to be absent and present: counted as present"))
    kept, implied = _without_implied(present, view)
    explained = [_explained(query, state, view) for query in kept]
    named = _named_diseases(state, view)
    risks = _risk_factors(state, view, [*kept, *absent.values()])
    queries = sorted(
        [*explained, *absent.values(), *named, *risks],
        key=lambda q: (q.stated, q.risk, q.negated, q.column, q.ref.id),
    )
    return queries, sorted([*not_used, *implied], key=lambda n: (n.concept.id, n.reason))


def _named_diseases(state: PatientState, view: KnowledgeView) -> list[Query]:
    """Diseases that the notes name as possible or as absent."""
    queries: dict[tuple[int, bool], Query] = {}
    for condition in state.conditions:
        row = view.disease_index.get(condition.concept_id)
        if row is not None and condition.present != "yes":
            ref = view.ref(condition.concept_id, condition.name)
            absent = condition.present == "no"
            query = Query(row, 1.0, ref, negated=absent, stated=True, evidence=condition.evidence)
            queries.setdefault((row, absent), query)
    return list(queries.values())


def _risk_factors(state: PatientState, view: KnowledgeView, queries: Iterable[Query]) -> list[Query]:
    """Diseases, past or present, and drugs of the patient that are risk factors and stand for no finding already."""
    seen = {twin for query in queries for twin in view.same_as(query.ref.id)}
    result: dict[str, Query] = {}
    for condition in state.conditions:
        if condition.present == "yes" and not seen & set(view.same_as(condition.concept_id)):
            ref = view.ref(condition.concept_id, condition.name)
            result[ref.id] = Query(-1, 1.0, ref, known=True, risk=True, evidence=condition.evidence)
    for drug in state.medications:
        if drug.status == "active":
            ref = view.ref(drug.drug_id, drug.name)
            result[ref.id] = Query(-1, 1.0, ref, known=True, risk=True, evidence=drug.evidence)
    return [query for id_, query in sorted(result.items()) if risk_log_ratios(view, id_)]


def _stated(view: KnowledgeView, query: Query) -> FloatArray:
    """What it means for the diseases that the notes name one of them: it and its kinds are concerned."""
    limits = parameters()["likelihood"]
    result = np.zeros(len(view.diseases))
    for row in view.disease_kinds(view.diseases[query.column]) if query.negated else (query.column,):
        result[row] = limits["named_absent"] if query.negated else limits["named_possible"]
    return result


def _keep_surer(queries: dict[int, Query], query: Query) -> None:
    """Of two statements of one finding keep the surer, with the evidence of both."""
    other = queries.get(query.column)
    if other is not None:
        surer = max(query, other, key=lambda q: (q.weight, q.ref.id))
        places = sorted({*query.evidence, *other.evidence}, key=lambda e: e.model_dump_json())
        query = replace(surer, evidence=tuple(places))
    queries[query.column] = query


def _without_implied(present: dict[int, Query], view: KnowledgeView) -> tuple[list[Query], list[NotUsed]]:
    """Drop findings that a more specific one implies: "pain" beside "chest pain" is not a second finding."""
    implied: dict[int, Query] = {}
    for query in present.values():
        if not query.known:
            for ancestor in view.matrix.ancestors_of(query.column):
                other = present.get(int(ancestor))
                if other is not None and other.column != query.column and other.weight <= query.weight:
                    implied[other.column] = query
    notes = [
        NotUsed(concept=present[column].ref, reason=f'implied by "{by.ref.name}"')
        for column, by in sorted(implied.items())
    ]
    return [q for column, q in present.items() if column not in implied], notes


def _explained(query: Query, state: PatientState, view: KnowledgeView) -> Query:
    """Lower the weight of a finding that a known disease or an active drug explains as well."""
    if query.known:
        return query
    limits = parameters()["likelihood"]
    names = []
    for condition in state.conditions:
        row = view.disease_index.get(condition.concept_id)
        if row is None or condition.present != "yes" or condition.status != "active":
            continue
        rows, frequency = view.matrix.column(query.column)
        at = int(np.searchsorted(rows, row))
        if at < len(rows) and rows[at] == row and frequency[at] >= limits["explained_frequency"]:
            names.append(view.name(condition.concept_id, condition.name))
    above = set(view.above(view.findings[query.column]))
    for drug in state.medications:
        if drug.status == "active" and any(
            row["target"] in above and row.get("frequency") not in ("rare", "very_rare")
            for row in view.about("HAS_ADVERSE_EVENT", view.drug_keys(drug.drug_id))
        ):
            names.append(view.name(drug.drug_id, drug.name))
    if not names:
        return query
    weight = query.weight * limits["explained_weight"]
    return replace(query, weight=weight, explained_by=tuple(sorted(set(names))))


def _known_rows(state: PatientState, view: KnowledgeView) -> set[int]:
    """Diseases that the patient is known to have now; broader names of them are known as well."""
    rows = set()
    for condition in state.conditions:
        if condition.present == "yes" and condition.status == "active":
            for concept in view.above(condition.concept_id):
                row = view.disease_index.get(concept)
                if row is not None:
                    rows.add(row)
    return rows


def _missing(view: KnowledgeView, queries: Iterable[Query], foreign: tuple[str, ...]) -> FloatArray:
    """Soft term: expected findings that nobody mentioned speak against a disease, but little."""
    matrix = view.matrix
    covered = np.zeros(len(view.findings))
    for query in (q for q in queries if q.is_finding):
        covered[matrix.ancestors_of(query.column)] = 1.0
        covered[matrix.descendants_of(query.column)] = 1.0
    total = matrix.absence_total - matrix.absence @ covered
    rows, columns, whom, cost = matrix.limited_absence
    if len(rows) and foreign:
        other = np.isin(whom, foreign) & (covered[columns] == 0)
        np.subtract.at(total, rows[other], cost[other])
    return parameters()["likelihood"]["missing_weight"] * total


def _sex_fit(state: PatientState, view: KnowledgeView) -> FloatArray:
    """0 where the disease fits the sex, minus infinity where it cannot be."""
    if state.sex is None:
        return np.zeros(len(view.diseases))
    mostly = parameters()["demographics"]["mostly_other_sex"]
    other = "male" if state.sex == "female" else "female"
    fit = {other: -np.inf, f"mostly_{other}": mostly}
    return np.array([fit.get(p.get("sex") or "any", 0.0) for p in view.disease_properties], dtype=np.float64)


def _age_fit(state: PatientState, view: KnowledgeView) -> FloatArray:
    """0 within the usual ages of onset, falling linearly outside."""
    if state.age is None or not view.diseases:
        return np.zeros(len(view.diseases))
    numbers = parameters()["demographics"]
    low, high = view.age_limits
    # in small children years count for more: half the usual youngest age is as far out as the margin
    young_margin = np.maximum(np.minimum(numbers["age_margin_young"], low / 2), 0.25)
    too_young = np.clip((low - state.age) / young_margin, 0, 1)
    too_old = np.clip((state.age - high) / numbers["age_margin_old"], 0, 1)
    return numbers["too_young"] * too_young + numbers["too_old"] * too_old
