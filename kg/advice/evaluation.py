"""Measure the differential against cases whose diagnosis is known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.advice import Setting
from ...schemas.problems import Problem
from ...schemas.vocabulary import Vocabulary
from .cases import Case, CaseReader, ReadNote
from .names import Link, Names
from .scoring import score
from .view import KnowledgeView

_SETTINGS: dict[str, Setting] = {
    "phenobrain": "rare",
    "phenopackets": "rare",
    "ddxplus": "primary",
    "vignettes": "hospital",
    "notes": "hospital",
}


@dataclass(frozen=True)
class DiagnosisReport:
    """Ranks of the right diagnosis. ``None`` where it was not ranked at all: a miss in every figure.

    Examples
    --------
    >>> DiagnosisReport((1, 4, None, 2), unmapped=1).to_dict()["top3"]
    0.5
    """

    ranks: tuple[int | None, ...]
    unmapped: int
    problems: tuple[Problem, ...] = ()

    def top(self, k: int) -> float:
        """Share of cases whose diagnosis is among the first k."""
        return sum(1 for r in self.ranks if r is not None and r <= k) / max(len(self.ranks), 1)

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank."""
        return sum(1 / r for r in self.ranks if r is not None) / max(len(self.ranks), 1)

    def to_dict(self) -> dict[str, Any]:
        """``top1, top3, top5, top10, mrr`` (rounded to 4 places), ``n`` and ``unmapped``."""
        figures = {f"top{k}": round(self.top(k), 4) for k in (1, 3, 5, 10)}
        return figures | {"mrr": round(self.mrr, 4), "n": len(self.ranks), "unmapped": self.unmapped}


def evaluate_diagnosis(
    path: str | Path,
    *,
    format: str,
    view: KnowledgeView,
    read_note: ReadNote | None = None,
    link: Link | None = None,
    limit: int | None = None,
    setting: Setting | None = None,
    vocabulary: Vocabulary | None = None,
) -> DiagnosisReport:
    """Rank the diseases for every case and see where the right one stands.

    Parameters
    ----------
    path
        File of cases, or a folder that holds one (DDXPlus: with its ``evidences.json``).
    format
        phenobrain, phenopackets, ddxplus, vignettes or notes.
    view
        Compiled knowledge.
    read_note
        Text -> patient state; needed for vignettes and notes.
    link
        ``link(words, label)`` -> concept id or None, for names that the vocabulary does not hold.
    limit
        Only the first so many cases.
    setting
        Where the patients are seen. Default: "rare" for the two sets of rare diseases, "primary" for DDXPlus,
        "hospital" for prose.
    vocabulary
        Names of findings and diseases; default: the shipped one, where words are needed.

    Returns
    -------
    DiagnosisReport
        A case whose diagnosis the knowledge does not hold, or none of whose findings it knows, is counted in
        ``unmapped`` and is a miss in all figures. A row that cannot be read is listed in ``problems`` and not
        counted.

    Raises
    ------
    UserError
        If the path, the format or the whole file is not usable.

    Notes
    -----
    Diagnoses given as ids are right if the disease is the same by cross references. Diagnoses in words are right
    for the disease of that name or a kind of it. In prose, a disease that the text names is a candidate (with the
    weight of "named as possible"), not a known disease. DDXPlus' questions are searched for names of findings;
    unanswered ones count as unknown.
    """
    if vocabulary is None and format in ("ddxplus", "vignettes", "notes"):
        vocabulary = Vocabulary.default()
    names = Names(view, vocabulary, link)
    reader = CaseReader(names, read_note)
    chosen = setting or _SETTINGS.get(format, "primary")
    ranks: list[int | None] = []
    unmapped = 0
    for case in islice(reader.read(Path(path), format), limit):
        gold = _gold_rows(case, names, view)
        known = any(f.concept_id in view.finding_index for f in case.state.findings)
        if not gold or not (known or case.state.conditions):
            unmapped += 1
            ranks.append(None)
        else:
            ranks.append(rank_of(gold, score(case.state, view, chosen).total))
    return DiagnosisReport(tuple(ranks), unmapped, tuple(reader.problems))


def rank_of(gold: set[int], total: np.ndarray) -> int | None:
    """Place of the best of the right diseases, ties in the order of :func:`diagnose`; None if impossible.

    Examples
    --------
    >>> rank_of({2}, np.array([1.0, 3.0, 3.0]))
    2
    """
    rounded = np.round(total, 9)
    best = min(gold, key=lambda row: (-rounded[row], row))
    if not np.isfinite(rounded[best]):
        return None
    before = int((rounded > rounded[best]).sum()) + int((rounded[:best] == rounded[best]).sum())
    return before + 1


def _gold_rows(case: Case, names: Names, view: KnowledgeView) -> set[int]:
    """Rows that count as right."""
    index = view.disease_index
    rows = {
        index[same] for gold in case.gold_ids for same in (gold, *view.by_xref.get(gold, ()), *view.same_as(gold))
        if same in index
    }  # fmt: skip
    for name in case.gold_names:
        for concept in names.diagnosis(name):
            found = view.disease_kinds(concept)
            if found:
                rows.update(found)
                break
    return rows
