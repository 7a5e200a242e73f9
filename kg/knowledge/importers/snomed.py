"""SNOMED CT in Release Format 2: snapshot files of concepts, descriptions and relationships."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator

from .reading import InputFile, InputFiles, Rejected
from .records import Concept, Fact, LeftOut, Record

_FULL_NAME = "900000000000003001"
_SYNONYM = "900000000000013009"
_IS_A = 116680003
_INGREDIENTS = frozenset({127489000, 762949000})  # has active ingredient, has precise active ingredient
_TAG = re.compile(r"^(.*) \(([^()]+)\)$")
# semantic tag of the fully specified name -> node label
_LABELS = {
    "disorder": "Disease",
    "finding": "PhenotypicFeature",
    "product": "Drug",
    "medicinal product": "Drug",
    "medicinal product form": "Drug",
    "clinical drug": "Drug",
    "substance": "Drug",  # only those that a product contains
    "procedure": "Procedure",
    "regime/therapy": "Procedure",
    "body structure": "AnatomicalEntity",
}
_DATE = re.compile(r"_(\d{8})\.")
_INACTIVE = "SNOMED CT: inactive rows"


def version(files: InputFiles) -> str | None:
    """The date in the file name: sct2_Concept_Snapshot_INT_20240901.txt."""
    files.find("*Description_Snapshot*.txt", "*_Relationship_Snapshot*.txt")
    match = _DATE.search(files.one("sct2_Concept_Snapshot*.txt", "*Concept_Snapshot*.txt").plain_name)
    return f"{match[1][:4]}-{match[1][4:6]}-{match[1][6:]}" if match else None


def records(files: InputFiles) -> Iterator[Record]:
    """Concepts that are active, then their hierarchy and ingredients."""
    concepts = files.one("sct2_Concept_Snapshot*.txt", "*Concept_Snapshot*.txt")
    descriptions = files.one("sct2_Description_Snapshot*.txt", "*Description_Snapshot*.txt")
    relations = files.optional("sct2_Relationship_Snapshot*.txt", "*_Relationship_Snapshot*.txt")
    active: set[int] = set()
    for row in concepts.table("id", "active"):
        if isinstance(row, Rejected):
            yield row
        elif row[1]["active"] != "1":
            yield LeftOut(_INACTIVE)
        elif not row[1]["id"].isdigit():
            yield Rejected(concepts.place(row[0]), "the concept's id is no number")
        else:
            active.add(int(row[1]["id"]))
    links = _Links()
    if relations is not None:
        yield from links.read(relations)
    labels: dict[int, str] = {}
    yield from _concepts(descriptions, active, links.ingredients, labels)
    if relations is not None:
        yield from links.facts(relations, labels)


class _Links:
    """Relationships in flat arrays: there are more than a million."""

    def __init__(self) -> None:
        self._rows = array("q")  # source, destination, line; the ingredients as negative lines
        self.ingredients: set[int] = set()

    def read(self, file: InputFile) -> Iterator[Record]:
        for row in file.table("active", "sourceId", "destinationId", "typeId"):
            if isinstance(row, Rejected):
                yield row
                continue
            number, fields = row
            try:
                source, destination, type_ = (int(fields[c]) for c in ("sourceId", "destinationId", "typeId"))
            except ValueError:
                yield Rejected(file.place(number), "an id of the relationship is no number")
                continue
            if fields["active"] != "1":
                yield LeftOut(_INACTIVE)
            elif type_ == _IS_A:
                self._rows.extend((source, destination, number))
            elif type_ in _INGREDIENTS:
                self._rows.extend((source, destination, -number))
                self.ingredients.add(destination)
            else:
                yield LeftOut("SNOMED CT: attributes that the graph does not hold")

    def facts(self, file: InputFile, labels: dict[int, str]) -> Iterator[Record]:
        for i in range(0, len(self._rows), 3):
            source, destination, number = self._rows[i : i + 3]
            contains, place = number < 0, file.place(abs(number))
            if source not in labels or destination not in labels:
                yield LeftOut("SNOMED CT: relationships of concepts that were left out")
            elif contains:
                yield Fact("HAS_INGREDIENT", f"SNOMED:{source}", f"SNOMED:{destination}", place)
            elif labels[source] == labels[destination]:
                yield Fact("SUBCLASS_OF", f"SNOMED:{source}", f"SNOMED:{destination}", place)
            else:
                yield LeftOut("SNOMED CT: kinds across labels")


def _concepts(file: InputFile, active: set[int], ingredients: set[int], labels: dict[int, str]) -> Iterator[Record]:
    """Names by concept: a concept's rows need not stand together, so they are gathered first."""
    full: dict[int, tuple[str, str, int]] = {}  # name without its tag, tag, line
    synonyms: dict[int, list[str]] = {}
    for row in file.table("active", "conceptId", "languageCode", "typeId", "term"):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        if fields["active"] != "1":
            yield LeftOut(_INACTIVE)
            continue
        if not fields["conceptId"].isdigit():
            yield Rejected(file.place(number), "the concept's id is no number")
            continue
        concept = int(fields["conceptId"])
        if concept not in active:
            yield LeftOut("SNOMED CT: names of inactive concepts")
        elif fields["languageCode"] != "en":
            yield LeftOut("SNOMED CT: names in other languages")
        elif fields["typeId"] == _FULL_NAME:
            match = _TAG.match(fields["term"])
            if match is None:
                yield Rejected(file.place(number), f"the full name of SNOMED:{concept} has no semantic tag")
            else:
                full[concept] = (match[1], match[2], number)
        elif fields["typeId"] == _SYNONYM:
            synonyms.setdefault(concept, []).append(fields["term"])
    for concept, (name, tag, number) in full.items():
        label = _LABELS.get(tag)
        if label is None or (tag == "substance" and concept not in ingredients):
            yield LeftOut(f"SNOMED CT: {tag}")
            continue
        labels[concept] = label
        by_name = tag not in ("clinical drug", "medicinal product form", "medicinal product", "product")
        others = tuple(synonyms.get(concept, ()))
        yield Concept(f"SNOMED:{concept}", label, name, file.place(number), (), others, by_name=by_name)
