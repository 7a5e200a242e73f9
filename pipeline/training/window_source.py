"""The windows of an epoch, drawn at random but the same for the same seed and epoch."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
from tokenizers import Tokenizer

from ...schemas.problems import UserError
from ..encoder.lexicon import Lexicon
from ..encoder.pairs import WHOLE_TEXT
from ..encoder.tags import LABELS
from ..encoder.windowing import boundaries
from ..encoder.word_features import WordFeatures, with_guideline, without_names
from .augmentation import Shorthand, lines, mentions_by_label, vary
from .config import TrainingConfig
from .corpora import Record
from .examples import TaggedText, Window, batches, stretch, tag_text, windows
from .gold_relations import RelationRecord, relation_maps
from .label_maps import LabelMap
from .lexicon_build import build_lexicon
from .material import TrainingData
from .pair_examples import pair_examples
from .tokens import end_pieces

_SHORTHAND_MAP = LabelMap(
    "shorthand",
    "generated",
    {label: (label,) for label in LABELS},
    frozenset(("DISEASE", "SYMPTOM", "DRUG", "PROCEDURE", "TEST", "ANATOMY")),
    guideline="clinical-notes",
)


class WindowSource:
    """Cuts the material of a run into batches of windows, epoch by epoch.

    Parameters
    ----------
    config : TrainingConfig
    material : TrainingData
    tokenizer : Tokenizer
    """

    def __init__(self, config: TrainingConfig, material: TrainingData, tokenizer: Tokenizer) -> None:
        self.config = config
        self.material = material
        self.tokenizer = tokenizer
        self.lexicon = build_lexicon() if config.features.lexicon else Lexicon({})
        self._ends = end_pieces(tokenizer)
        self._tagged: dict[tuple[str, str], TaggedText | None] = {}

    def batches(self, epoch: int) -> list[list[Window]]:
        """All batches of an epoch in their order."""
        order = random.Random(f"{self.config.seed}:{epoch}:order")
        return batches(list(self._windows(epoch)), self.config.windows.batch_tokens, order)

    def steps_per_epoch(self) -> int:
        """Steps of the first epoch, less a little: random windows make each epoch a little different.

        A fixed number per epoch lets a resumed run find its place by division.
        """
        steps = len(self.batches(0))
        if not steps:
            raise UserError("The corpora hold no text to train on.", "Check the paths of the configuration.")
        return max(1, int(steps * 0.98))

    def _windows(self, epoch: int) -> Iterator[Window]:
        rng = random.Random(f"{self.config.seed}:{epoch}")
        shorthand = Shorthand()
        for (corpus, labels, records), related in zip(self.material.corpora, self.material.relations, strict=True):
            mentions = mentions_by_label(records)
            for _ in range(corpus.repeat):
                for record in records:
                    if rng.random() < corpus.vary:
                        yield from self._cut(vary(record, labels, mentions, shorthand, rng), labels, corpus.weight, rng)
                        continue
                    tagged = self._known(record, labels)
                    if tagged is not None:
                        gold = related.get(record.doc_id)
                        yield from self._of_text(tagged, gold, labels, corpus.relations, corpus.weight, rng)
        if self.config.shorthand.notes:
            for record in lines(shorthand, self._our_mentions(), self.config.shorthand.notes, rng):
                yield from self._cut(record, _SHORTHAND_MAP, self.config.shorthand.weight, rng)

    def _featurise(self, labels: LabelMap) -> WordFeatures:
        return WordFeatures(self.lexicon, labels.guideline)

    def _known(self, record: Record, labels: LabelMap) -> TaggedText | None:
        """The text in pieces, computed once a run."""
        key = (labels.name, record.doc_id)
        if key not in self._tagged:
            self._tagged[key] = tag_text(record, labels, self.tokenizer, self._featurise(labels))
        return self._tagged[key]

    def _cut(self, record: Record, labels: LabelMap, weight: float, rng: random.Random) -> Iterator[Window]:
        tagged = tag_text(record, labels, self.tokenizer, self._featurise(labels))
        if tagged is not None:
            yield from self._of_text(tagged, None, labels, None, weight, rng)

    def _of_text(
        self,
        tagged: TaggedText,
        gold: RelationRecord | None,
        labels: LabelMap,
        relations: str | None,
        weight: float,
        rng: random.Random,
    ) -> Iterator[Window]:
        size = self.config.windows
        words = len(tagged.starts) - 1
        known = None if gold is None or relations is None else relation_maps()[relations]
        if known is not None and known.document_level and len(tagged.pieces) > WHOLE_TEXT:
            known = None
        if known is not None and known.document_level:
            cut = [stretch(tagged, 0, words, weight, self._ends)]
        else:
            cut = list(windows(tagged, size.longest, size.shortest, weight, self._ends, rng))
        at = 0
        for window in cut:
            begin, end = tagged.begin[at : at + len(window.first)], tagged.end[at : at + len(window.first)]
            at += len(window.first)
            if known is not None and gold is not None:
                sentence = np.cumsum(boundaries(gold.text, begin, end)[1])
                window.pairs = pair_examples(gold, labels, known, (begin, end), sentence, rng, self.config.pairs.most)
            yield self._withheld(window, rng)

    def _withheld(self, window: Window, rng: random.Random) -> Window:
        """Now and then names or guideline are not told, so that the tagger can do without."""
        rates = self.config.features
        if rng.random() < rates.lexicon_dropout:
            window.features = without_names(window.features)
        if rng.random() < rates.guideline_dropout:
            window.features = with_guideline(window.features, "none")
        return window

    def _our_mentions(self) -> dict[str, list[str]]:
        """Surface forms under our labels, from the corpora that say exactly which label it is."""
        found: dict[str, list[str]] = {}
        for _, labels, records in self.material.corpora:
            for source, surfaces in mentions_by_label(records).items():
                targets = labels.labels.get(source, ())
                if len(targets) == 1:
                    found.setdefault(targets[0], []).extend(surfaces)
        return found
