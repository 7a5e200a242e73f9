"""Drugs: the open DrugBank vocabulary, and the interactions of the three open tables."""

from __future__ import annotations

import csv
import re

from .draft import Draft
from .sources import SourceFiles

_DRUGBANK_ID = re.compile(r"DB\d{5}")
# source column -> our source; severity by the table's own grading
_OPEN_TABLES = {
    "ONC-HighPriority": "onc-high-priority",
    "ONC-NonInteruptive": "onc-non-interruptive",
    "NDF-RT": "ndf-rt",
}


def read_drugbank(draft: Draft, files: SourceFiles) -> None:
    """Add the drugs with their synonyms, UNII and CAS numbers."""
    for row in files.rows("drugbank-open", "drugbank vocabulary.csv.gz", delimiter=","):
        id_ = f"DRUGBANK:{row['DrugBank ID']}"
        name = row["Common name"].strip()
        if not name:
            continue
        draft.add_node("Drug", id_, name, "drugbank-open")
        if row["UNII"]:
            draft.add_xref(id_, f"UNII:{row['UNII']}")
        if row["CAS"]:
            draft.add_xref(id_, f"CAS:{row['CAS']}")
        for synonym in (row["Synonyms"] or "").split(" | "):
            draft.add_name(id_, synonym, "exact", "drugbank-open")


def read_interactions(draft: Draft, files: SourceFiles) -> None:
    """Add the interactions of the ONC high-priority, ONC non-interruptive and NDF-RT tables, and of no other.

    The ONC high-priority list and NDF-RT's "Critical" count as major, the others as moderate. None counts as
    contraindicated: the tables were expanded from classes, which is too coarse for a gate that nothing overrides.
    """
    with files.open("ndf-rt", "CombinedDatasetConservative.csv.bz2") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            source = _OPEN_TABLES.get(row["source"] or "")
            if source is None:
                continue
            first, second = (_DRUGBANK_ID.search(row[column] or "") for column in ("drug1", "drug2"))
            if not first or not second or first[0] == second[0]:
                draft.counts[f"{source}: rows without two drugs"] += 1
                continue
            critical = (row["severity"] or "").lower() == "critical"
            draft.add_edge(
                "INTERACTS_WITH",
                f"DRUGBANK:{first[0]}",
                f"DRUGBANK:{second[0]}",
                source,
                severity="major" if source == "onc-high-priority" or critical else "moderate",
                knowledge_level="knowledge_assertion",
                agent_type="manual_agent",
                confidence=0.8 if source == "onc-high-priority" else 0.6,
            )
