"""``clinigraph build``: notes into a graph."""

from __future__ import annotations

import typer

from ..terminal import DEFAULT_GRAPH, GraphOption, JsonOption, err, out, print_json, progress, show_problems, table
from .reading_options import (
    DateColumn,
    Jobs,
    LabelMap,
    Model,
    NoteIdColumn,
    NotesArgument,
    PathPattern,
    PatientIdColumn,
    ProblemsFile,
    TextColumn,
    TypeColumn,
    choose_jobs,
    note_reader,
    pipeline_settings,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("build")(build)


def build(
    notes: NotesArgument,
    graph: GraphOption = DEFAULT_GRAPH,
    text_column: TextColumn = "text",
    note_id_column: NoteIdColumn = "note_id",
    patient_id_column: PatientIdColumn = "patient_id",
    date_column: DateColumn = "date",
    type_column: TypeColumn = "type",
    path_pattern: PathPattern = None,
    model: Model = None,
    label_map: LabelMap = None,
    jobs: Jobs = None,
    store_text: bool = typer.Option(
        False, help="Keep the notes' texts in the graph. Notes are patients: off by default."
    ),
    problems: ProblemsFile = None,
    json: JsonOption = False,
) -> None:
    """Process notes into a graph. A second run does only what is new; a stopped run goes on."""
    from ...kg import open_graph
    from ...pipeline.archive.reading import count_notes, must_exist
    from ..building import Summary, build_graph
    from ..problem_file import ProblemFile

    must_exist(notes)
    reader = note_reader(text_column, note_id_column, patient_id_column, date_column, type_column, path_pattern)
    settings = pipeline_settings(model, label_map)
    with open_graph(graph, store_text=store_text, progress=lambda m: err.print(f"[dim]{m}[/dim]")) as opened:
        total = count_notes(notes)
        with ProblemFile(problems) as log, progress(total, "notes") as advance:
            books = Summary(on_problem=log.write)
            build_graph(
                notes, opened, reader=reader, settings=settings, jobs=choose_jobs(jobs, total), summary=books,
                advance=advance,
            )  # fmt: skip
        counts = opened.counts()
    show_problems(books.problems, books.problem_count)
    if json:
        print_json({**books.as_dict(), "graph": counts})
    else:
        _show(books, counts, graph)
    if books.failed and not (books.processed or books.unchanged):
        raise typer.Exit(1)


def _show(books, counts, graph: str) -> None:  # type: ignore[no-untyped-def]
    from ...schemas.graph import FACT_LABELS

    rows = table("", "")
    for name, value in (
        ("notes read", books.read),
        ("processed", f"{books.processed} ({books.notes_per_second:.1f} notes/s)"),
        ("unchanged", books.unchanged),
        ("repeated", books.repeated),
        ("failed", books.failed),
        ("mentions", books.mentions),
        ("relations", books.relations),
        ("facts in the graph", sum(counts["nodes"][label] for label in FACT_LABELS)),
        ("patients in the graph", counts["nodes"]["Patient"]),
    ):
        rows.add_row(name, str(value))
    out.print(rows)
    if books.read and not books.processed and not books.failed:
        out.print(f"Nothing has changed: all {books.unchanged} notes are in {graph} already.")
    elif not books.changed and books.processed:
        out.print(f"Nothing has changed in {graph}.")
    elif not books.read:
        out.print("No notes were found.")
