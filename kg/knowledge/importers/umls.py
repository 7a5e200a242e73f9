"""The UMLS Metathesaurus in Rich Release Format: MRSTY (kinds), MRCONSO (names and codes), MRREL (relations).

What is taken stands in ``umls.toml``. English names that are not suppressed; one entry of memory per concept kept.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources
from itertools import groupby
from operator import itemgetter
from typing import Any

from .reading import InputFile, InputFiles, Rejected
from .records import Concept, Fact, LeftOut, Record

_SYNONYMS = 25


@cache
def _tables() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources(__package__).joinpath("umls.toml").read_text(encoding="utf-8"))


def version(files: InputFiles) -> str | None:
    """RRF files state none; they are asked for, so that their hash can stand in for one."""
    files.find("MRSTY.RRF", "MRCONSO.RRF", "MRREL.RRF")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Concepts, then relations."""
    types, conso = files.one("MRSTY.RRF"), files.one("MRCONSO.RRF")
    relations = files.optional("MRREL.RRF")
    labels: dict[str, str] = {}
    yield from _labels(types, labels)
    yield from _concepts(conso, labels)
    if relations is not None:
        yield from _facts(relations, labels)


def _labels(file: InputFile, labels: dict[str, str]) -> Iterator[Record]:
    """Label of each concept of a kept semantic type."""
    types = _tables()["semantic_types"]
    order = {tui: i for i, tui in enumerate(types)}
    best: dict[str, int] = {}
    for row in file.rows(6, delimiter="|"):
        if isinstance(row, Rejected):
            yield row
            continue
        cui, tui = row[1][0], row[1][1]
        if tui not in types:
            yield LeftOut("UMLS: semantic types that the graph does not hold")
        elif order[tui] < best.get(cui, len(order)):
            best[cui], labels[cui] = order[tui], types[tui]


def _concepts(file: InputFile, labels: dict[str, str]) -> Iterator[Record]:
    rejected: list[Rejected] = []

    def atoms() -> Iterator[tuple[str, int, list[str]]]:
        for row in file.rows(18, delimiter="|"):
            if isinstance(row, Rejected):
                rejected.append(row)
            else:
                yield row[1][0], row[0], row[1]

    for cui, group in groupby(atoms(), key=itemgetter(0)):  # the file is sorted by CUI
        if cui not in labels:
            yield LeftOut("UMLS: concepts of semantic types that the graph does not hold")
            continue
        kept = [(number, a) for _, number, a in group if a[16] in ("N", "")]
        named = [(number, a) for number, a in kept if a[1] == "ENG"]
        if not named:
            yield LeftOut("UMLS: concepts without an English name")
            labels.pop(cui)
            continue
        number, best = min(named, key=lambda n: (n[1][2] != "P", n[1][4] != "PF", n[1][6] != "Y", n[0]))
        names = list(dict.fromkeys(a[14] for _, a in named))
        yield Concept(
            f"UMLS:{cui}",
            labels[cui],
            best[14],
            file.place(number),
            tuple(_codes([a for _, a in kept])),
            tuple(names[: _SYNONYMS + 1]),
            source=f"umls/{best[11]}",
            licence=_licence(best[11], best[15]),
        )
    yield from rejected


def _codes(atoms: list[list[str]]) -> Iterator[str]:
    for sab, entry in _tables()["codes"].items():
        for atom in atoms:
            if atom[11] == sab and (not entry["types"] or atom[12] in entry["types"]):
                yield f"{entry['prefix']}:{atom[13]}" if entry["prefix"] else atom[13]


def _licence(sab: str, level: str = "") -> str:
    return f"UMLS Metathesaurus licence agreement; vocabulary {sab}" + (f", restriction level {level}" if level else "")


def _facts(file: InputFile, labels: dict[str, str]) -> Iterator[Record]:
    relations = _tables()["relations"]
    for row in file.rows(16, delimiter="|"):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        first, second, relation, sab = fields[0], fields[4], fields[7], fields[10]
        entry = relations.get(relation)
        if entry is None:
            yield LeftOut("UMLS: relations that the graph does not hold, or the other direction")
        elif fields[14] not in ("N", ""):
            yield LeftOut("UMLS: suppressed relations")
        elif first not in labels or second not in labels:
            yield LeftOut("UMLS: relations of concepts that were left out")
        elif entry["type"] == "HAS_PHENOTYPE" and labels[second] != "Disease":
            yield LeftOut("UMLS: manifestations of what is no disease")
        elif entry["type"] == "HAS_INGREDIENT" and {labels[first], labels[second]} != {"Drug"}:
            yield LeftOut("UMLS: ingredients of what is no drug")
        elif entry["type"] == "SUBCLASS_OF" and labels[first] != labels[second]:
            yield LeftOut("UMLS: kinds across semantic types")
        else:
            properties = {k: v for k, v in entry.items() if k != "type"}
            yield Fact(
                entry["type"],
                f"UMLS:{second}",
                f"UMLS:{first}",
                file.place(number),
                properties,
                source=f"umls/{sab}",
                licence=_licence(sab),
            )
