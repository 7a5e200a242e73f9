"""Every Cure's lists (Excel or TSV): indications, contraindications; the lists of drugs and diseases join ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ....schemas.problems import UserError
from . import xlsx
from .curies import curie
from .reading import InputFile, InputFiles, Place, Rejected, require_columns
from .records import Concept, Fact, LeftOut, Record

_DRUG, _DRUG_NAME = "final normalized drug id", "final normalized drug label"
_DISEASE, _DISEASE_NAME = "final normalized disease id", "final normalized disease label"
_CURIE = re.compile(r"[A-Za-z][\w.]*:[^\s',;\]]+")
_JOINING = ("DRUGBANK", "UNII", "MESH", "CAS")  # surest first; the list's RXCUI and UMLS ids are those of products
_DISEASE_JOINING = ("MONDO", "UMLS", "MESH", "DOID", "OMIM", "ORPHA", "HP")


@dataclass(frozen=True)
class _Entry:
    """What the lists of drugs and diseases say of an id."""

    name: str
    same_as: tuple[str, ...]
    ingredients: tuple[str, ...] = ()


_Entries = dict[str, _Entry]
_NOTHING = _Entry("", ())


def version(files: InputFiles) -> str | None:
    """The files state none; they are asked for, so that their hash can stand in for one."""
    files.find("*indication*list*", "*drug*list*", "*.tsv")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Indications and contraindications."""
    lists = {
        "TREATS": files.find("*[!a]indication_list*", "indication*list*"),
        "CONTRAINDICATED_IN": files.find("*contraindication_list*", "contraindication*list*"),
    }
    lists["TREATS"] = [f for f in lists["TREATS"] if f not in lists["CONTRAINDICATED_IN"]]
    if not any(lists.values()):
        seen = ", ".join(f.name for f in files.all[:8]) or "no file"
        raise UserError(
            f"{files.path} holds no indication list and no contraindication list (found: {seen})",
            "see docs/importing.md for the names of the files",
        )
    entries: _Entries = {}
    for file in files.find("*drug*list*"):
        yield from _entries(file, ("curie", "curie_label", "alternate_ids"), _JOINING, entries)
    for file in (f for f in files.find("*.tsv") if any("category_class" in line for line in f.head(1))):
        yield from _entries(file, ("category_class", "label", "crossreferences"), _DISEASE_JOINING, entries)
    known: set[str] = set()
    for type_, found in lists.items():
        for file in found:
            yield from _facts(file, type_, entries, known)


def _table(file: InputFile) -> Iterator[tuple[int, dict[str, str]] | Rejected]:
    return xlsx.table(file) if file.plain_name.lower().endswith(".xlsx") else file.table()


def _entries(
    file: InputFile, columns: tuple[str, str, str], prefixes: tuple[str, ...], entries: _Entries
) -> Iterator[Record]:
    """Name, other ids and ingredients of a drug or disease."""
    id, name, others = columns
    first = True
    for row in _table(file):
        if isinstance(row, Rejected):
            yield row
            continue
        if first:
            require_columns(file.name, list(row[1]), (id, others))
            first = False
        found = [c for text in _CURIE.findall(row[1][others]) if (c := curie(text)).partition(":")[0] in prefixes]
        found.sort(key=lambda c: prefixes.index(c.partition(":")[0]))
        combined = row[1].get("combination_therapy", "").strip().upper() in ("TRUE", "1")
        parts = map(curie, _CURIE.findall(row[1].get("ingredient_ids", "") if combined else ""))
        entry = _Entry(row[1].get(name, ""), tuple(dict.fromkeys(found)), tuple(dict.fromkeys(parts)))
        entries[curie(row[1][id])] = entry


def _facts(file: InputFile, type_: str, entries: _Entries, known: set[str]) -> Iterator[Record]:
    first = True
    for row in _table(file):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        if first:
            require_columns(file.name, list(fields), (_DRUG, _DRUG_NAME, _DISEASE, _DISEASE_NAME))
            first = False
        place = file.place(number, "row")
        ids = [curie(fields[c]) if _CURIE.fullmatch(fields[c].strip()) else "" for c in (_DRUG, _DISEASE)]
        if not all(ids):
            missing = "drug" if not ids[0] else "disease"
            yield Rejected(place, f"the row names no id of a {missing}")
            continue
        if fields.get("is_allergen", "").strip().upper() in ("TRUE", "1"):
            yield LeftOut("Every Cure: allergen extracts")
            continue
        if ids[0] not in known:
            known.add(ids[0])
            yield from _drug(ids[0], fields[_DRUG_NAME], place, entries)
        label = "PhenotypicFeature" if ids[1].startswith("HP:") else "Disease"
        yield Concept(ids[1], label, fields[_DISEASE_NAME], place, entries.get(ids[1], _NOTHING).same_as)
        yield _fact(type_, ids, place, fields)


def _drug(id: str, name: str, place: Place, entries: _Entries) -> Iterator[Record]:
    """A drug; a combination with what it contains, without which no rule about an ingredient would reach it."""
    entry = entries.get(id, _NOTHING)
    yield Concept(id, "Drug", name, place, entry.same_as)
    for part in entry.ingredients:
        if part in entries and entries[part].name:
            yield Concept(part, "Drug", entries[part].name, place, entries[part].same_as)
            yield Fact("HAS_INGREDIENT", id, part, place)
        else:
            yield LeftOut("Every Cure: ingredients that its drug list does not name")


def _fact(type_: str, ids: list[str], place: Place, fields: dict[str, str]) -> Fact:
    if type_ == "TREATS":
        return Fact(type_, ids[0], ids[1], place, {"approval": "approved"})
    words = " ".join(fields.get("disease contraindicated", "").split())[:200]
    note = "severity not stated by the source" + (f"; label: {words}" if words else "")
    return Fact(type_, ids[0], ids[1], place, {"severity": "relative", "note": note})
