"""Write a trained BERT tagger as one ONNX file, in float32 or with 8-bit weights and activations.

The graph is built node by node from the weights: it needs neither PyTorch's exporter nor a graph optimiser, uses ONNX
Runtime's fused operators (attention with a padding mask, 8-bit product + bias) from the start, and puts
quantisation exactly where it was measured to be harmless: in the matrix products of the layers. Word embeddings are
kept in float16, the classifier and everything else in float32.

8-bit activations have fixed scales, found on calibration texts. What stands in the same batch therefore cannot change
a result (with ONNX Runtime's dynamic quantisation it does: the scale is taken from the whole batch). A few channels of
BERT's activations are many times larger than the others; before quantisation their size is moved into the weights
(SmoothQuant, Xiao et al. 2023).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..encoder.huggingface import FEATURE_FILE, PAIR_FILE, SETTINGS_FILE
from ..encoder.lexicon import FILE as LEXICON
from ..encoder.lexicon import Lexicon
from ..encoder.pairs import FILE as PAIRS
from ..encoder.pairs import PairScorer
from ..encoder.tags import TAGS
from ..encoder.windowing import Window, Windower
from ..encoder.word_features import WordFeatures, multi_hot
from .corpora import Record
from .examples import tag_text, windows
from .label_maps import LabelMap
from .tokens import end_pieces, load_tokenizer

MICROSOFT = "com.microsoft"
FEATURE_WEIGHT = "features.weight"
PRODUCTS = ("qkv", "out", "inner", "outer")
"""The matrix products of a layer, in the order they run."""

SMOOTHING = 0.8
"""How much of the activations' unevenness moves into the weights."""

WEIGHT_LEVELS = 63
"""7 bits: processors without VNNI add pairs of products in 16 bits, which 8-bit weights can overflow; this way a text
has the same mentions on all of them. Measured: no loss against 127."""


@dataclass
class _Graph:
    """Nodes and weights of the graph under construction."""

    helper: Any
    numpy_helper: Any
    ranges: dict[str, Ranges]
    nodes: list[Any] = field(default_factory=list)
    weights: list[Any] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(self.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(self.helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def product(self, x: str, matrix: np.ndarray, bias: np.ndarray, name: str) -> str:
        """``x @ matrix + bias``, in 8 bits if the ranges of its inputs are known.

        The matrix has shape (inputs, outputs).
        """
        self.inputs[name] = x
        ranges = self.ranges.get(name)
        added = self.weight(f"{name}.bias", bias)
        if ranges is None:
            return self.node(
                "Add", [self.node("MatMul", [x, self.weight(f"{name}.weight", matrix)], f"{name}.product"), added], name
            )
        fixed = quantise_product(matrix, ranges)
        smooth = self.node("Mul", [x, self.weight(f"{name}.smooth", fixed.smooth)], f"{name}.smoothed")
        scale, zero = self.weight(f"{name}.scale", fixed.scale), self.weight(f"{name}.zero", fixed.zero)
        rounded = self.node("QuantizeLinear", [smooth, scale, zero], f"{name}.rounded")
        return self.node(
            "MatMulIntegerToFloat",
            [
                rounded,
                self.weight(f"{name}.weight", fixed.weight),
                scale,
                self.weight(f"{name}.weight.scale", fixed.weight_scale),
                zero,
                "",  # the weights have no zero point
                added,
            ],
            name,
            MICROSOFT,
        )


@dataclass(frozen=True)
class Ranges:
    """What the inputs of a product were on the calibration texts.

    Attributes
    ----------
    low, high : ndarray of float32, shape (inputs,)
        Smallest and largest value of each input channel.
    """

    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class QuantisedProduct:
    """``x @ matrix`` as ``dequantise(quantise(x * smooth) @ weight)``."""

    smooth: np.ndarray
    scale: np.ndarray
    zero: np.ndarray
    weight: np.ndarray
    weight_scale: np.ndarray


def quantise_product(matrix: np.ndarray, ranges: Ranges, smoothing: float = SMOOTHING) -> QuantisedProduct:
    """Fixed 8-bit scales for a product: unsigned for the inputs, signed by output column for the weights."""
    reach = np.maximum(np.maximum(np.abs(ranges.low), np.abs(ranges.high)), 1e-5)
    weight_reach = np.maximum(np.abs(matrix).max(1), 1e-5)
    smooth = (weight_reach ** (1 - smoothing) / reach**smoothing).astype(np.float32)
    low = min(0.0, float((ranges.low * smooth).min()))
    high = max(0.0, float((ranges.high * smooth).max()))
    scale = np.float32(max(high - low, 1e-8) / 255)
    zero = np.uint8(np.clip(round(-low / scale), 0, 255))
    moved = matrix / smooth[:, None]
    weight_scale = (np.maximum(np.abs(moved).max(0), 1e-8) / WEIGHT_LEVELS).astype(np.float32)
    weight = np.clip(np.rint(moved / weight_scale), -WEIGHT_LEVELS, WEIGHT_LEVELS).astype(np.int8)
    return QuantisedProduct(smooth, np.asarray(scale), np.asarray(zero), weight, weight_scale)


def build_onnx(
    weights: dict[str, np.ndarray],
    config: dict[str, Any],
    ranges: dict[str, Ranges] | None = None,
    *,
    show_inputs: bool = False,
) -> Any:
    """Build the ONNX model of a BERT token classifier.

    Parameters
    ----------
    weights : dict of str to ndarray
        Named as in Hugging Face's ``BertForTokenClassification``.
    config : dict
        Its ``config.json``.
    ranges : dict of str to Ranges, optional
        Ranges of the inputs of the products that shall run in 8 bits, by name (``layer0.qkv``, ...); the others, or
        all if None, run in float32.
    show_inputs : bool
        Make the inputs of all products outputs of the graph, for calibration.

    Returns
    -------
    onnx.ModelProto
        Inputs ``input_ids`` and ``attention_mask`` (int32, batch x length), and ``features`` (float32, batch x length x
        rows) if the weights have ``features.weight``; outputs ``logits`` and ``states`` (batch x length x hidden).
    """
    from onnx import TensorProto, helper, numpy_helper

    graph = _Graph(helper, numpy_helper, ranges or {})
    hidden = _embeddings(graph, weights, config)
    for layer in range(config["num_hidden_layers"]):
        hidden = _layer(graph, weights, config, layer, hidden)
    graph.node("Identity", [hidden], "states")
    classifier = graph.weight("classifier.weight", weights["classifier.weight"].T)
    product = graph.node("MatMul", [hidden, classifier], "classifier")
    graph.node("Add", [product, graph.weight("classifier.bias", weights["classifier.bias"])], "logits")
    shape = ["batch", "length"]
    tags = weights["classifier.bias"].shape[0]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*shape, tags]),
        helper.make_tensor_value_info("states", TensorProto.FLOAT, [*shape, config["hidden_size"]]),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("input_ids", "attention_mask")]
    if FEATURE_WEIGHT in weights:
        rows = weights[FEATURE_WEIGHT].shape[0]
        inputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, [*shape, rows]))
    if show_inputs:
        outputs += [helper.make_empty_tensor_value_info(name) for name in graph.inputs.values()]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "clinigraph-ner",
            inputs,
            outputs,
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=9,
        producer_name="clinigraph",
    )


def _embeddings(graph: _Graph, weights: dict[str, np.ndarray], config: dict[str, Any]) -> str:
    """Word embedding (float16 on disk) plus position and type, normalised."""
    from onnx import TensorProto

    at = "bert.embeddings"
    half = weights[f"{at}.word_embeddings.weight"].astype(np.float16)
    words = graph.node("Gather", [graph.weight("words", half), "input_ids"], "words.half")
    words = graph.node("Cast", [words], "words.float", to=TensorProto.FLOAT)
    # There is one sentence type only, so its row is added to the positions once and for all.
    table = weights[f"{at}.position_embeddings.weight"] + weights[f"{at}.token_type_embeddings.weight"][0]
    shape = graph.node("Shape", ["input_ids"], "shape", start=1, end=2)
    rows = graph.node(
        "Slice", [graph.weight("positions", table), graph.weight("zero", np.array([0])), shape], "positions.used"
    )
    total = graph.node("Add", [words, rows], "embedded")
    if FEATURE_WEIGHT in weights:
        told = graph.node("MatMul", ["features", graph.weight("features.table", weights[FEATURE_WEIGHT])], "told")
        total = graph.node("Add", [total, told], "embedded.told")
    return graph.node(
        "LayerNormalization",
        [
            total,
            graph.weight("embedding.norm.weight", weights[f"{at}.LayerNorm.weight"]),
            graph.weight("embedding.norm.bias", weights[f"{at}.LayerNorm.bias"]),
        ],
        "embedding.norm",
        epsilon=config["layer_norm_eps"],
    )


def _layer(graph: _Graph, weights: dict[str, np.ndarray], config: dict[str, Any], layer: int, x: str) -> str:
    at, name = f"bert.encoder.layer.{layer}", f"layer{layer}"

    def get(path: str) -> np.ndarray:
        return weights[f"{at}.{path}"]

    parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
    joint = graph.product(
        x,
        np.concatenate([get(f"{part}.weight").T for part in parts], axis=1),
        np.concatenate([get(f"{part}.bias") for part in parts]),
        f"{name}.qkv",
    )
    outputs = [f"{name}.{part}" for part in "qkv"]
    size = config["hidden_size"]
    sizes = graph.weight(f"{name}.sizes", np.array([size] * 3, dtype=np.int64))
    graph.nodes.append(graph.helper.make_node("Split", [joint, sizes], outputs, name=f"{name}.split", axis=-1))
    context = graph.node(
        "MultiHeadAttention",
        [*outputs, "", "attention_mask"],
        f"{name}.attention",
        MICROSOFT,
        num_heads=config["num_attention_heads"],
    )

    def dense(x: str, path: str, part: str) -> str:
        return graph.product(x, get(f"{path}.weight").T, get(f"{path}.bias"), f"{name}.{part}")

    x = _add_norm(
        graph, dense(context, "attention.output.dense", "out"), x, get, "attention.output", config, f"{name}.norm1"
    )
    inner = graph.node("Gelu", [dense(x, "intermediate.dense", "inner")], f"{name}.gelu", MICROSOFT)
    return _add_norm(graph, dense(inner, "output.dense", "outer"), x, get, "output", config, f"{name}.norm2")


def _add_norm(graph: _Graph, out: str, skip: str, get: Any, path: str, config: dict[str, Any], name: str) -> str:
    """Two plain operators: ONNX Runtime's fused SkipLayerNormalization takes several times as long on CPUs."""
    return graph.node(
        "LayerNormalization",
        [
            graph.node("Add", [out, skip], f"{name}.sum"),
            graph.weight(f"{name}.weight", get(f"{path}.LayerNorm.weight")),
            graph.weight(f"{name}.bias", get(f"{path}.LayerNorm.bias")),
        ],
        name,
        epsilon=config["layer_norm_eps"],
    )


def calibrate(
    weights: dict[str, np.ndarray], config: dict[str, Any], batches: Sequence[dict[str, np.ndarray]]
) -> dict[str, Ranges]:
    """Ranges of the inputs of all products over calibration batches.

    Parameters
    ----------
    weights, config
        As for :func:`build_onnx`.
    batches : sequence of dict of str to ndarray
        Inputs of the graph.
    """
    import onnxruntime

    model = build_onnx(weights, config, show_inputs=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [f"layer{layer}.{product}" for layer in range(config["num_hidden_layers"]) for product in PRODUCTS]
    outputs = [output.name for output in session.get_outputs()][2:]
    low: dict[str, np.ndarray] = {}
    high: dict[str, np.ndarray] = {}
    for batch in batches:
        values = session.run(outputs, batch)
        for name, value in zip(names, values, strict=True):
            rows = value[batch["attention_mask"].astype(bool)]
            low[name] = np.minimum(low.get(name, np.inf), rows.min(0))
            high[name] = np.maximum(high.get(name, -np.inf), rows.max(0))
    return {name: Ranges(low[name], high[name]) for name in names}


def export_model(
    source: Path,
    folder: Path,
    *,
    calibration: Sequence[tuple[str, str]],
    held_back: Sequence[tuple[LabelMap, Sequence[Record]]],
    name: str = "clinigraph-ner",
    version: str = "",
    outside_bias: dict[str, float] | None = None,
    quantise: bool = True,
    window: int = 256,
    guideline: str = "clinical-notes",
) -> Path:
    """Write the folder that ships: ``model.onnx``, ``tokenizer.json``, ``config.json``, lexicon and pair head.

    Parameters
    ----------
    source : Path
        Trained model in the Hugging Face layout, with what ``clinigraph train`` writes beside it. Gets the settings
        too (``tagger.json``), unless ``quantise`` is False.
    folder : Path
    calibration : sequence of (text, guideline)
        Of the training set; they fix the scales of the 8-bit activations.
    held_back : sequence of (LabelMap, records)
        The selection set; it fixes the temperature of the scores. May be empty.
    name, version : str
        For the provenance of the mentions.
    outside_bias : dict of str to float, optional
        Added to the score of O (and of what the guideline does not annotate), by guideline. Corpora that give only
        positives, and generated notes full of mentions,
        make a tagger too eager; this sets it right.
    quantise : bool
        False keeps all products in float32.
    window : int
        Word pieces in a window when the model is used.
    guideline : str
        Whose rules of annotation the model follows unless told otherwise.
    """
    import onnx
    from safetensors.numpy import load_file

    weights = load_file(source / "model.safetensors")
    names = None
    if (source / FEATURE_FILE).is_file():
        weights[FEATURE_WEIGHT] = load_file(source / FEATURE_FILE)["weight"]
        names = Lexicon.load(source / LEXICON)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    tokenizer = load_tokenizer(source)
    ranges = None
    if quantise:
        ranges = calibrate(weights, config, list(_padded(_calibration_windows(calibration, tokenizer, window, names))))
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(build_onnx(weights, config, ranges), folder / "model.onnx")
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "name": name,
        "version": version,
        "tags": list(TAGS),
        "groups": [["DISEASE", "SYMPTOM"]],
        "temperature": 1.0,
        "window": window,
        "overlap": 16,
        "pad_token_id": config.get("pad_token_id", 0),
        "guideline": guideline,
        "outside_bias": outside_bias or {},
    }
    if names is not None:
        names.save(folder / LEXICON)
    if (source / PAIR_FILE).is_file():
        PairScorer(load_file(source / PAIR_FILE)).save(folder / PAIRS)
    settings["temperature"] = _temperature(folder / "model.onnx", tokenizer, held_back, names, window)
    written = json.dumps(settings, indent=1) + "\n"
    (folder / "config.json").write_text(written, encoding="utf-8")
    if names is not None and quantise:  # the same weights in PyTorch shall decide the same
        (source / SETTINGS_FILE).write_text(written, encoding="utf-8")
    return folder


def _calibration_windows(
    texts: Sequence[tuple[str, str]], tokenizer: Any, window: int, names: Lexicon | None
) -> list[Window]:
    found = []
    for text, guideline in texts:
        featurise = None if names is None else WordFeatures(names, guideline)
        found += list(Windower(tokenizer, window, featurise=featurise).windows(text))
    return found


def _padded(stretches: Sequence[Window], size: int = 16) -> Iterator[dict[str, np.ndarray]]:
    """Inputs of the graph, in batches of windows of like length."""
    ordered = sorted(stretches, key=lambda window: len(window.pieces))
    for at in range(0, len(ordered), size):
        batch = ordered[at : at + size]
        length = len(batch[-1].pieces)
        pieces = np.zeros((len(batch), length), dtype=np.int32)
        mask = np.zeros_like(pieces)
        for row, window in enumerate(batch):
            pieces[row, : len(window.pieces)] = window.pieces
            mask[row, : len(window.pieces)] = 1
        inputs = {"input_ids": pieces, "attention_mask": mask}
        features = [window.features for window in batch if window.features is not None]
        if features:
            inputs["features"] = multi_hot(features, length)
        yield inputs


def _temperature(
    model: Path,
    tokenizer: Any,
    held_back: Sequence[tuple[LabelMap, Sequence[Record]]],
    names: Lexicon | None,
    window: int,
) -> float:
    """The temperature that makes the held-back words likeliest; 1 without held-back words."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    ends = end_pieces(tokenizer)
    logits, allowed = [], []
    for labels, records in held_back:
        featurise = None if names is None else WordFeatures(names, labels.guideline)
        for record in records:
            tagged = tag_text(record, labels, tokenizer, featurise)
            if tagged is None:
                continue
            for each in windows(tagged, window - 4, window - 4, 1.0, ends, random.Random(0)):
                pieces = each.pieces[None].astype(np.int32)
                inputs = {"input_ids": pieces, "attention_mask": np.ones_like(pieces)}
                if names is not None:
                    inputs["features"] = multi_hot([each.features], len(each.pieces))
                scores = session.run(["logits"], inputs)[0]
                logits.append(scores[0, each.first])
                allowed.append(each.allowed)
    if not logits:
        return 1.0
    scores, mask = np.concatenate(logits), np.concatenate(allowed)
    informative = ~mask.all(1)
    return float(
        min(
            (round(0.7 + 0.05 * step, 2) for step in range(40)),
            key=lambda t: _surprise(scores[informative] / t, mask[informative]),
        )
    )


def _surprise(scores: np.ndarray, allowed: np.ndarray) -> float:
    """Mean of -log sum of p(tag) over the allowed tags."""
    weights = np.exp(scores - scores.max(1, keepdims=True))
    share = (weights * allowed).sum(1) / weights.sum(1)
    return float(-np.log(np.maximum(share, 1e-12)).mean())
