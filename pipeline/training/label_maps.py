"""Which of our labels a corpus annotates, and what may stand where it is silent (see ``corpora.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
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
    """

    name: str
    title: str
    labels: dict[str, tuple[str, ...]]
    negatives: frozenset[str]
    unknown: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    training_labels: frozenset[str] = frozenset(LABELS)


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
        check_labels({ours for targets in labels.values() for ours in targets} | set(entry["negatives"]))
        maps[name] = LabelMap(
            name,
            entry["title"],
            labels,
            frozenset(entry["negatives"]),
            frozenset(entry.get("unknown", ())),
            frozenset(entry.get("ignored", ())),
            frozenset(entry.get("training_labels", LABELS)),
        )
    return maps


def check_labels(labels: Iterable[str]) -> None:
    """Refuse labels that are not ours."""
    strange = sorted(set(labels) - set(LABELS))
    if strange:
        raise UserError(f"Unknown label: {', '.join(strange)}.", f"Our labels are {', '.join(LABELS)}.")
