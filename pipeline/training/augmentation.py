"""Cheap variety for training: swapped mentions, dropped function words, and telegraphic clinical lines."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from .corpora import GoldSpan, Record
from .label_maps import LabelMap

SHORTHAND = Path(__file__).with_name("shorthand.toml")
# Words that telegraphic notes leave out.
_DROPPED = re.compile(r"\b(?:the|a|an|was|were|is|are|had|has|of|his|her|he|she|and|that|which)\b ", re.IGNORECASE)
_SLOT = re.compile(r"\{([A-Z]+)\}")


class Shorthand:
    """Templates, terms and abbreviations of clinical shorthand (``shorthand.toml``)."""

    def __init__(self, path: Path = SHORTHAND) -> None:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        self.templates: list[str] = content["templates"]
        self.terms: dict[str, list[str]] = content["terms"]
        self.abbreviations: dict[str, list[str]] = content["abbreviations"]


def mentions_by_label(records: Iterable[Record]) -> dict[str, list[str]]:
    """Surface forms per source label, in order, repeated as often as they occur (frequent ones are drawn more)."""
    found: dict[str, list[str]] = {}
    for record in records:
        for span in record.spans:
            surface = record.text[span.start : span.end]
            if len(surface) <= 60:
                found.setdefault(span.label, []).append(surface)
    return found


def lines(
    shorthand: Shorthand, mentions: dict[str, list[str]], count: int, rng: random.Random, from_corpora: float = 0.5
) -> list[Record]:
    """Fill templates with mentions; several lines make one short note.

    Parameters
    ----------
    shorthand : Shorthand
    mentions : dict
        Our label to surface forms of the training corpora.
    count : int
        Notes to make, of 1 to 5 lines each.
    rng : random.Random
    from_corpora : float
        Share of the slots that are filled from ``mentions`` and not from the terms of the shorthand.
    """
    notes = []
    for number in range(count):
        text, spans = "", []
        for template in rng.choices(shorthand.templates, k=rng.randint(1, 5)):
            at = 0
            for slot in _SLOT.finditer(template):
                label = slot.group(1)
                known = mentions.get(label)
                pool = known if known and rng.random() < from_corpora else shorthand.terms[label]
                surface = rng.choice(pool)
                text += template[at : slot.start()]
                spans.append(GoldSpan(len(text), len(text) + len(surface), label))
                text += surface
                at = slot.end()
            text += template[at:] + "\n"
        notes.append(Record(f"shorthand:{number}", text, tuple(spans)))
    return notes


def vary(
    record: Record, labels: LabelMap, mentions: dict[str, list[str]], shorthand: Shorthand, rng: random.Random
) -> Record:
    """Swap some mentions for others of the same label, abbreviate some, drop some function words outside mentions.

    Spans that the label map does not name are left out; of overlapping spans the first, longest one stays.
    """
    drop = rng.random() < 0.4
    pieces: list[str] = []
    spans: list[GoldSpan] = []
    length, at = 0, 0
    for span in record.spans:
        if span.start < at or not (labels.targets(span.label) is not None or span.label in labels.unknown):
            continue
        between = record.text[at : span.start]
        if drop:
            between = _DROPPED.sub(lambda match: "" if rng.random() < 0.5 else match.group(), between)
        surface = _other(record.text[span.start : span.end], span.label, labels, mentions, shorthand, rng)
        pieces += [between, surface]
        spans.append(GoldSpan(length + len(between), length + len(between) + len(surface), span.label))
        length += len(between) + len(surface)
        at = span.end
    pieces.append(record.text[at:])
    return Record(record.doc_id, "".join(pieces), tuple(spans), record.pmid)


def _other(
    surface: str,
    label: str,
    labels: LabelMap,
    mentions: dict[str, list[str]],
    shorthand: Shorthand,
    rng: random.Random,
) -> str:
    if label not in labels.labels:
        return surface
    short = shorthand.abbreviations.get(surface.lower())
    if short and rng.random() < 0.4:
        return rng.choice(short)
    if mentions.get(label) and rng.random() < 0.25:
        return rng.choice(mentions[label])
    return surface
