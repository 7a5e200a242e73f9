"""Which concept of the graph a source means: by id, by cross reference, by name.

The shipped vocabulary is asked first, what other imports brought second, so that the order of imports does not matter
where ours knows the thing. What this source itself brought earlier never joins anything by name or reference: a second
import decides as the first did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from ....schemas.graph import WORLD_LABELS
from ....schemas.vocabulary import normalise
from ...stores.base import GraphStore
from ..sources import known_sources
from .curies import curie

# A disease may stand as a finding, and the other way round.
_KIN = {
    "Disease": ("Disease", "PhenotypicFeature"),
    "PhenotypicFeature": ("PhenotypicFeature", "Disease"),
}
_AMBIGUOUS = ""


class _Tier:
    """Cross references of the concepts of one standing: reference -> label -> the one concept, or ambiguous."""

    def __init__(self) -> None:
        self._homes: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, reference: str, label: str, concept: str) -> None:
        home = self._homes[reference]
        home[label] = concept if home.get(label, concept) == concept else _AMBIGUOUS

    def get(self, reference: str, labels: Iterable[str]) -> str | None:
        home = self._homes.get(reference)
        return next((home[label] for label in labels if home.get(label)), None) if home else None


class ConceptIndex:
    """The graph's concepts, for joining.

    Parameters
    ----------
    store
        The graph.
    own
        Sources of this import, as a prefix (``umls`` covers ``umls/MSH``) or whole.
    mappings
        Pairs of CURIEs that mean the same, from SSSOM files of the user's.

    Examples
    --------
    >>> from clinigraph.kg.stores import open_store
    >>> with open_store(":memory:") as store:
    ...     row = {"id": "MONDO:1", "name": "flu", "xrefs": ["UMLS:C1"], "primary_knowledge_source": "mondo",
    ...            "source_version": "1", "licence": "CC0"}
    ...     _ = store.upsert_nodes("Disease", [row])
    ...     ConceptIndex(store, ()).find("UMLS:C1", (), "", "Disease")
    'MONDO:1'
    """

    def __init__(self, store: GraphStore, own: Collection[str], mappings: Iterable[tuple[str, str]] = ()) -> None:
        self._store = store
        self._own = tuple(own)
        self.labels: dict[str, str] = {}
        self.own_ids: set[str] = set()
        self._shipped, self._imported = _Tier(), _Tier()
        shipped = known_sources().keys()
        for label, row in self._rows():
            concept, source = row["id"], row["primary_knowledge_source"]
            self.labels[concept] = label
            if source not in shipped and self._is_own(source):
                self.own_ids.add(concept)
                continue
            tier = self._shipped if source in shipped else self._imported
            for reference in row.get("xrefs") or ():
                tier.add(reference, label, concept)
        self._twins = self._read_twins()
        for first, second in mappings:
            for known, other in ((first, second), (second, first)):
                if known in self.labels and known not in self.own_ids:
                    self._shipped.add(other, self.labels[known], known)

    def _rows(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((label, row) for label in WORLD_LABELS for row in self._store.nodes(label))

    def _is_own(self, source: str) -> bool:
        return any(source == own or source.startswith(f"{own}/") for own in self._own)

    def _read_twins(self) -> dict[str, str]:
        """Disease <-> finding that is the same thing, by the references they hold to each other."""
        twins: dict[str, str] = {}
        for label, kin in (("Disease", "PhenotypicFeature"), ("PhenotypicFeature", "Disease")):
            for concept, own in self.labels.items():
                if own == label and (other := self._shipped.get(concept, (kin,))):
                    twins.setdefault(concept, other)
        return twins

    def add(self, concept: str, label: str) -> None:
        """A concept that the import has just made."""
        self.labels[concept] = label
        self.own_ids.add(concept)

    def find(self, id: str, same_as: Iterable[str], name: str, label: str, *, by_name: bool = True) -> str | None:
        """The graph's concept that is meant, or None. Ids that two concepts carry decide nothing."""
        labels = _KIN.get(label, (label,))
        if id in self.labels:
            return id if self.labels[id] in labels else None
        others = list(dict.fromkeys(map(curie, same_as)))
        for other in others:
            if other in self.labels and other not in self.own_ids and self.labels[other] in labels:
                return other
        if (found := self._first(self._shipped, (id, *others), labels)) is not None:
            return found
        if by_name and name and (found := self._by_name(name, labels)) is not None:
            return found
        return self._first(self._imported, (id, *others), labels)

    @staticmethod
    def _first(tier: _Tier, references: Iterable[str], labels: Iterable[str]) -> str | None:
        return next((found for r in references if (found := tier.get(r, labels))), None)

    def _by_name(self, name: str, labels: Iterable[str]) -> str | None:
        key = normalise(name)
        return next((found for label in labels if (found := self._names.get(label, {}).get(key))), None)

    @cached_property
    def _names(self) -> dict[str, dict[str, str]]:
        """Normalised name -> the one shipped concept that bears it: as its first name, else as a synonym."""
        shipped = known_sources().keys()
        first: dict[str, dict[str, str]] = defaultdict(dict)
        second: dict[str, dict[str, str]] = defaultdict(dict)
        for label, row in self._rows():
            if row["primary_knowledge_source"] in shipped:
                for names, home in (([row["name"]], first), (row.get("synonyms") or (), second)):
                    for key in {normalise(n) for n in names} - {""}:
                        homes = home[label]
                        homes[key] = row["id"] if homes.get(key, row["id"]) == row["id"] else _AMBIGUOUS
        return {label: {**second[label], **first[label]} for label in {*first, *second}}

    def end(self, concept: str, allowed: Iterable[str]) -> str | None:
        """The concept, or its twin, if its label is allowed at an end of a relationship; else None."""
        allowed = tuple(allowed)
        if self.labels.get(concept) in allowed:
            return concept
        twin = self._twins.get(concept)
        return twin if twin is not None and self.labels[twin] in allowed else None
