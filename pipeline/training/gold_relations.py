"""Gold relations of the corpora, as typed pairs of groups of mentions.

PubTator corpora relate concepts: all mentions of a concept in a document are one group. brat, PHEE and our own notes
relate single mentions. What the corpora call their relations and which pairs of labels they annotate stands in
``relations.toml``.
"""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ...schemas.problems import UserError
from .corpora import GoldSpan
from .corpora.offsets import read_offsets
from .corpora.reading import corpus_files

log = logging.getLogger(__name__)

PROBLEM = "Problem"
"""PHEE's effects and disorders are one kind to us: what an effect is in one event is a disorder in another."""

RELATIONS = Path(__file__).with_name("relations.toml")


class Group(NamedTuple):
    """Mentions of one concept (or one mention alone): the corpus' label, its id, and where they stand."""

    label: str
    concept: str
    spans: tuple[GoldSpan, ...]


class Pair(NamedTuple):
    """A related pair: type (ours) and positions of head and tail among the groups."""

    type: str
    head: int
    tail: int


@dataclass(frozen=True)
class RelationRecord:
    """One text with groups of mentions and the pairs that are related.

    Attributes
    ----------
    doc_id, text : str
    groups : tuple of Group
    pairs : frozenset of Pair
    pmid : str or None
    """

    doc_id: str
    text: str
    groups: tuple[Group, ...]
    pairs: frozenset[Pair]
    pmid: str | None = None


@dataclass(frozen=True)
class RelationMap:
    """How a corpus relates, in our terms.

    Attributes
    ----------
    format : str
        ``pubtator``, ``brat``, ``phee``, or ``jsonl`` (notes, with the annotations kept apart).
    types : tuple of str
        Our relation types that it annotates exhaustively.
    document_level : bool
        Pairs of concepts over the whole text, not of mentions close to each other.
    every_text_relates : bool
        The corpus holds only texts with a relation: the likeliest pair of a text counts, however unlikely.
    ends : dict of str to dict of str to frozenset of str
        Type to the corpus' labels of its head, each with those of the tails that it may have.
    relations : dict of str to str
        The corpus' name of a relation to our type, or to several with ``|`` between: the one whose labels fit.
    """

    name: str
    format: str
    types: tuple[str, ...]
    document_level: bool
    every_text_relates: bool
    ends: dict[str, dict[str, frozenset[str]]]
    relations: dict[str, str]

    def fits(self, type_: str, head: str, tail: str) -> bool:
        """May a relation of this type hold between such labels?"""
        return tail in self.ends[type_].get(head, ())

    def symmetric(self, type_: str) -> bool:
        """Does the type not tell head from tail?"""
        ends = self.ends[type_]
        return all(tails == frozenset(ends) for tails in ends.values())

    def labels(self) -> set[str]:
        """Labels that can be an end of a relation."""
        return {label for ends in self.ends.values() for head, tails in ends.items() for label in (head, *tails)}

    def candidates(
        self, record: RelationRecord, reach: int | None = None, among: Collection[int] | None = None
    ) -> Iterator[Pair]:
        """All pairs of groups whose labels fit a type.

        Parameters
        ----------
        record : RelationRecord
        reach : int, optional
            Characters that the two may be apart.
        among : collection of int, optional
            Positions of the groups that count.
        """
        numbers = range(len(record.groups)) if among is None else sorted(among)
        for type_ in self.types:
            once = self.symmetric(type_)
            for i in numbers:
                head = record.groups[i]
                if head.label not in self.ends[type_]:
                    continue
                for j in numbers:
                    tail = record.groups[j]
                    if i == j or (once and i > j) or not self.fits(type_, head.label, tail.label):
                        continue
                    if reach is None or _distance(head, tail) <= reach:
                        yield Pair(type_, i, j)


def _distance(a: Group, b: Group) -> int:
    return min(max(x.start - y.end, y.start - x.end, 0) for x in a.spans for y in b.spans)


@cache
def relation_maps() -> dict[str, RelationMap]:
    """What is known of the corpora with relations.

    Examples
    --------
    >>> relation_maps()["bc5cdr"].types
    ('CAUSES',)
    """
    maps = {}
    for name, entry in tomllib.loads(RELATIONS.read_text(encoding="utf-8")).items():
        types = entry["types"]
        maps[name] = RelationMap(
            name,
            entry["format"],
            tuple(types),
            entry["document_level"],
            entry.get("every_text_relates", False),
            {type_: _ends(value) for type_, value in types.items()},
            dict(entry["relations"]),
        )
    return maps


def _ends(entry: dict[str, Any]) -> dict[str, frozenset[str]]:
    """``{"heads": [...], "tails": [...]}``, any with any, or ``{"pairs": {head: [tails]}}``."""
    if "pairs" in entry:
        return {head: frozenset(tails) for head, tails in entry["pairs"].items()}
    return {head: frozenset(entry["tails"]) for head in entry["heads"]}


def read_relations(path: Path | str, name: str, annotations: Path | None = None) -> list[RelationRecord]:
    """Read a corpus with relations.

    Parameters
    ----------
    path : Path or str
        File or folder.
    name : str
        Key of :func:`relation_maps`.
    annotations : Path, optional
        File of offsets and relations, where these are kept apart from the texts.
    """
    known = relation_maps()
    if name not in known:
        raise UserError(f"There is no relation map {name}.", f"Known: {', '.join(known)}.")
    apart = known[name].format not in _READERS
    if apart and annotations is None:
        raise UserError(f"The relations of {name} are kept apart from its texts.", "Give the file with --annotations.")
    if not apart and annotations is not None:
        raise UserError(f"The relations of {name} stand with its texts.", "Leave --annotations out.")
    if annotations is not None:
        return list(_offsets(Path(path), annotations, known[name]))
    reader, suffixes = _READERS[known[name].format]
    return [
        record for file in corpus_files(Path(path), suffixes) for record in reader(file, known[name]) if record.groups
    ]


def _pubtator(path: Path, labels: RelationMap) -> Iterator[RelationRecord]:
    text_parts: dict[str, str] = {}
    spans: dict[str, list[tuple[str, GoldSpan]]] = {}
    related: list[tuple[str, str, str]] = []
    doc_id = ""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for line in [*lines, ""]:
        line = line.rstrip("\r")
        if not line.strip():
            if doc_id:
                yield _document(doc_id, text_parts, spans, related, labels)
            text_parts, spans, related, doc_id = {}, {}, [], ""
            continue
        head = line.split("|", 2)
        if len(head) == 3 and head[1] in ("t", "a") and "\t" not in head[0]:
            doc_id, text_parts[head[1]] = head[0], head[2]
            continue
        fields = line.split("\t")
        if len(fields) >= 6 and fields[1].isdigit():
            span = GoldSpan(int(fields[1]), int(fields[2]), fields[4])
            for concept in fields[5].replace(",", "|").split("|"):
                if concept.strip() not in ("", "-1", "-"):
                    spans.setdefault(concept.strip(), []).append((fields[4], span))
        elif len(fields) >= 4:
            related.append((fields[1], fields[2], fields[3]))


def _document(
    doc_id: str,
    parts: dict[str, str],
    spans: dict[str, list[tuple[str, GoldSpan]]],
    related: list[tuple[str, str, str]],
    labels: RelationMap,
) -> RelationRecord:
    groups = [
        Group(found[0][0], concept, tuple(sorted({span for _, span in found}))) for concept, found in spans.items()
    ]
    place = {group.concept: number for number, group in enumerate(groups)}
    pairs: set[Pair] = set()
    for name, first, second in related:
        if first not in place or second not in place:
            continue
        for pair in _typed(labels, groups, name, place[first], place[second]):
            pairs.add(pair)
    text = parts.get("t", "") + "\n" + parts.get("a", "")
    return RelationRecord(doc_id, text, tuple(groups), frozenset(pairs), doc_id)


def _typed(labels: RelationMap, groups: list[Group], name: str, first: int, second: int) -> Iterator[Pair]:
    """The pair in our types, whichever way round it was written."""
    for type_ in labels.relations.get(name, "").split("|"):
        if not type_:
            continue
        for head, tail in ((first, second), (second, first)):
            if labels.fits(type_, groups[head].label, groups[tail].label):
                once = labels.symmetric(type_)
                yield Pair(type_, min(head, tail), max(head, tail)) if once else Pair(type_, head, tail)
                break


def _brat(path: Path, labels: RelationMap) -> Iterator[RelationRecord]:
    annotations = path.with_suffix(".ann")
    if not annotations.exists():
        return
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
    groups: list[Group] = []
    place: dict[str, int] = {}
    events: dict[str, str] = {}
    related: list[tuple[str, str, str]] = []
    for line in annotations.read_text(encoding="utf-8", errors="replace").split("\n"):
        fields = line.rstrip("\r").split("\t")
        if line.startswith("T") and len(fields) > 1:
            label, _, offsets = fields[1].partition(" ")
            fragments = [part.split() for part in offsets.split(";")]
            start, end = int(fragments[0][0]), int(fragments[-1][1])
            if 0 <= start < end <= len(text):
                place[fields[0]] = len(groups)
                groups.append(Group(label, fields[0], (GoldSpan(start, end, label),)))
        elif line.startswith("E") and len(fields) > 1:
            events[fields[0]] = fields[1].split()[0].partition(":")[2]
        elif line.startswith("R") and len(fields) > 1:
            name, first, second = fields[1].split()[:3]
            related.append((name, first.partition(":")[2], second.partition(":")[2]))
    pairs: set[Pair] = set()
    for name, first, second in related:
        first, second = events.get(first, first), events.get(second, second)
        if first in place and second in place:
            pairs.update(_typed(labels, groups, name, place[first], place[second]))
    pmid = path.stem if path.stem.isdigit() else None
    yield RelationRecord(path.stem, text, tuple(groups), frozenset(pairs), pmid)


def _phee(path: Path, labels: RelationMap) -> Iterator[RelationRecord]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            row = json.loads(line)
            groups: dict[tuple[int, int], Group] = {}
            related: list[tuple[str, tuple[int, int], tuple[int, int]]] = []
            for event in (event for annotation in row["annotations"] for event in annotation["events"]):
                parts = {
                    name: [_span(groups, name, start, text) for start, text in _fragments(argument)]
                    for name, argument in _arguments(event)
                }
                for head in parts.get("Drug", ()):
                    effect = "Effect" if event["event_type"] == "Adverse_event" else "Therapy"
                    related += [(effect, head, tail) for tail in parts.get("Effect", ())]
                    related += [("Disorder", head, tail) for tail in parts.get("Disorder", ())]
            order = sorted(groups)
            place = {span: number for number, span in enumerate(order)}
            listed = [groups[span] for span in order]
            pairs = {
                pair
                for name, first, second in related
                for pair in _typed(labels, listed, name, place[first], place[second])
            }
            doc_id = str(row["id"])
            pmid = doc_id.split("_")[0]
            yield RelationRecord(
                doc_id, row["context"], tuple(listed), frozenset(pairs), pmid if pmid.isdigit() else None
            )


_PHEE_ROLES = ("Drug", "Effect", "Disorder")


def _arguments(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, value in event.items():
        for argument in value if isinstance(value, list) else [value]:
            if isinstance(argument, dict):
                if name in _PHEE_ROLES and "start" in argument:
                    yield name, argument
                yield from _arguments(argument)


def _fragments(argument: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for texts, starts in zip(argument["text"], argument["start"], strict=True):
        if texts:
            yield int(starts[0]), texts[0]


def _span(groups: dict[tuple[int, int], Group], name: str, start: int, text: str) -> tuple[int, int]:
    label = "Drug" if name == "Drug" else PROBLEM
    key = (start, start + len(text))
    groups.setdefault(key, Group(label, f"{start}", (GoldSpan(*key, label),)))
    return key


def _offsets(texts: Path, annotations: Path, labels: RelationMap) -> Iterator[RelationRecord]:
    """Rows with ``"relations": [[type, head, tail], ...]``, head and tail by their place among the row's spans."""
    reading = read_offsets(texts, annotations)
    for lost in reading.rejected:
        log.warning("%s line %d left out: %s", lost.file, lost.line, lost.reason)
    rows = {}
    with annotations.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line) if line.strip() else {}
            if "relations" in row:
                rows[row["note_id"]] = row
    for record in reading.records:
        row = rows.get(record.doc_id)
        if row is None:
            continue
        if not all(0 <= end < len(row["spans"]) for _, *ends in row["relations"] for end in ends):
            raise UserError(
                f"{annotations}: a relation of note {record.doc_id} names a span that it does not have.",
                "Head and tail are places in the row's list of spans, from 0.",
            )
        groups = [
            Group(label, str(number), (GoldSpan(start, end, label),))
            for number, (start, end, label) in enumerate(row["spans"])
        ]
        pairs = {pair for name, head, tail in row["relations"] for pair in _typed(labels, groups, name, head, tail)}
        yield RelationRecord(record.doc_id, record.text, tuple(groups), frozenset(pairs))


_READERS = {
    "pubtator": (_pubtator, (".txt", ".pubtator")),
    "brat": (_brat, (".txt",)),
    "phee": (_phee, (".json", ".jsonl")),
}
