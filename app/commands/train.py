"""``clinigraph train``: train the entity model from a config file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...schemas.problems import UserError
from ..terminal import out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    config: Annotated[Path, typer.Argument(help="Complete training config (TOML).")],
    data: Annotated[Path, typer.Option(help="Folder of the corpora that the config names.")],
    output: Annotated[Path, typer.Option(help="Folder for checkpoints and the finished model.")],
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in the output folder.")] = True,
) -> None:
    """Train an entity model; interrupted at any moment, the same command goes on from its last checkpoint."""
    try:
        from ...pipeline.training.train import train as train_model
    except ImportError as error:
        raise UserError(
            f"training needs a package that is not installed ({error.name})", "pip install 'clinigraph[train]'"
        ) from error
    train_model(config, data=data, output=output, resume=resume)
    out.print(f"-> {output}")
