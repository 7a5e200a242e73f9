"""Relations that the trained head sees: treatment and problem, test and problem, problem and body part, two drugs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from spacy.tokens import Doc, Span

from ....schemas.annotation import Label, Relation, RelationType
from ...encoder.pairs import REACH, RELATION_TYPES, PairScorer, PairSide
from ...encoder.tagger import WindowedTagger, WindowStates
from ...encoder.windowing import boundaries
from ...extensions import doc_text

SENTENCES_APART = 0
"""Measured on 15 notes that the head was not trained on: what it finds across sentences costs more precision than it
brings recall."""

_PROBLEMS = (Label.DISEASE.value, Label.SYMPTOM.value)
_TREATMENTS = (Label.DRUG.value, Label.PROCEDURE.value)
_TYPES: dict[tuple[str, str], tuple[RelationType, ...]] = {
    **{(each, problem): (RelationType.CAUSES, RelationType.TREATS) for each in _TREATMENTS for problem in _PROBLEMS},
    **{(Label.TEST.value, problem): (RelationType.REVEALS,) for problem in _PROBLEMS},
    **{(problem, Label.ANATOMY.value): (RelationType.LOCATED_IN,) for problem in _PROBLEMS},
    (Label.DRUG.value, Label.DRUG.value): (RelationType.INTERACTS_WITH,),
}
"""Labels of head and tail -> what may hold between them and was trained."""


def learned_relations(
    doc: Doc, mentions: Sequence[Span], tagger: WindowedTagger, thresholds: Mapping[str, float]
) -> Iterator[Relation]:
    """Relations whose probability reaches the threshold of their type.

    Parameters
    ----------
    doc : Doc
    mentions : sequence of Span
        Sorted by start.
    tagger : WindowedTagger
        With a pair scorer; its states of the text are used if it still has them.
    thresholds : mapping of str to float
        Relation type to the lowest probability; types that it does not name are not given.
    """
    if tagger.pair_scorer is None:
        return
    text = doc_text(doc)
    starts = [span.start_char for span in mentions]
    for window in tagger.states(text):
        first = bisect_left(starts, int(window.window.begin[0]))
        last = bisect_left(starts, int(window.window.end[-1]))
        yield from _of_window(text, window, mentions[first:last], tagger.pair_scorer, thresholds)


def _of_window(
    text: str, window: WindowStates, mentions: Sequence[Span], scorer: PairScorer, thresholds: Mapping[str, float]
) -> Iterator[Relation]:
    begin, end = window.window.begin, window.window.end
    inside = [
        (span, words) for span in mentions if span.end_char <= int(end[-1]) and (words := _words(span, begin, end))
    ]
    if len(inside) < 2:
        return
    sentence = np.cumsum(boundaries(text, begin, end)[1])
    left, right = window.window.keep
    sides = [PairSide(span.label_, (words,), span.text) for span, words in inside]
    pairs, ends = [], []
    for at, (head, head_words) in enumerate(inside):
        if not left <= head_words[0] < right:
            continue  # the window that keeps the head answers for the pair
        for other, (tail, tail_words) in enumerate(inside):
            types = _TYPES.get((head.label_, tail.label_))
            if at == other or types is None or (head.label_ == tail.label_ and other < at):
                continue
            if max(tail.start_char - head.end_char, head.start_char - tail.end_char) > REACH:
                continue
            if abs(int(sentence[head_words[0]]) - int(sentence[tail_words[0]])) > SENTENCES_APART:
                continue
            pairs.append((at, other))
            ends.append((head, tail, types))
    if not pairs:
        return
    scores = scorer.scores(window.states, sentence, sides, pairs)
    for row, (head, tail, types) in zip(scores, ends, strict=True):
        # of two that exclude each other (a drug treats or causes) the likelier
        type_ = max(types, key=lambda each: row[RELATION_TYPES.index(each)])
        score = float(row[RELATION_TYPES.index(type_)])
        if score >= thresholds.get(type_, 2.0):
            yield Relation(head=head._.mention_id, tail=tail._.mention_id, type=type_, score=round(score, 4))


def _words(span: Span, begin: np.ndarray, end: np.ndarray) -> tuple[int, int] | None:
    first = int(np.searchsorted(end, span.start_char, side="right"))
    last = int(np.searchsorted(begin, span.end_char, side="left"))
    return (first, last) if first < last else None
