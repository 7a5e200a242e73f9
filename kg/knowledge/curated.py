"""clinigraph's own tables: ``kg/knowledge/curated/*.csv``, ``contexts.csv`` and ``schemas/lab_tests.csv``.

What a table holds stands in the README beside it. A table that is not there adds nothing; a row that names an
unknown concept is listed as a problem and left out.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from .draft import Draft, key_of
from .findings import bands, names_to_concepts
from .sources import CURATED

KINDS = {"abbreviation": "abbreviation", "abbr": "abbreviation", "brand": "brand", "lay": "lay", "related": "related"}
_LEVELS = ("high", "moderate", "low")
OWN = {"knowledge_level": "knowledge_assertion", "agent_type": "automated_agent"}  # see sources.toml: who wrote them
Row = dict[str, str]


class CuratedTables:
    """Turns our own tables into nodes, names and edges of a draft.

    Parameters
    ----------
    draft : Draft
    folder : Path
        Where the tables lie.
    """

    def __init__(self, draft: Draft, folder: Path) -> None:
        self.draft = draft
        self._twins: list[tuple[str, str]] = []
        self.folder = folder

    def rows(self, file: str) -> Iterator[Row]:
        """Rows of a table with every field stripped; none if the table is not there."""
        path = self.folder / file
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as lines:
                for row in csv.DictReader(lines):
                    yield {k: (v or "").strip() for k, v in row.items() if k}

    def read_concepts(self) -> None:
        """Contexts, lab tests, and the tables that describe concepts. Runs before MeSH looks for names."""
        self._contexts()
        self._lab_tests()
        for row in self.rows("diseases.csv"):
            self._disease(row)
        for row in self.rows("findings.csv"):
            self._finding(row)
        for row in self.rows("drug_classes.csv"):
            self._concept("DrugClass", row["class_id"], row["class_label"], row.get("synonyms", ""))
        for row in self.rows("drugs.csv"):
            self._drug(row)
        for file, column in (("disease_names.csv", "disease_id"), ("drug_names.csv", "drug_id")):
            for row in self.rows(file):
                self._name(row, file, column)

    def read_more_names(self) -> None:
        """``names.csv``: everyday names of concepts that other sources hold, found by their name and label."""
        text = files(__package__).joinpath("names.csv").read_text(encoding="utf-8")
        known: dict[str, dict[str, str]] = {}
        owner: dict[tuple[str, str], str] = {}  # (label, key) -> whose name it is
        for row in csv.DictReader(text.splitlines()):
            label = row["label"]
            if label not in known:
                known[label] = names_to_concepts(self.draft, label)
            id_ = known[label].get(key_of(row["concept"]))
            if id_ is None:
                self.draft.problem("names.csv", f"no {label} is called {row['concept']!r}")
                continue
            for name in _split(row["names"]):
                self.draft.prefer_name(id_, name, row["kind"], CURATED)
                if row["kind"] != "related":
                    owner[label, key_of(name)] = id_
        self._leave_to(owner)

    def _leave_to(self, owner: Mapping[tuple[str, str], str]) -> None:
        """A name that ``names.csv`` gives to a concept is no full name of another one of its label."""
        for (id_, name), (kind, source) in list(self.draft.names.items()):
            full = id_ in self.draft.nodes and kind not in ("preferred", "related")
            if full and owner.get((self.draft.nodes[id_]["label"], key_of(name)), id_) != id_:
                self.draft.names[id_, name] = ("related", source)

    def read_edges(self) -> None:
        """The tables that relate concepts."""
        for context, finding in self._twins:  # as in join_twins: who says the one says the other
            if finding not in self.draft.nodes:
                self.draft.problem("contexts.csv", f"{context} is the same as {finding}, which is unknown")
                continue
            self.draft.add_xref(context, finding)
            self.draft.add_xref(finding, context)
        for row in self.rows("findings.csv"):
            if row.get("parent_id") and row["finding_id"].startswith("CG"):  # HPO's own hierarchy stays as it is
                self._edge("SUBCLASS_OF", row["finding_id"], row["parent_id"])
        for row in self.rows("broader.csv"):  # what Mondo and HPO leave apart
            self._edge("SUBCLASS_OF", row["narrower_id"], row["broader_id"])
        for row in self.rows("drug_classes.csv"):
            if row.get("parent_id"):
                self._edge("SUBCLASS_OF", row["class_id"], row["parent_id"])
        for row in self.rows("drugs.csv"):
            for class_id in _split(row.get("classes", "")):
                self._edge("IN_CLASS", row["drug_id"], class_id)
            for ingredient in _split(row.get("ingredients", "")):
                if ingredient != row["drug_id"]:
                    self._edge("HAS_INGREDIENT", row["drug_id"], ingredient)
        self._phenotypes()
        self._risk_factors()
        self._red_flags()
        self._tests()
        self._drug_tables()
        self._allergy_groups()

    # -- concepts ---------------------------------------------------------------------------------------------

    def _concept(self, label: str, id_: str, name: str, synonyms: str) -> str:
        """Add a concept, or mark one that another source gave as ours to describe; add its names."""
        if not self.draft.add_node(label, id_, name, CURATED) and self.draft.nodes[id_]["label"] != label:
            self.draft.problem(CURATED, f"{id_} is a {self.draft.nodes[id_]['label']}, the table calls it a {label}")
        self.draft.curated.add(id_)
        if name:
            self.draft.prefer_name(id_, name, "preferred", CURATED)
        for synonym in _split(synonyms):
            self.draft.prefer_name(id_, synonym, "exact", CURATED)
        return id_

    def _contexts(self) -> None:
        text = files(__package__).joinpath("contexts.csv").read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            self._concept("Context", row["id"], row["name"], row["synonyms"] or "")
            if row.get("same_as"):
                self._twins.append((row["id"], row["same_as"]))

    def _lab_tests(self) -> None:
        resource = files("clinigraph.schemas").joinpath("lab_tests.csv")
        if not resource.is_file():
            return
        with as_file(resource) as path, path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["test_id"] not in self.draft.nodes or row["synonyms"]:
                    id_ = self._concept("LabTest", row["test_id"], row["name"], row["synonyms"] or "")
                    self.draft.set_property(id_, "unit", row["unit"] or None)

    def _disease(self, row: Row) -> None:
        id_ = self._concept("Disease", row["disease_id"], row["disease_label"], row.get("synonyms", ""))
        for name in ("prevalence_primary", "prevalence_emergency", "prevalence_hospital", "sex", "specialty"):
            self.draft.set_property(id_, name, row.get(name))
        for name in ("age_onset_min", "age_onset_max"):
            self.draft.set_property(id_, name, _number(row.get(name, "")))
        urgency = _number(row.get("urgency", ""))
        self.draft.set_property(id_, "urgency", None if urgency is None else int(urgency))
        self.draft.set_property(id_, "must_not_miss", _truth(row.get("must_not_miss", "")))

    def _finding(self, row: Row) -> None:
        id_ = row["finding_id"]
        label = self.draft.nodes[id_]["label"] if id_ in self.draft.nodes else "PhenotypicFeature"
        self._concept(label, id_, row["finding_label"], row.get("synonyms", ""))
        if label == "PhenotypicFeature":
            self.draft.set_property(id_, "kind", row.get("kind"))

    def _drug(self, row: Row) -> None:
        id_ = self._concept("Drug", row["drug_id"], row["drug_label"], row.get("synonyms", ""))
        self.draft.nodes[id_]["name"] = row["drug_label"]  # "aspirin" rather than "Acetylsalicylic acid"
        self.draft.set_property(id_, "routes", row.get("routes"))
        self.draft.set_property(id_, "otc", _truth(row.get("otc", "")))

    def _name(self, row: Row, file: str, column: str) -> None:
        id_ = row[column]
        if id_ in self.draft.nodes:
            self.draft.prefer_name(id_, row["name"], KINDS.get(row.get("kind", "").lower(), "exact"), CURATED)
            self.draft.curated.add(id_)
        else:
            self.draft.problem(file, f"there is no concept {id_}")

    # -- edges ------------------------------------------------------------------------------------------------

    def _edge(self, type_: str, source: str, target: str, **properties: Any) -> None:
        properties = {"confidence": 0.8, **OWN, **properties}
        self.draft.add_edge(type_, source, target, CURATED, **properties)

    def _phenotypes(self) -> None:
        for row in self.rows("disease_findings.csv"):
            band = row.get("frequency", "").lower().replace(" ", "_")
            if band not in bands():
                self.draft.problem("disease_findings.csv", f"there is no frequency band {band!r}")
                continue
            self._edge(
                "HAS_PHENOTYPE",
                row["disease_id"],
                row["finding_id"],
                frequency=band,
                frequency_value=float(bands()[band]["value"]),
                sex=row.get("sex"),
                age=row.get("age"),
                note=row.get("note"),
            )

    def _risk_factors(self) -> None:
        for row in self.rows("disease_risk_factors.csv"):
            properties = {"strength": row.get("strength"), "note": row.get("note")}
            self._edge("RISK_FACTOR_FOR", row["factor_id"], row["disease_id"], **properties)

    def _red_flags(self) -> None:
        for row in self.rows("disease_red_flags.csv"):
            properties = {"meaning": row.get("meaning"), "note": row.get("note")}
            self._edge("RED_FLAG_FOR", row["finding_id"], row["disease_id"], **properties)

    def _tests(self) -> None:
        known = names_to_concepts(self.draft, "LabTest", "Procedure", kinds=("preferred", "exact", "abbreviation"))
        for row in self.rows("disease_tests.csv"):
            test = row["test"]
            id_ = test if test in self.draft.nodes else known.get(key_of(test))
            if id_ is None:
                id_ = "CGPROC:" + re.sub(r"[^a-z0-9]+", "_", test.lower()).strip("_")
                self._concept("Procedure", id_, test, "")
            self._edge("DIAGNOSED_BY", row["disease_id"], id_, purpose=row.get("purpose"))

    def _drug_tables(self) -> None:
        for row in self.rows("drug_indications.csv"):
            properties = {name: row.get(name) for name in ("line", "approval", "population", "note")}
            self._edge("TREATS", row["drug_id"], row["disease_id"], **properties)
        for row in self.rows("drug_contraindications.csv"):
            self._edge(
                "CONTRAINDICATED_IN",
                row["subject_id"],
                row["condition_id"],
                severity=row.get("severity"),
                note=row.get("note"),
            )
        for row in self.rows("drug_adverse_effects.csv"):
            self._edge(
                "HAS_ADVERSE_EVENT",
                row["subject_id"],
                row["finding_id"],
                frequency=row.get("frequency"),
                serious=_truth(row.get("serious", "")),
                note=row.get("note"),
            )
        for row in self.rows("interactions.csv"):
            properties = {name: row.get(name) for name in ("severity", "mechanism", "effect", "management")}
            self._edge("INTERACTS_WITH", row["subject_id"], row["object_id"], **properties)
        for row in self.rows("drug_dosing.csv"):
            self._dosing(row)

    def _dosing(self, row: Row) -> None:
        """A numeric threshold stays a number; a Child-Pugh class goes into the words."""
        kind, threshold = row.get("kind", ""), row.get("threshold", "")
        context = {"renal": "CG:renal_function", "hepatic": "CG:hepatic_function", "older_adult": "CG:older_adult"}
        value, detail = _number(threshold), row.get("detail", "")
        if threshold and value is None:
            detail = "; ".join(text for text in (f"from {row.get('unit', '')} {threshold}".strip(), detail) if text)
        self._edge(
            "DOSE_ADJUST_FOR",
            row["drug_id"],
            context.get(kind, "CG:adult"),
            population=kind,
            threshold=value,
            unit=row.get("unit") if value is not None else None,
            action=row.get("action"),
            detail=detail,
        )

    def _allergy_groups(self) -> None:
        """Every two members of a group, at the weaker of their levels; a class with itself, for its drugs."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("allergy_groups.csv"):
            groups[row["group_id"]].append(row)
        found: dict[tuple[str, str], tuple[str, Row]] = {}
        for _, rows in sorted(groups.items()):
            for i, one in enumerate(rows):
                for other in rows[i:]:
                    ends = min(one["member_id"], other["member_id"]), max(one["member_id"], other["member_id"])
                    level = max(one["cross_reactivity"], other["cross_reactivity"], key=_LEVELS.index)
                    if ends[0] == ends[1] and not self._is_class(ends[0]):
                        continue
                    if ends not in found or _LEVELS.index(level) < _LEVELS.index(found[ends][0]):
                        found[ends] = (level, one)
        for (source, target), (level, row) in found.items():
            group, note = row["group_label"], row.get("note")
            self._edge("CROSS_REACTIVE_WITH", source, target, level=level, allergy_group=group, note=note)

    def _is_class(self, id_: str) -> bool:
        return self.draft.nodes.get(id_, {}).get("label") == "DrugClass"


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split("|") if part.strip()]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _truth(text: str) -> bool | None:
    return {"true": True, "yes": True, "1": True, "y": True, "false": False, "no": False, "0": False, "n": False}.get(
        text.strip().lower()
    )
