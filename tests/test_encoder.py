"""Windows, decoding, and the two back ends."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clinigraph.pipeline.encoder import LABELS, SHIPPED_MODEL, TokenClassifier, load_token_classifier
from clinigraph.pipeline.encoder.decoding import TagDecoder
from clinigraph.pipeline.encoder.windowing import Windower, chunks
from clinigraph.schemas.problems import UserError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_models import tiny_classifier

pytest_plugins = ["tiny_models"]

NOTE = (
    "PMH: HTN, DM2, CAD s/p CABG.\r\nPt c/o SOB and chest pain x 3 days. Denies fevers.\r\n\r\n"
    "Meds:\tmetformin 500 mg PO BID, lisinopril 10 mg daily. CXR shows pneumonia.\n"
)


@pytest.fixture(scope="module")
def tagger():
    return load_token_classifier()


# --- the shipped model -------------------------------------------------------------------------------------------


def test_the_shipped_model_finds_the_plain_cases(tagger) -> None:
    assert isinstance(tagger, TokenClassifier)
    assert set(tagger.labels) == set(LABELS)
    found = {(NOTE[s.start : s.end], s.label) for s in tagger.tag([NOTE])[0]}
    assert {
        ("HTN", "DISEASE"),
        ("CABG", "PROCEDURE"),
        ("chest pain", "SYMPTOM"),
        ("metformin", "DRUG"),
        ("lisinopril", "DRUG"),
        ("CXR", "TEST"),
        ("pneumonia", "DISEASE"),
    } <= found


def test_scores_are_probabilities_and_spans_do_not_overlap(tagger) -> None:
    spans = tagger.tag([NOTE * 5])[0]
    assert all(0 < span.score <= 1 for span in spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


def test_a_long_note_is_tagged_to_its_last_line(tagger) -> None:
    filler = "The weather was discussed at length and nothing else of note was said.\n"
    text = filler * (200_000 // len(filler)) + "Started on metformin for diabetes."
    assert [text[s.start : s.end] for s in tagger.tag([text])[0]][-2:] == ["metformin", "diabetes"]


def test_one_line_without_a_full_stop_is_tagged_to_its_end(tagger) -> None:
    text = "chest pain and aspirin then " * (300_000 // 28) + "lisinopril"
    spans = tagger.tag([text])[0]
    assert text[spans[-1].start : spans[-1].end] == "lisinopril"
    # Nothing is lost or doubled where windows meet.
    assert sum(text[s.start : s.end] == "aspirin" for s in spans) == text.count("aspirin")


def test_a_result_does_not_depend_on_the_company(tagger) -> None:
    others = [NOTE[:n] for n in range(10, 120, 7)]
    alone = load_token_classifier().tag([NOTE])[0]
    together = load_token_classifier().tag([*others, NOTE, *others])[len(others)]
    assert alone == together
    assert load_token_classifier(batch_tokens=64).tag([*others, NOTE])[-1] == alone


def test_the_cache_is_bounded_and_changes_nothing() -> None:
    tagger = load_token_classifier()
    tagger.cached = 3
    texts = [f"{n} mg of aspirin" for n in range(9)]
    first = tagger.tag(texts)
    assert len(tagger._cache) == 3
    assert tagger.tag(texts) == first


@pytest.mark.parametrize("text", ["", " ", "\r\n\t", "\u200b", "。" * 10, "病人胸痛", "x" * 300_000, "\x00\x01"])
def test_odd_texts(tagger, text: str) -> None:
    for span in tagger.tag([text])[0]:
        assert 0 <= span.start < span.end <= len(text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["aspirin", "chest pain", "HTN", "\r\n", "\t", "e\u0301", "😀", "naïve", "\u00a0", ". "]),
            st.text(max_size=8),
        ),
        max_size=40,
    )
)
def test_offsets_point_into_the_text_as_given(tagger, parts: list[str]) -> None:
    text = " ".join(parts)
    last = 0
    for span in tagger.tag([text])[0]:
        assert last <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        last = span.end


def test_accents_as_combining_characters_stay_inside(tagger) -> None:
    text = "😀 History of Sjo\u0308gren syndrome\u0301 and asthma."
    found = [text[s.start : s.end] for s in tagger.tag([text])[0]]
    assert "asthma" in found
    assert any("Sjo\u0308gren syndrome\u0301" in each for each in found)


def test_onnx_needs_neither_torch_nor_transformers() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "from clinigraph.pipeline.encoder.loading import load_token_classifier\n"
        "assert load_token_classifier().tag(['Took aspirin.'])[0][0].label == 'DRUG'\n"
        "assert sys.modules['torch'] is None and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_model_is_small_and_has_its_papers() -> None:
    size = sum(file.stat().st_size for file in SHIPPED_MODEL.iterdir())
    assert size <= 60_000_000
    card = (SHIPPED_MODEL / "MODEL_CARD.md").read_text(encoding="utf-8")
    for part in ("Apache-2.0", "BC5CDR", "MACCROBAT", "seed", "clinigraph train", "clinigraph evaluate entities"):
        assert part in card


# --- windows -----------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab .\n,-é", max_size=600), st.integers(10, 40))
def test_every_word_is_kept_by_one_window(tokenizer, text: str, longest: int) -> None:
    whole = tokenizer.encode(text, add_special_tokens=False)
    kept: list[tuple[int, int]] = []
    for window in Windower(tokenizer, longest, 4).windows(text):
        left, right = window.keep
        assert len(window.pieces) <= longest
        assert window.first.max(initial=0) < len(window.pieces)
        kept += zip(window.begin[left:right].tolist(), window.end[left:right].tolist(), strict=True)
    assert [a for a, _ in kept] == sorted({a for a, _ in kept})
    assert "".join(text[a:b] for a, b in kept) == "".join(text[a:b] for a, b in whole.offsets)


@given(st.text(alphabet="ab \n.", max_size=200), st.integers(1, 30))
def test_chunks_cover_the_text(text: str, size: int) -> None:
    cut = list(chunks(text, size))
    assert "".join(text[a:b] for a, b in cut) == text
    assert all(0 < b - a <= size for a, b in cut)


def test_copied_paragraphs_fall_into_the_same_windows(tokenizer) -> None:
    paragraph = "Assessment and plan: continue the present treatment and come back soon. " * 6 + "\n\n"
    windower = Windower(tokenizer)
    one = [w.pieces.tobytes() for w in windower.windows("Monday note.\n\n" + paragraph * 3)]
    two = [w.pieces.tobytes() for w in windower.windows("A longer Tuesday note, by somebody else.\n\n" + paragraph * 3)]
    assert len(set(one) & set(two)) >= 1


# --- decoding ----------------------------------------------------------------------------------------------------


def decode(tags: tuple[str, ...], path: list[str], **options) -> list[tuple[int, int, str]]:
    scores = np.zeros((len(path), len(tags)), dtype=np.float32)
    for word, tag in enumerate(path):
        scores[word, tags.index(tag)] = 6
    return [(s.first, s.last, s.label) for s in TagDecoder(tags, **options).decode([scores])[0]]


def test_schemes() -> None:
    bio = ("O", "B-X", "I-X")
    assert decode(bio, ["B-X", "I-X", "B-X", "O", "B-X"]) == [(0, 2, "X"), (2, 3, "X"), (4, 5, "X")]
    assert decode(("O", "I-X"), ["I-X", "I-X", "O", "I-X"]) == [(0, 2, "X"), (3, 4, "X")]
    assert decode(("O", "X"), ["X", "X", "O"]) == [(0, 2, "X")]
    bilou = ("O", "B-X", "I-X", "L-X", "U-X")
    assert decode(bilou, ["B-X", "I-X", "L-X", "U-X"]) == [(0, 3, "X"), (3, 4, "X")]


def test_inside_never_comes_without_a_beginning() -> None:
    tags = ("O", "B-X", "I-X", "B-Y", "I-Y")
    spans = decode(tags, ["I-X", "I-X", "O", "B-X", "I-Y"])
    assert all(first < last for first, last, _ in spans)
    assert spans[0][2] == "X"


def test_label_map_renames_and_leaves_out() -> None:
    tags = ("O", "B-Chemical", "I-Chemical", "B-Gene", "I-Gene")
    path = ["B-Chemical", "I-Chemical", "O", "B-Gene"]
    assert decode(tags, path, label_map={"Chemical": "DRUG"}) == [(0, 2, "DRUG")]


def test_a_mention_is_not_lost_between_two_labels() -> None:
    tags = ("O", "B-DISEASE", "I-DISEASE", "B-SYMPTOM", "I-SYMPTOM")
    scores = np.log(np.array([[0.36, 0.3, 0.01, 0.32, 0.01]], dtype=np.float32))
    assert TagDecoder(tags).decode([scores])[0] == []
    span = TagDecoder(tags, groups=(("DISEASE", "SYMPTOM"),)).decode([scores])[0][0]
    assert span.label == "SYMPTOM" and span.score < 0.5


@given(st.integers(0, 2**31), st.integers(1, 12))
def test_decoding_is_the_best_well_formed_sequence(seed: int, words: int) -> None:
    rng = np.random.default_rng(seed)
    tags = ("O", "B-X", "I-X", "B-Y", "I-Y")
    scores = rng.normal(size=(words, 5)).astype(np.float32) * 2
    found = TagDecoder(tags).decode([scores])[0]
    path = np.zeros(words, dtype=int)
    for span in found:
        column = tags.index(f"B-{span.label}")
        path[span.first] = column
        path[span.first + 1 : span.last] = column + 1
    # Against plain dynamic programming, without numpy.
    best = {tag: (scores[0][tag] if tag in (0, 1, 3) else -1e9) for tag in range(5)}
    for word in range(1, words):
        best = {
            tag: scores[word][tag] + max(best[b] for b in (range(5) if tag in (0, 1, 3) else (tag - 1, tag)))
            for tag in range(5)
        }
    assert np.isclose(scores[np.arange(words), path].sum(), max(best.values()), atol=1e-3)


# --- PyTorch -----------------------------------------------------------------------------------------------------


def test_any_hugging_face_model_takes_its_place(tiny_base: Path, tmp_path: Path) -> None:
    folder = tiny_classifier(tiny_base, tmp_path / "model", ("O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"))
    tagger = load_token_classifier(str(folder), label_map={"Chemical": "DRUG", "Disease": "DISEASE"})
    assert tagger.labels == ("DRUG", "DISEASE")
    spans = tagger.tag([NOTE])[0]
    assert spans and {span.label for span in spans} <= {"DRUG", "DISEASE"}
    tagger.save(tmp_path / "copy")
    again = load_token_classifier(tmp_path / "copy", label_map={"Chemical": "DRUG", "Disease": "DISEASE"})
    assert again.tag([NOTE])[0] == spans


def test_both_back_ends_agree(tiny_base: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs the extra train")
    from clinigraph.pipeline.encoder.tags import TAGS
    from clinigraph.pipeline.training.export import export_model

    source = tiny_classifier(tiny_base, tmp_path / "model", TAGS)
    exact = export_model(source, tmp_path / "exact", calibration=[NOTE], held_back=[], quantise=False)
    torch_spans = load_token_classifier(source).tag([NOTE])[0]
    settings_file = exact / "config.json"
    values = json.loads(settings_file.read_text(encoding="utf-8"))
    settings_file.write_text(json.dumps({**values, "groups": []}), encoding="utf-8")
    onnx_spans = load_token_classifier(exact).tag([NOTE])[0]
    assert [s[:3] for s in onnx_spans] == [s[:3] for s in torch_spans]


# --- problems ----------------------------------------------------------------------------------------------------


def test_problems_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="back end"):
        load_token_classifier(backend="tensorflow")
    with pytest.raises(UserError, match="does not exist"):
        load_token_classifier(tmp_path / "nowhere", backend="onnx")
    with pytest.raises(UserError, match=r"has no model\.onnx"):
        load_token_classifier(tmp_path, backend="onnx")
    for name in ("tokenizer.json", "config.json"):
        (tmp_path / name).write_bytes((SHIPPED_MODEL / name).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"half a model")
    with pytest.raises(UserError, match="cannot be loaded"):
        load_token_classifier(tmp_path)
