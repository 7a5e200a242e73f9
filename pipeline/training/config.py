"""The configuration of a training run: complete and explicit, read from TOML, unknown keys refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...schemas.problems import UserError

DEFAULT_CONFIG = Path(__file__).with_name("clinigraph-ner.toml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowConfig(_Strict):
    """Windows of whole sentences, of a random length between the limits, in word pieces."""

    shortest: int = Field(32, ge=4)
    longest: int = Field(144, ge=8, le=510)
    batch_tokens: int = Field(2048, ge=16)


class OptimiserConfig(_Strict):
    """AdamW with warm-up, linear decay and an average of the weights."""

    epochs: int = Field(6, ge=1)
    encoder_rate: float = 2e-4
    head_rate: float = 1e-3
    layer_decay: float = Field(0.9, gt=0, le=1)
    warmup: float = Field(0.06, ge=0, lt=1)
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = Field(0.9985, ge=0, lt=1)
    dropout: float = Field(0.1, ge=0, lt=1)
    bfloat16: bool = True
    threads: int = Field(2, ge=1)
    checkpoint_steps: int = Field(100, ge=1)


class ShorthandConfig(_Strict):
    """Generated telegraphic notes per epoch."""

    notes: int = Field(0, ge=0)
    weight: float = 1.0


class FeatureConfig(_Strict):
    """Word features beside the word pieces, and how often they are withheld so that no window relies on them."""

    lexicon: bool = True
    lexicon_dropout: float = Field(0.1, ge=0, lt=1)
    guideline_dropout: float = Field(0.2, ge=0, lt=1)


class PairConfig(_Strict):
    """The head for relations."""

    weight: float = Field(0.3, ge=0)
    most: int = Field(64, ge=1)


class CorpusConfig(_Strict):
    """One corpus: where it is, how it reads, how often it is seen.

    ``annotations`` names a file of offsets (beside this module, or a path) whose texts stand in ``path``; ``relations``
    a map of ``relations.toml``, for the head of relations.
    """

    map: str
    format: str
    path: str
    repeat: int = Field(1, ge=1)
    weight: float = 1.0
    vary: float = Field(0.0, ge=0, le=1)
    held_back: float = Field(0.0, ge=0, lt=1)
    annotations: str | None = None
    relations: str | None = None


class TrainingConfig(_Strict):
    """A whole training run."""

    name: str
    version: str
    seed: int
    base: str
    outside_bias: dict[str, float] = Field(default_factory=dict)
    exclude: str | None = None
    windows: WindowConfig = WindowConfig()  # type: ignore[call-arg]
    optimiser: OptimiserConfig = OptimiserConfig()  # type: ignore[call-arg]
    features: FeatureConfig = FeatureConfig()  # type: ignore[call-arg]
    pairs: PairConfig = PairConfig()  # type: ignore[call-arg]
    shorthand: ShorthandConfig = ShorthandConfig()  # type: ignore[call-arg]
    corpora: tuple[CorpusConfig, ...]


def load_config(path: Path) -> TrainingConfig:
    """Read and check a training configuration.

    Raises
    ------
    UserError
        If the file is missing, is no TOML or has unknown, missing or impossible values.

    Examples
    --------
    >>> load_config(DEFAULT_CONFIG).name
    'clinigraph-ner'
    """
    try:
        values: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return TrainingConfig(**values)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Give a training configuration (TOML).") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not TOML: {error}.", "Correct the file.") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise UserError(f"{path}: {wrong}.", f"Compare with {DEFAULT_CONFIG.name}, which is complete.") from None
