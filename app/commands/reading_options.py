"""Options that say where notes are and how to read them: the same for build and extract."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ...schemas.problems import UserError

NotesArgument = Annotated[
    list[Path],
    typer.Argument(help="Files or folders: .txt .csv .tsv .jsonl .parquet, FHIR DocumentReference .json; also .gz."),
]
TextColumn = Annotated[str, typer.Option(help="Column or field that holds the text.")]
NoteIdColumn = Annotated[str, typer.Option(help="Column of the note's id.")]
PatientIdColumn = Annotated[str, typer.Option(help="Column of the patient's id.")]
DateColumn = Annotated[str, typer.Option(help="Column of the note's date.")]
TypeColumn = Annotated[str, typer.Option(help="Column of the note's type.")]
PathPattern = Annotated[
    str | None,
    typer.Option(
        help="For text files: regular expression with groups patient, date, note, type, searched in the path. "
        r"Example: '(?P<patient>[^/]+)/(?P<date>\d{4}-\d{2}-\d{2})'."
    ),
]
Model = Annotated[
    str | None, typer.Option(help="A Hugging Face token classifier (folder or name) in place of the shipped model.")
]
LabelMap = Annotated[
    str | None, typer.Option(help="Labels of that model to ours: 'Chemical=DRUG,Disease=DISEASE', or a JSON file.")
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes. Default: by the number of notes and processors.")]
ProblemsFile = Annotated[
    Path | None, typer.Option("--problems", help="Write every problem to this file, as JSON lines.")
]

FEW_NOTES = 200  # starting another process takes as long as some 50 notes


def note_reader(text: str, note_id: str, patient_id: str, date: str, type_: str, pattern: str | None) -> Any:
    """A reader for the options given."""
    from ...pipeline.archive.columns import Columns
    from ...pipeline.archive.reading import NoteReader

    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"--path-pattern is no regular expression ({error})", "correct it") from error
    return NoteReader(Columns(text=text, note_id=note_id, patient_id=patient_id, date=date, type=type_), pattern)


def pipeline_settings(model: str | None, label_map: str | None) -> dict[str, Any]:
    """Keyword arguments of load() for the options given."""
    settings: dict[str, Any] = {}
    if model is not None:
        settings["model"] = model
    if label_map is not None:
        settings["label_map"] = _parse_label_map(label_map)
    return settings


def _parse_label_map(text: str) -> dict[str, str]:
    if text.endswith(".json"):
        try:
            return dict(json.loads(Path(text).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"cannot read the label map {text}", "give a JSON object of their label to ours") from error
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not pairs or any(not ours for _, _, ours in pairs):
        raise UserError(f"--label-map {text!r} is not understood", "write it as 'Chemical=DRUG,Disease=DISEASE'")
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def choose_jobs(jobs: int | None, total: int | None) -> int:
    """As many processes as there are processors, unless the notes are few."""
    from ...pipeline.archive.running import default_jobs

    if jobs is not None:
        return jobs
    return 1 if total is not None and total < FEW_NOTES else default_jobs()
