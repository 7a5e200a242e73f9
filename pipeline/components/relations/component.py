"""Relate the mentions of a sentence by the words between them."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import Label, Relation, RelationType
from ...encoder.tagger import WindowedTagger
from ...extensions import doc_text, mention_spans, register_extensions
from ..matching import fold
from ..ner.component import EntityTagger
from .cues import Reading, cues
from .factory import THRESHOLDS
from .learned import learned_relations
from .severity import set_severities

MAX_GAP = 40  # characters between a cue and a mention
MAX_SIG = 110  # ... between a drug and its "for", where its dose and frequency stand
MAX_LIST = 8  # mentions of one list on one side of a cue
_LIST = re.compile(
    r"\s*(?:,|/|&|\+|and|or|as well as|,\s?and|,\s?or|with)?\s*(?:(?:the|a|an|his|her|some|mild|severe|acute|chronic|left|right|bilateral)\s)*"  # noqa: E501
)
_LINK = re.compile(
    r"[\s(]*(?:(?:the|a|an|any|his|her|their|its|my|some|this|that|new|known|old|likely|possible|mild|moderate|severe|acute|chronic|left|right|both|bilateral|"
    r"upper|lower|small|large|further|presumed|suspected|evidence|of|no|for|and|also|started|starting|taking|use|iv|po|oral|dose|doses|\d{1,4}|mg|g|mcg|"
    r"underlying|ongoing|worsening|recent|increased|increasing|presence|findings?|area|side|region|aspect|was|with|an?\s\w+)[\s,]+)*"
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n+|;")
_ADJACENT = re.compile(r"[ \t]{1,2}")
_NEGATED = re.compile(r"(?<![^\W_])(?:no|denies|denied|without|never|not|negative for|nor)\s(?:\w+\s){0,2}$")
_REACTION = re.compile(r"\s*(?:[(:–-]|causes?|->|=)\s*(?:causes\s)?")


class RelationFinder:
    """Set ``doc._.relations``: TREATS, CAUSES, REVEALS, LOCATED_IN, INTERACTS_WITH; by cues, and by a trained head.

    Also ``span._.severity``, from the degree words that the tagger marked.

    Each cue of ``cues.csv`` ("for", "-induced", "due to", "showed", "in the") relates the nearest fitting mention
    on its left with the nearest on its right, and the lists that these belong to ("pain and fever"). Beside cues:
    a body part right before a problem ("knee pain"), and an allergy with its reaction ("penicillin (hives)").
    Nothing CAUSES or TREATS that is negated on the side that acts, and no adverse effect that is negated. Work
    grows with mentions and cues, never with their square.

    Parameters
    ----------
    nlp
        The pipeline.
    name
        Name of the component.
    learned
        Ask the tagger's head for relations too, if the pipeline has a ``clinigraph_ner`` before this component whose
        model has one. It sees pairs of mentions up to 250 characters apart in one sentence, without a cue.
    thresholds
        Relation type to the lowest probability at which the head is believed; types that are not named are left to the
        cues.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> rules = [{"label": "DRUG", "pattern": "Lasix"}, {"label": "SYMPTOM", "pattern": "edema"}]
    >>> nlp.add_pipe("entity_ruler").add_patterns(rules)
    >>> _ = nlp.add_pipe("clinigraph_relations")
    >>> [(r.type.value, r.cue) for r in nlp("Started on Lasix 40 mg daily for edema.")._.relations]
    [('TREATS', 'for')]
    """

    def __init__(
        self,
        nlp: Language,
        name: str = "clinigraph_relations",
        *,
        learned: bool = True,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        register_extensions()
        self.name = name
        self.learned = learned
        self.thresholds = dict(THRESHOLDS if thresholds is None else thresholds)
        self._nlp = nlp
        self._tagger: WindowedTagger | None = None
        self._asked = False

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a Doc."""
        mentions = [span for span in mention_spans(doc) if span.label_ != Label.DEMOGRAPHIC]
        if len(mentions) < 2:
            set_severities(doc, mentions)
            return doc
        text = doc_text(doc)
        folded = fold(text)
        found: dict[tuple[str, str, str], Relation] = {}
        for start, end, inside in _sentences(doc, text, mentions):
            for relation in _relations(text, folded, start, end, inside):
                key = (relation.head, relation.tail, relation.type)
                if key not in found or found[key].score < relation.score:
                    found[key] = relation
        for relation in self._learned(doc, mentions):
            found.setdefault((relation.head, relation.tail, relation.type), relation)
        doc._.relations = list(found.values())
        set_severities(doc, mentions)
        return doc

    def _learned(self, doc: Doc, mentions: list[Span]) -> Iterator[Relation]:
        tagger = self._find_tagger()
        if tagger is None:
            return
        folded = fold(doc_text(doc))
        denied = {span._.mention_id for span in mentions if _negated(folded, span)}
        allergies = {span._.mention_id for span in mentions if span._.allergy is not None}
        for relation in learned_relations(doc, mentions, tagger, self.thresholds):
            # What is denied acts on nothing; but what a test did not show it has still looked for, in its place.
            acts = relation.type not in (RelationType.REVEALS, RelationType.LOCATED_IN)
            if acts and (relation.head in denied or relation.tail in denied):
                continue
            if relation.type != RelationType.TREATS or relation.head not in allergies:
                yield relation

    def _find_tagger(self) -> WindowedTagger | None:
        """The pipeline's own tagger, if its model has a head for relations."""
        if self.learned and not self._asked:
            self._asked = True
            for _, pipe in self._nlp.pipeline:
                if isinstance(pipe, EntityTagger):
                    classifier = pipe.classifier
                    if isinstance(classifier, WindowedTagger) and classifier.pair_scorer is not None:
                        self._tagger = classifier
        return self._tagger if self.learned else None

    def to_disk(self, path: str | Path, exclude: Any = ()) -> None:
        """Nothing to save: the cues come with the package."""

    def from_disk(self, path: str | Path, exclude: Any = ()) -> RelationFinder:
        """Nothing to load."""
        return self


def _sentences(doc: Doc, text: str, mentions: list[Span]) -> Iterator[tuple[int, int, list[Span]]]:
    """Sentences with at least two mentions; cut by simple rules if nobody has set sentence boundaries."""
    if doc.has_annotation("SENT_START"):
        starts = [sent.start_char for sent in doc.sents]
    else:
        starts = [0] + [match.end() for match in _SENTENCE.finditer(text)]
    ends = [*starts[1:], len(text)]
    places = [span.start_char for span in mentions]
    for start, end in zip(starts, ends, strict=True):
        first, last = bisect_left(places, start), bisect_left(places, end)
        if last - first > 1:
            yield start, end, mentions[first:last]


def _relations(text: str, folded: str, start: int, end: int, mentions: list[Span]) -> Iterator[Relation]:
    yield from _beside(folded, mentions)
    starts = [span.start_char for span in mentions]
    at = start
    while (match := cues().any_cue.search(folded, at, end)) is not None:
        at = max(match.end(), match.start() + 1)
        if match.end() > match.start() and not _inside(mentions, starts, match.start(), match.end()):
            yield from _around(text, folded, match, mentions, starts)


def _inside(mentions: list[Span], starts: list[int], start: int, end: int) -> bool:
    """True if a cue is part of a name ("pain in joint")."""
    i = bisect_right(starts, start)
    return any(span.start_char <= start and end <= span.end_char for span in mentions[max(0, i - 4) : i])


def _around(
    text: str, folded: str, match: re.Match[str], mentions: list[Span], starts: list[int]
) -> Iterator[Relation]:
    i = bisect_left(starts, match.end())
    right = mentions[i : i + MAX_LIST]
    i = bisect_left(starts, match.start())
    left = [span for span in mentions[max(0, i - MAX_LIST) : i] if span.end_char <= match.start()]
    if not left or not right:
        return
    for reading in cues().readings:
        if not reading.regex.fullmatch(folded, match.start(), match.end()):
            continue
        lefts = _lefts(folded, left, match.start(), reading)
        rights = _rights(folded, right, match.end(), reading) if lefts else []
        if lefts and rights:
            heads, tails = (lefts, rights) if reading.head_is_left else (rights, lefts)
            words = " ".join(text[match.start() : match.end()].split()).strip("-,: ") or None
            yield from _pairs(folded, reading, heads, tails, words)
            return


def _lefts(folded: str, left: list[Span], at: int, reading: Reading) -> list[Span]:
    """The mention that ends right before a cue, and the list it closes."""
    last = max(left, key=lambda span: (span.end_char, span.start_char))
    fitting = [span for span in left if span.label_ in reading.left and span.end_char > last.start_char - 1]
    if not fitting and last.label_ in (Label.TEST, Label.DRUG) and reading.type == RelationType.TREATS:
        return []
    if not fitting:
        return []
    nearest = fitting[-1]
    reach = MAX_SIG if nearest.label_ == Label.DRUG and reading.type == RelationType.TREATS else MAX_GAP
    gap = folded[nearest.end_char : at]
    if (
        len(gap) > reach
        or re.search(r"[;\n]\s*(?=\S)|\.\s+[a-z]{4}", gap)
        or (reading.score < 0.8 and len(gap.split()) > 3)
    ):
        return []
    chain = [nearest]
    for span in reversed(left):
        if span.end_char > chain[-1].start_char:
            continue
        if span.label_ not in reading.left or not _listed(folded, span, chain[-1]):
            break
        chain.append(span)
    return chain


def _rights(folded: str, right: list[Span], at: int, reading: Reading) -> list[Span]:
    """The mention that follows a cue, and the list it opens. Other mentions between cue and mention end the search."""
    chain: list[Span] = []
    for span in right:
        if chain:
            if span.start_char < chain[-1].end_char:
                continue
            if span.label_ not in reading.right or not _listed(folded, chain[-1], span):
                break
        elif span.label_ not in reading.right:
            if _LINK.fullmatch(folded, at, span.start_char) and span.label_ == Label.ANATOMY:
                continue  # "for left knee pain", with the knee marked too
            return []
        elif span.start_char - at > MAX_GAP or not _LINK.fullmatch(folded, at, _link_end(right, span)):
            return []
        chain.append(span)
    return chain


def _link_end(right: list[Span], span: Span) -> int:
    """Where the words between a cue and its mention end: before a body part that leads it."""
    first = right[0]
    return first.start_char if first is not span and first.label_ == Label.ANATOMY else span.start_char


def _listed(folded: str, first: Span, second: Span) -> bool:
    gap = folded[first.end_char : second.start_char]
    if len(gap) > 60:
        return False
    if _LIST.fullmatch(gap) and gap.strip():
        return True
    # drugs of a list carry their doses between them
    return (
        first.label_ == second.label_ == Label.DRUG and re.fullmatch(r"[^.;:\n]{1,45}(?:,|\band\b)\s*", gap) is not None
    )


def _negated(folded: str, span: Span) -> bool:
    return (
        span._.assertion.negated or _NEGATED.search(folded[max(0, span.start_char - 25) : span.start_char]) is not None
    )


def _pairs(folded: str, reading: Reading, heads: list[Span], tails: list[Span], cue: str | None) -> Iterator[Relation]:
    for head in heads:
        acts = reading.type in (RelationType.CAUSES, RelationType.TREATS)
        if acts and (_negated(folded, head) or (reading.type == RelationType.TREATS and head._.allergy is not None)):
            continue
        for tail in tails:
            if reading.type == RelationType.CAUSES and _negated(folded, tail):
                continue
            yield _relation(head, tail, reading.type, reading.score, cue)


def _relation(head: Span, tail: Span, type_: RelationType, score: float, cue: str | None) -> Relation:
    return Relation(head=head._.mention_id, tail=tail._.mention_id, type=type_, score=score, cue=cue)


def _beside(folded: str, mentions: list[Span]) -> Iterator[Relation]:
    """Relations of neighbours without a cue."""
    problems = (Label.DISEASE, Label.SYMPTOM)
    for first, second in itertools.pairwise(mentions):
        if second.label_ not in problems or second.start_char < first.end_char:
            continue
        gap = folded[first.end_char : second.start_char]
        if first.label_ == Label.ANATOMY and _ADJACENT.fullmatch(gap):
            yield _relation(second, first, RelationType.LOCATED_IN, 0.9, None)
        elif (
            first.label_ == Label.DRUG
            and first._.allergy is not None
            and _REACTION.fullmatch(gap)
            and not _negated(folded, second)
        ):
            yield _relation(first, second, RelationType.CAUSES, 0.9, None)
