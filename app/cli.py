"""``clinigraph``: the command line. Every command is a thin cover over something Python can call."""

from __future__ import annotations

import importlib
import os
import sqlite3
import sys
from functools import cache
from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    name="clinigraph",
    help="From clinical notes to a medical knowledge graph that answers with its evidence. "
    "Its advice is for a clinician to judge; it is not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = ("demo", "build", "extract", "deid", "patient", "graph", "knowledge", "train", "evaluate")


@app.callback(invoke_without_command=True)
def _root(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if show_version:
        typer.echo(f"clinigraph {version('clinigraph')}")
        raise typer.Exit


@cache
def _register() -> None:
    for name in _COMMANDS:
        importlib.import_module(f"{__package__}.commands.{name}").register(app)


def main() -> None:
    """Entry point of the console script: problems are one line on standard error, never a traceback.

    Exit status: 0 done, 1 some or all notes failed, 2 something only the user can put right, 130 interrupted.
    """
    from ..schemas.problems import UserError
    from .terminal import fail

    # No component of ours goes to the net; neither shall a library that would.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    _register()
    try:
        app()
    except UserError as error:
        fail(error.message, error.solution)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except sqlite3.OperationalError as error:
        fail(f"the graph file cannot be used ({error})", "check the disk's space and who else has the file open")
        sys.exit(2)
    except MemoryError:
        fail("out of memory", "use fewer --jobs")
        sys.exit(2)


if __name__ == "__main__":
    main()
