"""``clinigraph extract``: annotations without a graph."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import JsonOption, out, print_json, progress, show_problems
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


class Target(StrEnum):
    """Output formats."""

    jsonl = "jsonl"
    parquet = "parquet"
    brat = "brat"
    html = "html"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("extract")(extract)


def extract(
    notes: NotesArgument,
    to: Annotated[Target, typer.Option(help="jsonl and parquet make a file, brat and html a folder.")] = Target.jsonl,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: annotations.FORMAT")] = None,
    text_column: TextColumn = "text",
    note_id_column: NoteIdColumn = "note_id",
    patient_id_column: PatientIdColumn = "patient_id",
    date_column: DateColumn = "date",
    type_column: TypeColumn = "type",
    path_pattern: PathPattern = None,
    model: Model = None,
    label_map: LabelMap = None,
    jobs: Jobs = None,
    problems: ProblemsFile = None,
    json: JsonOption = False,
) -> None:
    """Annotate notes and write what was found, without a graph."""
    from ...pipeline.archive.reading import count_notes, must_exist
    from ...pipeline.archive.writing import FOLDER_FORMATS, open_writer
    from ..building import Summary, annotate_archive
    from ..problem_file import ProblemFile

    must_exist(notes)
    target = output or Path("annotations" if to in FOLDER_FORMATS else f"annotations.{to}")
    reader = note_reader(text_column, note_id_column, patient_id_column, date_column, type_column, path_pattern)
    total = count_notes(notes)
    with ProblemFile(problems) as log, progress(total, "notes") as advance, open_writer(to, target) as writer:
        books = Summary(on_problem=log.write)
        for annotated in annotate_archive(
            notes, reader=reader, settings=pipeline_settings(model, label_map), jobs=choose_jobs(jobs, total),
            summary=books, advance=advance,
        ):  # fmt: skip
            for note in annotated:
                writer.write(note)
    show_problems(books.problems, books.problem_count)
    if json:
        print_json({**books.as_dict(), "output": str(target)})
    else:
        shown = target / "index.html" if to == Target.html else target
        out.print(f"{books.processed} notes, {books.mentions} mentions, {books.failed} failed -> {shown}")
    if books.failed and not books.processed:
        raise typer.Exit(1)
