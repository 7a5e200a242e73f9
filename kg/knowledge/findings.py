"""Findings: the HPO with its disease annotations, and the Symptom Ontology beside it."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from functools import lru_cache
from importlib.resources import files as resources

from .diseases import by_xref
from .draft import Draft, key_of
from .obo import Term, read_terms
from .sources import SourceFiles

ROOTS = ("HP:0000118", "HP:0032443")  # phenotypic abnormality; past medical history, with family history
_GRADES = frozenset({"severe", "mild", "moderate", "sudden", "intense", "slight"})  # no findings of their own
_LAY_IRI = re.compile(r"HP_(\d{7})")
_FRACTION = re.compile(r"^(\d+)\s*/\s*(\d+)$")
_PERCENT = re.compile(r"^(\d+(?:\.\d+)?)\s*%$")


def read_hpo(draft: Draft, files: SourceFiles) -> None:
    """Add the phenotypic abnormalities with names, cross references and hierarchy."""
    with files.open("hpo", "hp.obo") as lines:
        terms = {term.id: term for term in read_terms(lines) if not term.obsolete}
    version = files.header_version("hpo", "hp.obo", "data-version: hp/releases/")
    if version:
        draft.versions["hpo"] = version
    keep = set().union(*(below(root, terms) for root in ROOTS))
    for id_ in sorted(keep):
        term = terms[id_]
        draft.add_node("PhenotypicFeature", id_, term.name, "hpo")
        for xref in term.xrefs:
            if xref.startswith(("UMLS:", "MSH:", "MONDO:", "MESH:")):
                draft.add_xref(id_, xref.replace("MSH:", "MESH:"))
        for alternative in term.alt_ids:
            draft.add_xref(id_, alternative)
            draft.aliases.setdefault(alternative, id_)
        for text, scope, type_ in term.synonyms:
            if "obsolete" not in type_:
                draft.add_name(id_, text, name_kind(scope, type_), "hpo")
    for id_ in sorted(keep):
        for parent in terms[id_].parents:
            if parent in keep:
                draft.add_edge("SUBCLASS_OF", id_, parent, "hpo")


def name_kind(scope: str, type_: str) -> str:
    if type_ == "layperson":
        return "lay"
    if type_ == "abbreviation":
        return "abbreviation"
    return "exact" if scope == "EXACT" else "related"


def below(root: str, terms: dict[str, Term]) -> set[str]:
    children: dict[str, list[str]] = defaultdict(list)
    for term in terms.values():
        for parent in term.parents:
            children[parent].append(term.id)
    found, open_ = {root} & terms.keys(), [root]
    while open_:
        for child in children[open_.pop()]:
            if child not in found:
                found.add(child)
                open_.append(child)
    return found


def read_lay_names(draft: Draft, files: SourceFiles) -> None:
    """Add the HPO's layperson synonyms."""
    for row in files.rows("hpo-lay", "layperson-synonyms.tsv.gz"):
        match = _LAY_IRI.search(row["?term"] or "")
        if match and f"HP:{match[1]}" in draft.nodes:
            draft.add_name(f"HP:{match[1]}", row["?layperson"], "lay", "hpo-lay")


def read_symptoms(draft: Draft, files: SourceFiles) -> dict[str, str]:
    """Add the Symptom Ontology: onto the HPO's terms where a name is the same, else as findings of its own.

    Returns
    -------
    dict
        Name in lower case -> finding, for the Disease Ontology's axioms.
    """
    with files.open("symptom-ontology", "symp.obo") as lines:
        terms = [term for term in read_terms(lines) if not term.obsolete]
    known = names_to_concepts(draft, "PhenotypicFeature", kinds=("preferred", "exact", "lay"))
    home: dict[str, str] = {}
    finding_of: dict[str, str] = {}
    for term in terms:
        names = [term.name, *(text for text, scope, _ in term.synonyms if scope == "EXACT")]
        plain = [n.split(" ", 1)[1] for n in names if n.split(" ")[0] in _GRADES and " " in n]
        id_ = next((known[key_of(n)] for n in names + plain if key_of(n) in known), term.id)
        draft.add_node("PhenotypicFeature", id_, term.name, "symptom-ontology")
        draft.add_xref(id_, term.id)
        home[term.id] = id_
        for name in names:
            draft.add_name(id_, name, "exact", "symptom-ontology")
            finding_of.setdefault(name.lower(), id_)
    for term in terms:
        child = home[term.id]
        for parent in term.parents:
            if child == term.id and parent in home and home[parent] != child:
                draft.add_edge("SUBCLASS_OF", child, home[parent], "symptom-ontology")
    return finding_of


def names_to_concepts(draft: Draft, *labels: str, kinds: tuple[str, ...] = ("preferred", "exact")) -> dict[str, str]:
    """Normalised name -> the one concept of these labels that bears it; preferred names go first.

    A name that two concepts bear in the same kind is left out.
    """
    found: dict[str, str] = {}
    for wanted in kinds:
        level: dict[str, str | None] = {}
        for (id_, name), (kind, _) in draft.names.items():
            if kind == wanted and draft.nodes[id_]["label"] in labels:
                key = key_of(name)
                level[key] = id_ if level.get(key, id_) == id_ else None
        for key, id_or_none in level.items():
            if id_or_none and key not in found:
                found[key] = id_or_none
    return found


@lru_cache(maxsize=1)
def bands() -> dict[str, dict]:
    """The frequency bands, see ``frequency_bands.toml``."""
    return tomllib.loads(resources(__package__).joinpath("frequency_bands.toml").read_text(encoding="utf-8"))


def band_of(share: float) -> str:
    """The band that a share of patients falls in.

    Examples
    --------
    >>> band_of(0.4), band_of(0.0)
    ('frequent', 'very_rare')
    """
    return next(name for name, band in bands().items() if share >= band["at_least"])


def read_annotations(draft: Draft, files: SourceFiles) -> None:
    """Add disease -> finding from phenotype.hpoa, the rows of one pair and sex pooled.

    Ids of OMIM and Orphanet go to the Mondo disease that matches exactly; a disease that Mondo does not match
    keeps its own id.
    """
    home = by_xref(draft, "OMIM:") | by_xref(draft, "ORPHA:")
    names = names_to_concepts(draft, "Disease")
    pooled: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    with files.open("hpo-annotations", "phenotype.hpoa") as lines:
        body = (line for line in lines if not line.startswith("#"))
        columns = next(body).rstrip("\n").split("\t")
        for line in body:
            row = dict(zip(columns, line.rstrip("\n").split("\t"), strict=False))
            if row["aspect"] != "P" or row["hpo_id"] not in draft.nodes:
                continue
            disease = home.get(row["database_id"], row["database_id"])
            if disease.startswith("DECIPHER:"):  # Mondo maps none of them, but bears their names
                disease = names.get(key_of(row["disease_name"]), disease)
            if draft.add_node("Disease", disease, row["disease_name"], "hpo-annotations"):
                draft.counts["hpo-annotations: diseases that Mondo does not match"] += 1
            draft.add_name(disease, row["disease_name"], "related", "hpo-annotations")
            pooled[disease, row["hpo_id"], row["sex"].lower()].append(row)
    onsets = _names_of_terms(files)
    for (disease, finding, sex), rows in sorted(pooled.items()):
        frequency, value = pooled_frequency(rows)
        onset = sorted({onsets.get(r["onset"], "") for r in rows} - {""})
        draft.add_edge(
            "HAS_PHENOTYPE",
            disease,
            finding,
            "hpo-annotations",
            frequency=frequency,
            frequency_value=value,
            sex=sex,
            onset=onset[0] if onset else None,
            knowledge_level="knowledge_assertion",
            agent_type="manual_agent",
            confidence=0.9 if any(r["evidence"] == "PCS" for r in rows) else 0.8,
        )


def _names_of_terms(files: SourceFiles) -> dict[str, str]:
    with files.open("hpo", "hp.obo") as lines:
        return {term.id: term.name for term in read_terms(lines)}


def pooled_frequency(rows: list[dict[str, str]]) -> tuple[str | None, float | None]:
    """One frequency from all rows of a pair: fractions are added up, then percentages and bands averaged."""
    stated = [row for row in rows if row["qualifier"] != "NOT"]
    if not stated:
        return "excluded", 0.0
    fractions = [m for row in stated if (m := _FRACTION.match(row["frequency"])) and int(m[2])]
    by_id = {band["hpo"]: band["value"] for band in bands().values()}
    if fractions:
        share = sum(int(m[1]) for m in fractions) / sum(int(m[2]) for m in fractions)
    else:
        shares = [by_id[row["frequency"]] for row in stated if row["frequency"] in by_id]
        shares += [float(m[1]) / 100 for row in stated if (m := _PERCENT.match(row["frequency"]))]
        if not shares:
            return None, None
        share = sum(shares) / len(shares)
    share = min(share, 1.0)
    return ("excluded", 0.0) if share == 0 else (band_of(share), round(share, 4))


def join_twins(draft: Draft) -> None:
    """Let a disease and the finding that is the same thing point at each other.

    The same by Mondo's own reference, by name (preferred, or exact and of one bearer only), or by a UMLS id that
    no other concept of either kind carries.
    """
    pairs: set[tuple[str, str]] = set()
    for id_, node in draft.nodes.items():
        if node["label"] == "Disease":
            pairs |= {(id_, x) for x in node["xrefs"] if x in draft.nodes and x.startswith("HP:")}
    diseases = names_to_concepts(draft, "Disease")
    features = names_to_concepts(draft, "PhenotypicFeature")
    pairs |= {(diseases[key], features[key]) for key in diseases.keys() & features.keys()}
    umls = by_xref(draft, "UMLS:")
    umls_features = by_xref(draft, "UMLS:", "PhenotypicFeature")
    pairs |= {(umls[x], umls_features[x]) for x in umls.keys() & umls_features.keys()}
    for disease, feature in sorted(pairs):
        draft.add_xref(disease, feature)
        draft.add_xref(feature, disease)
    draft.counts["disease-finding twins"] = len(pairs)
