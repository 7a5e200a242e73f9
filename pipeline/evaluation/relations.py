"""Relation precision, recall and F1 on an annotated corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.problems import UserError
from ..encoder.pairs import REACH, RELATION_TYPES, WHOLE_TEXT
from ..encoder.tagger import WindowedTagger, WindowStates
from ..encoder.windowing import boundaries
from ..extensions import mention_spans
from ..training.corpora import GoldSpan
from ..training.gold_relations import PROBLEM, Group, Pair, RelationMap, RelationRecord, read_relations, relation_maps
from ..training.label_maps import LabelMap, load_label_maps
from ..training.pair_examples import window_sides
from .spans import Counts

if TYPE_CHECKING:
    from spacy.language import Language

    from ...schemas.vocabulary import Vocabulary

THRESHOLDS = {
    "CAUSES": 0.75,
    "TREATS": 0.45,
    "REVEALS": 0.3,
    "LOCATED_IN": 0.4,
    "INTERACTS_WITH": 0.3,
    "DETAIL_OF": 0.4,
}


@dataclass
class RelationReport:
    """Figures of one evaluation, by relation type."""

    types: dict[str, Counts]
    documents: int = 0

    def to_dict(self) -> dict[str, Any]:
        """``{"precision": .., "recall": .., "f1": .., "support": .., "types": {TYPE: {...}}}``."""
        total = Counts()
        for counts in self.types.values():
            total.add(counts)
        return {**total.to_dict(), "types": {name: counts.to_dict() for name, counts in sorted(self.types.items())}}


def evaluate_relations(
    path: Path | str,
    *,
    format: str,
    nlp: Language,
    vocabulary: Vocabulary | None = None,
    gold_entities: bool = False,
    corpus: str | None = None,
    thresholds: dict[str, float] | None = None,
    annotations: Path | None = None,
) -> RelationReport:
    """Hold the relations that a pipeline finds against a corpus' own.

    Parameters
    ----------
    path : Path or str
        File or folder.
    format : str
        ``pubtator`` (pairs of concept ids over a whole document), ``brat`` or ``phee`` (pairs of mentions), ``jsonl``
        (notes with ``annotations``: pairs of mentions; without ``gold_entities`` the relations of the whole pipeline
        are measured, cues and head together).
    nlp : Language
        A clinigraph pipeline; its tagger's head for relations is measured, and without ``gold_entities`` its mentions
        and links too.
    vocabulary : Vocabulary, optional
        Translates the links into the corpus' ids; needed for concept pairs without ``gold_entities``.
    gold_entities : bool
        Relate the corpus' own mentions: how good the head is alone.
    corpus : str, optional
        Key of :func:`~clinigraph.pipeline.training.gold_relations.relation_maps`; default: recognised by its labels.
    thresholds : dict of str to float, optional
    annotations : Path, optional
        Offsets and relations of the texts of ``path``.

    Raises
    ------
    UserError
        If the corpus is none of the known ones, or the model has no head for relations.
    """
    name = corpus or corpus_name(path, format, annotations)
    records = read_relations(path, name, annotations)
    relations, labels = relation_maps()[name], load_label_maps()[name]
    tagger = _tagger(nlp)
    limits = {**THRESHOLDS, **(thresholds or {})}
    types = {type_: Counts() for type_ in relations.types}
    for record in records:
        if gold_entities:
            _count(types, _chosen(record, relations, labels, tagger, limits), set(record.pairs))
        elif annotations is not None:
            _count_pipeline(types, record, relations, nlp)
        elif relations.document_level:
            _count_concepts(types, record, relations, labels, tagger, nlp, _required(vocabulary), limits)
        else:
            _count_mentions(types, record, relations, labels, tagger, nlp, limits)
    return RelationReport(types, len(records))


def scored_pairs(
    record: RelationRecord, relations: RelationMap, labels: LabelMap, tagger: WindowedTagger
) -> Iterator[tuple[Pair, float]]:
    """Probability of every pair of groups that the corpus could relate; the best window of a pair counts."""
    if tagger.pair_scorer is None:
        return
    candidates = list(relations.candidates(record, None if relations.document_level else REACH))
    best: dict[Pair, float] = dict.fromkeys(candidates, 0.0)
    for window in tagger.states(record.text, WHOLE_TEXT if relations.document_level else None):
        for pair, score in _in_window(record, candidates, labels, tagger, window):
            best[pair] = max(best[pair], score)
    yield from best.items()


def _chosen(
    record: RelationRecord,
    relations: RelationMap,
    labels: LabelMap,
    tagger: WindowedTagger,
    limits: dict[str, float],
) -> set[Pair]:
    """The pairs that count as related."""
    scored = dict(scored_pairs(record, relations, labels, tagger))
    chosen = {pair for pair, score in scored.items() if score >= limits[pair.type]}
    likeliest = max(scored, key=lambda pair: (scored[pair], pair), default=None)
    if relations.every_text_relates and not chosen and likeliest is not None and scored[likeliest] > 0:
        chosen.add(likeliest)
    return chosen


def _in_window(
    record: RelationRecord, candidates: list[Pair], labels: LabelMap, tagger: WindowedTagger, window: WindowStates
) -> Iterator[tuple[Pair, float]]:
    begin, end = window.window.begin, window.window.end
    sides, place = window_sides(record, labels, begin, end)
    inside = [pair for pair in candidates if pair.head in place and pair.tail in place]
    if not inside or tagger.pair_scorer is None:
        return
    sentence = np.cumsum(boundaries(record.text, begin, end)[1])
    ends = [(place[pair.head], place[pair.tail]) for pair in inside]
    scores = tagger.pair_scorer.scores(window.states, sentence, sides, ends)
    for pair, row in zip(inside, scores, strict=True):
        yield pair, float(row[RELATION_TYPES.index(pair.type)])


def _count(types: dict[str, Counts], found: set[Any], gold: set[Any]) -> None:
    """Items are tuples that begin with the type."""
    for type_, counts in types.items():
        ours, theirs = {item for item in found if item[0] == type_}, {item for item in gold if item[0] == type_}
        counts.add(Counts(len(ours & theirs), len(ours), len(theirs)))


def _own_record(record: RelationRecord, groups: dict[Any, tuple[str, list[GoldSpan]]]) -> RelationRecord:
    made = tuple(Group(label, str(key), tuple(spans)) for key, (label, spans) in groups.items())
    return RelationRecord(record.doc_id, record.text, made, frozenset(), record.pmid)


def _source_labels(relations: RelationMap, labels: LabelMap) -> dict[str, str]:
    """Our label -> the corpus' label that stands for it in a relation."""
    names: dict[str, str] = {}
    for source in sorted(relations.labels()):
        problem = ("DISEASE", "SYMPTOM") if source == PROBLEM else ()
        for ours in labels.labels.get(source) or labels.learned.get(source) or problem:
            names.setdefault(ours, source)
    return names


def _count_concepts(
    types: dict[str, Counts],
    record: RelationRecord,
    relations: RelationMap,
    labels: LabelMap,
    tagger: WindowedTagger,
    nlp: Language,
    vocabulary: Vocabulary,
    limits: dict[str, float],
) -> None:
    """Concept pairs end to end: a pair of ours is right if one of its ids' pairs is in the gold."""
    names = _source_labels(relations, labels)
    groups: dict[Any, tuple[str, list[GoldSpan]]] = {}
    for span in mention_spans(nlp(record.text)):
        link, source = span._.concept, names.get(span.label_)
        if link is not None and source is not None:
            entry = groups.setdefault((source, link.id), (source, []))
            entry[1].append(GoldSpan(span.start_char, span.end_char, source))
    own = _own_record(record, groups)
    ids = [_ids(vocabulary, link_id) for _, link_id in groups]
    gold = {(p.type, record.groups[p.head].concept, record.groups[p.tail].concept) for p in record.pairs}
    met: set[tuple[str, str, str]] = set()
    for pair in _chosen(own, relations, labels, tagger, limits):
        meant = {(pair.type, head, tail) for head in ids[pair.head] for tail in ids[pair.tail]} & gold
        types[pair.type].add(Counts(int(bool(meant - met)), 1, 0))
        met |= meant
    for type_, counts in types.items():
        counts.add(Counts(0, 0, sum(item[0] == type_ for item in gold)))


def _ids(vocabulary: Vocabulary, concept: str) -> set[str]:
    """The ids by which a corpus may know a concept: its cross references without their prefix."""
    known = vocabulary.by_id(concept)
    curies = (concept, *(known.xrefs if known is not None else ()))
    return {curie.partition(":")[2] for curie in curies if curie.startswith(("MESH:", "OMIM:"))}


def _count_mentions(
    types: dict[str, Counts],
    record: RelationRecord,
    relations: RelationMap,
    labels: LabelMap,
    tagger: WindowedTagger,
    nlp: Language,
    limits: dict[str, float],
) -> None:
    """Mention pairs end to end: both spans and the type must be the same."""
    from ..extensions import DETAILS_KEY

    names = _source_labels(relations, labels)
    doc = nlp(record.text)
    groups: dict[Any, tuple[str, list[GoldSpan]]] = {}
    for span in [*mention_spans(doc), *doc.spans.get(DETAILS_KEY, ())]:
        source = names.get(span.label_)
        if source is not None:
            place = GoldSpan(span.start_char, span.end_char, source)
            groups.setdefault((place.start, place.end, source), (source, [place]))
    own = _own_record(record, groups)

    def spans(of: RelationRecord, pair: Pair) -> tuple[Any, ...]:
        head, tail = of.groups[pair.head].spans[0], of.groups[pair.tail].spans[0]
        return (pair.type, head[:2], tail[:2])

    found = {spans(own, pair) for pair in _chosen(own, relations, labels, tagger, limits)}
    _count(types, found, {spans(record, pair) for pair in record.pairs})


def _count_pipeline(types: dict[str, Counts], record: RelationRecord, relations: RelationMap, nlp: Language) -> None:
    """Mention pairs as the relations component gives them; details are other components' business."""
    types.pop("DETAIL_OF", None)
    doc = nlp(record.text)
    places = {span._.mention_id: (span.start_char, span.end_char) for span in mention_spans(doc)}

    def item(type_: str, head: tuple[int, int], tail: tuple[int, int]) -> tuple[str, tuple[int, int], tuple[int, int]]:
        return (type_, min(head, tail), max(head, tail)) if relations.symmetric(type_) else (type_, head, tail)

    found = {
        item(relation.type.value, places[relation.head], places[relation.tail])
        for relation in doc._.relations
        if relation.type.value in types
    }
    ends = [(span.start, span.end) for group in record.groups for span in group.spans[:1]]
    gold = {item(pair.type, ends[pair.head], ends[pair.tail]) for pair in record.pairs}
    _count(types, found, gold)


def corpus_name(path: Path | str, format: str, annotations: Path | None = None) -> str:
    """Which of the known corpora a file is, by the relations that it holds."""
    known = [name for name, each in relation_maps().items() if each.format == format]
    if not known:
        formats = sorted({each.format for each in relation_maps().values()})
        raise UserError(f'There is no relation format "{format}".', f"Use one of: {', '.join(formats)}.")
    for name in known:
        if any(record.pairs for record in read_relations(path, name, annotations)):
            return name
    raise UserError(
        f"{path} holds no relation of a known corpus.", f"Known in this format: {', '.join(known)} (relations.toml)."
    )


def _tagger(nlp: Language) -> WindowedTagger:
    from ..components.ner.component import EntityTagger

    for _, pipe in nlp.pipeline:
        classifier = pipe.classifier if isinstance(pipe, EntityTagger) else None
        if isinstance(classifier, WindowedTagger) and classifier.pair_scorer is not None:
            return classifier
    raise UserError("The model has no head for relations.", "Use the model that ships, or one trained here.")


def _required(vocabulary: Vocabulary | None) -> Vocabulary:
    if vocabulary is None:
        raise UserError("Concept pairs are compared through a vocabulary.", "Give one, or use gold entities.")
    return vocabulary
