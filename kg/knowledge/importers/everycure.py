"""Every Cure's lists (Excel or TSV): indications, contraindications; the lists of drugs and diseases join ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....schemas.problems import UserError
from . import xlsx
from .curies import curie
from .reading import InputFile, InputFiles, Place, Rejected, require_columns
from .records import Concept, Fact, LeftOut, Record

_DRUG, _DRUG_NAME = "final normalized drug id", "final normalized drug label"
_DISEASE, _DISEASE_NAME = "final normalized disease id", "final normalized disease label"
_CURIE = re.compile(r"[A-Za-z][\w.]*:[^\s',;\]]+")
_JOINING = ("DRUGBANK", "UNII", "MESH", "CAS", "UMLS", "RXNORM")  # surest first
_DISEASE_JOINING = ("MONDO", "UMLS", "MESH", "DOID", "OMIM", "ORPHA", "HP")
_MANY = 12  # the drug list names every product's RXCUI: more than these are of no use
_Others = dict[str, tuple[str, ...]]


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
    others: _Others = {}
    for file in files.find("*drug*list*"):
        yield from _others(file, "curie", "alternate_ids", _JOINING, others)
    for file in (f for f in files.find("*.tsv") if any("category_class" in line for line in f.head(1))):
        yield from _others(file, "category_class", "crossreferences", _DISEASE_JOINING, others)
    for type_, found in lists.items():
        for file in found:
            yield from _facts(file, type_, others)


def _table(file: InputFile) -> Iterator[tuple[int, dict[str, str]] | Rejected]:
    return xlsx.table(file) if file.plain_name.lower().endswith(".xlsx") else file.table()


def _others(file: InputFile, id: str, column: str, prefixes: tuple[str, ...], others: _Others) -> Iterator[Record]:
    """Other ids of a drug or disease."""
    first = True
    for row in _table(file):
        if isinstance(row, Rejected):
            yield row
            continue
        if first:
            require_columns(file.name, list(row[1]), (id, column))
            first = False
        found = [c for text in _CURIE.findall(row[1][column]) if (c := curie(text)).partition(":")[0] in prefixes]
        found.sort(key=lambda c: prefixes.index(c.partition(":")[0]))
        others[curie(row[1][id])] = tuple(dict.fromkeys(found))[:_MANY]


def _facts(file: InputFile, type_: str, others: _Others) -> Iterator[Record]:
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
        yield Concept(ids[0], "Drug", fields[_DRUG_NAME], place, others.get(ids[0], ()))
        label = "PhenotypicFeature" if ids[1].startswith("HP:") else "Disease"
        yield Concept(ids[1], label, fields[_DISEASE_NAME], place, others.get(ids[1], ()))
        yield _fact(type_, ids, place, fields)


def _fact(type_: str, ids: list[str], place: Place, fields: dict[str, str]) -> Fact:
    if type_ == "TREATS":
        return Fact(type_, ids[0], ids[1], place, {"approval": "approved"})
    words = " ".join(fields.get("disease contraindicated", "").split())[:200]
    note = "severity not stated by the source" + (f"; label: {words}" if words else "")
    return Fact(type_, ids[0], ids[1], place, {"severity": "relative", "note": note})
