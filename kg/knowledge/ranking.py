"""How good a name of its concept a name is, and who wins when two concepts bear it.

The rank is a small number, smaller is better: the kind of the name first, then who gives it, then how general the
concept is. A name that two concepts of one label bear goes to the better rank; with the same rank, to the one with
more concepts below it, then to the smaller id. All such names are counted, and listed in ``conflicts.csv``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from .draft import Draft, key_of
from .sources import CURATED

KIND_RANK = {"preferred": 0, "exact": 10, "brand": 10, "abbreviation": 10, "lay": 15, "related": 40}
_EMPTY = frozenset({"disease", "disorder", "syndrome", "condition"})


@dataclass(frozen=True)
class Name:
    """One row of the names table."""

    key: str
    concept: str
    name: str
    kind: str
    rank: int
    source: str


@dataclass(frozen=True)
class Conflict:
    """A name that several concepts of one label bear equally well by kind: who got it, who did not."""

    name: str
    label: str
    winner: str
    losers: tuple[str, ...]
    kind: str


def ranked_names(draft: Draft) -> list[Name]:
    """All names with their ranks, sorted by key, rank and concept; one row per key and concept."""
    general = _generality(draft)
    best: dict[tuple[str, str], Name] = {}
    for (id_, name), (kind, source) in draft.names.items():
        if id_ not in draft.nodes:
            continue
        key = key_of(name)
        step = KIND_RANK[kind]
        if kind == "exact" and _core(key) == _core(key_of(draft.nodes[id_]["name"])):
            step = 2  # "stroke" for "stroke disorder"
        rank = step + _concept_rank(id_, draft, general)
        if source == CURATED:
            rank -= {"preferred": 8, "related": 0}.get(kind, 4)  # a preferred name of another concept goes before
        row = Name(key, id_, name, kind, max(rank, 0), source)
        other = best.get((row.key, id_))
        if other is None or (row.rank, row.name) < (other.rank, other.name):
            best[row.key, id_] = row
    return sorted(best.values(), key=lambda n: (n.key, n.rank, n.concept))


def _core(key: str) -> str:
    return " ".join(word for word in key.split() if word not in _EMPTY) or key


def _concept_rank(id_: str, draft: Draft, general: Counter[str]) -> int:
    """0 for what our tables describe, up to 4 for a rare leaf, 8 more for a heading of MeSH alone."""
    if id_ in draft.curated:
        return 0 + 8  # room for curated names to go below
    below = general[id_]
    rank = 9 if below >= 10 else 10 if below >= 2 else 11 if below else 12
    return rank + (4 if id_.startswith(("MESH:", "SYMP:")) else 3 if id_.startswith(("OMIM:", "ORPHA:")) else 0)


def _generality(draft: Draft) -> Counter[str]:
    """Number of concepts directly below each."""
    return Counter(row["target"] for (type_, _), row in draft.edges.items() if type_ == "SUBCLASS_OF")


def find_conflicts(names: list[Name], draft: Draft) -> list[Conflict]:
    """Names that two or more concepts of one label bear in the same kind."""
    groups: dict[tuple[str, str], list[Name]] = defaultdict(list)
    for name in names:
        if name.kind != "related":
            groups[name.key, draft.nodes[name.concept]["label"]].append(name)
    found = []
    for (_, label), rows in sorted(groups.items()):
        if len(rows) > 1:
            winner, *losers = rows  # in order of rank
            found.append(Conflict(winner.name, label, winner.concept, tuple(n.concept for n in losers), winner.kind))
    return found
