"""``clinigraph knowledge``: build the knowledge that ships with the package, import what may not ship."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from ...schemas.problems import UserError
from ..problem_file import ProblemFile
from ..terminal import (
    DEFAULT_GRAPH,
    GraphOption,
    JsonOption,
    err,
    out,
    print_json,
    progress,
    show_problem,
    table,
)

if TYPE_CHECKING:
    from ...kg.knowledge.importers import ImportReport


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Build the medical knowledge, import more of it, see what a graph holds."
    )
    group.command("build")(build)
    group.command("import")(import_)
    group.command("status")(status)
    app.add_typer(group, name="knowledge")


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


def import_(
    kind: Annotated[str | None, typer.Argument(help="What it is; without it the kinds are listed.")] = None,
    path: Annotated[Path | None, typer.Argument(help="Folder, zip archive or file, as the source gives it.")] = None,
    source_version: Annotated[
        str | None, typer.Option(help="Its version, if the files do not state it. Default: a hash of the files.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Licence to write on the rows, in place of the usual one.")
    ] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="SSSOM file whose exact matches join further ids; may be repeated.")
    ] = None,
    problems: Annotated[Path | None, typer.Option(help="Write every row that was not used to this file.")] = None,
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Read a source that may not ship with the package into a graph. Doing it again changes nothing."""
    from ...kg import open_graph
    from ...kg.knowledge.importers import import_knowledge, import_size

    if kind is None:
        _list_kinds(json)
        return
    if path is None:
        raise UserError("the path of the files is missing", f"clinigraph knowledge import {kind} PATH --graph GRAPH")
    total = import_size(kind, path) // 1000
    with (
        open_graph(graph, progress=lambda message: err.print(f"[dim]{message}[/dim]")) as opened,
        ProblemFile(problems) as log,
        progress(total, "kB read") as advance,
    ):
        told = 0

        def tell(done: int, _total: int) -> None:
            nonlocal told
            advance(done // 1000 - told)
            told = done // 1000

        report = import_knowledge(
            opened.store,
            kind,
            path,
            version=source_version,
            licence=licence,
            mappings=mapping or (),
            on_problem=log.write,
            progress=tell,
        )
    _show(report, json)
    if not report.nodes and not report.relationships and report.rejected:
        raise typer.Exit(1)


def _list_kinds(json: bool) -> None:
    from ...kg.knowledge.importers import kinds

    if json:
        print_json({"kinds": {name: dataclasses.asdict(kind) for name, kind in kinds().items()}})
        return
    rows = table("Kind", "What", "Files")
    for name, kind in kinds().items():
        rows.add_row(name, kind.title, kind.needs + (f" (and {kind.takes})" if kind.takes else ""))
    out.print(rows)


def _show(report: ImportReport, json: bool) -> None:
    if json:
        print_json(report.model_dump(mode="json"))
        return
    rows = table(f"{report.kind} {report.version}", "Rows")
    for name, number in (*report.nodes.items(), *report.relationships.items()):
        rows.add_row(name, f"{number:,}")
    out.print(rows)
    out.print(f"{report.changed:,} new or different. {report.joined:,} concepts are ours.")
    for reason, number in report.left_out.items():
        err.print(f"[dim]left out {number:,}: {escape(reason)}[/dim]", soft_wrap=True)
    for problem in report.problems:
        show_problem(problem)
    if report.rejected > len(report.problems):
        err.print(f"{report.rejected:,} rows were not used; list them all with --problems FILE")


def status(graph: GraphOption = DEFAULT_GRAPH, json: JsonOption = False) -> None:
    """What knowledge a graph holds: by source, version and licence."""
    from ...kg import open_graph
    from ...schemas.graph import RELATIONSHIPS

    with open_graph(graph, read_only=True, create=False) as opened:
        rows = opened.query("knowledge_sources")
        where, version = opened.store.description, opened.store.metadata("knowledge_version")
    if json:
        print_json({"knowledge_version": version, "sources": rows})
        return
    out.print(f"{where}, shipped knowledge {version or 'none'}")
    shown = table("Source", "Version", "Licence", "Concepts", "Facts")
    totals: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        counts = totals.setdefault((row["source"], row["source_version"], row["licence"]), [0, 0])
        counts[row["kind"] in RELATIONSHIPS] += row["number"]
    for names, (concepts, facts) in totals.items():
        shown.add_row(*names, f"{concepts:,}", f"{facts:,}")
    out.print(shown)
