"""``clinigraph knowledge``: build the knowledge that ships with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..terminal import JsonOption, err, out, print_json, table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Build the medical knowledge from its sources.")
    group.callback()(_group)
    group.command("build")(build)
    app.add_typer(group, name="knowledge")


def _group() -> None:
    """Keep "build" a subcommand although it is the only one."""


def build(
    data: Annotated[Path, typer.Option(help="Folder of the sources (see docs/knowledge.md).")],
    output: Annotated[Path, typer.Option(help="Folder to write the knowledge files to.")],
    json: JsonOption = False,
) -> None:
    """Build vocabulary and knowledge from open sources and the curated tables. Deterministic and offline."""
    from ...kg.knowledge.build import build_knowledge

    manifest = build_knowledge(data, output, progress=lambda message: err.print(f"[dim]{message}[/dim]"))
    if json:
        print_json(manifest.model_dump(mode="json"))
        return
    rows = table("What", "Rows")
    for name, number in manifest.counts.items():
        rows.add_row(name, f"{number:,}")
    out.print(rows)
    out.print(f"-> {output}")
