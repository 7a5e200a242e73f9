"""Which of our labels a corpus annotates, and what may stand where it is silent (see ``corpora.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...schemas.problems import UserError
from ..encoder.tags import LABELS

CORPORA = Path(__file__).with_name("corpora.toml")


@dataclass(frozen=True)
class LabelMap:
    """How one corpus' labels read in ours.

    Attributes
    ----------
    name, title : str
    labels : dict of str to tuple of str
        Source label to the labels of ours that it may be.
    negatives : frozenset of str
        Our labels that the corpus annotates exhaustively.
    unknown : frozenset of str
        Source labels under which anything may stand.
    ignored : frozenset of str
        The corpus' other labels, to recognise it by.
    training_labels : frozenset of str
        Our labels that its mentions may have in training; evaluation takes all of ``labels``.
    learned : dict of str to tuple of str
        As ``labels``, for training only.
    guideline : str
        Whose rules it follows, one of :data:`~clinigraph.pipeline.encoder.word_features.GUIDELINES`.
    """

    name: str
    title: str
    labels: dict[str, tuple[str, ...]]
    negatives: frozenset[str]
    unknown: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    training_labels: frozenset[str] = frozenset(LABELS)
    learned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    guideline: str = "none"

    def targets(self, source: str) -> tuple[str, ...] | None:
        """Our labels that a source label may be in training; None for one that is not learned."""
        found = self.labels.get(source) or self.learned.get(source)
        return None if found is None else tuple(label for label in found if label in self.training_labels)

    def explains(self, present: set[str]) -> bool:
        """Are these the labels of this corpus?"""
        return present <= set(self.labels) | set(self.learned) | self.unknown | self.ignored


def load_label_maps(path: Path = CORPORA) -> dict[str, LabelMap]:
    """Read the label maps of the known corpora.

    Examples
    --------
    >>> load_label_maps()["bc5cdr"].labels["Disease"]
    ('DISEASE', 'SYMPTOM')
    """
    maps = {}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        labels = {source: tuple(ours) for source, ours in entry["labels"].items()}
        learned = {source: tuple(ours) for source, ours in entry.get("learned", {}).items()}
        named = {ours for targets in (*labels.values(), *learned.values()) for ours in targets}
        check_labels(named | set(entry["negatives"]))
        maps[name] = LabelMap(
            name,
            entry["title"],
            labels,
            frozenset(entry["negatives"]),
            frozenset(entry.get("unknown", ())),
            frozenset(entry.get("ignored", ())),
            frozenset(entry.get("training_labels", LABELS)),
            learned,
            entry.get("guideline", "none"),
        )
    return maps


def check_labels(labels: Iterable[str]) -> None:
    """Refuse labels that are not ours."""
    strange = sorted(set(labels) - set(LABELS))
    if strange:
        raise UserError(f"Unknown label: {', '.join(strange)}.", f"Our labels are {', '.join(LABELS)}.")
