"""How annotators of a corpus name concepts: names and choices learned from annotations, see ``learned/README.md``."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ....schemas.annotation import ConceptLink
from ....schemas.problems import UserError
from ....schemas.vocabulary import normalise
from .matching import NameLinker, settings
from .ngrams import NgramIndex

GUIDELINES = ("bc5cdr", "ncbi-disease", "biored")
COLUMNS = ("guideline", "label", "key", "id", "mentions", "share")
TARGETS = ("MESH:", "OMIM:")  # what these guidelines annotate with
_SURE = frozenset({"exact", "normalised", "abbreviation"})
_WEAK = frozenset({"head", "general"})
_TOO_WIDE = 500  # concepts below; "hereditary disease" is no annotation of anything special
_NEAR = 0.5  # least cosine of trigrams for a learned name like a mention that has no sure concept


@dataclass(frozen=True, slots=True)
class Learned:
    """One row of ``learned/names.csv`` or ``learned/concepts.csv``: what a name, or a concept, was annotated with."""

    guideline: str
    label: str
    key: str  # normalised name, or id of a concept
    id: str
    mentions: int
    share: float  # of the annotations of this key that have this id


@lru_cache(maxsize=2)
def learned_rows(table: str) -> tuple[Learned, ...]:
    """The rows of a shipped table, "names" or "concepts"."""
    text = files(__package__).joinpath(f"learned/{table}.csv").read_text(encoding="utf-8")
    return tuple(
        Learned(r["guideline"], r["label"], r["key"], r["id"], int(r["mentions"]), float(r["share"]))
        for r in csv.DictReader(text.splitlines())
    )


class GuidedLinker:
    """Links as the annotators of a corpus do: to the concepts that MeSH or OMIM has, by the names they gave them.

    A mention whose name was annotated gets what it was annotated with most often; else the concept that the plain
    linker finds gives way to what annotators chose for that concept, and a concept that has no id in MeSH or OMIM to
    the nearest more general one that has. For corpora, and for those who need such ids; not for notes, where
    "hepatitis" is not drug-induced liver injury because a drug is near.

    Parameters
    ----------
    linker : NameLinker
        The plain linker.
    guideline : str
        One of :data:`GUIDELINES`. The others are asked for names that it does not hold.
    names, concepts : iterable of Learned, optional
        Default: the tables in the package.

    Raises
    ------
    UserError
        If there is no such guideline.
    """

    def __init__(
        self,
        linker: NameLinker,
        guideline: str,
        names: Iterable[Learned] | None = None,
        concepts: Iterable[Learned] | None = None,
    ) -> None:
        if guideline not in GUIDELINES:
            raise UserError(f'there is no guideline "{guideline}"', f"choose one of {', '.join(GUIDELINES)}")
        self.linker, self.vocabulary = linker, linker.vocabulary
        order = [guideline, *(g for g in GUIDELINES if g != guideline)]
        rows = learned_rows("names") if names is None else tuple(names)
        chosen = learned_rows("concepts") if concepts is None else tuple(concepts)
        self._own = _by_key(r for r in rows if r.guideline == guideline)
        self._others = _by_key(sorted((r for r in rows if r.guideline != guideline), key=_position_in(order)))
        self._concepts = _by_key(r for r in chosen if r.guideline == guideline)
        self._near: dict[str, tuple[NgramIndex, list[str]]] = {}
        self._homes: dict[tuple[str, str, str], ConceptLink | None] = {}

    def link(self, label: str, text: str, long_form: str | None = None) -> ConceptLink | None:
        """As :meth:`NameLinker.link`."""
        key = normalise(long_form or text)
        if (label, key) in self._own:
            return self._home(self._own[label, key], label, key, 0.97, "learned")
        plain = self.linker.link(label, text, long_form)
        if (plain is None or plain.method not in _SURE) and (label, key) in self._others:
            return self._home(self._others[label, key], label, key, 0.9, "learned elsewhere")
        if plain is None or plain.method in _WEAK:
            near = self._nearest(label, key)
            if near is not None:
                return near
        return None if plain is None else self._as_annotated(label, plain)

    def _as_annotated(self, label: str, plain: ConceptLink) -> ConceptLink:
        row = self._concepts.get((label, plain.id))
        if row is not None:
            return self._home(row, label, normalise(plain.name), plain.score, "learned concept") or plain
        broader = self.vocabulary.nearest_with(plain.id, TARGETS)
        position = None if broader is None else self.vocabulary.position(broader.id)
        if broader is None or broader.id == plain.id or self.vocabulary.sizes.get(position or 0, 0) > _TOO_WIDE:
            return plain
        return plain.model_copy(update={"id": broader.id, "name": broader.name, "method": "broader"})

    def _nearest(self, label: str, key: str) -> ConceptLink | None:
        """What a learned name that looks like this one was annotated with."""
        if len(key) < 5:
            return None
        if label not in self._near:
            known = list(dict.fromkeys(k for table in (self._own, self._others) for at, k in table if at == label))
            self._near[label] = NgramIndex(known), known
        index, known = self._near[label]
        for position, cosine in index.search(key, 1):
            if cosine >= _NEAR:
                near = known[position]
                row = self._own.get((label, near)) or self._others[label, near]
                return self._home(row, label, near, 0.9 * cosine, "learned near")
        return None

    def _home(self, row: Learned, label: str, key: str, score: float, method: str) -> ConceptLink | None:
        """The concept that has the id of a row; of several the one that bears the name, then the label's kind."""
        if (row.id, label, key) not in self._homes:
            self._homes[row.id, label, key] = self._find_home(row, label, key)
        found = self._homes[row.id, label, key]
        return (
            None
            if found is None
            else found.model_copy(update={"score": round(score * max(row.share, 0.5), 4), "method": method})
        )

    def _find_home(self, row: Learned, label: str, key: str) -> ConceptLink | None:
        vocabulary = self.vocabulary
        costs: Mapping[str, int] = settings()["labels"].get(label, {})
        named = {c.concept for c in vocabulary.lookup_key(key)}
        at = sorted(
            vocabulary.xref_map.get(row.id, ()),
            key=lambda p: (p not in named, costs.get(vocabulary.labels[p], 50), vocabulary.ids[p]),
        )
        if not at:
            return None
        return ConceptLink(id=vocabulary.ids[at[0]], name=vocabulary.names[at[0]], score=1.0, method="learned")


def _position_in(order: list[str]) -> Callable[[Learned], int]:
    return lambda row: order.index(row.guideline)


def _by_key(rows: Iterable[Learned]) -> dict[tuple[str, str], Learned]:
    found: dict[tuple[str, str], Learned] = {}
    for row in rows:
        found.setdefault((row.label, row.key), row)
    return found
