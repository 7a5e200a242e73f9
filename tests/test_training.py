"""Corpora, label maps, and a real (tiny) training run that is killed and resumed."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import spacy
from clinigraph.pipeline.encoder import LABELS, TAGS, load_token_classifier
from clinigraph.pipeline.encoder.tags import ENTITY_LABELS
from clinigraph.pipeline.encoder.word_features import GUIDELINES
from clinigraph.pipeline.training.augmentation import Shorthand, lines, vary
from clinigraph.pipeline.training.config import DEFAULT_CONFIG, load_config
from clinigraph.pipeline.training.corpora import GoldSpan, Record, read_corpus
from clinigraph.pipeline.training.examples import allowed_tags, batches, tag_text, windows
from clinigraph.pipeline.training.label_maps import LabelMap, load_label_maps
from clinigraph.pipeline.training.tokens import base_folder, load_tokenizer
from clinigraph.schemas.problems import UserError
from spacy.tokens import DocBin, Span

pytest_plugins = ["tiny_models"]

PUBTATOR = """\
100|t|Aspirin and asthma.
100|a|Naproxen caused hives in a patient.
100\t0\t7\tAspirin\tChemical\tD001
100\t12\t18\tasthma\tDisease\tD002
100\t20\t28\tNaproxen\tChemical\tD003
100\t36\t41\thives\tDisease\tD004
100\t400\t410\tnowhere\tDisease\tD004
100\tCID\tD001\tD002

200|t|Metformin for diabetes.
200|a|Nothing else.
200\t0\t9\tMetformin\tChemical\tD005
200\t14\t22\tdiabetes\tDisease\tD006
"""


def surfaces(record: Record) -> list[tuple[str, str]]:
    return [(record.text[span.start : span.end], span.label) for span in record.spans]


def test_pubtator(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt"
    file.write_text(PUBTATOR, encoding="utf-8")
    reading = read_corpus(file, "pubtator")
    first, second = reading.records
    assert first.pmid == "100" and second.doc_id == "200"
    assert surfaces(first) == [
        ("Aspirin", "Chemical"),
        ("asthma", "Disease"),
        ("Naproxen", "Chemical"),
        ("hives", "Disease"),
    ]
    assert [(row.file, row.line) for row in reading.rejected] == [("corpus.txt", 7)]
    assert "nowhere" not in reading.rejected[0].reason


def test_brat_takes_the_hull_of_a_discontinuous_span(tmp_path: Path) -> None:
    (tmp_path / "7.txt").write_bytes("Pain in the left\r\nand right arm é.".encode())
    (tmp_path / "7.ann").write_text(
        "T1\tSign_symptom 0 4\tPain\nT2\tBiological_structure 12 16;28 31\tleft arm\n"
        "E1\tSign_symptom:T1\nA1\tPolarity E1\nT3\tBroken\n",
        encoding="utf-8",
    )
    (tmp_path / "8.txt").write_text("No annotation file.", encoding="utf-8")
    reading = read_corpus(tmp_path, "brat")
    assert surfaces(reading.records[0]) == [
        ("Pain", "Sign_symptom"),
        ("left\r\nand right arm", "Biological_structure"),
    ]
    assert reading.discontinuous == 1
    assert {row.file for row in reading.rejected} == {"7.ann", "8.txt"}


@pytest.mark.parametrize(
    "rows",
    [
        "Took\tO\nfolic\tB-DRUG\nacid\tI-DRUG\n",
        "Took O\nfolic I-DRUG\nacid I-DRUG\n",
        "Took O\nfolic B-DRUG\nacid L-DRUG\n",
    ],
)
def test_conll_rebuilds_the_text_with_spaces(tmp_path: Path, rows: str) -> None:
    file = tmp_path / "a.tsv"
    file.write_text(rows + "\nbroken-line\n\nrash\tS-X\nrash\tB-X\n", encoding="utf-8")
    reading = read_corpus(file, "conll")
    assert reading.records[0].text == "Took folic acid"
    assert surfaces(reading.records[0]) == [("folic acid", "DRUG")]
    assert surfaces(reading.records[1]) == [("rash", "X"), ("rash", "X")]
    assert len(reading.rejected) == 1


def test_json_formats(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "Took aspirin.", "labels": [[5, 12, "DRUG"]]},
        {"id": 2, "text": "Cough.", "entities": [{"start": 0, "end": 5, "label": "SYMPTOM"}]},
    ]
    (tmp_path / "list.json").write_text(json.dumps(rows), encoding="utf-8")
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt") as file:
        file.write("\n".join(json.dumps(row) for row in rows) + '\n{"broken\n{"text": 3}\n{"text": "x"}\n')
    reading = read_corpus(tmp_path, "doccano")
    assert [surfaces(record) for record in reading.records] == [[("aspirin", "DRUG")], [("Cough", "SYMPTOM")]] * 2
    assert [row.line for row in reading.rejected] == [3, 4, 5]


def test_docbin_gives_entities_and_span_groups(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    doc = nlp("Took folic acid for anaemia.")
    doc.ents = [Span(doc, 1, 3, label="DRUG")]
    doc.spans["sc"] = [Span(doc, 4, 5, label="DISEASE"), Span(doc, 1, 2, label="DRUG")]
    DocBin(docs=[doc, nlp("")]).to_disk(tmp_path / "mine.spacy")
    (tmp_path / "broken.spacy").write_bytes(b"no DocBin")
    reading = read_corpus(tmp_path, "docbin")
    assert [surfaces(record) for record in reading.records] == [
        [("folic acid", "DRUG"), ("folic", "DRUG"), ("anaemia", "DISEASE")]
    ]
    assert [(row.file, row.line) for row in reading.rejected] == [("broken.spacy", 1), ("mine.spacy", 2)]


def test_phee(tmp_path: Path) -> None:
    row = {
        "id": "11_2",
        "context": "Rash after penicillin.",
        "annotations": [
            {
                "events": [
                    {
                        "event_type": "Adverse_event",
                        "Effect": {"text": [["Rash"]], "start": [[0]], "entity_id": ["T1"]},
                        "Treatment": {
                            "text": [["penicillin"]],
                            "start": [[11]],
                            "Drug": {"text": [["penicillin"]], "start": [[11]]},
                        },
                    }
                ]
            }
        ],
    }
    (tmp_path / "p.json").write_text(json.dumps(row), encoding="utf-8")
    record = read_corpus(tmp_path, "phee").records[0]
    assert record.pmid == "11"
    assert set(surfaces(record)) == {("Rash", "Effect"), ("penicillin", "Treatment"), ("penicillin", "Drug")}


@pytest.mark.parametrize(
    ("make", "format", "part"),
    [
        (lambda folder: folder / "absent", "brat", "does not exist"),
        (lambda folder: folder, "brat", "holds no"),
        (lambda folder: folder, "excel", "no corpus format"),
        (lambda folder: _written(folder / "x.txt", "\x00\x01 binary \xff"), "pubtator", "holds no document"),
        (lambda folder: _written(folder / "x.jsonl", ""), "jsonl", "holds no document"),
    ],
)
def test_unreadable_corpora_say_what_to_do(tmp_path: Path, make, format: str, part: str) -> None:
    with pytest.raises(UserError, match=part) as error:
        read_corpus(make(tmp_path), format)
    assert error.value.solution


def _written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_label_maps_name_only_our_labels() -> None:
    maps = load_label_maps()
    assert maps["bc5cdr"].labels["Disease"] == ("DISEASE", "SYMPTOM")
    assert maps["maccrobat"].negatives > frozenset(ENTITY_LABELS)
    assert maps["clinical-notes"].negatives == frozenset(LABELS)
    assert all(each.guideline in GUIDELINES for each in maps.values())
    # what a guideline annotates is what its corpus annotates
    for each in maps.values():
        marked = {label for targets in [*each.labels.values(), *each.learned.values()] for label in targets}
        assert each.guideline == "none" or set(GUIDELINES[each.guideline]) == marked


def test_unannotated_labels_are_neither_rewarded_nor_punished() -> None:
    labels = load_label_maps()["bc5cdr"]
    record = Record("1", "aspirin hives scan", (GoldSpan(0, 7, "Chemical"), GoldSpan(8, 13, "Disease")))
    allowed = allowed_tags(record, labels, np.array([0, 8, 14]), np.array([7, 13, 18]))
    names = [{TAGS[i] for i in np.flatnonzero(row)} for row in allowed]
    assert names[0] == {"B-DRUG"}
    assert names[1] == {"B-DISEASE", "B-SYMPTOM"}
    assert names[2] == {tag for tag in TAGS if tag[2:] not in ("DISEASE", "SYMPTOM", "DRUG")}


def test_labels_that_are_only_learned_are_not_measured() -> None:
    labels = load_label_maps()["glaucoma-med"]
    record = Record("1", "Cosopt OU bid", (GoldSpan(0, 6, "DRUG"), GoldSpan(7, 9, "ROUTE")))
    allowed = allowed_tags(record, labels, np.array([0, 7, 10]), np.array([6, 9, 13]))
    assert {TAGS[i] for i in np.flatnonzero(allowed[1])} == {"B-ROUTE"}
    assert set(labels.labels) == {"DRUG"} and labels.explains({"DRUG", "ROUTE", "***"})


def test_windows_cover_every_word_once(tokenizer) -> None:
    text = "The patient was well. " * 30 + "no stop " * 200
    record = Record("1", text, ())
    tagged = tag_text(record, LabelMap("x", "", {}, frozenset()), tokenizer)
    assert tagged is not None
    made = list(windows(tagged, 64, 16, 1.0, (2, 3), random.Random(0)))
    assert sum(len(window.first) for window in made) == len(tagged.starts) - 1
    assert max(len(window.pieces) for window in made) <= 66
    joined = np.concatenate([window.pieces[1:-1] for window in made])
    assert joined.tolist() == tagged.pieces.tolist()
    packed = batches(made, 256, random.Random(0))
    assert sum(map(len, packed)) == len(made)
    assert all(max(len(w.pieces) for w in batch) * len(batch) <= 256 for batch in packed)


def test_shorthand_lines_and_variation_keep_offsets_true() -> None:
    shorthand, rng = Shorthand(), random.Random(3)
    mentions = {"DRUG": ["aspirin"], "DISEASE": ["asthma"]}
    for note in lines(shorthand, mentions, 50, rng):
        assert "{" not in note.text
        for span in note.spans:
            surface = note.text[span.start : span.end]
            assert surface in mentions.get(span.label, []) or surface in shorthand.terms[span.label]
    labels = LabelMap("x", "", {"DISEASE": ("DISEASE",)}, frozenset())
    text = "He had hypertension and the gout of an old man"
    record = Record("1", text, (GoldSpan(7, 19, "DISEASE"), GoldSpan(28, 32, "DISEASE")))
    possible = {"hypertension", "HTN", "gout", "asthma"}
    for seed in range(30):
        varied = vary(record, labels, mentions, shorthand, random.Random(seed))
        assert {surface for surface, _ in surfaces(varied)} <= possible
        assert varied.text.endswith("old man")


def _exported(weights: dict, path: Path) -> None:
    """The way PyTorch's exporter writes linear layers: the matrix turned and without its name, the bias with it."""
    import onnx
    from onnx import helper, numpy_helper

    nodes, values = [], []
    for number, (name, weight) in enumerate(weights.items()):
        if weight.ndim == 2 and "embeddings" not in name:
            matrix = f"onnx::MatMul_{number}"
            values.append(numpy_helper.from_array(weight.numpy().T.copy(), matrix))
            nodes.append(helper.make_node("MatMul", ["x", matrix], [f"product{number}"]))
            nodes.append(
                helper.make_node("Add", [name.replace(".weight", ".bias"), f"product{number}"], [f"y{number}"])
            )
        else:
            values.append(numpy_helper.from_array(weight.numpy(), name))
    onnx.save(helper.make_model(helper.make_graph(nodes, "bert", [], [], values)), path)


def test_a_base_comes_out_of_an_onnx_file(tmp_path: Path, tokenizer) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra train")
    transformers = pytest.importorskip("transformers", reason="needs the extra train")
    torch.manual_seed(0)
    sizes = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 96}
    model = transformers.BertModel(transformers.BertConfig(vocab_size=300, **sizes), add_pooling_layer=False).eval()
    ids = torch.arange(5, 15).reshape(1, 10)
    _exported(model.state_dict(), tmp_path / "model.onnx")
    with pytest.raises(UserError, match=r"1 \.onnx and 0 tokenizer"):
        base_folder(f"onnx:{tmp_path}")
    tokenizer.save(str(tmp_path / "its-tokenizer.json"))
    folder = base_folder(f"onnx:{tmp_path}")
    again = transformers.AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.no_grad():
        difference = (model(ids).last_hidden_state - again(ids).last_hidden_state).abs().max()
    assert float(difference) < 1e-5
    assert base_folder(f"onnx:{tmp_path}") == folder and load_tokenizer(folder).encode("aspirin").ids


def test_config_is_complete_and_strict(tmp_path: Path) -> None:
    assert load_config(DEFAULT_CONFIG).seed == 13
    wrong = tmp_path / "c.toml"
    wrong.write_text(DEFAULT_CONFIG.read_text(encoding="utf-8") + "\n[surprise]\nx = 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="surprise"):
        load_config(wrong)
    with pytest.raises(UserError, match="does not exist"):
        load_config(tmp_path / "none.toml")


# --- a real run --------------------------------------------------------------------------------------------------

_SENTENCES = [
    "{DRUG} was given for {DISEASE}.",
    "The patient with {DISEASE} took {DRUG} daily.",
    "{DRUG} caused {DISEASE}.",
]
_DRUGS = ["aspirin", "metformin", "lisinopril", "warfarin"]
_DISEASES = ["asthma", "gout", "diabetes", "hypertension"]


@pytest.fixture
def tiny(tmp_path: Path, tiny_base: Path) -> tuple[Path, Path]:
    """A configuration and a data folder for a run of seconds."""
    rng = random.Random(0)
    rows = []
    for number in range(120):
        text, spans = "", []
        for part in rng.choice(_SENTENCES).replace("{", "\0{").replace("}", "}\0").split("\0"):
            if part.startswith("{"):
                surface = rng.choice(_DRUGS if part == "{DRUG}" else _DISEASES)
                spans.append([len(text), len(text) + len(surface), "Chemical" if part == "{DRUG}" else "Disease"])
                part = surface
            text += part
        rows.append({"id": number, "text": text, "spans": spans, "pmid": str(number)})
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (data / "exclude.txt").write_text("3\n4\n", encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
name = "tiny"
version = "0"
seed = 1
base = "{tiny_base.as_posix()}"
exclude = "exclude.txt"
[outside_bias]
clinical-notes = 0.1

[windows]
shortest = 8
longest = 32
batch_tokens = 256
[optimiser]
epochs = 20
encoder_rate = 1e-2
head_rate = 1e-2
layer_decay = 1.0
average = 0.9
bfloat16 = false
threads = 1
checkpoint_steps = 30
[[corpora]]
map = "bc5cdr"
format = "jsonl"
path = "train.jsonl"
held_back = 0.1
vary = 0.2
""",
        encoding="utf-8",
    )
    return config, data


def test_train_learns_resumes_and_exports(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    pytest.importorskip("onnx", reason="needs the extra train")
    from clinigraph.pipeline.training.train import export_run, train

    config, data = tiny
    whole = train(config, data=data, output=tmp_path / "whole")
    assert whole.resumed_at == 0 and whole.loss < 1.0
    report = json.loads((whole.model / "training.json").read_text(encoding="utf-8"))
    assert report["excluded_by_pmid"] == 2 and report["records"] == {"train.jsonl": 107}

    # Both back ends read what was trained.
    text = "Warfarin was given for gout."
    exact = load_token_classifier(whole.model)
    quick = load_token_classifier(whole.onnx)
    assert next((span.start, span.end, span.label) for span in exact.tag([text])[0]) == (0, 8, "DRUG")
    assert next(s[:3] for s in quick.tag([text])[0]) == (0, 8, "DRUG")
    assert exact.decoder.outside_bias == 0.1
    for setting in ("temperature", "outside_bias", "labels"):
        assert getattr(exact.decoder, setting) == getattr(quick.decoder, setting)
    again = export_run(config, data=data, output=tmp_path / "whole")
    assert (again / "model.onnx").read_bytes() == (whole.onnx / "model.onnx").read_bytes()

    # Killed in the middle by the system, then run again: the same steps, the same weights.
    output = tmp_path / "killed"
    script = (
        "import sys; from pathlib import Path; from clinigraph.pipeline.training.train import train;"
        "train(Path(sys.argv[1]), data=Path(sys.argv[2]), output=Path(sys.argv[3]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(config), str(data), str(output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not (output / "checkpoint.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if hasattr(signal, "SIGKILL") and process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed = train(config, data=data, output=output)
    assert resumed.resumed_at > 0
    assert resumed.steps == whole.steps
    from safetensors.numpy import load_file

    one, two = (load_file(run.model / "model.safetensors") for run in (whole, resumed))
    assert max(np.abs(one[name] - two[name]).max() for name in one) < 1e-4

    # A checkpoint of another configuration is never continued.
    config.write_text(config.read_text(encoding="utf-8").replace("seed = 1", "seed = 2"), encoding="utf-8")
    with pytest.raises(UserError, match="another configuration"):
        train(config, data=data, output=output)


def test_missing_corpus_is_one_clear_line(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from clinigraph.pipeline.training.train import train

    config, data = tiny
    (data / "train.jsonl").unlink()
    with pytest.raises(UserError, match="does not exist"):
        train(config, data=data, output=tmp_path / "out")
