"""PrimeKG: kg.csv, one row per direction of an edge, each end with id, type, name and source."""

from __future__ import annotations

from collections.abc import Iterator

from .reading import InputFiles, Place, Rejected
from .records import Concept, Fact, LeftOut, Record

_COLUMNS = ("relation", "x_id", "x_type", "x_name", "x_source", "y_id", "y_type", "y_name", "y_source")
_LABELS = {"drug": "Drug", "disease": "Disease", "effect/phenotype": "PhenotypicFeature"}
_NOT_GRADED = "severity not stated by the source"
# relation -> type of its subject, type of its object, relationship, properties
_FACTS: dict[str, tuple[str, str, str, dict[str, str | float]]] = {
    "indication": ("drug", "disease", "TREATS", {"approval": "approved"}),
    "off-label use": ("drug", "disease", "TREATS", {"approval": "off_label"}),
    "contraindication": ("drug", "disease", "CONTRAINDICATED_IN", {"severity": "relative", "note": _NOT_GRADED}),
    "disease_phenotype_positive": ("disease", "effect/phenotype", "HAS_PHENOTYPE", {}),
    "disease_phenotype_negative": (
        "disease",
        "effect/phenotype",
        "HAS_PHENOTYPE",
        {"frequency": "excluded", "frequency_value": 0.0},
    ),
    "drug_effect": ("drug", "effect/phenotype", "HAS_ADVERSE_EVENT", {}),
    "drug_drug": ("drug", "drug", "INTERACTS_WITH", {"severity": "moderate", "effect": _NOT_GRADED}),
}
_FROM_DRUGBANK = "DrugBank by way of PrimeKG: CC BY-NC 4.0"


def version(files: InputFiles) -> str | None:
    """The file states none; it is asked for, so that its hash can stand in for one."""
    files.find("kg.csv", "kg*.csv")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Every edge between drugs, diseases and findings; the other direction of an edge is passed over."""
    file = files.one("kg.csv", "kg*.csv")
    seen: set[str] = set()
    for row in file.table(*_COLUMNS, delimiter=",", quoted=True):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        entry = _FACTS.get(fields["relation"])
        if entry is None:
            yield LeftOut("PrimeKG: relations that the graph does not hold (genes, pathways, anatomy ...)")
            continue
        subject_type, object_type, type_, properties = entry
        if fields["x_type"] == object_type and fields["y_type"] == subject_type and subject_type != object_type:
            ends = ("y", "x")
        elif fields["x_type"] == subject_type and fields["y_type"] == object_type:
            ends = ("x", "y")
        else:
            kinds = f"{fields['x_type']} and {fields['y_type']}"
            yield Rejected(file.place(number), f"{fields['relation']} between {kinds}")
            continue
        place = file.place(number)
        ids = []
        for end in ends:
            concept = _concept(fields, end, place)
            if isinstance(concept, Rejected):
                yield concept
                break
            ids.append(concept.id)
            if concept.id not in seen:
                seen.add(concept.id)
                yield concept
        else:
            licence = _FROM_DRUGBANK if type_ == "INTERACTS_WITH" else None
            yield Fact(type_, ids[0], ids[1], place, properties, licence=licence)


def _concept(fields: dict[str, str], end: str, place: Place) -> Concept | Rejected:
    source, id, name = (fields[f"{end}_{part}"] for part in ("source", "id", "name"))
    label = _LABELS[fields[f"{end}_type"]]
    if source in ("MONDO", "HPO") and id.isdigit():
        prefix = "MONDO" if source == "MONDO" else "HP"
        return Concept(f"{prefix}:{int(id):07d}", label, name, place)
    if source == "MONDO_grouped" and id.replace("_", "").isdigit():
        # several diseases with alike names made one: ours of that very name, else a concept of its own
        return Concept(f"PRIMEKG:{id}", label, name, place)
    if source == "DrugBank" and id:
        return Concept(f"DRUGBANK:{id}", label, name, place)
    return Rejected(place, f'"{id}" is no id of {source or "a source"} that is known here')
