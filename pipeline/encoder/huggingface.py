"""Score word pieces with PyTorch: any Hugging Face token classification model. Needs the extra ``torch``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.problems import UserError
from . import lexicon
from .decoding import TagDecoder
from .pairs import PairScorer
from .tagger import WindowedTagger
from .word_features import WordFeatures, guideline_labels

FEATURE_FILE = "word_features.safetensors"
PAIR_FILE = "pairs.safetensors"
SETTINGS_FILE = "tagger.json"
"""What ``clinigraph train`` writes beside the weights: two more parts of the network, and what the ONNX model has in
its ``config.json`` (temperature, bias by guideline, window)."""


class TorchTokenClassifier(WindowedTagger):
    """A tagger from a Hugging Face model, by local folder or by name.

    Parameters
    ----------
    model : str or Path
        A folder, or the name of a model that is in the local cache or on the hub.
    label_map : dict of str to str, optional
        The model's label to ours, e.g. ``{"Chemical": "DRUG", "Disease": "DISEASE"}``; labels that it does not name
        are not given.
    batch_tokens : int
    threads : int, optional
        PyTorch threads of this process; None leaves them as they are.
    groups : sequence of sequence of str
        See :class:`~clinigraph.pipeline.encoder.decoding.TagDecoder`.
    guideline : str, optional
        For models trained here, see :func:`~clinigraph.pipeline.encoder.load_token_classifier`.
    device : str
        ``auto`` (CUDA where there is one), ``cpu``, ``cuda``, ``cuda:1``, ...
    precision : str
        ``float32``, ``bfloat16``, or ``auto``: bfloat16 where the device computes it natively.

    Notes
    -----
    A folder that ``clinigraph train`` wrote (``RUN/model``) has its word features and its head for relations beside the
    weights; they are used.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        label_map: dict[str, str] | None = None,
        batch_tokens: int = 4096,
        threads: int | None = None,
        groups: tuple[tuple[str, ...], ...] = (),
        guideline: str | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        try:
            import torch
            from transformers import AutoModelForTokenClassification
        except ImportError:
            raise UserError(
                f"The model {model} needs PyTorch, which is not installed.",
                "Install it: pip install 'clinigraph[torch]'.",
            ) from None
        self._torch = torch
        self._source = model
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            self._model = AutoModelForTokenClassification.from_pretrained(model).eval()
        except (OSError, ValueError) as error:
            raise UserError(
                f"No token classification model could be loaded from {model} ({type(error).__name__}).",
                "Give a folder with config.json and weights, or a model name that this machine can reach.",
            ) from error
        config = self._model.config
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = torch.device(device)
        if precision == "auto":
            precision = "bfloat16" if _native_bfloat16(torch, self._device) else "float32"
        self._model.to(self._device, dtype=getattr(torch, precision))
        folder = Path(str(model))
        own = (folder / FEATURE_FILE).is_file()
        settings = _settings(folder) if own else {}
        guideline = guideline or settings.get("guideline", "clinical-notes")
        self._features = _tensors(folder / FEATURE_FILE, torch, self._device)["weight"] if own else None
        names = lexicon.Lexicon.load(folder / lexicon.FILE) if own else None
        if own:
            label_map = guideline_labels(guideline, label_map)
        longest = min(settings.get("window", 256 if own else 144), _positions(config))
        super().__init__(
            Path(str(model)).name,
            _tokenizer(model),
            TagDecoder(
                tuple(config.id2label[i] for i in range(config.num_labels)),
                label_map,
                groups or tuple(tuple(group) for group in settings.get("groups", ())),
                settings.get("temperature", 1.0),
                settings.get("outside_bias", {}).get(guideline, 0.0),
            ),
            longest=longest,
            batch_tokens=batch_tokens,
            padding=getattr(config, "pad_token_id", 0) or 0,
            featurise=WordFeatures(names, guideline) if names is not None else None,
        )
        if (folder / PAIR_FILE).is_file():
            weights = _tensors(folder / PAIR_FILE, torch, torch.device("cpu"))
            self.pair_scorer = PairScorer.of({name: value.float().numpy() for name, value in weights.items()})

    def scores(
        self, pieces: np.ndarray, mask: np.ndarray, features: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits and states of a padded batch."""
        torch, model = self._torch, self._model
        ids = torch.from_numpy(pieces.astype(np.int64)).to(self._device)
        attention = torch.from_numpy(mask.astype(np.int64)).to(self._device)
        with torch.inference_mode():
            if features is None or self._features is None:
                return model(input_ids=ids, attention_mask=attention).logits.float().cpu().numpy(), None
            embedded = model.get_input_embeddings()(ids)
            added = torch.from_numpy(features).to(self._device) @ self._features
            states = model.base_model(
                inputs_embeds=embedded + added.to(embedded.dtype), attention_mask=attention
            ).last_hidden_state
            logits = model.classifier(states)
        return logits.float().cpu().numpy(), states.float().cpu().numpy() if self.keep_states else None

    def save(self, folder: Path) -> None:
        """Write weights, configuration and tokenizer in the Hugging Face layout."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._model.save_pretrained(folder)
        self._windower.tokenizer.save(str(folder / "tokenizer.json"))
        for name in (FEATURE_FILE, PAIR_FILE, SETTINGS_FILE, lexicon.FILE):
            source = Path(str(self._source)) / name
            if source.is_file() and source.resolve() != (folder / name).resolve():
                shutil.copyfile(source, folder / name)


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / SETTINGS_FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _native_bfloat16(torch: Any, device: Any) -> bool:
    """Does the device multiply bfloat16 itself? Elsewhere it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported and supported())


def _tensors(path: Path, torch: Any, device: Any) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {name: value.to(device) for name, value in load_file(path).items()}


def _positions(config: Any) -> int:
    """Word pieces that the model can take; RoBERTa-like models use two positions for themselves."""
    limit = getattr(config, "max_position_embeddings", 512) or 512
    return int(limit) - 2 if limit > 4 else 512


def _tokenizer(model: str | Path) -> Any:
    """The fast tokenizer behind a model: the file where there is one, else through transformers."""
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    file = Path(model) / "tokenizer.json"
    if file.is_file():
        return Tokenizer.from_file(str(file))
    tokenizer = getattr(AutoTokenizer.from_pretrained(model, use_fast=True), "backend_tokenizer", None)
    if tokenizer is None:
        raise UserError(f"{model} has no fast tokenizer.", "Choose a model with a tokenizer.json.")
    return tokenizer
