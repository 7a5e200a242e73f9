"""Add the mentions that the tagger overlooked although it knows them: the same words elsewhere in the same text.

A text names its subject again and again. Where most of the places of a name were found, the others are added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...encoder import TaggedSpan

_WORD = re.compile(r"[^\W_]+")

SHORTEST = 4
"""Letters of a name that is looked for whatever its case; shorter ones must be written the same (and not in small
letters)."""

SHARE = 0.5
"""Share of its places in which a name must have been found."""

DISCOUNT = 0.9
"""The score of an added mention, in terms of the mean of those found."""


def with_repeats(
    text: str, found: Sequence[TaggedSpan], taken: Sequence[TaggedSpan] = (), share: float = SHARE
) -> list[TaggedSpan]:
    """The mentions of a text with those that were overlooked, sorted by start, without overlaps.

    Parameters
    ----------
    text : str
    found : sequence of TaggedSpan
        Sorted by start.
    taken : sequence of TaggedSpan
        Other spans (details) that nothing may be added over.
    share : float

    Examples
    --------
    >>> text = "Sepsis. Sepsis was treated; after sepsis he left."
    >>> found = [TaggedSpan(0, 6, "DISEASE", 0.9), TaggedSpan(8, 14, "DISEASE", 0.9)]
    >>> [(m.start, m.score) for m in with_repeats(text, found)]
    [(0, 0.9), (8, 0.9), (34, 0.81)]
    """
    low = text.lower()
    if len(low) != len(text):  # letters whose small form is longer: offsets would not fit
        return list(found)
    names: dict[tuple[str, str], list[TaggedSpan]] = {}
    for mention in found:
        surface = text[mention.start : mention.end]
        if len(surface) >= SHORTEST:
            names.setdefault((surface.lower(), mention.label), []).append(mention)
        elif len(surface) > 1 and not surface.islower():
            names.setdefault((surface, mention.label), []).append(mention)
    covered = bytearray(len(text))
    for mention in (*found, *taken):
        covered[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    added = []
    for (name, label), places in _free_places(text, low, list(names), covered).items():
        mentions = names[name, label]
        if len(mentions) < share * (len(mentions) + len(places)):
            continue
        score = round(DISCOUNT * sum(mention.score for mention in mentions) / len(mentions), 4)
        added += [TaggedSpan(at, at + len(name), label, score) for at in places]
    merged: list[TaggedSpan] = []
    # longest first where two names begin at the same place; a place that both want goes to the first
    for mention in sorted([*found, *added], key=lambda mention: (mention.start, -mention.end)):
        if not merged or mention.start >= merged[-1].end:
            merged.append(mention)
    return merged


def _free_places(
    text: str, low: str, names: list[tuple[str, str]], covered: bytearray
) -> dict[tuple[str, str], list[int]]:
    """Where each name stands as whole words with nothing marked there; one pass over the words of the text."""
    by_word: dict[str, list[tuple[str, str]]] = {}
    for name, label in names:
        first = _WORD.match(name)
        if first is not None:
            by_word.setdefault(first.group().lower(), []).append((name, label))
    for group in by_word.values():
        group.sort(key=lambda item: (-len(item[0]), item))
    places: dict[tuple[str, str], list[int]] = {}
    for word in _WORD.finditer(low):
        at = word.start()
        for name, label in by_word.get(word.group(), ()):
            end = at + len(name)
            where = low if len(name) >= SHORTEST else text
            if (
                where.startswith(name, at)
                and not (end < len(text) and text[end].isalnum())
                and not any(covered[at:end])
            ):
                places.setdefault((name, label), []).append(at)
                break
    return places
