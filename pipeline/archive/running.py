"""Run the pipeline over an archive: in batches, over several processes, one bad note never ending the run."""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import TracebackType
from typing import Any

from spacy.language import Language

from ...schemas.annotation import AnnotatedNote, Note
from ...schemas.problems import Level, Problem
from ..annotating import annotate_all
from ..assembling import load

BATCH_CHARACTERS = 200_000  # a batch is what fits: many short notes, or one long one
BATCH_NOTES = 64


class SeenNotes:
    """Note ids of this run, on disk, so that memory does not grow with the archive.

    Examples
    --------
    >>> seen = SeenNotes()
    >>> note = Note(note_id="n1", patient_id="p", text="Fever.", source="a.csv row 2")
    >>> seen.problem(note) is None
    True
    >>> seen.problem(note.model_copy(update={"text": "Cough."})).level.value
    'error'
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # "" is a temporary file of SQLite's own, gone when closed
        self._database.execute("CREATE TABLE seen (note_id TEXT PRIMARY KEY, text_hash TEXT) WITHOUT ROWID")

    def problem(self, note: Note) -> Problem | None:
        """Remember the note; say so if its id was there before."""
        row = self._database.execute("SELECT text_hash FROM seen WHERE note_id = ?", (note.note_id,)).fetchone()
        if row is None:
            self._database.execute("INSERT INTO seen VALUES (?, ?)", (note.note_id, note.text_hash))
            return None
        where = note.source or f"note {note.note_id}"
        if row[0] == note.text_hash:
            return Problem(
                where=where,
                message=f"note id {note.note_id} occurs again with the same text; it was taken once",
                solution="nothing to do",
                level=Level.INFO,
            )
        return Problem(
            where=where,
            message=f"note id {note.note_id} occurs again with another text; the first one was taken",
            solution="give every note its own id, or leave the id column out to have ids made from the texts",
        )


def batches(notes: Iterable[Note]) -> Iterator[list[Note]]:
    """Group notes into batches of bounded size.

    Examples
    --------
    >>> notes = [Note(note_id=str(i), patient_id="p", text="x" * 150_000) for i in range(3)]
    >>> [len(batch) for batch in batches(notes)]
    [1, 1, 1]
    """
    batch: list[Note] = []
    size = 0
    for note in notes:
        if batch and (size + len(note.text) > BATCH_CHARACTERS or len(batch) >= BATCH_NOTES):
            yield batch
            batch, size = [], 0
        batch.append(note)
        size += len(note.text)
    if batch:
        yield batch


_worker_nlp: Language | None = None


def _start_worker(settings: dict[str, Any]) -> None:
    """In a worker: one pipeline, one thread; Ctrl-C is the parent's business."""
    import signal

    global _worker_nlp
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker_nlp = load(**settings)


def _work(batch: list[Note]) -> list[AnnotatedNote | Problem]:
    assert _worker_nlp is not None
    return [result for _, result in annotate_all(_worker_nlp, batch)]


class ArchiveRunner:
    """Annotates notes in this process (``jobs=1``) or in several.

    Parameters
    ----------
    settings
        Keyword arguments of :func:`clinigraph.pipeline.load`; every process loads its own pipeline.
    jobs
        Number of processes. The order of the results is that of the notes, whatever the number.

    Examples
    --------
    >>> notes = [Note(note_id="n1", patient_id="p", text="Cough and fever.")]
    >>> with ArchiveRunner() as runner:
    ...     [[len(result.mentions) for result in batch] for batch in runner.run(notes)]
    [[2]]
    """

    def __init__(self, settings: dict[str, Any] | None = None, *, jobs: int = 1) -> None:
        self.settings = settings or {}
        self.jobs = max(1, jobs)
        self._pool: ProcessPoolExecutor | None = None
        self._nlp: Language | None = None

    def __enter__(self) -> ArchiveRunner:
        if self.jobs == 1:
            self._nlp = load(**self.settings)
        else:
            self._start_pool()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def _start_pool(self) -> None:
        config = {name: dict(values) for name, values in (self.settings.get("config") or {}).items()}
        config.setdefault("clinigraph_ner", {}).setdefault("threads", 1)
        settings = {**self.settings, "config": config}
        # spawn: a forked ONNX session or thread pool hangs
        self._pool = ProcessPoolExecutor(
            self.jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(settings,)
        )

    def run(
        self, notes: Iterable[Note | Problem], on_problem: Callable[[Problem], None] | None = None
    ) -> Iterator[list[AnnotatedNote | Problem]]:
        """Annotate notes; yields a list of results a batch, in the order of the notes.

        Problems among the input are handed to ``on_problem`` as they come.
        """
        report = on_problem or (lambda problem: None)
        good = (item for item in notes if not (isinstance(item, Problem) and (report(item), True)[1]))
        if self._pool is None:
            assert self._nlp is not None, "use the runner in a with statement"
            for batch in batches(good):  # type: ignore[arg-type]
                yield [result for _, result in annotate_all(self._nlp, batch)]
        else:
            yield from self._run_pool(batches(good))  # type: ignore[arg-type]

    def _run_pool(self, work: Iterator[list[Note]]) -> Iterator[list[AnnotatedNote | Problem]]:
        waiting: deque[tuple[list[Note], Future[list[AnnotatedNote | Problem]]]] = deque()
        for batch in work:
            waiting.append((batch, self._submit(batch)))
            if len(waiting) >= 2 * self.jobs:  # bounded: a slow writer must not let the queue grow
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _submit(self, batch: list[Note]) -> Future[list[AnnotatedNote | Problem]]:
        assert self._pool is not None
        try:
            return self._pool.submit(_work, batch)
        except BrokenProcessPool:
            self._start_pool()
            return self._pool.submit(_work, batch)

    def _result(
        self, batch: list[Note], future: Future[list[AnnotatedNote | Problem]]
    ) -> list[AnnotatedNote | Problem]:
        """Result of a batch. If a worker died, its notes are tried once more one by one, and the killer is named."""
        try:
            return future.result()
        except BrokenProcessPool:
            results: list[AnnotatedNote | Problem] = []
            for note in batch:
                try:
                    results += self._submit([note]).result()
                except BrokenProcessPool:
                    results.append(
                        Problem(
                            where=f"note {note.note_id}" + (f" ({note.source})" if note.source else ""),
                            message="the process that annotated it died, most likely for lack of memory",
                            solution="use fewer --jobs, or a machine with more memory",
                        )
                    )
            return results


def default_jobs() -> int:
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
