"""Values that follow from others: the estimated filtration rate from a creatinine."""

from __future__ import annotations

from ....schemas.annotation import Measurement
from ....schemas.lab_tests import egfr_ckd_epi_2021, lab_tests
from .values import Patient

CREATININE = "CGTEST:creatinine"
EGFR = "CGTEST:egfr"


def computed_egfr(creatinine: Measurement, patient: Patient) -> Measurement | None:
    """Estimate the filtration rate by CKD-EPI 2021, or None where the equation does not hold.

    It needs an adult's age, the sex and an exact creatinine, and is not made for pregnancy.

    Examples
    --------
    >>> value = Measurement(value=2.4, normal_value=2.4, normal_unit="mg/dL")
    >>> computed_egfr(value, Patient("male", 67)).normal_value
    29.0
    >>> computed_egfr(value, Patient("male", 9)) is None
    True
    """
    value = creatinine.normal_value
    if value is None or value <= 0 or creatinine.comparator != "=" or creatinine.value_high is not None:
        return None
    if patient.sex not in ("female", "male") or patient.age is None or patient.age < 18 or patient.pregnant:
        return None
    rate = float(round(egfr_ckd_epi_2021(value, patient.age, patient.sex)))  # type: ignore[arg-type]
    test = lab_tests()[EGFR]
    if not test.is_plausible(rate):
        return None
    limits = test.range_for(*patient)
    flag = limits.flag(rate)
    return Measurement(
        value=rate,
        unit=test.unit,
        normal_value=rate,
        normal_unit=test.unit,
        reference_low=limits.low,
        reference_high=limits.high,
        flag=flag,
        finding=limits.finding(flag),
        earlier=creatinine.earlier,
        computed=True,
    )
