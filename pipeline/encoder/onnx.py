"""Score word pieces with ONNX Runtime: needs numpy, tokenizers and onnxruntime, nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.problems import UserError
from . import lexicon, pairs
from .decoding import TagDecoder
from .tagger import WindowedTagger
from .word_features import WordFeatures, guideline_labels

FILES = ("model.onnx", "tokenizer.json", "config.json")
EXTRAS = (lexicon.FILE, pairs.FILE, "MODEL_CARD.md")
"""Files that a model may have beside those it must have."""


class OnnxTokenClassifier(WindowedTagger):
    """A tagger from a folder with ``model.onnx``, ``tokenizer.json`` and ``config.json``.

    Parameters
    ----------
    folder : Path
        The model takes ``input_ids`` and ``attention_mask`` (and ``features``, if it was trained here) and gives
        ``logits`` (and ``states``). ``config.json`` holds at least ``tags`` (or Hugging Face's ``id2label``).
    label_map : dict of str to str, optional
        The model's label to ours; None takes those of the guideline as they are.
    batch_tokens : int
    threads : int, optional
        Threads inside an operator. Default: ``CLINIGRAPH_THREADS``, else what ONNX Runtime chooses.
    guideline : str, optional
        Whose rules of annotation to follow (:data:`~.word_features.GUIDELINES`); the default is the model's own.

    Examples
    --------
    >>> from clinigraph.pipeline.encoder import load_token_classifier
    >>> tagger = load_token_classifier(backend="onnx")
    >>> [(span.start, span.end, span.label) for span in tagger.tag(["Took aspirin for a headache."])[0]]
    [(5, 12, 'DRUG'), (19, 27, 'SYMPTOM')]
    """

    def __init__(
        self,
        folder: Path,
        *,
        label_map: dict[str, str] | None = None,
        batch_tokens: int = 4096,
        threads: int | None = None,
        guideline: str | None = None,
    ) -> None:
        from tokenizers import Tokenizer

        self.folder = Path(folder)
        self.config = _read_config(self.folder)
        self._session = _session(self.folder / "model.onnx", threads)
        self._inputs = {each.name: each.type for each in self._session.get_inputs()}
        outputs = {each.name for each in self._session.get_outputs()}
        self._outputs = ["logits", "states"] if "states" in outputs else ["logits"]
        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        super().__init__(
            _full_name(self.config, self.folder),
            tokenizer,
            TagDecoder(
                _tags(self.config, self.folder),
                self._decided(label_map, guideline),
                tuple(tuple(group) for group in self.config.get("groups", ())),
                self.config.get("temperature", 1.0),
                _outside_bias(self.config, guideline),
            ),
            longest=self.config.get("window", 144),
            overlap=self.config.get("overlap", 16),
            batch_tokens=batch_tokens,
            padding=self.config.get("pad_token_id", 0) or 0,
            featurise=self._word_features(guideline),
        )
        if (self.folder / pairs.FILE).is_file():
            self.pair_scorer = pairs.PairScorer.load(self.folder / pairs.FILE)

    def _decided(self, label_map: dict[str, str] | None, guideline: str | None) -> dict[str, str] | None:
        """The labels that are decided on; models that know no guideline are not limited by one."""
        if "features" not in self._inputs:
            return label_map
        return guideline_labels(guideline or self.config.get("guideline", "none"), label_map)

    def _word_features(self, guideline: str | None) -> WordFeatures | None:
        if "features" not in self._inputs:
            return None
        names = lexicon.Lexicon.load(self.folder / lexicon.FILE)
        return WordFeatures(names, guideline or self.config.get("guideline", "none"))

    def scores(
        self, pieces: np.ndarray, mask: np.ndarray, features: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits and states of a padded batch."""
        values: dict[str, np.ndarray | None] = {
            "input_ids": pieces,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(pieces),
            "features": features,
        }
        feed = {}
        for name, kind in self._inputs.items():
            value = values[name]
            feed[name] = value.astype(np.int64) if kind == "tensor(int64)" and value is not None else value
        # The states are fetched only if somebody asked for them: copying them takes time.
        found = self._session.run(self._outputs if self.keep_states else ["logits"], feed)
        return found[0], found[1] if len(found) > 1 else None

    def save(self, folder: Path) -> None:
        """Copy the model's files."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (*FILES, *EXTRAS):
            source = self.folder / name
            if source.exists() and source.resolve() != (folder / name).resolve():
                shutil.copyfile(source, folder / name)


def is_onnx_folder(folder: Path) -> bool:
    """Does a folder hold a model for this back end?"""
    return all((folder / name).is_file() for name in FILES)


def _read_config(folder: Path) -> dict[str, Any]:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"The model folder {folder} has no {', '.join(missing)}.",
            "An ONNX model folder holds model.onnx, tokenizer.json and config.json; "
            "for a Hugging Face folder choose the back end torch.",
        )
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))


def _tags(config: dict[str, Any], folder: Path) -> tuple[str, ...]:
    if "tags" in config:
        return tuple(config["tags"])
    names = config.get("id2label")
    if not names:
        raise UserError(f"{folder / 'config.json'} has no tags.", 'Add "tags", in the order of the outputs.')
    return tuple(names[key] for key in sorted(names, key=int))


def _outside_bias(config: dict[str, Any], guideline: str | None) -> float:
    """Of the guideline: how eager the model is differs between the corpora that it learned from."""
    biases = config.get("outside_bias", {})
    return float(biases.get(guideline or config.get("guideline", "none"), 0.0))


def _full_name(config: dict[str, Any], folder: Path) -> str:
    version = config.get("version")
    name = str(config.get("name", folder.name))
    return f"{name}-{version}" if version else name


def _session(path: Path, threads: int | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    chosen = threads if threads is not None else int(os.environ.get("CLINIGRAPH_THREADS", "0"))
    options.intra_op_num_threads = chosen
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps the largest batch it has seen for good; batches here differ in shape all the time.
    options.enable_cpu_mem_arena = True
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UserError(
            f"{path} cannot be loaded by ONNX Runtime ({type(error).__name__}).", "Check that the file is complete."
        ) from error
