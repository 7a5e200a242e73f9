"""The annotated texts of a run: read, freed of excluded ids, with a part set aside."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from ...schemas.problems import UserError
from .config import CorpusConfig, TrainingConfig
from .corpora import Record, read_corpus
from .corpora.offsets import annotation_file, read_offsets
from .corpora.records import CorpusReading
from .gold_notes import gold_note_ids
from .gold_relations import RelationRecord, read_relations
from .label_maps import LabelMap, load_label_maps

log = logging.getLogger(__name__)


@dataclass
class TrainingData:
    """The corpora of a run after exclusion, and what was held back.

    ``relations`` has the gold relations of a corpus by document, in the order of ``corpora``.
    """

    corpora: list[tuple[CorpusConfig, LabelMap, list[Record]]]
    held_back: list[tuple[LabelMap, list[Record]]]
    relations: list[dict[str, RelationRecord]] = field(default_factory=list)
    excluded: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def load_training_data(config: TrainingConfig, data: Path) -> TrainingData:
    """Read the corpora, drop the excluded PubMed ids from every one, set the selection part aside."""
    maps = load_label_maps()
    excluded: set[str] = set()
    if config.exclude:
        path = data / config.exclude
        if not path.exists():
            raise UserError(f"The exclusion list {path} does not exist.", "Check --data, or the key exclude.")
        excluded = set(path.read_text(encoding="utf-8").split())
    material = TrainingData([], [])
    seen: set[str] = set()
    for corpus in config.corpora:
        if corpus.map not in maps:
            raise UserError(f"There is no label map {corpus.map}.", f"Known: {', '.join(maps)}.")
        reading = _read(corpus, data)
        for row in reading.rejected:
            log.warning("%s line %d left out: %s", row.file, row.line, row.reason)
        allowed = [record for record in reading.records if record.pmid not in excluded]
        material.excluded += len(reading.records) - len(allowed)
        kept = len(allowed) - int(len(allowed) * corpus.held_back)
        if kept < len(allowed):
            material.held_back.append((maps[corpus.map], allowed[kept:]))
            seen.update(record.pmid for record in allowed[kept:] if record.pmid)
        material.corpora.append((corpus, maps[corpus.map], allowed[:kept]))
    # What is held back from one corpus must not come in through another that has the same abstract.
    for at, (corpus, labels, records) in enumerate(material.corpora):
        records = [record for record in records if record.pmid not in seen]
        material.corpora[at] = (corpus, labels, records)
        material.counts[corpus.annotations or corpus.path] = len(records)
        apart = annotation_file(corpus.annotations) if corpus.annotations else None
        related = read_relations(data / corpus.path, corpus.relations, apart) if corpus.relations else []
        material.relations.append({record.doc_id: record for record in related})
    return material


def _read(corpus: CorpusConfig, data: Path) -> CorpusReading:
    if corpus.annotations is None:
        return read_corpus(data / corpus.path, corpus.format)
    reading = read_offsets(data / corpus.path, annotation_file(corpus.annotations))
    if gold_note_ids() & {record.doc_id for record in reading.records}:
        raise UserError(f"{corpus.annotations} holds notes of the gold set.", "They are kept for measuring only.")
    return reading
