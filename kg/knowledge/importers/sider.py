"""SIDER 4.1: tab-separated files without header lines. Only preferred terms (PT) of MedDRA are taken."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from .reading import InputFile, InputFiles, Rejected
from .records import Concept, Fact, LeftOut, Record

_FLAT = re.compile(r"CID1(\d{8})")  # a STITCH id of the flat compound holds its PubChem number
_CUI = re.compile(r"C\d{7}")
_FILES = ("meddra_all_se.tsv", "drug_names.tsv", "meddra_freq.tsv", "meddra_all_indications.tsv")
# share of patients from which each word of labels on (CIOMS)
_BANDS = ((0.1, "very_common"), (0.01, "common"), (0.001, "uncommon"), (0.0, "rare"))
_Pair = tuple[str, str]


def version(files: InputFiles) -> str | None:
    """The files state none; they are asked for, so that their hash can stand in for one."""
    files.find(*_FILES)
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Drugs, adverse events, indications."""
    effects, named = files.one("meddra_all_se.tsv"), files.one("drug_names.tsv")
    frequencies = files.optional("meddra_freq.tsv")
    indications = files.optional("meddra_all_indications.tsv")
    for row in named.rows(2):
        if isinstance(row, Rejected):
            yield row
        elif (drug := _drug(row[1][0])) is None:
            yield Rejected(named.place(row[0]), f"{row[1][0]} is no STITCH id of a flat compound")
        else:
            yield Concept(drug, "Drug", row[1][1], named.place(row[0]), (_stitch(row[1][0]),))
    shares: dict[_Pair, list[float]] = defaultdict(list)
    if frequencies is not None:
        yield from _shares(frequencies, shares)
    yield from _effects(effects, shares)
    if indications is not None:
        yield from _indications(indications)


def _drug(stitch: str) -> str | None:
    match = _FLAT.fullmatch(stitch.strip())
    return f"PUBCHEM.COMPOUND:{int(match[1])}" if match else None


def _stitch(flat: str) -> str:
    return f"STITCH:{flat.strip()}"


def band(share: float) -> str:
    """Word for the share of patients who have an adverse event.

    Examples
    --------
    >>> band(0.12), band(0.02), band(0.0002)
    ('very_common', 'common', 'rare')
    """
    return next(word for least, word in _BANDS if share >= least)


def _shares(file: InputFile, shares: dict[_Pair, list[float]]) -> Iterator[Record]:
    for row in file.rows(10, exact=True):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        drug = _drug(fields[0])
        if fields[3] == "placebo" or fields[7] != "PT":
            yield LeftOut("SIDER: frequencies under placebo, or of terms that are not preferred")
        elif drug is None or not _CUI.fullmatch(fields[8]):
            yield Rejected(file.place(number), f"{fields[0]} or {fields[8]} is no id of a compound or a concept")
        else:
            try:
                low, high = float(fields[5]), float(fields[6])
            except ValueError:
                yield Rejected(file.place(number), "the bounds of the frequency are no numbers")
                continue
            if fields[4] == "postmarketing" or not 0 <= low <= high <= 1:
                yield LeftOut("SIDER: frequencies without a number (postmarketing)")
            else:
                shares[drug, fields[8]].append((low + high) / 2)


def _effects(file: InputFile, shares: dict[_Pair, list[float]]) -> Iterator[Record]:
    for row in file.rows(6, exact=True):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        drug, effect, place = _drug(fields[0]), fields[4], file.place(number)
        if fields[3] != "PT":
            yield LeftOut("SIDER: terms that are not preferred (LLT)")
        elif drug is None or not _CUI.fullmatch(effect):
            yield Rejected(place, f"{fields[0]} or {effect} is no id of a compound or a concept")
        else:
            yield Concept(f"UMLS:{effect}", "PhenotypicFeature", fields[5], place)
            found = shares.get((drug, effect))
            properties = {"frequency": band(sum(found) / len(found))} if found else {}
            yield Fact("HAS_ADVERSE_EVENT", drug, f"UMLS:{effect}", place, properties)


def _indications(file: InputFile) -> Iterator[Record]:
    for row in file.rows(7, exact=True):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        drug, disease, place = _drug(fields[0]), fields[5], file.place(number)
        if fields[4] != "PT" or fields[2] != "NLP_indication":
            yield LeftOut("SIDER: mentions and preconditions, or terms that are not preferred")
        elif drug is None or not _CUI.fullmatch(disease):
            yield Rejected(place, f"{fields[0]} or {disease} is no id of a compound or a concept")
        else:
            yield Concept(f"UMLS:{disease}", "Disease", fields[6], place)
            note = "found in the text of the label by a program"
            yield Fact("TREATS", drug, f"UMLS:{disease}", place, {"approval": "approved", "note": note})
