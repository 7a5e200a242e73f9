"""Assemble the pipeline from its one config file, ``default.cfg``."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.util import load_config, load_model_from_config

from ..schemas.problems import UserError
from .extensions import register_extensions

PIPELINE_VERSION = f"clinigraph {version('clinigraph')}"

# Settings that change how fast the pipeline is, not what it says.
_SPEED_SETTINGS = {"threads", "batch_tokens"}

# Components that need an optional package; left out by load() where it is not installed.
OPTIONAL: dict[str, str] = {}


def pipeline_identity(**settings: Any) -> str:
    """Name of the pipeline that :func:`load` makes of these settings: two that may answer differently differ.

    Stored with every note, so that a note is annotated anew when the pipeline is another.

    Examples
    --------
    >>> pipeline_identity() == pipeline_identity(config={"clinigraph_ner": {"threads": 1}})
    True
    >>> pipeline_identity() == pipeline_identity(model="my-model")
    False
    """
    config = {
        name: {key: value for key, value in values.items() if key not in _SPEED_SETTINGS}
        for name, values in (settings.pop("config", None) or {}).items()
    }
    chosen = {key: value for key, value in settings.items() if value not in (None, (), "auto")}
    chosen |= {name: values for name, values in config.items() if values}
    absent = [name for name, package in OPTIONAL.items() if importlib.util.find_spec(package) is None]
    if absent:
        chosen["absent"] = absent
    if not chosen:
        return PIPELINE_VERSION
    text = json.dumps(chosen, sort_keys=True, default=str)
    return f"{PIPELINE_VERSION}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def pipeline_names() -> list[str]:
    """Names of all components of ``default.cfg``, in the order they run.

    Examples
    --------
    >>> pipeline_names()[0]
    'clinigraph_sentences'
    """
    with as_file(files(__package__) / "default.cfg") as path:
        return list(load_config(path)["nlp"]["pipeline"])


def load(
    model: str | Path | None = None,
    *,
    label_map: Mapping[str, str] | None = None,
    backend: str = "auto",
    vocabulary: str | Path | None = None,
    exclude: Iterable[str] = (),
    config: Mapping[str, Mapping[str, Any]] | None = None,
) -> Language:
    """Load the whole pipeline: note text in, a plain spaCy ``Doc`` with clinigraph's extensions out.

    Parameters
    ----------
    model
        Folder or name of a Hugging Face token classifier, or folder of a clinigraph model. Default: the model
        that comes with the package.
    label_map
        Labels of that model -> ours, for example ``{"Chemical": "DRUG", "Disease": "DISEASE"}``.
    backend
        "auto", "onnx" or "torch".
    vocabulary
        Folder of a vocabulary built by ``clinigraph knowledge build``. Default: the one in the package.
    exclude
        Components to leave out, for example ``["clinigraph_linker"]``.
    config
        Further settings by component name, merged over the defaults.

    Returns
    -------
    spacy.language.Language

    Raises
    ------
    UserError
        If the model or vocabulary cannot be read, or a component name is unknown.

    Examples
    --------
    >>> nlp = load(exclude=["clinigraph_linker"])
    >>> "clinigraph_ner" in nlp.pipe_names
    True
    """
    register_extensions()
    exclude = tuple(exclude)
    with as_file(files(__package__) / "default.cfg") as path:
        settings = load_config(path)
    names: list[str] = settings["nlp"]["pipeline"]
    unknown = (set(exclude) | set(config or {})) - set(names)
    if unknown:
        raise UserError(
            f"there is no component {sorted(unknown)[0]!r} in the pipeline", f"choose from {', '.join(names)}"
        )
    missing = {name for name, package in OPTIONAL.items() if importlib.util.find_spec(package) is None}
    keep = [name for name in names if name not in missing and name not in set(exclude)]
    settings["nlp"]["pipeline"] = keep
    settings["components"] = {name: settings["components"][name] for name in keep}
    own: dict[str, dict[str, Any]] = {
        "clinigraph_ner": {
            "model": str(model) if model else None,
            "label_map": dict(label_map) if label_map else None,
            "backend": backend,
        },
        "clinigraph_linker": {"vocabulary": str(vocabulary) if vocabulary else None},
    }
    for name in keep:
        chosen = {key: value for key, value in own.get(name, {}).items() if value is not None}
        settings["components"][name].update({**chosen, **(config or {}).get(name, {})})
    for name in keep:
        if not Language.has_factory(name):  # an editable install whose entry points are older than the code
            importlib.import_module(f".components.{name.removeprefix('clinigraph_')}.factory", __package__)
    nlp = load_model_from_config(settings, auto_fill=True)
    nlp.max_length = 20_000_000  # nothing here needs memory in proportion to the square of a note's length
    nlp.meta["name"] = "clinigraph"
    nlp.meta["clinigraph"] = pipeline_identity(
        model=model, label_map=label_map, backend=backend, vocabulary=vocabulary, exclude=tuple(exclude), config=config
    )
    return nlp
