"""Score word pieces with PyTorch: any Hugging Face token classification model. Needs the extra ``torch``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.problems import UserError
from .decoding import TagDecoder
from .tagger import WindowedTagger


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
    """

    def __init__(
        self,
        model: str | Path,
        *,
        label_map: dict[str, str] | None = None,
        batch_tokens: int = 4096,
        threads: int | None = None,
        groups: tuple[tuple[str, ...], ...] = (),
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
        longest = min(144, _positions(config))
        super().__init__(
            Path(str(model)).name,
            _tokenizer(model),
            TagDecoder(tuple(config.id2label[i] for i in range(config.num_labels)), label_map, groups),
            longest=longest,
            batch_tokens=batch_tokens,
            padding=getattr(config, "pad_token_id", 0) or 0,
        )

    def scores(self, pieces: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Logits of a padded batch."""
        torch = self._torch
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.from_numpy(pieces.astype(np.int64)),
                attention_mask=torch.from_numpy(mask.astype(np.int64)),
            )
        return output.logits.float().numpy()

    def save(self, folder: Path) -> None:
        """Write weights, configuration and tokenizer in the Hugging Face layout."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._model.save_pretrained(folder)
        self._windower.tokenizer.save(str(folder / "tokenizer.json"))


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
