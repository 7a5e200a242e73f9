"""Take a disease's score apart again: every addend with the patient's evidence and the knowledge it rests on."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from ...schemas.advice import ExpectedFinding, MatchKind, RedFlag, ScorePart, Source
from .parameters import parameters
from .scoring import Query, Scores
from .view import KnowledgeView

Parts = tuple[ScorePart, ...]


def explain(row: int, scores: Scores, view: KnowledgeView, setting: str) -> tuple[Parts, Parts, Parts]:
    """Addends of one disease: prior, for, against. Together they are its score.

    Parameters
    ----------
    row
        Number of the disease in ``view.diseases``.
    """
    in_favour, against = [], []
    for i, query in enumerate(scores.queries):
        part = _finding_part(row, i, query, scores, view)
        if part.log_odds > 0:
            in_favour.append(part)
        elif part.log_odds < 0:
            against.append(part)
    missing = float(scores.missing[row])
    if missing:
        reason = "expected findings that nobody mentioned"
        against.append(ScorePart(kind="missing", log_odds=missing, reason=reason))
    in_favour.sort(key=lambda p: (-p.log_odds, p.finding.id if p.finding else ""))
    against.sort(key=lambda p: (p.log_odds, p.finding.id if p.finding else ""))
    return _prior_parts(row, scores, view, setting), tuple(in_favour), tuple(against)


def _prior_parts(row: int, scores: Scores, view: KnowledgeView, setting: str) -> Parts:
    properties = view.disease_properties[row]
    band = None if setting == "rare" else properties.get(f"prevalence_{setting}")
    how = str(band).replace("_", " ") if band else "taken as equal for all" if setting == "rare" else "unknown"
    parts = [ScorePart(kind="prior", log_odds=float(scores.prior[row]), reason=f"prevalence ({setting}): {how}")]
    if scores.sex[row]:
        reason = f"sex: {str(properties.get('sex')).replace('_', ' ')}"
        parts.append(ScorePart(kind="sex", log_odds=float(scores.sex[row]), reason=reason))
    if scores.age[row]:
        low, high = (limit[row] for limit in view.age_limits)
        reason = f"age: usual onset {low:g} to {high:g} years"
        parts.append(ScorePart(kind="age", log_odds=float(scores.age[row]), reason=reason))
    return tuple(parts)


def _finding_part(row: int, i: int, query: Query, scores: Scores, view: KnowledgeView) -> ScorePart:
    log_odds = float(scores.findings[i, row])
    statement = scores.risks.get((i, row))
    if statement is not None:
        return ScorePart(
            kind="risk",
            log_odds=log_odds,
            reason=f"raises the risk ({statement['strength']})",
            finding=query.ref,
            matched=view.ref(statement["source"]),
            explained_by=query.explained_by,
            evidence=query.evidence,
            sources=(view.source_of(statement, "raises the risk of"),),
        )
    if not query.is_finding:
        words = "the notes say that it is not there" if query.negated else "the notes name it as possible"
        return ScorePart(kind="stated", log_odds=log_odds, reason=words, finding=query.ref, evidence=query.evidence)
    match, column, frequency = _match(row, query, scores, view)
    matched = view.ref(view.findings[column]) if column is not None else None
    words = {
        "exact": "shows this finding",
        "more_specific": "shows a more general finding",
        "more_general": "shows a more specific finding",
        "related": "shows a related finding",
        "unrelated": "is not known to show it",
        "excluded": "is known never to show it",
    }[match]
    if query.negated:
        words = "absent, but expected" if log_odds else "absent, and not expected"
    elif match == "unrelated" and log_odds > 0:
        words = "shows only what is distantly related"  # it met in an ancestor that very many diseases show
    elif query.known and match != "unrelated":
        words = f"known disease or risk; {words}"
    return ScorePart(
        kind="negated" if query.negated else "finding",
        log_odds=log_odds,
        reason=words,
        finding=query.ref,
        match=match,
        matched=matched,
        frequency=frequency,
        explained_by=query.explained_by,
        evidence=query.evidence,
        sources=_sources(row, column, view),
    )


def _match(row: int, query: Query, scores: Scores, view: KnowledgeView) -> tuple[MatchKind, int | None, float | None]:
    """How the disease's findings met the patient's, and through which of them."""
    matrix = view.matrix
    columns, frequencies, _ = matrix.row(row, scores.foreign)
    own = dict(zip(columns.tolist(), frequencies.tolist(), strict=True))
    ancestors = matrix.ancestors_of(query.column)
    if not query.negated and matrix.never[row, ancestors].nnz:
        return "excluded", None, None
    carried = frequency_of(row, query.column, view, scores.foreign)
    if query.column in own and own[query.column] >= carried:
        return "exact", query.column, own[query.column]
    if carried:
        return "more_general", _origin(query.column, carried, own, view), carried
    if query.negated:
        return "unrelated", None, None
    limits = parameters()["likelihood"]
    best, through = np.log(limits["floor"]), None
    for ancestor in ancestors:
        frequency = frequency_of(row, int(ancestor), view, scores.foreign)
        if frequency:
            ratio = limits["backoff_exponent"] * np.log(frequency / scores.background[ancestor])
            if ratio > best:
                best, through = ratio, int(ancestor)
    if through is None:
        return "unrelated", None, None
    frequency = frequency_of(row, through, view, scores.foreign)
    if own.get(through, 0.0) >= frequency:
        return "more_specific", through, frequency
    if scores.background[through] > limits["related_background"]:
        return "unrelated", None, None
    return "related", _origin(through, frequency, own, view), frequency


def frequency_of(row: int, column: int, view: KnowledgeView, foreign: Collection[str] = ()) -> float:
    """Frequency of a finding or any kind of it in one disease, 0 if it has none (for a patient like this)."""
    rows, frequency = view.matrix.column(column, foreign)
    at = int(np.searchsorted(rows, row))
    return float(frequency[at]) if at < len(rows) and rows[at] == row else 0.0


def _origin(column: int, frequency: float, own: dict[int, float], view: KnowledgeView) -> int:
    """The disease's own finding from which a frequency was carried up to ``column``."""
    kinds = (int(c) for c in view.matrix.descendants_of(column))
    return next(c for c in kinds if c in own and abs(own[c] - frequency) < 1e-9)


def _sources(row: int, column: int | None, view: KnowledgeView) -> tuple[Source, ...]:
    if column is None:
        return ()
    columns, _, edges = view.matrix.row(row)
    at = np.flatnonzero(columns == column)
    return tuple(view.phenotype_source(row, column, int(edges[i])) for i in at)


def red_flags(row: int, scores: Scores, view: KnowledgeView) -> tuple[tuple[RedFlag, ...], tuple[RedFlag, ...]]:
    """Red flags of the disease that the patient has, and those on which the record says nothing."""
    covered = asked_about(scores, view)
    present, silent = [], []
    for statement in view.red_flags.get(row, ()):
        flag = statement["source"]
        source = (view.source_of(statement, "is a red flag in"),)
        told = [q for q in scores.queries if not (q.negated or q.stated) and flag in view.above(q.ref.id)]
        if told:
            places = tuple(dict.fromkeys(e for query in told for e in query.evidence))
            present.append(RedFlag(finding=told[0].ref, meaning=statement["meaning"], evidence=places, sources=source))
        elif view.finding_index.get(flag) not in covered:
            silent.append(RedFlag(finding=view.ref(flag), meaning=statement["meaning"], sources=source))
    limit = int(parameters()["ask"]["red_flags"])
    return tuple(sorted(present, key=lambda f: f.finding.id)), tuple(sorted(silent, key=_how_bad(row, view)))[:limit]


def _how_bad(row: int, view: KnowledgeView) -> Callable[[RedFlag], tuple[float, str]]:
    """Order of red flags to look for: those that the disease shows more often first."""
    own = dict(zip(*(part.tolist() for part in view.matrix.row(row)[:2]), strict=True))
    return lambda flag: (-own.get(view.finding_index.get(flag.finding.id, -1), 0.0), flag.finding.id)


def asked_about(scores: Scores, view: KnowledgeView) -> set[int]:
    """Findings on which the record says something: those named, what they imply, and kinds of them."""
    queries = [q for q in scores.queries if q.is_finding]
    up = {int(c) for q in queries for c in view.matrix.ancestors_of(q.column)}
    return up | {int(c) for q in queries for c in view.matrix.descendants_of(q.column)}


def expected_missing(row: int, scores: Scores, view: KnowledgeView) -> tuple[ExpectedFinding, ...]:
    """Frequent findings of the disease about which the patient's record says nothing, the commonest first."""
    numbers = parameters()["ask"]
    covered = asked_about(scores, view) | view.itself(row)
    columns, frequencies, edges = view.matrix.row(row, scores.foreign)
    rows = [
        (-frequency, view.findings[column], int(column), int(edge))
        for column, frequency, edge in zip(columns, frequencies, edges, strict=True)
        if frequency >= numbers["expected_frequency"] and int(column) not in covered
    ]
    return tuple(
        ExpectedFinding(
            finding=view.ref(finding),
            frequency=round(-negative, 4),
            sources=(view.phenotype_source(row, column, edge),),
        )
        for negative, finding, column, edge in sorted(rows)[: int(numbers["expected_limit"])]
    )
