"""The vocabulary: normal forms, lookup, cross references, the shipped files."""

from __future__ import annotations

import pytest
from clinigraph.schemas.problems import UserError
from clinigraph.schemas.vocabulary import NAME_KINDS, Vocabulary, normalise
from hypothesis import example, given, settings
from hypothesis import strategies as st


@settings(max_examples=300)
@given(st.text(max_size=60))
@example("OEDEMA'S OF THE")
@example("metastaseses")
@example("ﬁbroses")
@example("İstanbul fever")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cancer, Lung", "lung cancer"),
        ("cancer of the lung", "Lung cancers"),
        ("Crohn's disease", "Crohn disease"),
        ("Crohn’s disease", "CROHN DISEASE"),
        ("oedema", "edema"),
        ("anaemia", "anemia"),
        ("diarrhoea", "diarrhea"),
        ("Sjögren syndrome", "Sjogren syndrome"),
        ("non-small-cell lung cancer", "non small cell lung cancer"),
        ("type II diabetes", "diabetes type 2"),
        ("liver metastases", "metastasis of the liver"),
        ("β-blocker", "beta blockers"),
        ("Leukemia, Myeloid, Acute", "acute myeloid leukaemia"),
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hepatitis A", "hepatitis B"),
        ("hepatitis A", "hepatitis"),
        ("with aura", "without aura"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("hypertension", "hypotension"),
        ("vitamin K", "vitamin"),
    ],
)
def test_names_that_differ_stay_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_every_shipped_concept_is_found_by_its_own_name() -> None:
    vocabulary = Vocabulary.default()
    for position in range(0, len(vocabulary), 97):
        concept = vocabulary.concept(position)
        found = {c.concept for c in vocabulary.lookup(concept.name)}
        assert position in found or not normalise(concept.name), concept


def test_names_are_sorted_and_of_known_kinds() -> None:
    vocabulary = Vocabulary.default()
    assert vocabulary.keys == sorted(vocabulary.keys)
    assert {vocabulary.row(row).kind for row in range(0, len(vocabulary.keys), 501)} <= set(NAME_KINDS)
    assert (vocabulary.name_concept >= 0).all()


def test_cross_references_lead_to_concepts() -> None:
    vocabulary = Vocabulary.default()
    assert "MONDO:0007947" in {c.id for c in vocabulary.resolve("OMIM:154700")}  # Marfan syndrome
    assert "MONDO:0005148" in {c.id for c in vocabulary.resolve("MESH:D003924")}
    assert "DRUGBANK:DB00945" in {c.id for c in vocabulary.resolve("MESH:D001241")}
    assert vocabulary.resolve("NOPE:1") == []
    assert vocabulary.by_id("NOPE:1") is None and vocabulary.names_of("NOPE:1") == []


@pytest.mark.parametrize(("disease", "finding"), [("MONDO:0005044", "HP:0000822"), ("MONDO:0005249", "HP:0002090")])
def test_a_disease_and_the_same_finding_know_each_other(disease: str, finding: str) -> None:
    vocabulary = Vocabulary.default()
    one, other = vocabulary.by_id(disease), vocabulary.by_id(finding)
    assert one is not None and other is not None
    assert finding in one.xrefs and disease in other.xrefs


def test_a_concept_without_an_id_leads_to_the_nearest_that_has_one() -> None:
    vocabulary = Vocabulary.default()
    nearest = vocabulary.nearest_with("MONDO:0004781", ("MESH:",))  # acute myocardial infarction
    assert nearest is not None and nearest.name == "myocardial infarction"
    own = vocabulary.nearest_with("MONDO:0005148", ("MESH:",))
    assert own is not None and own.id == "MONDO:0005148"
    assert vocabulary.nearest_with("NOPE:1", ("MESH:",)) is None
    assert vocabulary.nearest_with("MONDO:0005148", ("NOPE:",)) is None


def test_no_restricted_codes_ship() -> None:
    vocabulary = Vocabulary.default()
    prefixes = {x.split(":")[0] for x in vocabulary.xref_map}
    assert not {p for p in prefixes if "SNOMED" in p.upper() or "MEDDRA" in p.upper() or p == "SCTID"}


def test_names_can_be_listed_by_label() -> None:
    drugs = list(Vocabulary.default().iter_names(["Drug"]))
    assert ("Lisinopril", "DRUGBANK:DB00722", "Drug") in drugs or ("lisinopril", "DRUGBANK:DB00722", "Drug") in drugs
    assert {label for _, _, label in drugs} == {"Drug"}


def test_a_folder_without_a_vocabulary_says_so(tmp_path) -> None:
    with pytest.raises(UserError, match="no vocabulary"):
        Vocabulary.from_files(tmp_path)
    (tmp_path / "names.parquet").write_bytes(b"nonsense")
    (tmp_path / "nodes_Disease.parquet").write_bytes(b"nonsense")
    with pytest.raises(UserError, match="cannot be read"):
        Vocabulary.from_files(tmp_path)
