"""Choose the back end and load a tagger."""

from __future__ import annotations

from pathlib import Path

from ...schemas.problems import UserError
from .protocol import TokenClassifier

SHIPPED_MODEL = Path(__file__).parent.parent / "models" / "clinigraph-ner"
BACKENDS = ("auto", "onnx", "torch")


def load_token_classifier(
    model: str | Path | None = None,
    *,
    backend: str = "auto",
    label_map: dict[str, str] | None = None,
    batch_tokens: int = 4096,
    threads: int | None = None,
    guideline: str | None = None,
) -> TokenClassifier:
    """Load an entity tagger.

    Parameters
    ----------
    model : str or Path, optional
        None for the model that ships; a folder with an ONNX model; a folder with or the name of a Hugging Face model.
    backend : str
        ``auto`` (ONNX Runtime if the folder has ``model.onnx``, else PyTorch), ``onnx`` or ``torch``.
    label_map : dict of str to str, optional
        The model's label to ours, e.g. ``{"Chemical": "DRUG"}``. None takes the model's labels (of its guideline) as
        they are.
    batch_tokens : int
        Padded word pieces in a batch.
    threads : int, optional
        Threads inside an operator.
    guideline : str, optional
        Whose rules of annotation to follow, for models trained here:
        :data:`~clinigraph.pipeline.encoder.word_features.GUIDELINES`.

    Raises
    ------
    UserError
        If the back end is unknown, its library is missing, or the model cannot be loaded.

    Examples
    --------
    >>> load_token_classifier().labels[:6]
    ('DISEASE', 'SYMPTOM', 'DRUG', 'PROCEDURE', 'TEST', 'ANATOMY')
    """
    if backend not in BACKENDS:
        raise UserError(f'There is no back end "{backend}".', f"Use one of: {', '.join(BACKENDS)}.")
    from .onnx import OnnxTokenClassifier, is_onnx_folder

    folder = SHIPPED_MODEL if model is None else Path(model)
    if backend == "onnx" or (backend == "auto" and (model is None or is_onnx_folder(folder))):
        if not folder.is_dir():
            raise UserError(
                f"The model folder {folder} does not exist.", "Give the folder of a model, or leave the model out."
            )
        return OnnxTokenClassifier(
            folder, label_map=label_map, batch_tokens=batch_tokens, threads=threads, guideline=guideline
        )
    if model is None:
        raise UserError("The model that ships runs on ONNX Runtime.", "Use the back end auto or onnx.")
    if isinstance(model, Path) and not model.exists():
        raise UserError(f"The model folder {model} does not exist.", "Check the path.")
    from .huggingface import TorchTokenClassifier

    return TorchTokenClassifier(
        model, label_map=label_map, batch_tokens=batch_tokens, threads=threads, guideline=guideline
    )
