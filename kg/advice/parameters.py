"""The numbers of the advice, read from ``parameters.toml`` beside this file, where each has its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType


@lru_cache(maxsize=1)
def parameters() -> Mapping[str, Mapping[str, float]]:
    """Sections of the parameter file.

    Examples
    --------
    >>> parameters()["likelihood"]["floor"]
    0.1
    """
    text = files(__package__).joinpath("parameters.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: MappingProxyType(table) for name, table in tomllib.loads(text).items()})
