"""loinc2hpo annotations: what each result of a laboratory test means, and LOINC's table for the names of the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .reading import InputFile, InputFiles, Rejected
from .records import Concept, Fact, LeftOut, Record

_CODE = re.compile(r"\d{1,7}-\d")
_OUTCOMES = {"H": "high", "L": "low", "N": "normal", "POS": "positive", "NEG": "negative", "A": "abnormal"}
_AGAINST = frozenset({"normal", "negative"})  # HPO has no normal findings: these results speak against the term
_SCALES = frozenset({"Qn", "Ord", "Nom", "OrdQn"})


def version(files: InputFiles) -> str | None:
    """The files state none; they are asked for, so that their hash can stand in for one."""
    files.find("*annotations.tsv", "LoincTableCore.csv", "Loinc.csv")
    return None


def records(files: InputFiles) -> Iterator[Record]:
    """Tests, and what their results mean."""
    annotations = files.one("loinc2hpo-annotations.tsv", "*annotations.tsv")
    core = files.optional("LoincTableCore.csv", "Loinc.csv")
    names: dict[str, str] = {}
    if core is not None:
        yield from _names(core, names)
    seen: set[str] = set()
    for row in annotations.table("loincId", "loincScale", "outcome", "hpoTermId"):
        if isinstance(row, Rejected):
            yield row
            continue
        number, fields = row
        place = annotations.place(number)
        code, finding, said = fields["loincId"], fields["hpoTermId"], fields["outcome"]
        if not _CODE.fullmatch(code) or not finding.startswith("HP:"):
            yield Rejected(place, f'"{code}" or "{finding}" is no LOINC code or HPO term')
            continue
        if not said or fields["loincScale"] not in _SCALES:
            yield Rejected(place, f'"{said}" on scale "{fields["loincScale"]}" is no outcome of a test')
            continue
        if code not in seen:
            seen.add(code)
            yield Concept(f"LOINC:{code}", "LabTest", names.get(code) or f"LOINC {code}", place, by_name=code in names)
        outcome = _OUTCOMES.get(said, said)
        properties = {"outcome": outcome, "absent": outcome in _AGAINST, "scale": fields["loincScale"]}
        yield Fact("REVEALS", f"LOINC:{code}", finding, place, properties)


def _names(file: InputFile, names: dict[str, str]) -> Iterator[Record]:
    for row in file.table("LOINC_NUM", "LONG_COMMON_NAME", delimiter=",", quoted=True):
        if isinstance(row, Rejected):
            yield row
        else:
            names[row[1]["LOINC_NUM"]] = row[1]["LONG_COMMON_NAME"]
            yield LeftOut("LOINC: names read")
