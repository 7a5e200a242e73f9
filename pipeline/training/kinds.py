"""Disease or symptom? Decided by the words of a mention where the corpus does not say."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

KINDS = Path(__file__).with_name("kinds.toml")


def narrowed(targets: tuple[str, ...], surface: str) -> tuple[str, ...]:
    """The labels that a mention may be, after a look at its words.

    Without this, a corpus that annotates diseases but not symptoms teaches the tagger to call everything a symptom: a
    wrong SYMPTOM is never punished there.

    Examples
    --------
    >>> narrowed(("DISEASE", "SYMPTOM"), "breast cancer"), narrowed(("DISEASE", "SYMPTOM"), "chest pain")
    (('DISEASE',), ('SYMPTOM',))
    >>> narrowed(("DISEASE", "SYMPTOM"), "liver toxicity")
    ('DISEASE', 'SYMPTOM')
    """
    if set(targets) != {"DISEASE", "SYMPTOM"}:
        return targets
    diseases, endings, symptoms = _words()
    words = set(re.findall(r"[a-z][a-z-]*", surface.lower()))
    if words & diseases or any(word.endswith(endings) for word in words):
        return ("DISEASE",)
    return ("SYMPTOM",) if words & symptoms else targets


@cache
def _words() -> tuple[frozenset[str], tuple[str, ...], frozenset[str]]:
    content = tomllib.loads(KINDS.read_text(encoding="utf-8"))
    return (
        frozenset(content["disease_words"]),
        tuple(content["disease_endings"]),
        frozenset(content["symptom_words"]),
    )
