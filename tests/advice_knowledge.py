"""A small medical knowledge with known right answers, for the tests of advice."""

from __future__ import annotations

from functools import cache

from clinigraph.kg.advice.view import KnowledgeView, Rows

SOURCE = {"primary_knowledge_source": "clinigraph-test", "source_version": "1", "licence": "CC0-1.0"}
BAND = {"v": "very_frequent", "f": "frequent", "o": "occasional", "r": "very_rare", "x": "excluded", "b": "obligate"}

FINDINGS = {
    "HP:1": ("Abnormality", None),
    "HP:10": ("Pain", "HP:1"),
    "HP:11": ("Chest pain", "HP:10"),
    "HP:12": ("Pleuritic chest pain", "HP:11"),
    "HP:13": ("Headache", "HP:10"),
    "HP:20": ("Cough", "HP:1"),
    "HP:21": ("Productive cough", "HP:20"),
    "HP:22": ("Dyspnea", "HP:1"),
    "HP:23": ("Orthopnea", "HP:22"),
    "HP:24": ("Hemoptysis", "HP:1"),
    "HP:30": ("Fever", "HP:1"),
    "HP:31": ("Pedal edema", "HP:1"),
    "HP:32": ("Unilateral leg swelling", "HP:1"),
    "HP:33": ("Crackles", "HP:1"),
    "HP:34": ("Hyperkalemia", "HP:1"),
    "HP:35": ("Angioedema", "HP:1"),
    "HP:36": ("Nausea", "HP:1"),
    "HP:37": ("Vaginal bleeding", "HP:1"),
    "HP:38": ("Kayser-Fleischer ring", "HP:1"),
    "HP:39": ("Tremor", "HP:1"),
    "HP:40": ("Hypertension", "HP:1"),
}
# id: name, prevalence in primary care, sex, ages, urgency, must not miss, findings by band
DISEASES = {
    "MONDO:pneumonia": (
        "pneumonia",
        "common",
        "any",
        None,
        4,
        False,
        "v HP:20 v HP:30 f HP:21 f HP:33 f HP:22 o HP:12",
    ),
    "MONDO:pe": (
        "pulmonary embolism",
        "uncommon",
        "any",
        (18, 100),
        5,
        True,
        "v HP:22 f HP:12 f HP:32 o HP:24 o HP:20",
    ),
    "MONDO:hf": (
        "heart failure",
        "common",
        "any",
        (50, 100),
        4,
        False,
        "v HP:22 v HP:23 f HP:31 f HP:33 f HP:40 x HP:30",
    ),
    "MONDO:cold": ("common cold", "very_common", "any", None, 1, False, "v HP:20 f HP:30 f HP:13"),
    "MONDO:migraine": ("migraine", "common", "mostly_female", (8, 60), 2, False, "v HP:13 f HP:36"),
    "MONDO:ectopic": ("ectopic pregnancy", "uncommon", "female", (12, 55), 5, True, "v HP:37 v HP:10"),
    "MONDO:wilson": ("Wilson disease", None, "any", None, 2, False, "v HP:38 f HP:39"),
    "MONDO:htn": ("hypertension", "very_common", "any", (30, 100), 2, False, "o HP:13"),
    "MONDO:t2d": ("type 2 diabetes", "common", "any", (30, 100), 2, False, "o HP:36"),
    "MONDO:asthma": ("asthma", "common", "any", None, 3, False, "f HP:22 f HP:20"),
    "MONDO:depression": ("depression", "common", "any", None, 2, False, "o HP:13"),
    "MONDO:bacterial_pneumonia": ("bacterial pneumonia", "uncommon", "any", None, 4, False, "v HP:30 v HP:21"),
}
PARENTS = {"MONDO:bacterial_pneumonia": "MONDO:pneumonia", "MONDO:severe_asthma": "MONDO:asthma"}
XREFS = {"MONDO:wilson": ["OMIM:277900", "ORPHA:905"], "MONDO:htn": ["HP:40"], "HP:20": ["SYMP:cough"]}
DRUGS = {
    "DB:amoxicillin": ("amoxicillin", ["CG:penicillin"]),
    "DB:penicillin_g": ("penicillin G", ["CG:penicillin"]),
    "DB:cephalexin": ("cephalexin", ["CG:cephalosporin"]),
    "DB:aztreonam": ("aztreonam", ["CG:monobactam"]),
    "DB:doxycycline": ("doxycycline", ["CG:tetracycline"]),
    "DB:clavulanate": ("clavulanic acid", ["CGCLASS:component_only"]),
    "DB:coamoxiclav": ("amoxicillin-clavulanate", []),
    "DB:warfarin": ("warfarin", ["CG:vka"]),
    "DB:apixaban": ("apixaban", ["CG:doac"]),
    "DB:metformin": ("metformin", ["CG:biguanide"]),
    "DB:glipizide": ("glipizide", ["CG:sulfonylurea"]),
    "DB:sertraline": ("sertraline", ["CG:ssri", "CG:serotonergic"]),
    "DB:citalopram": ("citalopram", ["CG:ssri", "CG:serotonergic"]),
    "DB:phenelzine": ("phenelzine", ["CG:maoi"]),
    "DB:lisinopril": ("lisinopril", ["CG:acei"]),
    "DB:enalapril": ("enalapril", ["CG:acei"]),
    "DB:amlodipine": ("amlodipine", ["CG:ccb"]),
    "DB:propranolol": ("propranolol", ["CG:nonselective_bb"]),
}
CLASSES = {
    "CGCLASS:therapeutic_class": None,
    "CG:interaction_group": None,
    "CG:beta_lactam": "CGCLASS:therapeutic_class",
    "CG:penicillin": "CG:beta_lactam",
    "CG:cephalosporin": "CG:beta_lactam",
    "CG:monobactam": "CG:beta_lactam",
    "CG:tetracycline": "CGCLASS:therapeutic_class",
    "CGCLASS:component_only": "CG:interaction_group",
    "CG:vka": "CGCLASS:therapeutic_class",
    "CG:doac": "CGCLASS:therapeutic_class",
    "CG:biguanide": "CGCLASS:therapeutic_class",
    "CG:sulfonylurea": "CGCLASS:therapeutic_class",
    "CG:ssri": "CGCLASS:therapeutic_class",
    "CG:maoi": "CGCLASS:therapeutic_class",
    "CG:serotonergic": "CG:interaction_group",
    "CG:acei": "CGCLASS:therapeutic_class",
    "CG:ccb": "CGCLASS:therapeutic_class",
    "CG:beta_blocker": "CGCLASS:therapeutic_class",
    "CG:nonselective_bb": "CG:beta_blocker",
}
TREATS = [
    ("DB:amoxicillin", "MONDO:pneumonia", "first"),
    ("DB:coamoxiclav", "MONDO:pneumonia", "first"),
    ("DB:doxycycline", "MONDO:pneumonia", "first"),
    ("DB:cephalexin", "MONDO:pneumonia", "second"),
    ("DB:aztreonam", "MONDO:pneumonia", "second"),
    ("DB:clavulanate", "MONDO:pneumonia", "adjunct"),
    ("DB:warfarin", "MONDO:pe", "second"),
    ("DB:apixaban", "MONDO:pe", "first"),
    ("DB:metformin", "MONDO:t2d", "first"),
    ("DB:glipizide", "MONDO:t2d", "second"),
    ("DB:sertraline", "MONDO:depression", "first"),
    ("DB:citalopram", "MONDO:depression", "first"),
    ("DB:phenelzine", "MONDO:depression", "second"),
    ("DB:lisinopril", "MONDO:htn", "first"),
    ("DB:enalapril", "MONDO:htn", "first"),
    ("DB:amlodipine", "MONDO:htn", "first"),
    ("DB:propranolol", "MONDO:htn", "second"),
]
CONTRAINDICATED = [
    ("DB:warfarin", "CG:pregnancy", "absolute"),
    ("CG:acei", "CG:pregnancy", "absolute"),
    ("CG:tetracycline", "CG:pregnancy", "relative"),
    ("CG:nonselective_bb", "MONDO:asthma", "absolute"),
    ("CG:acei", "HP:34", "relative"),
    ("CG:acei", "HP:35", "absolute"),
    ("DB:glipizide", "CG:older_adult", "relative"),
    ("CG:beta_blocker", "CG:lactation", "relative"),
]
CROSS_REACTIVE = [
    ("CG:penicillin", "CG:penicillin", "high"),
    ("CG:penicillin", "CG:cephalosporin", "low"),
    ("CG:cephalosporin", "CG:cephalosporin", "moderate"),
]
INTERACTIONS = [
    ("CG:maoi", "CG:serotonergic", "contraindicated"),
    ("DB:warfarin", "DB:doxycycline", "moderate"),
    ("DB:warfarin", "CG:serotonergic", "major"),
]
DOSES = [
    ("DB:metformin", "CG:renal_function", "renal", 30.0, "avoid"),
    ("DB:metformin", "CG:renal_function", "renal", 45.0, "reduce"),
    ("DB:metformin", "CG:adult", "adult_range", None, "usual"),
    ("DB:lisinopril", "CG:renal_function", "renal", 30.0, "reduce"),
]
ADVERSE = [
    ("DB:metformin", "HP:36", "very_common"),
    ("CG:acei", "HP:20", "common"),
    ("CG:ccb", "HP:31", "common"),
    ("DB:amlodipine", "HP:40", "common"),
]
CONTEXTS = (
    "pregnancy lactation older_adult adult child infant newborn sex_female sex_male renal_function hepatic_function"
)


def edges(rows: list[tuple], *names: str) -> list[dict]:
    return [
        {"id": "|".join(map(str, row)), **dict(zip(("source", "target", *names), row, strict=True)), **SOURCE}
        for row in rows
    ]


def mini_rows() -> Rows:
    """The knowledge as rows."""
    nodes = {
        "PhenotypicFeature": [{"id": i, "name": n, "xrefs": XREFS.get(i, [])} for i, (n, _) in FINDINGS.items()],
        "Disease": [_disease(i, *row) for i, row in DISEASES.items()],
        "Drug": [{"id": i, "name": name} for i, (name, _) in DRUGS.items()],
        "DrugClass": [{"id": i, "name": i.partition(":")[2].replace("_", " ")} for i in CLASSES],
        "Context": [{"id": f"CG:{c}", "name": c.replace("_", " ")} for c in CONTEXTS.split()],
        "LabTest": [{"id": "CGTEST:ctpa", "name": "CT pulmonary angiography"}],
    }
    nodes["Disease"].append({"id": "MONDO:severe_asthma", "name": "severe asthma"})
    up = {i: parent for i, (_, parent) in FINDINGS.items()} | PARENTS | CLASSES
    found = {
        "SUBCLASS_OF": edges([(child, parent) for child, parent in up.items() if parent]),
        "HAS_PHENOTYPE": [edge for i, row in DISEASES.items() for edge in _phenotypes(i, row[6])],
        "TREATS": edges(TREATS, "line"),
        "CONTRAINDICATED_IN": edges(CONTRAINDICATED, "severity"),
        "CROSS_REACTIVE_WITH": edges(CROSS_REACTIVE, "level"),
        "INTERACTS_WITH": edges(INTERACTIONS, "severity"),
        "DOSE_ADJUST_FOR": [
            {k: v for k, v in row.items() if v is not None} | {"detail": "see the label"}
            for row in edges(DOSES, "population", "threshold", "action")
        ],
        "HAS_ADVERSE_EVENT": edges(ADVERSE, "frequency"),
        "IN_CLASS": edges([(drug, c) for drug, (_, classes) in DRUGS.items() for c in classes]),
        "HAS_INGREDIENT": edges([("DB:coamoxiclav", "DB:amoxicillin"), ("DB:coamoxiclav", "DB:clavulanate")]),
        "DIAGNOSED_BY": edges([("MONDO:pe", "CGTEST:ctpa", "confirms")], "purpose"),
    }
    return Rows({k: [{**SOURCE, **n} for n in v] for k, v in nodes.items()}, found)


def _disease(
    identifier: str, name: str, prevalence: str | None, sex: str, ages: tuple[float, float] | None, urgency: int,
    must_not_miss: bool, findings: str,
) -> dict:  # fmt: skip
    row = {
        "id": identifier, "name": name, "sex": sex, "urgency": urgency, "must_not_miss": must_not_miss,
        "prevalence_primary": prevalence, "xrefs": XREFS.get(identifier, []),
    }  # fmt: skip
    if ages:
        row |= {"age_onset_min": float(ages[0]), "age_onset_max": float(ages[1])}
    return {k: v for k, v in row.items() if v is not None}


def _phenotypes(disease: str, findings: str) -> list[dict]:
    words = findings.split()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    return edges([(disease, finding, BAND[band]) for band, finding in pairs], "frequency")


@cache
def mini_view() -> KnowledgeView:
    """The knowledge, compiled."""
    return KnowledgeView.compile(mini_rows(), version="mini")
