"""Split tokens where mentions begin or end inside them: "138/4.2/101" is one token for spaCy, three values for us."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from spacy.tokens import Doc, Span

_MOST_MOVES = 20_000_000  # tokens moved by splits in one Doc: about a second


def split_tokens(doc: Doc, offsets: Iterable[int]) -> None:
    """Split the tokens of a Doc that have one of the character offsets inside; entities and span groups are kept.

    Does nothing where a parse counts in the tokens as they are, and in notes as long as a book, where spaCy's splits
    would take minutes: mentions are widened to whole tokens there.

    Examples
    --------
    >>> import spacy
    >>> doc = spacy.blank("en")("Na/K 138/4.2")
    >>> split_tokens(doc, {8, 9})
    >>> [token.text for token in doc]
    ['Na', '/', 'K', '138', '/', '4.2']
    """
    cuts: dict[int, list[int]] = {}
    starts = [token.idx for token in doc]
    for offset in sorted(set(offsets)):
        index = bisect_right(starts, offset) - 1
        if index >= 0 and starts[index] < offset < starts[index] + len(doc[index]):
            cuts.setdefault(index, []).append(offset - starts[index])
    if not cuts or doc.has_annotation("DEP") or len(cuts) * len(doc) > _MOST_MOVES:
        return
    ents = [_place(span) for span in doc.ents]
    groups = {key: [_place(span) for span in group] for key, group in doc.spans.items()}
    for key in groups:
        del doc.spans[key]
    with doc.retokenize() as retokenizer:
        for index, places in cuts.items():
            token = doc[index]
            parts = [token.text[a:b] for a, b in zip([0, *places], [*places, len(token)], strict=True)]
            retokenizer.split(token, parts, heads=[(token, 0)] * len(parts))
    doc.set_ents([span for place in ents if (span := _restored(doc, place)) is not None])
    for key, spans in groups.items():
        doc.spans[key] = [span for place in spans if (span := _restored(doc, place)) is not None]


def _place(span: Span) -> tuple[int, int, str, str]:
    return span.start_char, span.end_char, span.label_, span.kb_id_


def _restored(doc: Doc, place: tuple[int, int, str, str]) -> Span | None:
    start, end, label, kb_id = place
    return doc.char_span(start, end, label=label, kb_id=kb_id, alignment_mode="expand")
