"""The head for relations: its corpora, its arithmetic, what the pipeline and the evaluation make of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from clinigraph.pipeline.encoder.pairs import CLOSEST, FEATURES, RELATION_TYPES, PairScorer, PairSide, pair_rows
from clinigraph.pipeline.training.corpora import GoldSpan
from clinigraph.pipeline.training.corpora.offsets import annotation_file
from clinigraph.pipeline.training.gold_relations import Group, RelationRecord, read_relations, relation_maps
from clinigraph.pipeline.training.label_maps import load_label_maps
from clinigraph.pipeline.training.pair_examples import window_sides
from clinigraph.schemas.problems import UserError

PUBTATOR = """\
1|t|Aspirin and ulcers
1|a|Aspirin caused gastric ulcers, not gout.
1\t0\t7\tAspirin\tChemical\tD001
1\t12\t18\tulcers\tDisease\tD002
1\t19\t26\tAspirin\tChemical\tD001
1\t34\t48\tgastric ulcers\tDisease\tD002|D009
1\t54\t58\tgout\tDisease\tD003
1\t60\t64\tlost\tDisease\t-1
1\tCID\tD001\tD002

"""

BRAT = """\
T1\tSign_symptom 5 9\tpain
E1\tSign_symptom:T1
T2\tBiological_structure 17 21\tknee
T3\tSeverity 0 4\tmild
R1\tMODIFY Arg1:T2 Arg2:E1
R2\tMODIFY Arg1:T3 Arg2:E1
R3\tBEFORE Arg1:E1 Arg2:T2
"""

PHEE = {
    "id": "9_1",
    "context": "Rash after penicillin for sore throat.",
    "annotations": [
        {
            "events": [
                {
                    "event_type": "Adverse_event",
                    "Effect": {"text": [["Rash"]], "start": [[0]]},
                    "Treatment": {
                        "text": [["penicillin"]],
                        "start": [[11]],
                        "Drug": {"text": [["penicillin"]], "start": [[11]]},
                        "Disorder": {"text": [["sore throat"]], "start": [[26]]},
                    },
                }
            ]
        }
    ],
}


def test_concepts_of_a_document_are_related(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text(PUBTATOR, encoding="utf-8")
    (record,) = read_relations(file, "bc5cdr")
    groups = {group.concept: group for group in record.groups}
    assert set(groups) == {"D001", "D002", "D009", "D003"}
    assert len(groups["D001"].spans) == 2 and len(groups["D002"].spans) == 2
    ids = [group.concept for group in record.groups]
    assert {(p.type, ids[p.head], ids[p.tail]) for p in record.pairs} == {("CAUSES", "D001", "D002")}
    candidates = set(relation_maps()["bc5cdr"].candidates(record))
    assert {(ids[p.head], ids[p.tail]) for p in candidates} == {("D001", d) for d in ("D002", "D009", "D003")}


def test_mentions_are_related_in_brat_and_phee(tmp_path: Path) -> None:
    (tmp_path / "3.txt").write_text("mild pain in the knee", encoding="utf-8")
    (tmp_path / "3.ann").write_text(BRAT, encoding="utf-8")
    (record,) = read_relations(tmp_path, "maccrobat")
    words = [record.text[g.spans[0].start : g.spans[0].end] for g in record.groups]
    assert {(p.type, words[p.head], words[p.tail]) for p in record.pairs} == {
        ("LOCATED_IN", "pain", "knee"),
        ("DETAIL_OF", "mild", "pain"),
    }
    file = tmp_path / "p.json"
    file.write_text(json.dumps(PHEE), encoding="utf-8")
    (record,) = read_relations(file, "phee")
    words = [record.text[g.spans[0].start : g.spans[0].end] for g in record.groups]
    assert {(p.type, words[p.head], words[p.tail]) for p in record.pairs} == {
        ("CAUSES", "penicillin", "Rash"),
        ("TREATS", "penicillin", "sore throat"),
    }
    with pytest.raises(UserError, match="relation map"):
        read_relations(file, "unknown")


NOTE = "Lisinopril 20 mg caused a cough. X-ray: no infiltrate."


def notes(folder: Path) -> tuple[Path, Path]:
    """A note with its annotations kept apart."""
    spans = [[0, 10, "DRUG"], [11, 16, "DOSE"], [26, 31, "SYMPTOM"], [33, 38, "TEST"], [43, 53, "SYMPTOM"]]
    row = {"note_id": "n", "sha256": hashlib.sha256(NOTE.encode()).hexdigest(), "spans": spans}
    (folder / "n.jsonl").write_text(json.dumps({"note_id": "n", "text": NOTE}), encoding="utf-8")
    related = [["DETAIL_OF", 1, 0], ["CAUSES", 0, 2], ["REVEALS", 3, 4]]
    (folder / "gold.jsonl").write_text(json.dumps({**row, "relations": related}) + "\n", encoding="utf-8")
    return folder / "n.jsonl", folder / "gold.jsonl"


def test_relations_of_notes_are_kept_apart_from_their_texts(tmp_path: Path) -> None:
    texts, gold = notes(tmp_path)
    (record,) = read_relations(texts, "clinical-notes", gold)
    assert {pair.type for pair in record.pairs} == {"DETAIL_OF", "CAUSES", "REVEALS"}
    possible = {(p.type, p.head, p.tail) for p in relation_maps()["clinical-notes"].candidates(record)}
    assert ("DETAIL_OF", 1, 0) in possible and ("DETAIL_OF", 1, 3) not in possible  # a dose of a drug, not of a test
    assert not {p for p in possible if p[0] == "INTERACTS_WITH"}
    with pytest.raises(UserError, match="kept apart"):
        read_relations(texts, "clinical-notes")
    row = json.loads(gold.read_text(encoding="utf-8"))
    gold.write_text(json.dumps({**row, "relations": [["CAUSES", 0, 9]]}) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match="a span that it does not have"):
        read_relations(texts, "clinical-notes", gold)
    with pytest.raises(UserError, match="stand with its texts"):
        read_relations(texts, "bc5cdr", gold)


def test_two_drugs_are_one_pair(tmp_path: Path) -> None:
    record = RelationRecord(
        "1",
        "a b",
        (Group("DRUG", "0", (GoldSpan(0, 1, "DRUG"),)), Group("DRUG", "1", (GoldSpan(2, 3, "DRUG"),))),
        frozenset(),
    )
    found = [p for p in relation_maps()["clinical-notes"].candidates(record) if p.type == "INTERACTS_WITH"]
    assert [(p.head, p.tail) for p in found] == [(0, 1)]


def test_the_annotated_notes_hold_only_fitting_relations() -> None:
    known = relation_maps()["clinical-notes"]
    for file in (Path(__file__).parent / "gold_notes" / "annotations.jsonl", annotation_file("annotated_notes.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        related = [row for row in rows if "relations" in row]
        assert len(related) >= 30
        for row in related:
            for type_, head, tail in row["relations"]:
                assert known.fits(type_, row["spans"][head][2], row["spans"][tail][2])


def test_a_pair_that_nobody_annotated_is_only_unrelated_where_the_corpus_says_so() -> None:
    maps = relation_maps()
    assert maps["bc5cdr"].types == ("CAUSES",)  # what BC5CDR does not relate may still treat
    for name, relations in maps.items():
        assert set(relations.types) <= set(RELATION_TYPES)
        assert name in load_label_maps() and set(relations.ends) == set(relations.types)


def test_the_head_computes_the_same_without_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra train")
    from clinigraph.pipeline.training.model import PairHead

    torch.manual_seed(0)
    head = PairHead(24).eval()
    rng = np.random.default_rng(0)
    states = rng.normal(size=(9, 24)).astype(np.float32)
    sentence = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    sides = [
        PairSide("DRUG", ((0, 1), (5, 7))),
        PairSide("DISEASE", ((2, 4), (8, 9))),
        PairSide("ANATOMY", ((3, 4), (7, 8))),
    ]
    pairs = [(0, 1), (1, 2)]
    with torch.no_grad():
        logits = head(torch.from_numpy(states), pair_rows(sides, pairs, sentence))
    PairScorer({name: value.numpy() for name, value in head.state_dict().items()}).save(tmp_path / "pairs.npz")
    found = PairScorer.load(tmp_path / "pairs.npz").scores(states, sentence, sides, pairs)
    assert found.shape == (2, len(RELATION_TYPES))
    assert np.abs(found - torch.sigmoid(logits).numpy()).max() < 2e-3  # kept in 16 bits


def test_rows_see_distance_order_title_and_rivals() -> None:
    sentence = np.array([0, 0, 1, 1, 2, 2, 2, 2])

    def features(*sides: PairSide, pair: tuple[int, int] = (0, 1)) -> np.ndarray:
        rows = pair_rows(sides, [pair], sentence)
        assert rows.features.shape == (len(rows.pair), FEATURES)
        return rows.features[0]

    drug, symptom = PairSide("DRUG", ((2, 3),)), PairSide("SYMPTOM", ((3, 4),))
    near = features(drug, symptom)
    far = features(PairSide("DRUG", ((0, 1),)), PairSide("DISEASE", ((7, 8),)))
    turned = features(PairSide("DRUG", ((3, 4),)), PairSide("SYMPTOM", ((2, 3),)))
    assert far.sum() > near.sum() and (near != turned).sum() == 1
    # symptoms and diseases look the same to the head
    assert np.array_equal(near, features(drug, PairSide("DISEASE", ((3, 4),))))
    # another drug, that stands nearer or not
    problem = PairSide("SYMPTOM", ((7, 8),))
    nearer, farther = (features(drug, problem, PairSide("DRUG", (at,))) for at in ((4, 5), (0, 1)))
    assert (nearer != farther).sum() == 1 and farther.sum() > nearer.sum()  # is it the nearest of its kind?
    # a disease that is more special
    plain = PairSide("DISEASE", ((3, 4),), "failure")
    alone = features(drug, plain, PairSide("DISEASE", ((6, 7),), "rash"))
    special = features(drug, plain, PairSide("DISEASE", ((6, 7),), "heart failure"))
    assert (alone != special).sum() == 1


def test_of_many_mentions_the_closest_are_looked_at() -> None:
    sentence = np.zeros(80, dtype=int)
    many = PairSide("DRUG", tuple((at, at + 1) for at in range(0, 40, 2)))
    other = PairSide("DISEASE", tuple((at, at + 1) for at in range(41, 79, 2)))
    rows = pair_rows([many, other], [(0, 1)], sentence)
    assert len(rows.pair) == CLOSEST
    gaps = [int(rows.mentions[tail].argmax() - rows.mentions[head].argmax()) for head, tail in rows.ends]
    assert max(gaps) < 15  # the closest
    # pairs with different numbers of rows, and two sides of the same words
    twin = PairSide("DISEASE", other.words[:1])
    rows = pair_rows([many, other, twin], [(0, 2), (0, 1), (1, 2)], sentence)
    assert np.bincount(rows.pair).tolist() == [CLOSEST, CLOSEST, CLOSEST]
    assert len(rows.mentions) == len({*many.words, *other.words})


def test_what_the_tagger_does_not_know_is_no_side() -> None:
    biored, maccrobat = load_label_maps()["biored"], load_label_maps()["maccrobat"]
    begin, end = np.array([0, 5]), np.array([4, 9])

    def label(known, name: str) -> list[str]:
        record = RelationRecord("1", "mild pain", (Group(name, "0", (GoldSpan(0, 4, name),)),), frozenset())
        return [side.label for side in window_sides(record, known, begin, end).sides]

    assert label(biored, "GeneOrGeneProduct") == [] and label(biored, "ChemicalEntity") == ["DRUG"]
    assert label(maccrobat, "Severity") == ["SEVERITY"] and label(maccrobat, "Dosage") == ["DOSE"]


def test_a_head_of_an_earlier_kind_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    weights = {"head.weight": np.zeros((4, 3)), "inner.weight": np.zeros((4, 16 + FEATURES - 5))}
    np.savez(tmp_path / "pairs.npz", **weights)
    assert PairScorer.load(tmp_path / "pairs.npz") is None and "earlier" in caplog.text


def test_every_type_has_a_threshold() -> None:
    from clinigraph.pipeline.evaluation.relations import THRESHOLDS

    assert set(THRESHOLDS) == set(RELATION_TYPES)


# --- the shipped model -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nlp():
    import clinigraph.pipeline as pipeline

    return pipeline.load(exclude=["clinigraph_linker", "clinigraph_abbreviations"])


def related(nlp, text: str) -> set[tuple[str, str, str]]:
    from clinigraph.pipeline.extensions import mention_spans

    doc = nlp(text)
    names = {span._.mention_id: span.text.lower() for span in mention_spans(doc)}
    return {(names[r.head], r.type.value, names[r.tail]) for r in doc._.relations}


def test_relations_without_a_cue_are_seen(nlp) -> None:
    text = "Two days of amiodarone, and the patient developed severe bradycardia and hypotension."
    found = related(nlp, text)
    assert ("amiodarone", "CAUSES", "bradycardia") in found


def test_what_is_denied_is_no_relation(nlp) -> None:
    assert not {r for r in related(nlp, "No rash from penicillin.") if r[1] == "CAUSES"}


def test_things_listed_one_after_the_other_are_not_related(nlp) -> None:
    text = (
        "He developed hives after amoxicillin in 2019.\nMedications: metformin 1000 mg PO BID, lisinopril 20 mg daily."
    )
    assert {r for r in related(nlp, text) if r[1] == "CAUSES"} == {("amoxicillin", "CAUSES", "hives")}


def test_without_a_trained_head_the_cues_still_work() -> None:
    import clinigraph.pipeline as pipeline

    plain = pipeline.load(
        exclude=["clinigraph_linker", "clinigraph_abbreviations"], config={"clinigraph_relations": {"learned": False}}
    )
    assert ("lasix", "TREATS", "edema") in related(plain, "Started on Lasix 40 mg daily for edema.")


@pytest.mark.parametrize("gold_entities", [True, False])
def test_evaluate_relations_counts_every_gold_pair(nlp, tmp_path: Path, gold_entities: bool) -> None:
    from clinigraph.pipeline.evaluation.relations import corpus_name, evaluate_relations

    file = tmp_path / "p.json"
    file.write_text(json.dumps(PHEE), encoding="utf-8")
    assert corpus_name(file, "phee") == "phee"
    report = evaluate_relations(file, format="phee", nlp=nlp, gold_entities=gold_entities).to_dict()
    assert report["support"] == 2 and set(report["types"]) == {"CAUSES", "TREATS"}
    assert 0 <= report["f1"] <= 1


@pytest.mark.parametrize("gold_entities", [True, False])
def test_evaluate_relations_of_notes(tmp_path: Path, gold_entities: bool) -> None:
    import clinigraph.pipeline as pipeline
    from clinigraph.pipeline.evaluation.relations import evaluate_relations

    texts, gold = notes(tmp_path)
    report = evaluate_relations(
        texts, format="jsonl", nlp=pipeline.load(), gold_entities=gold_entities, annotations=gold
    )
    found = report.to_dict()
    assert ("DETAIL_OF" in found["types"]) == gold_entities  # of the pipeline, the relations of mentions are measured
    assert found["types"]["CAUSES"]["support"] == 1 and found["types"]["CAUSES"]["recall"] == 1.0


def test_evaluate_relations_translates_links(tmp_path: Path) -> None:
    import clinigraph.pipeline as pipeline
    from clinigraph.pipeline.evaluation.relations import evaluate_relations
    from clinigraph.schemas.vocabulary import Vocabulary

    text = (
        "5|t|Bradycardia induced by amiodarone.\n5|a|Amiodarone-induced bradycardia was seen in a patient.\n"
        "5\t0\t11\tBradycardia\tDisease\tD001919\n5\t23\t33\tamiodarone\tChemical\tD000638\n5\tCID\tD000638\tD001919\n\n"
    )
    file = tmp_path / "x.txt"
    file.write_text(text, encoding="utf-8")
    linked = pipeline.load(exclude=["clinigraph_abbreviations"], config={"clinigraph_ner": {"guideline": "bc5cdr"}})
    report = evaluate_relations(file, format="pubtator", nlp=linked, vocabulary=Vocabulary.default())
    assert report.to_dict()["f1"] == 1.0
    with pytest.raises(UserError, match="known corpus"):
        evaluate_relations(_without_relations(tmp_path), format="pubtator", nlp=linked)


def _without_relations(folder: Path) -> Path:
    file = folder / "none.txt"
    file.write_text("7|t|Nothing.\n7|a|At all.\n7\t0\t7\tNothing\tDisease\tD1\n\n", encoding="utf-8")
    return file
