"""Values of tests in prose, terse lists and tables."""

import pickle

import pytest
import spacy
from clinigraph.pipeline.extensions import mention_spans
from hypothesis import given, settings
from hypothesis import strategies as st


def pipeline():
    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_measurements")
    return nlp


NLP = pipeline()


def read(text, nlp=NLP):
    return {s.text: s._.measurement for s in mention_spans(nlp(text)) if s._.measurement is not None}


CASES = [
    # text, name, value, flag, finding
    ("Hgb 8.2 (12-16) L", "Hgb", 8.2, "low", "HP:0001903"),
    ("Labs notable for K+ 5.9.", "K+", 5.9, "high", "HP:0002153"),
    ("BP 142/88", "BP", 142, "high", "HP:0032263"),
    ("BP 118/95 lying", "BP", 118, "high", "HP:0005117"),
    ("Temp 38.9 C", "Temp", 38.9, "high", "HP:0001945"),
    ("T 101.2 F, HR 88", "T", 101.2, "high", "HP:0001945"),
    ("T 98.6 HR 88", "T", 98.6, "normal", None),
    ("SpO2 88% on RA", "SpO2", 88, "low", "HP:0012418"),
    ("EF 35-40%", "EF", 35, "low", "HP:0012664"),
    ("GCS 15/15 on arrival", "GCS", 15, "normal", None),
    ("pain score 7/10", "pain score", 7, "high", None),
    ("INR < 1.1", "INR", 1.1, "normal", None),
    ("A1c of 9.2%", "A1c", 9.2, "high", "HP:0040217"),
    ("Her creatinine on admission was 2.4 mg/dL.", "creatinine", 2.4, "high", "HP:0003259"),
    ("creatinine rose from 1.1 to 2.4", "creatinine", 2.4, "high", "HP:0003259"),
    ("Cr 1.2 -> 2.4", "Cr", 2.4, "high", "HP:0003259"),
    ("Cr. 2.0", "Cr", 2.0, "high", "HP:0003259"),
    ("glucose 11.2 mmol/L", "glucose", 11.2, "high", "HP:0003074"),
    ("WBC 14.2 x10^9/L", "WBC", 14.2, "high", "HP:0001974"),
    ("WBC 14.2K", "WBC", 14.2, "high", "HP:0001974"),
    ("WBC 14,200", "WBC", 14200, "high", "HP:0001974"),
    ("troponin negative", "troponin", None, "normal", None),
    ("troponin x 3 negative", "troponin", None, "normal", None),
    ("elevated troponin", "troponin", None, "high", "HP:0410173"),
    ("TSH 0.01 (0.4-4.5)", "TSH", 0.01, "low", "HP:0031098"),
    ("Potassium was 4. Sodium was 131.", "Sodium", 131, "low", "HP:0002902"),
    ("Peak flow 180 L/min", "Peak flow", 180, "low", "HP:0032355"),
    ("CA-125 80", "CA-125", 80, "high", None),
    ("Na 1310", "Na", 1310, None, None),
    ("Wt 180 lbs", "Wt", 180, None, None),
]


@pytest.mark.parametrize(("text", "name", "value", "flag", "finding"), CASES)
def test_values(text, name, value, flag, finding):
    measurement = read(text)[name]
    assert (measurement.value, measurement.flag, measurement.finding) == (value, flag, finding)


@pytest.mark.parametrize(
    "text",
    [
        "K 40 mEq po daily",
        "potassium chloride 20 mEq",
        "calcium 600 mg bid",
        "vitamin D 1000 units daily",
        "iron 325 mg daily",
        "seen 3/4/2020, HR 555-1234",
        "1. Potassium 2. Sodium 3. Chloride",
        "troponin 2 weeks ago",
        "T2 lesion on MRI",
        "T 4 N 1 M 0",
        "goal INR 2-3",
        "call for temp > 101",
        "hold for SBP < 100",
        "low sodium diet",
        "WBC 5-10/hpf",
        "PT evaluation 2 times",
        "Keep K > 4",
        "",
        "\n\n",
        "😀",
    ],
)
def test_no_values(text):
    assert read(text) == {}


def test_lists_pairs_and_tables():
    assert {k: m.value for k, m in read("Na 131, K 3.2, Cr 2.1").items()} == {"Na": 131, "K": 3.2, "Cr": 2.1}
    assert {k: m.value for k, m in read("BUN/Cr 40/2.1").items()} == {"BUN": 40, "Cr": 2.1}
    assert {k: m.value for k, m in read("AST and ALT were 45 and 60").items()} == {"AST": 45, "ALT": 60}
    table = read("Hemoglobin | 8.2 | g/dL | 12.0-16.0\nWBC | 14.2 | K/uL | 4.0-11.0 | H")
    assert (table["Hemoglobin"].reference_low, table["Hemoglobin"].unit, table["WBC"].flag) == (12.0, "g/dL", "high")
    columns = read("Sodium\t131\t135-145\tL\nPotassium      5.9      3.5-5.1   H")
    assert (columns["Sodium"].flag, columns["Potassium"].reference_high) == ("low", 5.1)


def test_normalised_values_and_blood_pressure():
    height = read("Ht 5'10\"")["Ht"]
    assert (height.normal_value, height.normal_unit) == (pytest.approx(177.8), "cm")
    pressure = read("BP 142/88")["BP"]
    assert (pressure.value, pressure.value_high) == (142, 88)
    assert read("Temp 101.2 F")["Temp"].normal_value == pytest.approx(38.44, abs=0.01)
    assert read("Weight 180")["Weight"].normal_value is None  # kg or lb: not said


def test_sex_of_the_patient_decides():
    assert read("70-year-old man. Hgb 12.5")["Hgb"].flag == "low"
    assert read("70-year-old woman. Hgb 12.5")["Hgb"].flag == "normal"


def test_existing_mentions_are_kept_and_used():
    nlp = spacy.blank("en")
    rules = [
        {"label": "TEST", "pattern": "serum creatinine"},
        {"label": "DRUG", "pattern": "potassium"},
        {"label": "TEST", "pattern": "anti-XY"},
    ]
    nlp.add_pipe("entity_ruler").add_patterns(rules)
    nlp.add_pipe("clinigraph_measurements")
    doc = nlp("serum creatinine 2.4, potassium 3.1, anti-XY 40 U/mL")
    assert [(e.text, e.label_) for e in doc.ents] == [
        ("serum creatinine", "TEST"),
        ("potassium", "DRUG"),
        ("anti-XY", "TEST"),
    ]
    values = {(s.text, s.label_): s._.measurement.value for s in mention_spans(doc) if s._.measurement}
    assert values == {("serum creatinine", "TEST"): 2.4, ("potassium", "TEST"): 3.1, ("anti-XY", "TEST"): 40}
    assert doc.ents[0]._.concept.id == "CGTEST:creatinine"


def test_survives_pickle_and_disk(tmp_path):
    NLP.to_disk(tmp_path / "nlp")
    for nlp in (spacy.load(tmp_path / "nlp"), pickle.loads(pickle.dumps(NLP.get_pipe("clinigraph_measurements")))):
        doc = nlp("K 5.9") if isinstance(nlp, spacy.Language) else nlp(spacy.blank("en").make_doc("K 5.9"))
        assert doc.ents[0]._.measurement.flag == "high"


WORDS = [
    "BP",
    "Hgb",
    "K",
    "T",
    "142/88",
    "8.2",
    "(12-16)",
    "L",
    "-",
    "|",
    "\t",
    "<",
    "mg/dL",
    "2.",
    "İ",
    "\n",
    "was",
    "%",
    "10/10",
    "from",
    "to",
    "🩸",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=120))
@settings(max_examples=80, deadline=None)
def test_any_text_is_safe_and_twice_is_once(text):
    doc = NLP(text)
    first = [(s.start_char, s.end_char, s._.measurement) for s in mention_spans(doc)]
    again = NLP.get_pipe("clinigraph_measurements")(doc)
    assert [(s.start_char, s.end_char, s._.measurement) for s in mention_spans(again)] == first


def test_gold():
    from pathlib import Path

    from clinigraph.pipeline.evaluation.measurements import evaluate_measurements

    report = evaluate_measurements(Path(__file__).parent / "measurements_gold.jsonl")
    assert report.n >= 120
    assert report.values.f1 >= 0.97
    assert report.attributes["flag"].recall >= 0.97


def test_rates_are_computed_only_where_the_equation_holds():
    def rates(text):
        return [s for s in mention_spans(NLP(text)) if s._.concept and s._.concept.id == "CGTEST:egfr"]

    (rate,) = rates("67-year-old man. Cr 2.4 mg/dL.")
    assert (rate.text, rate._.measurement.value, rate._.measurement.computed) == ("2.4", 29, True)
    assert rate._.measurement.finding == "HP:0012213"
    assert rate not in rate.doc.ents
    for text in ("Cr 2.4", "9-year-old boy. Cr 2.4", "30-year-old pregnant woman. Cr 0.9", "67-year-old man. Cr > 2.4"):
        assert rates(text) == []
    assert [r._.measurement.computed for r in rates("67-year-old man. Cr 2.4, eGFR 31.")] == [False]


def test_older_values_of_a_trend_are_marked():
    values = [(m.value, m.earlier) for m in read("creatinine rose from 1.1 to 2.4").values()]
    assert sorted(values) == [(1.1, True), (2.4, False)]
    values = [(m.value, m.earlier) for m in read("HbA1c 7.2 <- 8.1").values()]
    assert values == [(7.2, False), (8.1, True)]


def test_children_and_the_pregnant_have_their_own_ranges():
    assert read("5-year-old. BMI 15")["BMI"].flag is None
    assert read("3-year-old girl. Albumin 4.9, Hgb 11.6")["Hgb"].flag == "normal"
    assert read("G1P0 at 30 weeks gestation. Hgb 11.2")["Hgb"].flag == "normal"
    assert read("30-year-old woman. Hgb 11.2")["Hgb"].flag == "low"
