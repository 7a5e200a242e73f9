"""Writes what an importer yields: joined to the graph's concepts, with provenance on every row, in batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ....schemas.graph import NODES, RELATIONSHIPS, check_row, endpoint_labels
from ...stores.base import GraphStore, StoreRowError
from ..draft import SYMMETRIC, edge_id
from ..tables import SYNONYM_LIMIT
from .curies import curie
from .joining import ConceptIndex
from .reading import Place, Rejected
from .records import Concept, Fact, Joined, LeftOut, Record

REVISION_KEY = "knowledge_revision"
_BATCH = 10_000  # rows written in one transaction
_WAITING = 100_000  # facts that may wait for a concept which comes later in the files
_NAME_LIMIT = 400
OnRejected = Callable[[Rejected], None]


@dataclass(frozen=True)
class Provenance:
    """What every row of an import carries."""

    source: str
    version: str
    licence: str
    knowledge_level: str
    agent_type: str
    confidence: float


@dataclass
class Tally:
    """What became of the records.

    Attributes
    ----------
    nodes, relationships
        Rows by label and type that the source stands for in the graph, whether new or there already.
    changed
        Rows that are new or different in the graph.
    joined
        Concepts of the source that are concepts of ours.
    repeated
        Facts said more than once.
    left_out
        Rows that the graph has no use for, by reason.
    rejected
        Rows that could not be used, by reason (in general words).
    """

    nodes: Counter[str] = field(default_factory=Counter)
    relationships: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    changed: int = 0
    joined: int = 0
    repeated: int = 0


class Landing:
    """Takes records one after the other and writes them in batches.

    A concept that is ours is not written again: rows of other sources, and their licences, stay as they are.

    Parameters
    ----------
    store, index
        The graph and its concepts.
    provenance
        What the rows carry.
    rejected
        Called with every row that could not be used.
    """

    def __init__(
        self, store: GraphStore, index: ConceptIndex, provenance: Provenance, rejected: OnRejected = lambda _r: None
    ) -> None:
        self.tally = Tally()
        self._store, self._index, self._provenance, self._on_rejected = store, index, provenance, rejected
        self._concepts: dict[str, str] = {}  # CURIE of the source -> concept of the graph
        self._nodes: dict[str, dict[str, tuple[dict[str, Any], Place]]] = {label: {} for label in NODES}
        self._updates: dict[str, dict[str, tuple[Concept, dict[str, Any]]]] = {label: {} for label in NODES}
        self._edges: dict[str, dict[str, tuple[dict[str, Any], Place]]] = {type_: {} for type_ in RELATIONSHIPS}
        self._buffered = 0
        self._refused: set[str] = set()  # concepts that were rejected, once each
        self._seen: set[int] = set()  # facts written, eight bytes of each id
        self._waiting: list[Fact] = []

    def take(self, record: Record) -> None:
        """Take one record."""
        if isinstance(record, Fact):
            self._fact(record)
        elif isinstance(record, Concept):
            self._concept(record)
        elif isinstance(record, LeftOut):
            self.tally.left_out[record.reason] += 1
        elif isinstance(record, Joined):
            for made in record.make(lambda id: self._concepts.get(curie(id), id)):
                self.take(made)
        else:
            self._reject(record)

    def finish(self) -> Tally:
        """Write what is left; facts that waited for a concept get their last chance."""
        waiting, self._waiting = self._waiting, []
        for fact in waiting:
            self._fact(fact, last=True)
        self._flush()
        return self.tally

    def _reject(self, rejected: Rejected) -> None:
        self.tally.rejected += 1
        self._on_rejected(rejected)

    def _row(self, record: Concept | Fact) -> dict[str, Any]:
        return {
            "primary_knowledge_source": record.source or self._provenance.source,
            "source_version": self._provenance.version,
            "licence": record.licence or self._provenance.licence,
        }

    # concepts

    def _concept(self, concept: Concept) -> None:
        id = curie(concept.id)
        if id in self._concepts or id in self._refused:
            return
        name = " ".join(concept.name.split())[:_NAME_LIMIT]
        home = self._index.find(id, concept.same_as, name, concept.label, by_name=concept.by_name)
        if home == id and id in self._index.own_ids:
            home = None  # from an earlier import of this source: written again, in case it has changed
        if home is not None:
            self._concepts[id] = home
            self.tally.joined += 1
            if concept.update and home == id:
                self._updates[self._index.labels[home]][home] = (concept, self._row(concept))
                self._count_buffered()
            return
        other = self._index.labels.get(id)
        if other is not None and other != concept.label:
            self._refuse(concept, id, f"{id} is a {other} in the graph, not a {concept.label}")
            return
        if not name:
            self._refuse(concept, id, f"{id} is not in the graph and has no name here")
            return
        row = {"id": id, "name": name, **_names(concept, name), **self._row(concept)}
        if wrong := check_row(NODES[concept.label], row) or _unwritable(row):
            self._refuse(concept, id, wrong)
            return
        self._concepts[id] = id
        self._index.add(id, concept.label)
        self._nodes[concept.label][id] = (row, concept.place)
        self.tally.nodes[concept.label] += 1
        self._count_buffered()

    def _refuse(self, concept: Concept, id: str, reason: str) -> None:
        self._refused.add(id)
        self._reject(Rejected(concept.place, reason))

    def _home(self, id: str, allowed: Iterable[str], *, last: bool) -> str | None:
        """The graph's concept for a CURIE of the source at an end of a relationship, or None.

        What an earlier import of this source brought counts only when these files have come to it, or at the end:
        else a second import would decide otherwise than the first.
        """
        labels = tuple(allowed)
        known = self._concepts.get(id)
        if known is None and (last or id not in self._index.own_ids):
            known = next((f for label in labels if (f := self._index.find(id, (), "", label, by_name=False))), None)
        return None if known is None else self._index.end(known, labels)

    # facts

    def _fact(self, fact: Fact, *, last: bool = False) -> None:
        kind = RELATIONSHIPS[fact.type]
        ends = []
        for id, names in ((curie(fact.subject), kind.sources), (curie(fact.object), kind.targets)):
            home = self._home(id, endpoint_labels(names), last=last)
            if home is None:
                self._no_end(fact, id, names, last)
                return
            ends.append(home)
        if fact.type in SYMMETRIC:
            ends.sort()
        source, target = ends
        if source == target:
            self.tally.left_out["both ends are the same concept of ours"] += 1
            return
        if fact.type == "SUBCLASS_OF" and source not in self._index.own_ids and not fact.orders_ours:
            # the order among concepts of ours is the vocabulary's business; another's could close a circle
            self.tally.left_out["the order of two concepts of ours"] += 1
            return
        self._edge(fact, source, target)

    def _no_end(self, fact: Fact, id: str, names: tuple[str, ...], last: bool) -> None:
        known = self._concepts.get(id) or (id if id in self._index.labels and id not in self._index.own_ids else None)
        if known is not None:
            label = self._index.labels[known]
            reason = f"{fact.type} takes {' or '.join(names)} there, and {id} is a {label}"
            self._reject(Rejected(fact.place, reason))
        elif not last and len(self._waiting) < _WAITING:
            self._waiting.append(fact)
        else:
            self._reject(Rejected(fact.place, f"{id} is no concept of the graph, nor of these files"))

    def _edge(self, fact: Fact, source: str, target: str) -> None:
        kind, provenance = RELATIONSHIPS[fact.type], self._provenance
        row: dict[str, Any] = {
            "source": source,
            "target": target,
            "knowledge_level": provenance.knowledge_level,
            "agent_type": provenance.agent_type,
            "confidence": provenance.confidence,
            **self._row(fact),
            **fact.properties,
        }
        row = {key: value for key, value in row.items() if value not in (None, "")}  # None takes a default away
        row["id"] = edge_id(fact.type, row)
        if wrong := check_row(kind, row) or _unwritable(row):
            self._reject(Rejected(fact.place, wrong))
            return
        number = int(row["id"][2:18], 16)
        if number in self._seen:  # of several statements of one source on one pair the first stands
            self.tally.repeated += 1
            return
        self._seen.add(number)
        self._edges[fact.type][row["id"]] = (row, fact.place)
        self.tally.relationships[fact.type] += 1
        self.tally.sources[row["primary_knowledge_source"]] += 1
        self._count_buffered()

    # writing

    def _count_buffered(self) -> None:
        self._buffered += 1
        if self._buffered >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        """Write the buffers in one transaction, nodes first; a change gives the knowledge a new revision."""
        if not self._buffered:
            return
        for label, concepts in self._updates.items():
            self._nodes[label].update(self._updated(label, concepts))
        with self._store.transaction():
            digest = hashlib.sha256((self._store.metadata(REVISION_KEY) or "").encode())
            changed = 0
            for label, rows in self._nodes.items():
                changed += self._write(rows, lambda r, label=label: self._store.upsert_nodes(label, r), digest)  # type: ignore[misc]
            for type_, rows in self._edges.items():
                changed += self._write(rows, lambda r, type_=type_: self._store.upsert_edges(type_, r), digest)  # type: ignore[misc]
            if changed:
                self._store.set_metadata(REVISION_KEY, digest.hexdigest()[:16])
        self.tally.changed += changed
        for rows in (*self._nodes.values(), *self._edges.values()):
            rows.clear()
        for concepts in self._updates.values():
            concepts.clear()
        self._buffered = 0

    def _write(
        self,
        rows: dict[str, tuple[dict[str, Any], Place]],
        upsert: Callable[[list[dict[str, Any]]], int],
        digest: Any,
    ) -> int:
        if not rows:
            return 0
        for id in sorted(rows):
            digest.update(repr(sorted(rows[id][0].items())).encode())
        try:
            return upsert([row for row, _ in rows.values()])
        except StoreRowError as error:  # nothing of the batch was written
            row_id = str(error.row_id)
            if row_id not in rows:
                raise
            _, place = rows.pop(row_id)
            self._reject(Rejected(place, error.reason))
            return self._write(rows, upsert, digest)

    def _updated(
        self, label: str, concepts: Mapping[str, tuple[Concept, dict[str, Any]]]
    ) -> dict[str, tuple[dict[str, Any], Place]]:
        """Rows of this source that ship with the package, with the names and version of the newer release."""
        found: dict[str, tuple[dict[str, Any], Place]] = {}
        if not concepts:
            return found
        for old in self._store.nodes(label, id=sorted(concepts)):
            concept, new = concepts[old["id"]]
            if old["primary_knowledge_source"] != new["primary_knowledge_source"]:
                continue
            name = " ".join(concept.name.split()) or old["name"]
            names = [*old.get("synonyms", ()), *([old["name"]] if old["name"] != name else ()), *concept.synonyms]
            synonyms = [n for n in dict.fromkeys(names) if n != name][:SYNONYM_LIMIT]
            xrefs = sorted({*old.get("xrefs", ()), *map(curie, concept.same_as)} - {old["id"]})
            row = {**old, **new, "name": name, "synonyms": synonyms or None, "xrefs": xrefs or None}
            found[old["id"]] = (row, concept.place)
            self.tally.nodes[label] += 1
        return found


def _names(concept: Concept, name: str) -> dict[str, Any]:
    synonyms = [
        n for n in dict.fromkeys(" ".join(s.split())[:_NAME_LIMIT] for s in concept.synonyms) if n not in ("", name)
    ]
    xrefs = sorted({curie(x) for x in concept.same_as} - {curie(concept.id)})
    return {"synonyms": synonyms[:SYNONYM_LIMIT] or None, "xrefs": xrefs or None}


def _unwritable(row: Mapping[str, Any]) -> str | None:
    """Say which text no store can hold (half a character out of a JSON escape), or None."""
    for key, value in row.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not text.isascii():
                try:
                    text.encode()
                except UnicodeEncodeError:
                    return f'"{key}" holds half a character'
    return None
