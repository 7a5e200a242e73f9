"""How drugs are taken, what is done with them, and allergies."""

import pytest
import spacy
from clinigraph.pipeline.components.medications.dosing import dose_registry, times_per_day
from clinigraph.pipeline.components.medications.lexicon import rows
from clinigraph.pipeline.extensions import mention_spans
from hypothesis import given, settings
from hypothesis import strategies as st

DRUGS = [
    "Lasix",
    "metoprolol tartrate",
    "albuterol",
    "insulin glargine",
    "warfarin",
    "aspirin",
    "lisinopril",
    "penicillin",
    "clopidogrel",
    "metformin",
    "prednisone",
    "ceftriaxone",
    "vancomycin",
    "dorzolamide",
    "timolol",
    "furosemide",
    "amlodipine",
    "Plavix",
    "carvedilol",
    "amoxicillin",
    "Zoloft",
    "metoprolol",
    "heparin",
    "morphine",
    "oxycodone",
    "latanoprost",
]


def pipeline():
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DRUG", "pattern": [{"LOWER": w.lower()} for w in d.split()]} for d in DRUGS])
    nlp.add_pipe("clinigraph_medications")
    return nlp


NLP = pipeline()


def read(text):
    return {s.text: s._.medication for s in mention_spans(NLP(text)) if s.label_ == "DRUG"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Lasix 40 mg po bid",
            {
                "dose": "40 mg",
                "route": "po",
                "frequency": "bid",
                "dose_value": 40,
                "dose_unit": "milligram",
                "frequency_per_day": 2,
            },
        ),
        (
            "metoprolol tartrate 25 mg tab 1/2 tab twice daily",
            {"strength": "25 mg", "dose": "1/2 tab", "form": "tab", "dose_value": 12.5, "frequency_per_day": 2},
        ),
        (
            "albuterol inhaler 2 puffs q4-6h prn wheezing",
            {
                "form": "inhaler",
                "dose_value": 2,
                "dose_unit": "puff",
                "frequency_per_day": 6,
                "prn": True,
                "reason": "wheezing",
            },
        ),
        (
            "insulin glargine 20 units qhs",
            {"dose_value": 20, "dose_unit": "international_unit", "frequency_per_day": 1},
        ),
        ("warfarin 5 mg daily except Fri", {"dose": "5 mg", "frequency_per_day": pytest.approx(6 / 7)}),
        ("warfarin 2.5 mg Mon/Wed/Fri", {"frequency_per_day": pytest.approx(3 / 7)}),
        ("prednisone 10 mg every other day", {"frequency_per_day": 0.5}),
        ("amoxicillin 500 mg po tid x 10 days.", {"duration": "10 days", "frequency_per_day": 3, "reason": None}),
        ("a 7-day course of amoxicillin", {"duration": "7-day course"}),
        ("aspirin 81 mg.", {"dose": "81 mg", "dose_value": 81}),
        ("aspirin 75 mg OD", {"frequency": "OD", "frequency_per_day": 1, "route": None}),
        ("timolol OD bid", {"route": "OD", "frequency_per_day": 2}),
        ("heparin drip at 12 units/kg/hr", {"dose_value": 12, "dose_unit": "international_unit / kilogram / hour"}),
        ("metformin increased from 500 mg to 1000 mg bid", {"dose_value": 1000, "status": "changed"}),
        ("lisinopril 5 mg daily for his blood pressure", {"reason": "blood pressure"}),
        (
            "amlodipine 5 mg\n   take one tablet by mouth daily",
            {"dose": "one tablet", "route": "by mouth", "dose_value": 5},
        ),
        (
            "oxycodone 5 mg 1-2 tabs q4-6h prn pain",
            {"strength": "5 mg", "dose": "1-2 tabs", "prn": True, "reason": "pain"},
        ),
        ("metoprolol 50 mg p.o. q.h.s.", {"route": "p.o.", "frequency": "q.h.s.", "frequency_per_day": 1}),
        ("warfarin 5 mg, INR 2.3. Follow up in 2 weeks.", {"dose": "5 mg", "duration": None, "frequency": None}),
        ("consider lisinopril 5 mg daily", {"status": "unknown"}),
        ("40 mg of Lasix", {"dose": "40 mg", "dose_value": 40}),
    ],
)
def test_prescriptions(text, expected):
    detail = next(iter(read(text).values()))
    assert {name: getattr(detail, name) for name in expected} == expected


def test_details_go_to_the_right_drug():
    assert read("lisinopril 10 mg and Zzcept 500 mg twice daily")["lisinopril"].frequency is None
    details = read("aspirin 81 mg daily, lisinopril 10 mg bid and warfarin")
    assert [(d.dose, d.frequency) for d in details.values()] == [("81 mg", "daily"), ("10 mg", "bid"), (None, None)]
    details = read("Given 1 g of ceftriaxone IV and vancomycin 1.5 g IV q12h.")
    assert [d.dose for d in details.values()] == ["1 g", "1.5 g"]
    details = read("dorzolamide/timolol BID OU; furosemide (Lasix) 40 mg daily")
    assert [(d.route, d.frequency) for d in details.values()] == [("OU", "BID")] * 2 + [(None, "daily")] * 2


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("Continue aspirin 81 mg.", ["active"]),
        ("She was started on metformin 500 mg BID.", ["started"]),
        ("Hold lisinopril and metformin. Continue aspirin.", ["held", "held", "active"]),
        ("Aspirin and Plavix were held.", ["held", "held"]),
        ("Stop aspirin and start clopidogrel 75 mg daily.", ["stopped", "started"]),
        ("Lisinopril was discontinued due to cough.", ["stopped"]),
        ("Changed from metoprolol to carvedilol 6.25 mg bid", ["stopped", "started"]),
        ("switched metoprolol to carvedilol", ["stopped", "started"]),
        ("no longer taking Zoloft", ["stopped"]),
        ("warfarin was increased to 7.5 mg daily", ["changed"]),
        ("MEDICATIONS:\n1. Aspirin\n2. Warfarin - held", ["active", "held"]),
        ("aspirin", ["unknown"]),
    ],
)
def test_status(text, statuses):
    assert [d.status for d in read(text).values()] == statuses


def test_lines_of_medication_lists_that_nobody_marked():
    details = read(
        "MEDICATIONS:\n1. Aspirin 81 mg daily\n2. Lantus 20 units qhs\n3. Advair Diskus 250/50 1 puff bid\n\nPLAN: Followup 2 weeks"  # noqa: E501
    )
    assert list(details) == ["Aspirin", "Lantus", "Advair Diskus"]
    assert {d.status for d in details.values()} == {"active"}


def allergies(text):
    return {s.text: (s._.allergy.reaction, s._.allergy.severity) for s in mention_spans(NLP(text)) if s._.allergy}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALLERGIES: Penicillin (rash), sulfa - hives; NKDA", {"Penicillin": ("rash", None), "sulfa": ("hives", None)}),
        (
            "ALLERGIES: Codeine causes nausea and vomiting.\nMEDICATIONS: Lasix 20 mg",
            {"Codeine": ("nausea and vomiting", None)},
        ),
        ("Allergies: Latex, peanuts", {"Latex": (None, None), "peanuts": (None, None)}),
        ("She is allergic to penicillin (anaphylaxis).", {"penicillin": ("anaphylaxis", "severe")}),
        (
            "allergic to penicillin, sulfa (severe rash) and latex",
            {"penicillin": (None, None), "sulfa": ("severe rash", "severe"), "latex": (None, None)},
        ),
        ("PCN allergy: hives", {"PCN": ("hives", None)}),
        ("intolerance to codeine", {"codeine": (None, None)}),
        ("penicillin-allergic patient", {"penicillin": (None, None)}),
        ("Allergies: NKDA", {}),
        ("No known drug allergies. Penicillin given.", {}),
        ("no allergy to penicillin", {}),
        ("tolerates penicillin", {}),
        ("ALLERGIES: None. Tolerates penicillin.", {}),
        ("Mother is allergic to penicillin", {}),
    ],
)
def test_allergies(text, expected):
    assert allergies(text) == expected
    assert {s.text for s in mention_spans(NLP(text)) if s._.medication and s._.medication.status == "allergy"} == set(
        expected
    )


def test_sections_are_used_where_there_are_some():
    doc = NLP.make_doc("Penicillin\nAspirin 81 mg")
    doc.set_ents([doc.char_span(11, 18, label="DRUG")])
    doc.user_data[("clinigraph", "sections")] = [
        {"kind": "allergies", "title": "", "start": 0, "body_start": 0, "end": 11},
        {"kind": "discharge_medications", "title": "", "start": 11, "body_start": 11, "end": 24},
    ]
    NLP.get_pipe("clinigraph_medications")(doc)
    assert [(s.text, s._.medication.status) for s in mention_spans(doc)] == [
        ("Penicillin", "allergy"),
        ("Aspirin", "active"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bid", 2),
        ("q6h", 4),
        ("twice daily", 2),
        ("once weekly", 1 / 7),
        ("qhs", 1),
        ("every other day", 0.5),
        ("q 8 hours", 3),
        ("4x/day", 4),
        ("q72h", 1 / 3),
        ("monthly", 1 / 30),
        ("q.i.d.", 4),
        ("as directed", None),
        ("every 12 hours", 2),
    ],
)
def test_times_per_day(words, expected):
    assert times_per_day(words) == (None if expected is None else pytest.approx(expected))


def test_pint_knows_every_unit():
    for row in rows("dose_units.csv"):
        assert dose_registry().Quantity(1, row["unit"])
    assert str(dose_registry().Quantity(1, "milliequivalent").to("equivalent").units) == "equivalent"


def test_saved_pipeline_says_the_same(tmp_path):
    NLP.to_disk(tmp_path / "nlp")
    doc = spacy.load(tmp_path / "nlp")("Lasix 40 mg po bid")
    assert doc.ents[0]._.medication == NLP("Lasix 40 mg po bid").ents[0]._.medication


WORDS = [
    *DRUGS[:6],
    "40 mg",
    "po",
    "bid",
    "for",
    "pain",
    "Allergies:",
    "allergic to",
    "penicillin",
    "(rash)",
    "of",
    ",",
    "\n",
    ".",
    "held",
    "İ",
    "1/2 tab",
    "OD",
    "from",
    "to",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=100))
@settings(max_examples=80, deadline=None)
def test_any_text_is_safe_and_twice_is_once(text):
    doc = NLP(text)
    first = [(s.start, s.end, s.label_, s._.medication, s._.allergy) for s in mention_spans(doc)]
    for *_, detail, _allergy in first:
        if detail is not None and detail.dose_unit is not None:
            assert dose_registry().Quantity(detail.dose_value, detail.dose_unit) is not None
    NLP.get_pipe("clinigraph_medications")(doc)
    assert [(s.start, s.end, s.label_, s._.medication, s._.allergy) for s in mention_spans(doc)] == first


def test_shorthand_of_eye_clinics_is_found_beside_its_sig():
    from clinigraph.pipeline.extensions import mention_spans

    nlp = spacy.blank("en")
    nlp.add_pipe("clinigraph_medications")
    doc = nlp("Cont PFAT prn OU, dorz/tim BID OD, lat qhs ou. Seen at night; was AT HOME, AT QID.")
    assert [s.text for s in mention_spans(doc)] == ["PFAT", "dorz/tim", "lat", "AT"]
    assert mention_spans(doc)[1]._.medication.frequency_per_day == 2
    assert mention_spans(nlp("The lat was seen; tim came in.")) == []


def test_parts_of_a_combination_stay_apart_and_longer_names_win():
    from clinigraph.pipeline.extensions import mention_spans

    nlp = spacy.blank("en")
    rules = [{"label": "DRUG", "pattern": word} for word in ("dorzolamide", "timolol", "tears")]
    nlp.add_pipe("entity_ruler", config={"overwrite_ents": True}).add_patterns(rules)
    nlp.add_pipe("clinigraph_medications")
    assert [s.text for s in mention_spans(nlp("dorzolamide / timolol bid"))] == ["dorzolamide", "timolol"]
    assert [s.text for s in mention_spans(nlp("artificial tears qid"))] == ["artificial tears"]


def test_evaluation_counts_parts_and_leaves_masks_out(tmp_path):
    import json

    from clinigraph.pipeline.evaluation.medications import evaluate_medications, medication_pipeline

    text = "Timolol BID OU, ***"
    labels = [[0, 7, "DRUG"], [8, 11, "FREQUENCY"], [12, 14, "ROUTE"], [16, 19, "DRUG"]]
    path = tmp_path / "gold.json"
    path.write_text(json.dumps([{"id": 1, "text": text, "labels": labels}]), encoding="utf-8")
    nlp = medication_pipeline(tagger=False)
    report = evaluate_medications(path, format="doccano", nlp=nlp)
    assert {name: row["f1"] for name, row in report.to_dict()["labels"].items()} == {
        "DRUG": 1.0, "FREQUENCY": 1.0, "ROUTE": 1.0,
    }  # fmt: skip
    assert (
        report.masked,
        evaluate_medications(path, format="doccano", nlp=nlp, keep_masked=True).labels["DRUG"].support,
    ) == (1, 2)
