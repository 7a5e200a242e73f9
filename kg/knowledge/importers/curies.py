"""Ids as the graph writes them."""

from __future__ import annotations

_PREFIXES = {
    "msh": "MESH",
    "mesh": "MESH",
    "mim": "OMIM",
    "omim": "OMIM",
    "omimps": "OMIMPS",
    "orphanet": "ORPHA",
    "orpha": "ORPHA",
    "ordo": "ORPHA",
    "umls": "UMLS",
    "umls_cui": "UMLS",
    "rxcui": "RXNORM",
    "rxnorm": "RXNORM",
    "sctid": "SNOMED",
    "snomed": "SNOMED",
    "snomedct": "SNOMED",
    "snomedct_us": "SNOMED",
    "drugbank": "DRUGBANK",
    "meddra": "MEDDRA",
    "mdr": "MEDDRA",
    "icd10cm": "ICD10CM",
    "lnc": "LOINC",
    "loinc": "LOINC",
    "mondo": "MONDO",
    "hp": "HP",
    "hpo": "HP",
    "doid": "DOID",
    "unii": "UNII",
    "cas": "CAS",
    "chebi": "CHEBI",
}


def curie(text: str) -> str:
    """Write a CURIE with the graph's prefix; other text stays as it is.

    Examples
    --------
    >>> curie("mesh:D003920"), curie("Orphanet:15"), curie("RXCUI:161"), curie("GO:1")
    ('MESH:D003920', 'ORPHA:15', 'RXNORM:161', 'GO:1')
    """
    prefix, colon, local = text.strip().partition(":")
    return f"{_PREFIXES.get(prefix.lower(), prefix)}:{local.strip()}" if colon else prefix
