"""Diseases: Mondo as the hub of ids, the Disease Ontology for more names, ICD-10-CM for descriptions."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from .draft import Draft
from .sources import SourceFiles

ROOT = "MONDO:0000001"
# file -> predicate that counts; prefixes as the graph writes them
_XREF_FILES = (
    "mondo_exactmatch_umls.sssom.tsv.gz",
    "mondo_exactmatch_doid.sssom.tsv.gz",
    "mondo_exactmatch_mesh.sssom.tsv.gz",
    "mondo_exactmatch_omim.sssom.tsv.gz",
    "mondo_exactmatch_omimps.sssom.tsv",
    "mondo_exactmatch_orphanet.sssom.tsv.gz",
    "mondo_exactmatch_icd10cm.sssom.tsv",
    "mondo_hasdbxref_hp.sssom.tsv",
)
_PREFIXES = {"mesh": "MESH", "MIM": "OMIM", "Orphanet": "ORPHA", "OMIMPS": "OMIMPS", "ICD10CM": "ICD10CM"}
_HAS_SYMPTOM = re.compile(r"'has symptom' some (?:'([^']+)'|([\w-]+))")


def curie(text: str) -> str:
    """Write a CURIE as the graph does: ``mesh:D003920`` -> ``MESH:D003920``, ``Orphanet:15`` -> ``ORPHA:15``."""
    prefix, _, local = text.partition(":")
    return f"{_PREFIXES.get(prefix, prefix)}:{local}"


def read_mondo(draft: Draft, files: SourceFiles) -> None:
    """Add Mondo's diseases with their cross references."""
    version = files.header_version("mondo", _XREF_FILES[0], "/mondo/releases/")
    if version:
        draft.versions["mondo"] = version.split("/")[0]
    seen: set[tuple[str, str]] = set()
    for file in _XREF_FILES:
        for row in files.rows("mondo", file):
            id_, label = row["subject_id"], row["subject_label"]
            if not id_.startswith("MONDO:") or not label or label.startswith("obsolete"):
                continue
            draft.add_node("Disease", id_, label, "mondo")
            xref = curie(row["object_id"])
            draft.add_xref(id_, xref)
            if "exactmatch" in file and (id_, row.get("object_label") or "") not in seen:
                seen.add((id_, row.get("object_label") or ""))
                draft.add_name(id_, (row.get("object_label") or "").removesuffix(" (disease)"), "exact", "mondo")
    for file in files.others("mondo", "mondo_*match_*.sssom.tsv*"):  # labels only: no codes of other systems
        for row in files.rows("mondo", file):
            id_, label = row["subject_id"], row["subject_label"]
            if id_.startswith("MONDO:") and label and not label.startswith("obsolete"):
                draft.add_node("Disease", id_, label, "mondo")


def read_mondo_terms(draft: Draft, files: SourceFiles) -> None:
    """Add synonyms and the hierarchy to Mondo's diseases. Terms that Mondo has since withdrawn are passed over."""
    with files.open("mondo-terms", "mondo.json") as lines:
        terms = {f"MONDO:{term['id']}": term for term in json.load(lines)}
    for id_ in sorted(terms):
        if id_ not in draft.nodes:
            continue
        for name in terms[id_].get("synonyms", ()):
            draft.add_name(id_, name.removesuffix(" (disease)"), "exact", "mondo-terms")
        for parent in _living_parents(id_, terms, draft):
            draft.add_edge("SUBCLASS_OF", id_, parent, "mondo-terms")


def _living_parents(id_: str, terms: dict[str, dict], draft: Draft) -> list[str]:
    """Parents of a term; a parent that is not in the draft gives way to its own parents."""
    found: set[str] = set()
    open_, seen = [id_], {id_}
    while open_:
        for local in terms.get(open_.pop(), {}).get("relations", {}).get("is_a", ()):
            parent = f"MONDO:{local}"
            if parent in seen:
                continue
            seen.add(parent)
            if parent in draft.nodes:
                found.add(parent)
            else:
                open_.append(parent)
    return sorted(found)


def by_xref(draft: Draft, prefix: str, label: str = "Disease") -> dict[str, str]:
    """Cross reference -> the one concept that carries it; references that several carry are left out."""
    found: dict[str, str | None] = {}
    for id_, node in draft.nodes.items():
        if node["label"] == label:
            for xref in node["xrefs"]:
                if xref.startswith(prefix):
                    found[xref] = id_ if found.get(xref, id_) == id_ else None
    return {xref: id_ for xref, id_ in found.items() if id_}


def read_disease_ontology(draft: Draft, files: SourceFiles) -> None:
    """Add names and, where Mondo gave none, parents to the diseases that Mondo matches exactly."""
    home = by_xref(draft, "DOID:")
    doids: dict[str, str] = {}
    rows = list(files.rows("disease-ontology", "HumanDO.tsv.gz"))
    for row in rows:
        doids.setdefault(row["label"], row["id"])
        if row["id"] in home:
            draft.add_name(home[row["id"]], row["label"], "exact", "disease-ontology")
    with_parent = {row["source"] for (type_, _), row in draft.edges.items() if type_ == "SUBCLASS_OF"}
    for row in rows:
        child, parent = home.get(row["id"]), home.get(doids.get(row["subClassOf"] or "", ""))
        if child and parent and child != parent and child not in with_parent:
            draft.add_edge("SUBCLASS_OF", child, parent, "disease-ontology")
    for row in files.rows("disease-ontology", "2016/term-names.tsv.gz"):
        if row["doid"] in home and row["type"] in ("name", "exact-synonym"):
            draft.add_name(home[row["doid"]], row["name"], "exact", "disease-ontology")


def read_symptom_axioms(draft: Draft, files: SourceFiles, finding_of: dict[str, str]) -> None:
    """Add the Disease Ontology's "has symptom" axioms.

    Parameters
    ----------
    finding_of
        Name in lower case -> id of the finding that bears it.
    """
    home = by_xref(draft, "DOID:")
    for row in files.rows("disease-ontology", "DO-subClassOf-anonymous.tsv.gz"):
        disease = home.get(row["ID"])
        if disease is None:
            continue
        symptoms = {a or b for a, b in _HAS_SYMPTOM.findall(row["SubClass Of [ANON]"] or "")}
        for symptom in sorted(symptoms):
            finding = finding_of.get(symptom.lower())
            if finding is None:
                draft.counts["disease-ontology: symptoms without a finding"] += 1
            else:
                draft.add_edge(
                    "HAS_PHENOTYPE",
                    disease,
                    finding,
                    "disease-ontology",
                    knowledge_level="knowledge_assertion",
                    agent_type="manual_agent",
                    confidence=0.7,
                )


def read_icd10cm(draft: Draft, files: SourceFiles) -> None:
    """Add ICD-10-CM codes and their descriptions where Mondo matches the code exactly."""
    titles: dict[str, str] = {}
    for _, element in ElementTree.iterparse(files.path("icd10cm", "icd10c-tabular-April-1-2026.xml")):
        if element.tag == "diag":
            titles[element.findtext("name", "")] = element.findtext("desc", "")
    for id_, node in draft.nodes.items():
        codes = sorted(x.removeprefix("ICD10CM:") for x in node["xrefs"] if x.startswith("ICD10CM:"))
        if codes and node["label"] == "Disease":
            node["icd10cm"] = codes
            for code in codes:
                title = titles.get(code)
                if title and "unspecified" not in title:
                    draft.add_name(id_, title, "related", "icd10cm")
