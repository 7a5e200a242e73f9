"""Give each degree word that the tagger marked ("severe", "8/10") to the problem it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spacy.tokens import Doc, Span

from ....schemas.annotation import Label
from ...extensions import DETAILS_KEY, doc_text

_PROBLEMS = (Label.DISEASE, Label.SYMPTOM)
_BEFORE = re.compile(r"\s*(?:(?:and|or|to|the|her|his|this|left|right|bilateral|lower|upper|in|of|degree|grade)\s+)*")
"""What may stand between a degree and the problem after it: "mild left knee pain"."""
_AFTER = re.compile(
    r"\s*(?:[(:,-]|\b(?:is|was|are|were|rated|described as|at|remains|now|which is|that is|a|as)\b|\s)*"
)
"""What may stand between a problem and the degree after it: "pain, which is severe", "edema: 2+"."""
_REACH = 40


def set_severities(doc: Doc, mentions: Sequence[Span]) -> None:
    """Set ``span._.severity`` to the words of the degree, joined where there are several ("mild to moderate").

    Parameters
    ----------
    doc : Doc
        With details in ``doc.spans["clinigraph_details"]``.
    mentions : sequence of Span
        Sorted by start.
    """
    degrees = [span for span in doc.spans.get(DETAILS_KEY, ()) if span.label_ == "SEVERITY"]
    if not degrees:
        return
    problems = [span for span in mentions if span.label_ in _PROBLEMS]
    text = doc_text(doc)
    owned: dict[Span, list[Span]] = {}
    for degree in degrees:
        owner = _next(text, degree, problems, degrees) or _last(text, degree, problems)
        if owner is not None:
            owned.setdefault(owner, []).append(degree)
    for problem, words in owned.items():
        start, end = words[0].start_char, words[-1].end_char
        close = end - start <= _REACH and not any(start < p.start_char < end for p in problems)
        problem._.severity = text[start:end] if close else words[0].text


def _next(text: str, degree: Span, problems: list[Span], degrees: list[Span]) -> Span | None:
    """The problem right after a degree; another degree may stand between ("mild to moderate pain")."""
    after = next((span for span in problems if span.start_char >= degree.end_char), None)
    if after is None or after.start_char - degree.end_char > _REACH:
        return None
    at = degree.end_char
    for other in degrees:
        if (
            at <= other.start_char
            and other.end_char <= after.start_char
            and _BEFORE.fullmatch(text, at, other.start_char)
        ):
            at = other.end_char
    return after if _BEFORE.fullmatch(text, at, after.start_char) else None


def _last(text: str, degree: Span, problems: list[Span]) -> Span | None:
    """The problem right before a degree."""
    before = [span for span in problems if span.end_char <= degree.start_char]
    if not before or degree.start_char - before[-1].end_char > _REACH:
        return None
    return before[-1] if _AFTER.fullmatch(text, before[-1].end_char, degree.start_char) else None
