"""From scores to a differential: ranks, bands, must-not-miss, what fits together, what to ask next."""

from __future__ import annotations

import numpy as np

from ...schemas.advice import (
    Band,
    ConceptRef,
    Differential,
    DifferentialEntry,
    PatientState,
    Setting,
)
from .explanation import expected_missing, explain, red_flags
from .parameters import parameters
from .phenotypes import FloatArray
from .questions import ask_next
from .scoring import Scores, score
from .view import KnowledgeView


def diagnose(
    state: PatientState, view: KnowledgeView, *, setting: Setting = "primary", limit: int = 10
) -> Differential:
    """Rank the diseases that may explain a patient's findings, and say why.

    Parameters
    ----------
    state
        What is known of the patient. What is not in it counts as unknown, never as absent.
    view
        Compiled knowledge.
    setting
        Where the patient is seen: it decides how common diseases are. "rare" takes all as equally common, for
        patients who come because the common has been ruled out.
    limit
        Entries of the differential, at least 1.

    Returns
    -------
    Differential
        ``entries`` best first. Each entry's ``score`` is the sum of ``log_odds`` of its ``parts``.

    Notes
    -----
    Log odds per disease = log prior (setting, age, sex) + sum over findings of weight x log likelihood ratio
    (bounded, with tempered back-off along the ontology) + terms for absent findings + a soft term for expected
    findings that nobody mentioned. Numbers and their reasons: ``parameters.toml``.

    Measured on the 873 public PhenoBrain cases (setting "rare", HPO annotations of 2025-01-16, 10,561 diseases):
    top-1/3/5/10 .340/.482/.550/.631, 4 ms a case without the explanation (command: ``clinigraph evaluate
    diagnosis public_test_set.json --format phenobrain``). Of the entries called "likely" .73 were right, "possible"
    .23, "less likely" .05, "unlikely" .02; on 800 phenopackets .84, .23, .06, .01 (many of those cases are
    themselves sources of the annotations).

    Examples
    --------
    >>> from clinigraph.kg.advice.view import KnowledgeView, Rows
    >>> diagnose(PatientState(), KnowledgeView.compile(Rows({}, {}))).enough_information
    False
    """
    scores = score(state, view, setting)
    probability = scores.probabilities()
    order = _order(scores)
    informative = _informative(scores)
    enough = informative >= int(parameters()["bands"]["informative_findings"])

    def entry(rank: int, row: int) -> DifferentialEntry:
        return _entry(rank, row, scores, view, setting, _band(float(probability[row]), enough))

    top = order[: max(limit, 1)] if scores.queries else []
    together, unexplained = _combination(order, scores, view) if scores.queries else ((), ())
    candidates = order[: int(parameters()["ask"]["candidates"])]
    return Differential(
        patient_id=state.patient_id,
        entries=tuple(entry(i, row) for i, row in enumerate(top, 1)),
        must_not_miss=tuple(
            entry(order.index(row) + 1, row) for row in _must_not_miss(order, probability, scores, view)
        ),
        known=scores.known,
        combination=together,
        unexplained=unexplained,
        ask_next=ask_next(candidates, probability, scores, view) if scores.queries else (),
        enough_information=enough,
        informative_findings=informative,
        not_used=scores.not_used,
        setting=setting,
    )


def _order(scores: Scores) -> list[int]:
    """Possible diseases, best first; equal scores in the order of their ids."""
    rounded = np.round(scores.total, 9)
    order = np.lexsort((np.arange(len(rounded)), -rounded))
    return [int(row) for row in order[:500] if np.isfinite(rounded[row])]


def _informative(scores: Scores) -> int:
    """Findings that move at least one disease clearly."""
    threshold = parameters()["bands"]["informative_log_ratio"]
    if not scores.findings.size:
        return 0
    moved = np.abs(scores.findings).max(axis=1, initial=0)
    present = scores.findings.max(axis=1, initial=0)
    return sum(
        1
        for query, most, highest in zip(scores.queries, moved, present, strict=True)
        if query.is_finding and not query.known and (most if query.negated else highest) >= threshold
    )


def _band(probability: float, enough: bool) -> Band:
    bands = parameters()["bands"]
    if not enough:
        return "not_enough_information"
    if probability >= bands["likely"]:
        return "likely"
    if probability >= bands["possible"]:
        return "possible"
    return "less_likely" if probability >= bands["less_likely"] else "unlikely"


def _entry(rank: int, row: int, scores: Scores, view: KnowledgeView, setting: str, band: Band) -> DifferentialEntry:
    disease = view.diseases[row]
    properties = view.disease_properties[row]
    prior, in_favour, against = explain(row, scores, view, setting)
    present, silent = red_flags(row, scores, view)
    sources = {s.model_dump_json(): s for part in (*in_favour, *against) for s in part.sources}
    return DifferentialEntry(
        disease_id=disease,
        name=view.name(disease),
        rank=rank,
        score=float(scores.total[row]),
        probability_band=band,
        prior=prior,
        evidence_for=in_favour,
        evidence_against=against,
        expected_missing=expected_missing(row, scores, view),
        red_flags=present,
        red_flags_to_check=silent,
        urgency=properties.get("urgency"),
        must_not_miss=bool(properties.get("must_not_miss")),
        xrefs=tuple(view.xrefs.get(disease, ())),
        sources=tuple(sources.values()),
    )


def _must_not_miss(order: list[int], probability: FloatArray, scores: Scores, view: KnowledgeView) -> list[int]:
    """Dangerous diseases with something for them, down to a threshold far below that of the differential."""
    numbers = parameters()["must_not_miss"]
    rows = []
    for row in order:
        properties = view.disease_properties[row]
        dangerous = properties.get("must_not_miss") or (properties.get("urgency") or 0) >= numbers["urgency"]
        told = any(
            scores.findings[i, row] >= numbers["told_log_ratio"] for i, q in enumerate(scores.queries) if not q.known
        )
        if dangerous and told and probability[row] >= numbers["probability"]:
            rows.append(row)
    return rows[: int(numbers["limit"])]


def _combination(
    order: list[int], scores: Scores, view: KnowledgeView
) -> tuple[tuple[ConceptRef, ...], tuple[ConceptRef, ...]]:
    """Fewest candidates that together explain the findings (greedy cover), and the findings left over.

    A finding that a known disease or a drug explains already needs no further cause.
    """
    open_queries = {
        i for i, q in enumerate(scores.queries) if not (q.negated or q.known or q.stated or q.risk or q.explained_by)
    }
    chosen: list[int] = []
    candidates = order[:50]
    while open_queries and candidates and len(chosen) < 3:
        gain = {row: sum(1.0 for i in open_queries if scores.findings[i, row] >= 0.5) for row in candidates}
        # the leading candidate comes first; a further one must explain what is left, the better ranked the better
        best = candidates[0] if not chosen else max(candidates, key=lambda row: (gain[row], -candidates.index(row)))
        if not gain[best]:
            break
        chosen.append(best)
        open_queries -= {i for i in open_queries if scores.findings[i, best] >= 0.5}
    left = tuple(scores.queries[i].ref for i in sorted(open_queries))
    return tuple(view.ref(view.diseases[row]) for row in chosen), left
