"""The component ``clinigraph_assertion``."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import Any

from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import Assertion
from ...extensions import doc_sections, doc_text, mention_spans, register_extensions, store_row
from ..sentences.boundaries import sentence_starts
from .normality import FINDINGS, drop_mentions, is_normal
from .scopes import TREATMENTS, Reach, SentenceCues, carries_on, is_item

# What a section says about everything in it: (axis, value).
_SECTION_AXES = {
    "family_history": ("experiencer", "family"),
    "past_medical_history": ("temporality", "historical"),
    "past_surgical_history": ("temporality", "historical"),
    "immunizations": ("temporality", "hypothetical"),
    "prophylaxis": ("temporality", "hypothetical"),
}
_PURPOSES = frozenset(("immunizations", "prophylaxis"))  # a disease there is what is prevented; a drug is given
_DEFAULT = Assertion().model_dump()
_PLAIN = frozenset(("", "patient", "current", "certain"))  # what holds where nothing is said
_LONGEST_LIST = 30  # items under one "Denies:" or "Return for:"


def _starts(doc: Doc, sections: list[dict[str, Any]]) -> list[int]:
    """Offsets at which sentences begin (our own rules if no component has set them); a section begins one, too."""
    if not doc.has_annotation("SENT_START"):
        starts = sentence_starts(doc_text(doc))
    else:
        table = doc.to_array([IDX, SENT_START])
        starts = [int(offset) for offset in table[table[:, 1] == 1, 0]] or [0]
    return sorted({*starts, *(row["start"] for row in sections)}) if sections else starts


def _section_cue(
    text: str, axes: dict[str, tuple[str, str]], sections: list[dict[str, Any]], starts: list[int], span: Span
) -> Reach | None:
    """What the heading above says, as if it were a cue."""
    index = bisect_right(starts, span.start_char) - 1
    if index < 0:
        return None
    section = sections[index]
    kind = section["kind"]
    if kind not in axes or not section["body_start"] <= span.start_char < section["end"]:
        return None
    if kind in _PURPOSES and span.label_ in TREATMENTS:
        return None
    axis, value = axes[kind]
    start = section["start"]
    return Reach(axis, value, start, start + len(section["title"]), len(text))


class AssertionMatcher:
    """Decide whether a mention is negated, uncertain, historical, hypothetical or about somebody else.

    One trie of cues (``cues.csv``) runs over the sentences that hold a mention. A cue reaches forward or backward, to
    the end of the sentence, to a terminator of its axis ("but", "because", "he has") or to a largest number of words.
    Pseudo cues ("no increase in", "gram negative") hide the cues inside them. Items of a list stand under the cue of
    the line that introduces it ("Denies:"). Sections count as cues: family history, past medical and surgical history.
    What prophylaxis, screening, precautions and vaccines are meant for is hypothetical. The date of a diagnosis that
    lasts ("diagnosed in 2006 and remains on insulin") is no past.

    Parameters
    ----------
    nlp
        The pipeline (not used).
    name
        The component's name in it.
    use_sections
        Let sections decide where no cue does. Needs ``clinigraph_sections`` before this component; without it nothing
        is lost but their say.
    social_history_is_past
        Count everything under a heading of social history as historical, as the guideline of the NegEx and ConText
        data sets does. Default: no; who drinks, drinks today.
    drop_normal
        Remove mentions (of labels DISEASE and SYMPTOM) that state that all is well, such as "alert", "normocephalic"
        or "sensation intact", from ``doc.ents`` and ``doc.spans["clinigraph"]``, by the patterns of
        ``normality.toml``. Default: no; the shipped pipeline does.

    Notes
    -----
    Measured on 1,098 sentences of real reports (text/negex, where the cues were tuned on the odd line numbers and only
    watched on the even ones; ``clinigraph evaluate assertion dev.tsv``, with ``social_history_is_past``):

    ============  =========  ======  =====  =======  ========  =========
    axis          precision  recall  F1     support  F1 (odd)  F1 (even)
    ============  =========  ======  =====  =======  ========  =========
    negated       .988       .988    .988   248      1.000     .976
    historical    .922       .642    .757   165      .772      .747
    hypothetical  1.000      .943    .971   53       .980      .962
    ============  =========  ======  =====  =======  ========  =========

    About a fifth of the historical mentions stand alone in their sentence ("GOUT."): only their section could tell.

    On the 121 passages of our own that were written before tuning and measured once
    (``tests/assertion_gold_heldout.txt``, ``--format markup``): negated .959, uncertain .927, historical .976,
    hypothetical .865, family 1.000, other .857 (4 mentions). On MACCROBAT dev (``--format brat``, signs and diseases):
    negated .884, uncertain .489 (18 mentions; cues of both were tried on its training part).

    Mentions are those of ``mention_spans(doc)``; an assertion is stored only where it is not the default. Works without
    sentence boundaries too, by the rules of ``clinigraph_sentences``.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> ruler = nlp.add_pipe("entity_ruler")
    >>> ruler.add_patterns([{"label": "DISEASE", "pattern": "pneumonia"}])
    >>> _ = nlp.add_pipe("clinigraph_assertion")
    >>> doc = nlp("No evidence of pneumonia.")
    >>> doc.ents[0]._.assertion.negated, doc.ents[0]._.assertion.cues[0].text
    (True, 'No evidence of')
    """

    def __init__(
        self,
        nlp: Language,
        name: str,
        use_sections: bool = True,
        social_history_is_past: bool = False,
        drop_normal: bool = False,
    ) -> None:
        register_extensions()
        self.name = name
        self.use_sections = use_sections
        self.drop_normal = drop_normal
        self._axes = dict(_SECTION_AXES)
        if social_history_is_past:
            self._axes["social_history"] = ("temporality", "historical")

    def __call__(self, doc: Doc) -> Doc:
        spans = mention_spans(doc)
        if not spans:
            return doc
        text = doc_text(doc)
        sections = doc_sections(doc) if self.use_sections else []
        starts = _starts(doc, sections)
        section_starts = [row["start"] for row in sections]
        sentences: dict[int, SentenceCues] = {}
        normal: list[Span] = []

        def cues_of(index: int) -> SentenceCues:
            if index not in sentences:
                end = starts[index + 1] if index + 1 < len(starts) else len(text)
                sentences[index] = SentenceCues(text, starts[index], end)
            return sentences[index]

        for span in spans:
            index = max(0, bisect_right(starts, span.start_char) - 1)
            reaches = cues_of(index).reaching(span.start_char, span.end_char, span.label_)
            if not any(reach.axis == "negated" for reach in reaches):
                reaches += self._from_introduction(text, starts, index, cues_of)
            if sections:
                heading = _section_cue(text, self._axes, sections, section_starts, span)
                if heading is not None:
                    reaches.append(heading)
            assertion = _decide(text, reaches)
            store_row(span, "assertion", assertion)
            affirmed = assertion is None or not assertion["negated"]
            if self.drop_normal and affirmed and span.label_ in FINDINGS and is_normal(text, *_place(span)):
                normal.append(span)
        if normal:
            drop_mentions(doc, normal)
        return doc

    def _from_introduction(self, text: str, starts: list[int], index: int, cues_of: Any) -> list[Reach]:
        """Cues of the line that introduces the list in which sentence ``index`` is an item."""
        for back in range(index, max(index - _LONGEST_LIST, 0), -1):
            if not is_item(text, starts[back]):
                return []
            if carries_on(text, starts[back - 1], starts[back]):
                before: SentenceCues = cues_of(back - 1)
                return before.reaching(before.end, before.end)
        return []

    def to_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> None:
        """Nothing to write: the cues come with the package."""

    def from_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> AssertionMatcher:
        """Nothing to read."""
        return self


def _place(span: Span) -> tuple[int, int]:
    return span.start_char, span.end_char


def _decide(text: str, reaches: list[Reach]) -> dict[str, Any] | None:
    """Join what all cues say: the nearest cue of each axis, a heading last. The fields of an Assertion, or None."""
    nearest: dict[str, Reach] = {}
    for reach in reaches:
        if reach.axis not in nearest or reach.distance < nearest[reach.axis].distance:
            nearest[reach.axis] = reach
    said = sorted((r for r in nearest.values() if r.value not in _PLAIN), key=lambda r: (r.start, r.axis))
    if not said:
        return None
    row: dict[str, Any] = dict(_DEFAULT)
    for reach in said:
        row[reach.axis] = True if reach.axis == "negated" else reach.value
    row["cues"] = tuple(
        {"axis": r.axis, "value": r.value, "start": r.start, "end": r.end, "text": text[r.start : r.end]} for r in said
    )
    return row
