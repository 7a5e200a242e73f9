"""Mentions that state that all is well: no findings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from spacy.tokens import Doc, Span

from ...extensions import SPANS_KEY

FINDINGS = frozenset(("DISEASE", "SYMPTOM"))
_REACH = 30  # characters of context that patterns see


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """The whole mention; the mention before normal words; normal words that follow it; mentions kept whatever."""
    data = tomllib.loads((files(__package__) / "normality.toml").read_text("utf-8"))

    def joined(key: str) -> str:
        return "|".join(f"(?:{row})" for row in data[key])

    flags = re.IGNORECASE
    return (
        re.compile(rf"(?:{joined('whole')})\W*", flags),
        re.compile(rf"(?:{joined('functions')})", flags),
        re.compile(rf"(?:{joined('after')})", flags),
        re.compile(rf"(?:{joined('kept')})", flags),
    )


def is_normal(text: str, start: int, end: int) -> bool:
    """Whether the words from ``start`` to ``end`` say that something is as it should be.

    Examples
    --------
    >>> text = "Alert and oriented. Sensation intact. Pupils unequal."
    >>> is_normal(text, 0, 5), is_normal(text, 20, 29), is_normal(text, 38, 44)
    (True, True, False)
    """
    whole, functions, after, kept = _patterns()
    words = " ".join(text[start:end].split())
    if kept.fullmatch(words):
        return False
    if whole.fullmatch(words):
        return True
    return functions.fullmatch(words) is not None and after.match(text, end, end + _REACH) is not None


def drop_mentions(doc: Doc, dropped: Iterable[Span]) -> None:
    """Take spans out of ``doc.ents`` and the group of all mentions, with what was said about them."""
    gone = {(span.start, span.end, span.label_) for span in dropped}
    for span in dropped:
        span._.assertion = None
    if SPANS_KEY in doc.spans:
        group = doc.spans[SPANS_KEY]
        doc.spans[SPANS_KEY] = [s for s in group if (s.start, s.end, s.label_) not in gone]
    ents = [s for s in doc.ents if (s.start, s.end, s.label_) not in gone]
    if len(ents) < len(doc.ents):
        doc.set_ents(ents)
