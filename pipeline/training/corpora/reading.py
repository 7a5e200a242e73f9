"""Read a corpus, a file or a folder, in one of the formats."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from ....schemas.problems import UserError
from . import brat, conll, docbin, jsonlines, phee, pubtator
from .records import CorpusReading

FORMATS: dict[str, ModuleType] = {
    "pubtator": pubtator,
    "brat": brat,
    "conll": conll,
    "doccano": jsonlines,
    "jsonl": jsonlines,
    "phee": phee,
    "docbin": docbin,
}


def read_corpus(path: Path | str, format: str) -> CorpusReading:
    """Read the annotated texts of a file or of all files of a folder.

    Parameters
    ----------
    path : Path or str
        A file, or a folder (searched with its sub-folders for the suffixes of the format).
    format : str
        One of :data:`FORMATS`.

    Returns
    -------
    CorpusReading
        Records in the order of the file names, and the rows that could not be read, with file, line and reason.

    Raises
    ------
    UserError
        If the path does not exist, the format is unknown, or no document could be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "gold.jsonl"
    >>> _ = file.write_text('{"text": "Took aspirin.", "spans": [[5, 12, "DRUG"]]}')
    >>> read_corpus(file, "jsonl").records[0].spans
    (GoldSpan(start=5, end=12, label='DRUG'),)
    """
    reader = FORMATS.get(format)
    if reader is None:
        raise UserError(f'There is no corpus format "{format}".', f"Use one of: {', '.join(FORMATS)}.")
    reading = CorpusReading()
    files = corpus_files(Path(path), reader.SUFFIXES)
    for file in files:
        reader.read(file, reading)
    if not reading.records:
        first = reading.rejected[0] if reading.rejected else None
        detail = f" ({first.file}, line {first.line}: {first.reason})" if first else ""
        raise UserError(
            f"{path} holds no document in the format {format}{detail}.",
            f"Say what it is with --format {'|'.join(FORMATS)}.",
        )
    return reading


def corpus_files(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of a corpus in a fixed order: the file itself, or those of a folder with the right suffixes."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path} does not exist.", "Give the file or the folder that holds the annotated texts.")
    found = sorted(p for p in path.rglob("*") if p.is_file() and p.name.lower().endswith(suffixes))
    files = [p for p in found if not p.name.upper().startswith(("LICENSE", "README"))]
    if not files:
        raise UserError(f"The folder {path} holds no {' or '.join(suffixes)} file.", "Check the path and --format.")
    return files
