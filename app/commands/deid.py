"""``clinigraph deid``: notes without what tells who they are about."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...schemas.problems import Level, Problem, UserError
from ..terminal import JsonOption, err, out, print_json, progress, show_problems
from .reading_options import (
    DateColumn,
    Jobs,
    NoteIdColumn,
    NotesArgument,
    PathPattern,
    PatientIdColumn,
    ProblemsFile,
    TextColumn,
    TypeColumn,
    choose_jobs,
    note_reader,
)


class DeidMode(StrEnum):
    """What stands in place of an identifier."""

    surrogate = "surrogate"
    tag = "tag"


class NoteFormat(StrEnum):
    """How the notes are written."""

    jsonl = "jsonl"
    txt = "txt"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deid")(deid)


def deid(
    notes: NotesArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the de-identified notes.")],
    mode: Annotated[DeidMode, typer.Option(help="Invented values of the same shape, or [NAME], [DATE] ...")] = (
        DeidMode.surrogate
    ),
    to: Annotated[NoteFormat, typer.Option(help="One notes.jsonl, or a text file a note.")] = NoteFormat.jsonl,
    secret_file: Annotated[
        Path | None,
        typer.Option(help="File with a secret: the same one gives the same surrogates again. Default: a random one."),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="Write here where each identifier was. It leads back to the patients: guard it."),
    ] = None,
    text_column: TextColumn = "text",
    note_id_column: NoteIdColumn = "note_id",
    patient_id_column: PatientIdColumn = "patient_id",
    date_column: DateColumn = "date",
    type_column: TypeColumn = "type",
    path_pattern: PathPattern = None,
    jobs: Jobs = None,
    problems: ProblemsFile = None,
    json: JsonOption = False,
) -> None:
    """Replace names, dates, numbers, places and other identifiers. No such program finds all: have samples read."""
    from ...pipeline.archive.reading import count_notes, must_exist
    from ...pipeline.archive.running import SeenNotes
    from ..building import Summary
    from ..problem_file import ProblemFile

    try:
        from ...pipeline.deidentification.archive import NoteWriter, deidentify_all
    except ImportError as error:
        raise UserError(
            f"de-identification needs a package that is not installed ({error.name})", "pip install 'clinigraph[deid]'"
        ) from error
    must_exist(notes)
    settings = {"mode": mode.value, "secret": _secret(secret_file)}
    reader = note_reader(text_column, note_id_column, patient_id_column, date_column, type_column, path_pattern)
    total = count_notes(notes)
    kinds: Counter[str] = Counter()
    with (
        ProblemFile(problems) as log,
        progress(total, "notes") as advance,
        NoteWriter(output, as_text=to is NoteFormat.txt, map_file=map_file) as writer,
    ):
        books, seen = Summary(on_problem=log.write), SeenNotes()

        def good() -> Iterator[Any]:
            for item in reader.read(notes):
                problem = item if isinstance(item, Problem) else seen.problem(item)
                if problem is None:
                    yield item
                    continue
                books.add_problem(problem)
                advance(0 if problem.level is Level.WARNING else 1)

        for results in deidentify_all(good(), settings, jobs=choose_jobs(jobs, total)):
            for result in results:
                if isinstance(result, Problem):
                    books.add_problem(result)
                else:
                    writer.write(result)
                    books.processed += 1
                    kinds.update(item.kind.value for item in result.replacements)
            advance(len(results))
    show_problems(books.problems, books.problem_count)
    if json:
        kept = [problem.model_dump(mode="json") for problem in books.problems]
        print_json(
            {"processed": books.processed, "failed": books.failed, "replaced": dict(kinds), "problems": kept,
             "output": str(output)}
        )  # fmt: skip
    else:
        out.print(f"{books.processed} notes, {kinds.total()} identifiers replaced, {books.failed} failed -> {output}")
        err.print("[dim]no program finds every identifier: have samples read before the notes leave the house[/dim]")
    if books.failed and not books.processed:
        raise typer.Exit(1)


def _secret(path: Path | None) -> bytes:
    if path is None:
        return secrets.token_bytes(32)
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror})", "give a file that holds the secret") from error
    if len(secret) < 16:
        raise UserError(f"the secret in {path} is shorter than 16 bytes", "write a long random text into it")
    return secret
