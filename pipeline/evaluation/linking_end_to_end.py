"""Measures mentions and links together: precision, recall and F1 of (place, kind, concept)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.language import Language

from ..extensions import mention_spans
from .gold_links import GoldDocument, read_documents
from .linking import AUTO, LABELS, check_format, guideline_of, has_id, linker_of

# Our labels -> kind; a corpus' "Disease" may be a symptom to us.
KINDS = {"DISEASE": "problem", "SYMPTOM": "problem", "DRUG": "drug"}
_GOLD_KINDS = {label: KINDS[ours] for label, ours in LABELS.items()}


@dataclass
class Score:
    """Mentions with a concept: right ones, ours, the corpus'."""

    right: int = 0
    ours: int = 0
    gold: int = 0

    def to_dict(self) -> dict[str, float | int]:
        """Precision, recall, F1 and the number of gold mentions."""
        precision = self.right / self.ours if self.ours else 0.0
        recall = self.right / self.gold if self.gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if self.right else 0.0
        return {
            "precision": round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(f1, 4),
            "support": self.gold,
        }


@dataclass
class EndToEndReport:
    """What :func:`evaluate_end_to_end` found, by kind ("problem", "drug")."""

    guideline: str | None = None
    documents: int = 0
    kinds: dict[str, Score] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """``{"micro": {...}, "labels": {kind: {...}}, "guideline": .., "documents": ..}``."""
        scores = self.kinds.values()
        total = Score(sum(s.right for s in scores), sum(s.ours for s in scores), sum(s.gold for s in scores))
        return {
            "micro": total.to_dict(),
            "labels": {kind: score.to_dict() for kind, score in sorted(self.kinds.items())},
            "guideline": self.guideline or "none",
            "documents": self.documents,
        }


def evaluate_end_to_end(
    path: str | Path,
    *,
    format: str = "pubtator",
    nlp: Language | None = None,
    guideline: str | None = AUTO,
    limit: int | None = None,
) -> EndToEndReport:
    """Find and link mentions in the texts of a corpus, and compare places and ids.

    Parameters
    ----------
    path
        A PubTator file, or a folder of them.
    format
        Only "pubtator".
    nlp
        The pipeline. Default: the whole one, its linker following the guideline.
    guideline
        As for :func:`~.linking.evaluate_linking`. Does not count where ``nlp`` is given.
    limit
        Only the first so many documents.

    Returns
    -------
    EndToEndReport
        A mention of ours is right if the corpus has one of the same place and kind and our concept has one of its
        ids. Mentions of ours without a concept are no answers; all gold mentions with an id count, linkable or not.

    Raises
    ------
    UserError
        As :func:`~.linking.evaluate_linking`.
    """
    check_format(format)
    documents = list(read_documents(Path(path)))[:limit]
    chosen = guideline_of(documents) if guideline == AUTO else guideline
    if nlp is None:
        from .. import load

        nlp = load(exclude=_NOT_NEEDED, config={"clinigraph_linker": {"guideline": chosen, "join": chosen is None}})
    linker_of(nlp)
    report = EndToEndReport(guideline=chosen, documents=len(documents))
    present = {_GOLD_KINDS[m.label] for d in documents for m in d.mentions if m.label in _GOLD_KINDS}
    report.kinds = {kind: Score() for kind in sorted(present)}
    for document, doc in zip(documents, nlp.pipe(d.text for d in documents), strict=True):
        _count(report, document, nlp, doc)
    return report


_NOT_NEEDED = (
    "clinigraph_sections", "clinigraph_measurements", "clinigraph_medications", "clinigraph_demographics",
    "clinigraph_assertion", "clinigraph_relations",
)  # fmt: skip


def _count(report: EndToEndReport, document: GoldDocument, nlp: Language, doc: Any) -> None:
    vocabulary = linker_of(nlp).linker.vocabulary
    gold = {
        (m.start, m.end, kind): m.ids
        for m in document.mentions
        if (kind := _GOLD_KINDS.get(m.label)) is not None and kind in report.kinds
    }
    for _, _, kind in gold:
        report.kinds[kind].gold += 1
    ours: dict[tuple[int, int, str], list[str]] = {}
    for span in mention_spans(doc):
        kind = KINDS.get(span.label_)
        if kind in report.kinds and span._.concept is not None:
            ours.setdefault((span.start_char, span.end_char, str(kind)), []).append(span._.concept.id)
    for place, concepts in ours.items():
        score = report.kinds[place[2]]
        score.ours += 1
        score.right += place in gold and any(has_id(id_, gold[place], vocabulary) for id_ in concepts)
