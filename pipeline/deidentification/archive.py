"""De-identify an archive in one or several processes; a note that fails is listed and is not written."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ...schemas.annotation import Note
from ...schemas.problems import Problem, UserError
from ..archive.running import batches
from ..archive.writing import file_name
from .deidentifier import Deidentified, Deidentifier

_worker: Deidentifier | None = None


def _start_worker(settings: dict[str, Any]) -> None:
    import signal

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    _worker = Deidentifier(**settings)


def _work(batch: list[Note]) -> list[Deidentified | Problem]:
    assert _worker is not None
    return [_attempt(_worker, note) for note in batch]


def _attempt(deidentifier: Deidentifier, note: Note) -> Deidentified | Problem:
    try:
        return deidentifier(note)
    except Exception as error:  # reported by place and kind, never with the note's text
        return _failed(note, type(error).__name__)


def _failed(note: Note, reason: str) -> Problem:
    return Problem(
        where=note.source or f"note {note.note_id}",
        message=f"could not be de-identified ({reason}) and was not written",
        solution="the other notes were processed; please report this with the note's structure, not its text",
    )


def deidentify_all(
    notes: Iterable[Note], settings: dict[str, Any], *, jobs: int = 1
) -> Iterator[list[Deidentified | Problem]]:
    """De-identify notes; yields a list of results a batch, in the order of the notes.

    Parameters
    ----------
    notes
        Notes; problems are the reader's to report.
    settings
        Keyword arguments of :class:`Deidentifier`; with several processes a ``secret`` must be among them.
    jobs
        Number of processes.
    """
    if jobs <= 1:
        deidentifier = Deidentifier(**settings)
        for batch in batches(notes):
            yield [_attempt(deidentifier, note) for note in batch]
        return
    waiting: deque[tuple[list[Note], Future[list[Deidentified | Problem]]]] = deque()
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(settings,)
    ) as pool:
        try:
            for batch in batches(notes):
                waiting.append((batch, pool.submit(_work, batch)))
                if len(waiting) >= 2 * jobs:
                    yield _result(*waiting.popleft())
        except BrokenProcessPool as error:
            raise UserError(
                "a process died, most likely for lack of memory", "use fewer --jobs, or a machine with more memory"
            ) from error
        while waiting:
            yield _result(*waiting.popleft())


def _result(batch: list[Note], future: Future[list[Deidentified | Problem]]) -> list[Deidentified | Problem]:
    try:
        return future.result()
    except BrokenProcessPool:
        return [_failed(note, "the process that worked on it died") for note in batch]


class NoteWriter:
    """Writes de-identified notes to a folder: ``notes.jsonl``, or one text file a note. Use it in a with statement.

    Parameters
    ----------
    folder
        Made if it is not there.
    as_text
        One ``.txt`` a note, named by its new id, in place of ``notes.jsonl``.
    map_file
        Where the map back to the originals goes, as JSON lines; readable by the owner alone. Default: nowhere.
    """

    def __init__(self, folder: Path, *, as_text: bool = False, map_file: Path | None = None) -> None:
        self._folder, self._as_text, self._map_file = folder, as_text, map_file
        self._notes: IO[str] | None = None
        self._map: IO[str] | None = None
        self._taken: set[str] = set()

    def __enter__(self) -> NoteWriter:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not self._as_text:
                self._notes = (self._folder / "notes.jsonl").open("w", encoding="utf-8", errors="surrogatepass")
            if self._map_file is not None:
                self._map = os.fdopen(
                    os.open(self._map_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
                )
        except OSError as error:
            self.__exit__(None, None, None)
            raise UserError(
                f"cannot write {error.filename} ({error.strerror})", "choose another --output or --map"
            ) from error
        return self

    def write(self, done: Deidentified) -> None:
        """Write one note, and its map if that is kept."""
        if self._notes is not None:
            data = done.note.model_dump(mode="json", exclude={"source"})
            self._notes.write(json.dumps(data, ensure_ascii=False) + "\n")
        else:
            name = file_name(done.note.note_id, self._taken)
            path = self._folder / f"{name}.txt"
            with path.open("w", encoding="utf-8", newline="", errors="surrogatepass") as stream:
                stream.write(done.note.text)
        if self._map is not None:
            self._map.write(json.dumps(done.map()) + "\n")

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        for stream in (self._notes, self._map):
            if stream is not None:
                stream.close()
