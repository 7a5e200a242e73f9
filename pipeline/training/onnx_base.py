"""Base weights out of an ONNX file, for machines that cannot reach a hub.

Exported BERT encoders travel in places that hubs do not reach, package registries among them. Their matrices have lost
their names, but each is multiplied just before a bias is added that still has its own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.problems import UserError

FOLDER = "bert"

_HEADS = {128: 2, 256: 4, 384: 12, 512: 8, 768: 12, 1024: 16}


def bert_of_onnx(folder: Path) -> Path:
    """Write the encoder of an ONNX file in the Hugging Face layout, once.

    Parameters
    ----------
    folder : Path
        Holds one ``*.onnx`` file, exported from a BERT encoder in float32, its ``*tokenizer.json``, and its
        ``config.json`` if the encoder is of an unusual width.

    Returns
    -------
    Path
        ``folder/bert`` with ``config.json``, ``model.safetensors`` and ``tokenizer.json``.

    Raises
    ------
    UserError
        If a file is missing or the graph is no such encoder.
    """
    target = folder / FOLDER
    if (target / "tokenizer.json").is_file():  # written last
        return target
    import onnx
    from safetensors.numpy import save_file

    models, tokenizers = sorted(folder.glob("*.onnx")), sorted(folder.glob("*tokenizer.json"))
    if len(models) != 1 or len(tokenizers) != 1:
        raise UserError(
            f"{folder} holds {len(models)} .onnx and {len(tokenizers)} tokenizer.json files.",
            "It must hold one of each.",
        )
    weights = _named(onnx.load(str(models[0])))
    lost = [name for name in weights if name.endswith(".bias") and f"{name.removesuffix('bias')}weight" not in weights]
    if lost or "bert.encoder.layer.0.attention.self.query.weight" not in weights:
        raise UserError(f"{models[0]} is no BERT encoder in float32.", "Export it with its parameters' names.")
    own = folder / "config.json"
    config = json.loads(own.read_text(encoding="utf-8")) if own.is_file() else _config(weights)
    target.mkdir(exist_ok=True)
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    (target / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(tokenizers[0], target / "tokenizer.json")
    return target


def _named(model: Any) -> dict[str, np.ndarray]:
    from onnx import numpy_helper

    values = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    made_by = {node.output[0]: node for node in model.graph.node}
    found = {
        f"bert.{name}": value
        for name, value in values.items()
        if name.startswith(("embeddings.", "encoder.")) and name.endswith((".weight", ".bias"))
    }
    for node in model.graph.node:
        biases = [name for name in node.input if name.startswith("encoder.") and name.endswith(".bias")]
        if node.op_type != "Add" or len(biases) != 1:
            continue
        product = made_by.get(next(name for name in node.input if name not in biases))
        if product is not None and product.op_type == "MatMul" and product.input[1] in values:
            name = biases[0].removesuffix("bias") + "weight"
            found[f"bert.{name}"] = values[product.input[1]].T
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in found.items()}


def _config(weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """What the shapes say, and for the usual widths the number of heads, which they do not."""
    at = "bert.embeddings"
    words, hidden = weights[f"{at}.word_embeddings.weight"].shape
    if hidden not in _HEADS:
        raise UserError(f"A BERT encoder {hidden} wide may have any number of heads.", "Put its config.json beside it.")
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": words,
        "hidden_size": hidden,
        "num_hidden_layers": 1 + max(int(name.split(".")[3]) for name in weights if ".layer." in name),
        "num_attention_heads": _HEADS[hidden],
        "intermediate_size": weights["bert.encoder.layer.0.intermediate.dense.bias"].shape[0],
        "max_position_embeddings": weights[f"{at}.position_embeddings.weight"].shape[0],
        "type_vocab_size": weights[f"{at}.token_type_embeddings.weight"].shape[0],
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
