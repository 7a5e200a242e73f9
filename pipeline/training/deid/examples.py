"""Training examples of the identifier tagger: filled templates, corpora with gold, notes with names put in."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ...components.deid.identifiers import Identifier, IdentifierKind, without_overlaps
from ...components.deid.rules import find_by_rules
from ...components.deid.tokens import word_flags
from .fillers import Filler, Part

K = IdentifierKind
_SLOT = re.compile(r"\{\{?(\w+)\}?\}")

# Types of presidio's synthetic sentences -> our kinds; those left out are no identifiers.
PRESIDIO_KINDS = {
    "PERSON": K.NAME, "STREET_ADDRESS": K.ADDRESS, "ZIP_CODE": K.ADDRESS, "GPE": K.LOCATION,
    "ORGANIZATION": K.ORGANIZATION, "CREDIT_CARD": K.ID, "IBAN_CODE": K.ID, "US_SSN": K.ID, "US_DRIVER_LICENSE": K.ID,
    "DATE_TIME": K.DATE, "PHONE_NUMBER": K.PHONE, "EMAIL_ADDRESS": K.EMAIL, "DOMAIN_NAME": K.URL, "IP_ADDRESS": K.IP,
    "AGE": K.AGE,
}  # fmt: skip
_PRESIDIO_SLOTS = {
    "PERSON": "name", "STREET_ADDRESS": "address", "ZIP_CODE": "zip", "GPE": "place", "ORGANIZATION": "org",
    "CREDIT_CARD": "card", "IBAN_CODE": "iban", "US_SSN": "ssn", "US_DRIVER_LICENSE": "id", "DATE_TIME": "date",
    "PHONE_NUMBER": "phone", "EMAIL_ADDRESS": "email", "DOMAIN_NAME": "url", "IP_ADDRESS": "ip", "AGE": "age",
    "TITLE": "title", "NRP": "nrp",
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A text and what in it is an identifier: (start, end, kind)."""

    text: str
    spans: tuple[tuple[int, int, IdentifierKind], ...]


def held_out(template: str) -> bool:
    """Whether a template of presidio's sentences belongs to the third that nothing is trained on.

    Decided by the template's words, so that two of the same wording fall on the same side.
    """
    words = re.sub(r"\W+", " ", template).lower().strip()
    return int(sha1(words.encode()).hexdigest(), 16) % 3 == 0


def from_parts(parts: Iterable[Part]) -> Example:
    """Join parts to a text with spans."""
    text, spans = "", []
    for piece, kind in parts:
        if kind is not None:
            spans.append((len(text), len(text) + len(piece), kind))
        text += piece
    return Example(text, tuple(spans))


def filled(template: str, filler: Filler, slots: dict[str, str] | None = None) -> Example:
    """A template with its slots filled."""
    parts: list[Part] = []
    position = 0
    for match in _SLOT.finditer(template):
        slot = match.group(1)
        name = slots.get(slot) if slots is not None else slot
        if name is None:
            continue
        parts.append((template[position : match.start()], None))
        parts += filler.fill(name)
        position = match.end()
    return from_parts([*parts, (template[position:], None)])


@cache
def templates() -> tuple[str, ...]:
    """Our clinical templates."""
    text = files(__package__).joinpath("templates.txt").read_text(encoding="utf-8")
    return tuple(line.replace("\\n", "\n") for line in text.splitlines() if line.strip() and not line.startswith("#"))


def presidio_sentences(path: Path) -> list[dict[str, Any]]:
    """The sentences as they are in the file."""
    return list(json.loads(path.read_text(encoding="utf-8")))


def presidio_example(row: dict[str, Any]) -> Example:
    """One sentence with our kinds."""
    spans = sorted(
        (s["start_position"], s["end_position"], PRESIDIO_KINDS[s["entity_type"]])
        for s in row["spans"]
        if s["entity_type"] in PRESIDIO_KINDS
    )
    return Example(row["full_text"], tuple(spans))


def change_case(example: Example, random: random.Random) -> Example:
    """Now and then all capitals or all small letters, as notes are."""
    roll = random.random()
    if roll < 0.12:
        text = example.text.upper()
    elif roll < 0.24:
        text = example.text.lower()
    else:
        return example
    return Example(text, example.spans) if len(text) == len(example.text) else example


# ---------------------------------------------------------------- real notes with names put in
_TITLED = re.compile(
    r"\b((?:Drs?|Mr|Mrs|Ms|Miss)\.? )"
    r"((?:[A-Z]\. ?)?(?:X{1,3}|Y{1,3}|XYZ|ABCD?|Abc|Xyz|[A-Z]|[A-Z][a-z]+)(?: [A-Z][a-z]+)?)(?![\w])"
)
_SUBJECT = re.compile(
    r"\b(?:The|This|the) patient(?! (?:population|controlled|care|position))(?='s| [a-z])"
    r"|(?<=[.\n] )Patient(?= [a-z]+s\b| was| had)"
)
_PLACEHOLDER = re.compile(r"\b(?:ABCD?|XYZ|ABC|Abcd?|XXXX+)\b")
_INSTITUTION = re.compile(r"\b(?:[A-Z][\w.']+ ){1,3}(?:Hospital|Medical Center|Clinic)\b")
_MARKS = re.compile(r"(?<=[.:;)\d]),(?=\S)|(?<=\w),(?=[A-Z]{3})|(?<=:) ,")


def note_segments(path: Path, take: int, random: random.Random, filler: Filler) -> Iterator[Example]:
    """Pieces of transcribed notes: their placeholders become names, their dates other dates."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        notes = [json.loads(line)["text"] for line in stream]
    for text in random.sample(notes, min(take, len(notes))):
        text = _MARKS.sub("\n", text)
        start = random.randrange(max(1, len(text) - 500))
        start = text.find(" ", start) + 1
        yield change_case(_with_names(text[start : start + 450], filler), random)


def _with_names(text: str, filler: Filler) -> Example:
    found = [
        *((m.start(2), m.end(2), K.NAME) for m in _TITLED.finditer(text)),
        *((m.start(), m.end(), K.ORGANIZATION) for m in _INSTITUTION.finditer(text)),
    ]
    taken = [Identifier(s, e, k, 1.0, "") for s, e, k in found]
    taken += [
        Identifier(m.start(), m.end(), K.NAME, 0.5, "")
        for m in _PLACEHOLDER.finditer(text)
        if not any(i.start < m.end() and m.start() < i.end for i in taken)
    ]
    taken += [
        Identifier(m.start(), m.end(), K.NAME, 0.4, "subject") for m in _SUBJECT.finditer(text) if filler.chance(0.3)
    ]
    taken += [
        i
        for i in find_by_rules(text)
        if i.kind in (K.DATE, K.PHONE, K.AGE) and not any(j.start < i.end and i.start < j.end for j in taken)
    ]
    parts: list[Part] = []
    position = 0
    for item in without_overlaps(taken, text):
        parts.append((text[position : item.start], None))
        old = text[item.start : item.end]
        if item.source == "subject":
            parts += _subject(filler)
        elif item.kind is K.NAME:
            parts.append((filler.full() if " " in old or filler.chance(0.15) else filler.surname(), K.NAME))
        elif item.kind is K.ORGANIZATION:
            parts += filler.fill("hospital")
        elif item.kind is K.DATE and re.search(r"\d", old) and filler.chance(0.7):
            parts.append((filler.date(), K.DATE))
        else:
            parts.append((old, item.kind))
        position = item.end
    return from_parts([*parts, (text[position:], None)])


def _subject(filler: Filler) -> list[Part]:
    """A name in place of "the patient"."""
    roll = filler.random.random()
    if roll < 0.35:
        return [(filler.given(), K.NAME)]
    if roll < 0.5:
        return [(filler.surname(), K.NAME)]
    if roll < 0.65:
        return [(filler.full(), K.NAME)]
    return [(filler.pick(("Mr. ", "Mrs. ", "Ms. ", "Miss ", "Mr ", "Mrs ")), None), (filler.surname(), K.NAME)]


def medical_names(knowledge: Path, labels: Sequence[str], random: random.Random, take: int) -> list[str]:
    """Names of the vocabulary, half of them such as hold a word that is also a name (Crohn, Wilson, May)."""
    table = pq.read_table(knowledge / "names.parquet", columns=["name", "label"]).to_pylist()
    names = [row["name"] for row in table if row["label"] in labels and len(row["name"]) < 50]
    lists = word_flags()
    eponyms = [
        name
        for name in names
        if any(
            w[0].isupper() and re.search("[fs][1-4]", lists.get(w.lower(), ""))
            for w in re.findall(r"[^\W\d_]{3,}", name)[:2]
        )
    ]
    return random.sample(names, min(take, len(names))) + random.sample(eponyms, min(take, len(eponyms)))


def training_examples(data: Path, knowledge: Path, seed: int, per_template: int = 30) -> list[Example]:
    """The whole training set."""
    rng = random.Random(seed)
    lists = word_flags()
    common = [w for w, f in lists.items() if re.search("w[123]", f) and not re.search("[fs][12]", f)]
    filler = Filler(
        rng,
        diseases=medical_names(knowledge, ("DISEASE", "SYMPTOM", "Disease", "PhenotypicFeature"), rng, 6000),
        drugs=medical_names(knowledge, ("DRUG", "Drug"), rng, 4000),
        words=common,
    )
    examples: list[Example] = []
    for template in templates():
        examples += (change_case(filled(template, filler), rng) for _ in range(per_template))
    rows = [
        r for r in presidio_sentences(data / "text/presidio-synth/synth_dataset_v2.json") if not held_out(r["masked"])
    ]
    examples += (presidio_example(row) for row in rows for _ in range(2))
    for masked in sorted({row["masked"] for row in rows}):
        examples += (change_case(filled(masked, filler, _PRESIDIO_SLOTS), rng) for _ in range(per_template // 2))
    examples += note_segments(data / "text/mtsamples/notes.jsonl.gz", 40 * per_template, rng, filler)
    rng.shuffle(examples)
    return examples
