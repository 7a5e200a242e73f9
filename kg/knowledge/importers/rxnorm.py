"""RxNorm in Rich Release Format: RXNCONSO (names and ids), RXNREL (what contains what).

Of the names and relations only RxNorm's own are taken (SAB=RXNORM, not suppressed); atoms of other vocabularies join
an RXCUI to the graph. In RXNREL the SECOND concept bears the relation to the first: ``2 tradename_of 1``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from .reading import InputFile, InputFiles, Place, Rejected
from .records import Concept, Fact, LeftOut, Record

_WIDTH = 16  # fields of RXNREL; RXNCONSO has two more
_CONSO = 18
# term types that become drugs, the most telling first
_TYPES = ("IN", "PIN", "MIN", "BN", "SCD", "SBD")
_JOINED_BY_NAME = frozenset({"IN", "PIN", "MIN"})
_COMPONENT = "SCDC"
_IDS = {"DRUGBANK": "DRUGBANK", "MTHSPL": "UNII", "MSH": "MESH", "ATC": "ATC"}
_CONTAINS = frozenset({"tradename_of", "form_of", "has_part"})
_RELATION_TYPES = {
    "tradename_of": ("BN", ("IN", "PIN", "MIN")),
    "form_of": ("PIN", ("IN",)),
    "has_part": ("MIN", ("IN",)),
}


def version(files: InputFiles) -> str | None:
    """RRF files state none; they are asked for, so that their hash can stand in for one."""
    files.find("RXNCONSO.RRF", "RXNREL.RRF")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Drugs, then what they contain."""
    conso = files.one("RXNCONSO.RRF")
    relations = files.optional("RXNREL.RRF")
    types: dict[str, str] = {}
    yield from _concepts(conso, types)
    if relations is not None:
        yield from _ingredients(relations, types)


def _atoms(conso: InputFile, rejected: list[Rejected]) -> Iterator[tuple[str, int, list[str]]]:
    for row in conso.rows(_CONSO, delimiter="|"):
        if isinstance(row, Rejected):
            rejected.append(row)
        else:
            yield row[1][0], row[0], row[1]


def _concepts(conso: InputFile, types: dict[str, str]) -> Iterator[Record]:
    rejected: list[Rejected] = []
    for rxcui, group in groupby(_atoms(conso, rejected), key=itemgetter(0)):  # the file is sorted by RXCUI
        atoms = list(group)
        yield from rejected
        rejected.clear()
        own = {a[12]: (number, a) for _, number, a in atoms if a[11] == "RXNORM" and a[16] == "N"}
        kind = next((t for t in (*_TYPES, _COMPONENT) if t in own), None)
        if kind is None:
            yield LeftOut("RxNorm: no ingredient, brand or product of its own")
            continue
        types[rxcui] = kind
        if kind == _COMPONENT:
            continue  # a step between product and ingredient
        number, atom = own[kind]
        same_as = [f"{_IDS[a[11]]}:{a[13]}" for _, _, a in atoms if a[11] in _IDS and kind in _JOINED_BY_NAME]
        synonyms = [a[14] for t, (_, a) in sorted(own.items()) if t in ("SY", "TMSY", "PSN")]
        place = conso.place(number)
        by_name = kind in _JOINED_BY_NAME
        yield Concept(f"RXNORM:{rxcui}", "Drug", atom[14], place, tuple(same_as), tuple(synonyms), by_name=by_name)
    yield from rejected


def _ingredients(file: InputFile, types: dict[str, str]) -> Iterator[Record]:
    """What a brand, salt or combination contains directly, and products through their components."""
    component_of: dict[str, list[str]] = defaultdict(list)
    products: list[tuple[str, str, Place]] = []
    for row in file.rows(_WIDTH, delimiter="|"):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        first, second, relation = fields[0], fields[4], fields[7]
        if fields[10] != "RXNORM" or not first or not second or not relation:
            yield LeftOut("RxNorm: relations of other vocabularies, or between atoms")
        elif relation in _CONTAINS:
            whole, parts = _RELATION_TYPES[relation]
            if types.get(second) == whole and types.get(first) in parts:
                yield Fact("HAS_INGREDIENT", f"RXNORM:{second}", f"RXNORM:{first}", file.place(number))
            elif second in types and first in types:
                yield LeftOut(f"RxNorm: {relation} between products")
            else:
                yield _unknown(file, number, first, second, types)
        elif relation == "has_ingredient" and types.get(second) == _COMPONENT:
            if types.get(first) in ("IN", "PIN"):
                component_of[second].append(first)
            else:
                yield _unknown(file, number, first, second, types)
        elif relation == "consists_of" and types.get(second) in ("SCD", "SBD"):
            products.append((second, first, file.place(number)))
        else:
            yield LeftOut(f"RxNorm: relation {relation}")
    for product, component, place in products:
        for ingredient in component_of.get(component, ()):
            yield Fact("HAS_INGREDIENT", f"RXNORM:{product}", f"RXNORM:{ingredient}", place)


def _unknown(file: InputFile, number: int, first: str, second: str, types: dict[str, str]) -> Record:
    missing = first if first not in types else second
    if missing in types:
        return LeftOut("RxNorm: an ingredient of another kind")
    return Rejected(file.place(number), f"RXNORM:{missing} is no drug of RXNCONSO (or is suppressed there)")
