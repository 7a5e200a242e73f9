"""Laboratory tests, vital signs and scores: names, units, reference ranges, and what a value outside them means.

The table is ``lab_tests.csv`` beside this file, one row per test and population, ``clinigraph-curated``: ranges as
commonly printed on reports in the United States, which a note's own range always overrides. A value of a patient whom
no row is for is not judged: children never by the ranges of adults. Columns:

=====================  =====================================================================================
``test_id``            ``CGTEST:haemoglobin``; rows of one test follow each other, the first names it
``name``, ``kind``     preferred name; lab, vital or score
``synonyms``           ``|`` between; those of one or two characters are matched exactly as written
``unit``               standard unit, in which all limits of the row stand
``other_units``        ``unit=factor`` or ``unit=factor+offset``: standard value = factor * value + offset
``unit_required``      yes: a number without a unit is not normalised (weight, D-dimer)
``sex``, ``age_*``     whom the row is for; empty: anybody. Ages in years, ``age_max`` exclusive
``state``              ``pregnant``: for the pregnant, who get other rows only where no such row is
``low``, ``high``      reference range, both ends normal
``critical_*``         at or beyond: needs an answer at once
``plausible_*``        beyond: a typing error or not this test
``finding_*``          HPO term (id and label) of a low or a high value
=====================  =====================================================================================

``lab_units.csv`` holds spellings of units. One spelling may stand for several units ("bpm"); the test decides.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from .annotation import Record

Sex = Literal["female", "male"]
Flag = Literal["low", "normal", "high", "critical_low", "critical_high"]


class ReferenceRange(Record):
    """Limits of one test for one population, in the test's standard unit. None: no limit."""

    sex: Sex | None = None
    state: Literal["pregnant"] | None = None
    age_min: float | None = None
    age_max: float | None = None
    low: float | None = None
    high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    finding_low: str | None = None
    finding_low_label: str | None = None
    finding_high: str | None = None
    finding_high_label: str | None = None

    def flag(self, value: float) -> Flag | None:
        """Compare a value (standard unit) with the limits; None if there are none.

        Examples
        --------
        >>> ReferenceRange(low=3.5, high=5.1, critical_high=6.5).flag(6.8)
        'critical_high'
        """
        if self.low is None and self.high is None:
            return None
        if self.low is not None and value < self.low:
            return "critical_low" if self.critical_low is not None and value <= self.critical_low else "low"
        if self.high is not None and value > self.high:
            return "critical_high" if self.critical_high is not None and value >= self.critical_high else "high"
        return "normal"

    def finding(self, flag: str | None) -> str | None:
        """CURIE of what a flag means, or None."""
        if flag in ("low", "critical_low"):
            return self.finding_low
        if flag in ("high", "critical_high", "abnormal"):
            return self.finding_high
        return None

    def fits(self, sex: str | None, age: float | None, pregnant: bool = False) -> bool:
        """True if the row may be used for such a patient. Without an age, an adult is assumed."""
        if (self.state == "pregnant") != pregnant:
            return False
        years = 40.0 if age is None else age
        if self.sex is not None and sex is not None and self.sex != sex:
            return False
        return (self.age_min is None or years >= self.age_min) and (self.age_max is None or years < self.age_max)


class LabTest(Record):
    """One test with its names, units and ranges."""

    test_id: str
    name: str
    kind: Literal["lab", "vital", "score"]
    synonyms: tuple[str, ...]
    unit: str
    conversions: dict[str, tuple[float, float]]
    unit_required: bool
    plausible_low: float
    plausible_high: float
    ranges: tuple[ReferenceRange, ...]

    def to_standard(self, value: float, unit: str | None = None) -> float | None:
        """Convert a value into the standard unit.

        Parameters
        ----------
        value
            The number as written.
        unit
            A unit in any spelling of ``lab_units.csv``; None for the standard unit.

        Returns
        -------
        float or None
            None if this test is not measured in that unit.

        Examples
        --------
        >>> round(lab_tests()["CGTEST:creatinine"].to_standard(177, "umol/L"), 1)
        2.0
        """
        canonical = self.unit if unit is None else self.unit_named(unit)
        if canonical is None:
            return None
        factor, offset = self.conversions[canonical]
        return factor * value + offset

    def from_standard(self, value: float, unit: str) -> float | None:
        """Convert a value in the standard unit into another unit, or None; the inverse of :meth:`to_standard`."""
        canonical = self.unit_named(unit)
        if canonical is None:
            return None
        factor, offset = self.conversions[canonical]
        return (value - offset) / factor

    def unit_named(self, spelling: str) -> str | None:
        """Which of this test's units a spelling stands for, or None."""
        for unit in unit_spellings().get(fold_unit(spelling), ()):
            if unit in self.conversions:
                return unit
        return None

    def is_plausible(self, value: float) -> bool:
        """True if a living person may have this value (standard unit)."""
        return self.plausible_low <= value <= self.plausible_high

    def range_for(self, sex: str | None = None, age: float | None = None, pregnant: bool = False) -> ReferenceRange:
        """Limits for a patient. Where the sex is unknown and matters: the widest range of those that may apply.
        No limits where the table has none for such a patient.

        Examples
        --------
        >>> haemoglobin = lab_tests()["CGTEST:haemoglobin"]
        >>> haemoglobin.range_for("male", 50).low, haemoglobin.range_for(None, 50).low
        (13.0, 12.0)
        """
        fitting = [row for row in self.ranges if pregnant and row.fits("female", age, True)]
        fitting = fitting or [row for row in self.ranges if row.fits(sex, age)]
        if not fitting and all(row.state == "pregnant" for row in self.ranges):
            fitting = list(self.ranges)  # who has this test is pregnant
        if not fitting:
            return ReferenceRange()
        if len(fitting) == 1:
            return fitting[0]
        widest = {"low": min, "high": max, "critical_low": min, "critical_high": max}
        limits = {name: [getattr(row, name) for row in fitting] for name in widest}
        return fitting[0].model_copy(
            update={"sex": None, **{n: None if None in limits[n] else pick(limits[n]) for n, pick in widest.items()}}
        )


def fold_unit(spelling: str) -> str:
    """Fold a unit's spelling: case, spaces and the two Greek mu's.

    Examples
    --------
    >>> fold_unit("x 10^9 / L") == fold_unit("X10^9/L")
    True
    """
    return re.sub(r"\s+", "", spelling.replace("μ", "µ")).lower()


@cache
def unit_spellings() -> Mapping[str, tuple[str, ...]]:
    """Folded spelling -> units it may stand for, from ``lab_units.csv``."""
    found: dict[str, list[str]] = defaultdict(list)
    with (files(__package__) / "lab_units.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            for spelling in (row["unit"], *filter(None, row["aliases"].split("|"))):
                known = found[fold_unit(spelling)]
                if row["unit"] not in known:
                    known.append(row["unit"])
    return {spelling: tuple(units) for spelling, units in found.items()}


@cache
def raw_unit_spellings() -> tuple[str, ...]:
    """All spellings as they stand in ``lab_units.csv``, longest first: what a reader of notes looks for."""
    with (files(__package__) / "lab_units.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    spellings = {s for row in rows for s in (row["unit"], *filter(None, row["aliases"].split("|")))}
    return tuple(sorted(spellings, key=lambda s: (-len(s), s)))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _conversions(unit: str, cell: str) -> dict[str, tuple[float, float]]:
    found = {unit: (1.0, 0.0)}
    for part in filter(None, cell.split("|")):
        other, _, formula = part.partition("=")
        match = re.fullmatch(r"([\d.]+)([+-][\d.]+)?", formula)
        if match is None:
            raise ValueError(f"lab_tests.csv: cannot read the conversion {part!r}")
        found[other] = (float(match[1]), float(match[2] or 0))
    return found


def _range(row: Mapping[str, str]) -> ReferenceRange:
    numbers = ("age_min", "age_max", "low", "high", "critical_low", "critical_high")
    texts = ("sex", "state", "finding_low", "finding_low_label", "finding_high", "finding_high_label")
    return ReferenceRange.model_validate(
        {name: _number(row[name]) for name in numbers} | {name: row[name] or None for name in texts}
    )


@cache
def lab_tests() -> Mapping[str, LabTest]:
    """All tests by id, in the order of the table.

    Examples
    --------
    >>> lab_tests()["CGTEST:potassium"].name
    'Potassium'
    """
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (files(__package__) / "lab_tests.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            rows[row["test_id"]].append(row)
    return {test_id: _test(group) for test_id, group in rows.items()}


def _test(group: list[dict[str, str]]) -> LabTest:
    first = group[0]
    return LabTest(
        test_id=first["test_id"],
        name=first["name"],
        kind=first["kind"],  # type: ignore[arg-type]
        synonyms=tuple(filter(None, first["synonyms"].split("|"))),
        unit=first["unit"],
        conversions=_conversions(first["unit"], first["other_units"]),
        unit_required=first["unit_required"] == "yes",
        plausible_low=float(first["plausible_low"]),
        plausible_high=float(first["plausible_high"]),
        ranges=tuple(_range(row) for row in group),
    )


def egfr_ckd_epi_2021(creatinine_mg_dl: float, age: float, sex: Sex) -> float:
    """Estimated glomerular filtration rate from creatinine by the CKD-EPI 2021 equation (without race).

    Inker LA and others, N Engl J Med 2021;385:1737-49.

    Parameters
    ----------
    creatinine_mg_dl
        Serum creatinine in mg/dL, greater than 0, standardised assay.
    age
        Years. The equation is made for adults (18 and older).
    sex
        "female" or "male".

    Returns
    -------
    float
        mL/min/1.73 m2.

    Raises
    ------
    ValueError
        If the creatinine is not positive, the age is below 18, or the sex is neither.

    Examples
    --------
    >>> round(egfr_ckd_epi_2021(1.0, 50, "female")), round(egfr_ckd_epi_2021(2.4, 67, "male"))
    (69, 29)
    """
    if not creatinine_mg_dl > 0:
        raise ValueError("creatinine must be greater than 0 mg/dL")
    if not age >= 18:
        raise ValueError("the CKD-EPI 2021 equation is for adults: age must be 18 or more")
    if sex not in ("female", "male"):
        raise ValueError('sex must be "female" or "male"')
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = creatinine_mg_dl / kappa
    return 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor
