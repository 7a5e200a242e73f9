"""``clinigraph pretrain``, ``train`` and ``export``: make the model from config files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ...schemas.problems import UserError
from ..terminal import out

Data = Annotated[Path, typer.Option(help="Folder that the paths of the config are relative to.")]
Output = Annotated[Path, typer.Option(help="Folder for checkpoints and the finished model.")]
Resume = Annotated[bool, typer.Option(help="Go on from the last checkpoint in the output folder.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pretrain")(pretrain)
    app.command("train")(train)
    app.command("export")(export)


def pretrain(
    config: Annotated[Path, typer.Argument(help="Complete pretraining config (TOML).")],
    data: Data,
    output: Output,
    resume: Resume = True,
) -> None:
    """Continue masked-language pretraining of a base encoder on unlabelled text; interrupted, it goes on when rerun."""

    def load() -> Callable[..., Any]:
        from ...pipeline.training.pretrain import pretrain as run

        return run

    result = _with_packages(load)(config, data=data, output=output, resume=resume)
    out.print(f"-> {result.model}  (name it as base in a training config)")


def train(
    config: Annotated[Path, typer.Argument(help="Complete training config (TOML).")],
    data: Data,
    output: Output,
    resume: Resume = True,
) -> None:
    """Train a model of entities and relations; interrupted, the same command goes on from its last checkpoint."""

    def load() -> Callable[..., Any]:
        from ...pipeline.training.train import train as run

        return run

    _with_packages(load)(config, data=data, output=output, resume=resume)
    out.print(f"-> {output}")


def export(
    config: Annotated[Path, typer.Argument(help="The training config of the run.")],
    data: Data,
    output: Annotated[Path, typer.Option(help="Output folder of the training run; its model/ is exported to onnx/.")],
    quantise: Annotated[bool, typer.Option(help="8-bit matrix products; --no-quantise keeps float32.")] = True,
) -> None:
    """Write the ONNX model of a finished run again, for example with another outside_bias in the config."""

    def load() -> Callable[..., Any]:
        from ...pipeline.training.train import export_run as run

        return run

    folder = _with_packages(load)(config, data=data, output=output, quantise=quantise)
    out.print(f"-> {folder}")


def _with_packages(load: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """The function behind a command, or what is missing for it."""
    try:
        return load()
    except ImportError as error:
        raise UserError(
            f"training needs a package that is not installed ({error.name})", "pip install 'clinigraph[train]'"
        ) from error
