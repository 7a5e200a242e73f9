"""What a person sees: one console for results, one for everything else, one way to show progress and problems."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ..schemas.problems import Level, Problem

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for machines.")]
GraphOption = Annotated[
    str,
    typer.Option(
        "--graph",
        "-g",
        envvar="CLINIGRAPH_GRAPH",
        help="Graph file, or bolt://... or neo4j://... (user, password and database from NEO4J_USERNAME, "
        "NEO4J_PASSWORD, NEO4J_DATABASE; 'neo4j' takes the address from NEO4J_URI).",
    ),
]
DEFAULT_GRAPH = "clinigraph.db"
_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "cyan"}


def print_json(data: Any) -> None:
    """Write one JSON object to standard output."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Any]:
    """A progress bar on standard error; yields a function that takes the number of steps done.

    Ctrl-C within ends the command with one line and status 130: what was finished is kept.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=err, transient=False) as bar:
            yield _advancer(bar, bar.add_task(what, total=total, pace=""))
    except KeyboardInterrupt:
        err.print("interrupted. What was finished is kept; the same command goes on from there.")
        raise typer.Exit(130) from None


def _advancer(bar: Progress, task: Any) -> Callable[[int], None]:
    def advance(steps: int) -> None:
        bar.advance(task, steps)
        state = bar.tasks[0]
        if state.elapsed:
            bar.update(task, pace=f"{state.completed / state.elapsed:.1f}/s")

    return advance


def show_problem(problem: Problem) -> None:
    """One line on standard error."""
    colour = _COLOURS[problem.level]
    err.print(f"[{colour}]{problem.level}[/{colour}] {escape(str(problem))}", soft_wrap=True)


def show_problems(problems: list[Problem], total: int, limit: int = 20, listed: bool = True) -> None:
    """The first problems in full and the number of the others; ``listed``: the command has --problems."""
    for problem in problems[:limit]:
        show_problem(problem)
    if total > limit:
        err.print(f"... and {total - limit} more" + ("; list them all with --problems FILE" if listed else ""))


def table(*columns: str, title: str | None = None) -> Table:
    """A plain table that stays readable when it is copied into a mail."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def fail(message: str, solution: str, as_json: bool = False) -> None:
    """Say what happened and what to do, in one line."""
    if as_json:
        print_json({"error": message, "solution": solution})
    err.print(f"[red]error[/red] {escape(message.rstrip('.'))}. What to do: {escape(solution)}", soft_wrap=True)
