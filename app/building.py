"""Notes -> pipeline -> graph: the main job, for the command line and for Python alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..kg.graph import Graph
from ..pipeline.archive.reading import NoteReader
from ..pipeline.archive.running import ArchiveRunner, SeenNotes
from ..pipeline.assembling import pipeline_identity
from ..schemas.annotation import AnnotatedNote, Note
from ..schemas.problems import Level, Problem

KEPT_PROBLEMS = 1000  # in memory; all of them are counted, and handed to on_problem


@dataclass
class Summary:
    """What became of the notes. ``failed`` are not in the graph; each has a reason among ``problems``."""

    read: int = 0
    processed: int = 0
    unchanged: int = 0
    repeated: int = 0
    failed: int = 0
    mentions: int = 0
    relations: int = 0
    changed: int = 0
    seconds: float = 0.0
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    on_problem: Callable[[Problem], None] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The figures and the first problems, for machines."""
        kept = [problem.model_dump(mode="json") for problem in self.problems]
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        data.pop("on_problem")
        return {**data, "problems": kept, "notes_per_second": round(self.notes_per_second, 2)}

    @property
    def notes_per_second(self) -> float:
        """Pace over the notes that went through the pipeline."""
        return self.processed / self.seconds if self.seconds else 0.0

    def add_problem(self, problem: Problem) -> None:
        """Count a problem, and keep it while there is room."""
        if problem.level == Level.ERROR:
            self.failed += 1
        elif problem.level == Level.WARNING:
            self.warnings += 1
        self.problem_count += 1
        if self.on_problem is not None:
            self.on_problem(problem)
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(problem)


def annotate_archive(
    paths: Iterable[Path],
    *,
    reader: NoteReader | None = None,
    settings: dict[str, Any] | None = None,
    jobs: int = 1,
    skip: Callable[[Note], bool] = lambda note: False,
    summary: Summary | None = None,
    advance: Callable[[int], None] = lambda notes: None,
) -> Iterator[list[AnnotatedNote]]:
    """Read and annotate; yields batches of annotated notes, and keeps the books in ``summary``.

    Parameters
    ----------
    paths
        Files and folders.
    settings
        Keyword arguments of :func:`clinigraph.pipeline.load`.
    skip
        Notes for which it is true are counted as unchanged and not annotated.
    advance
        Told after every step how many notes are done with.
    """
    books, seen, reader = summary if summary is not None else Summary(), SeenNotes(), reader or NoteReader()

    def fresh() -> Iterator[Note | Problem]:
        for item in reader.read(paths):
            if isinstance(item, Problem):
                if item.level == Level.ERROR:
                    books.read += 1
                    advance(1)
                yield item
                continue
            books.read += 1
            if (problem := seen.problem(item)) is not None:
                books.repeated += problem.level == Level.INFO
                advance(1)
                yield problem
            elif skip(item):
                books.unchanged += 1
                advance(1)
            else:
                yield item

    started = time.perf_counter()
    with ArchiveRunner(settings, jobs=jobs) as runner:
        for results in runner.run(fresh(), books.add_problem):
            good = [result for result in results if isinstance(result, AnnotatedNote)]
            for result in results:
                if isinstance(result, Problem):
                    books.add_problem(result)
            yield good
            books.processed += len(good)
            books.mentions += sum(len(annotated.mentions) for annotated in good)
            books.relations += sum(len(annotated.relations) for annotated in good)
            books.seconds = time.perf_counter() - started
            advance(len(results))


def build_graph(
    paths: Iterable[Path],
    graph: Graph,
    *,
    reader: NoteReader | None = None,
    settings: dict[str, Any] | None = None,
    jobs: int = 1,
    summary: Summary | None = None,
    advance: Callable[[int], None] = lambda notes: None,
) -> Summary:
    """Process notes into a graph. Notes that are there already, read by the same pipeline, are left alone.

    Interrupted at any moment, the graph holds whole batches; the same call again goes on where it stopped.

    Examples
    --------
    >>> import tempfile
    >>> from clinigraph.kg import open_graph
    >>> with tempfile.TemporaryDirectory() as folder, open_graph(":memory:", knowledge=False) as graph:
    ...     _ = Path(folder, "a.txt").write_text("Pneumonia. No fever.")
    ...     first = build_graph([Path(folder)], graph)
    ...     second = build_graph([Path(folder)], graph)
    >>> first.processed, second.unchanged, second.changed
    (1, 1, 0)
    """
    books = summary if summary is not None else Summary()
    pipeline = pipeline_identity(**(settings or {}))
    for annotated in annotate_archive(
        paths,
        reader=reader,
        settings=settings,
        jobs=jobs,
        skip=lambda note: graph.holds(note.note_id, note.text_hash, pipeline),
        summary=books,
        advance=advance,
    ):
        books.changed += graph.add(annotated).changed
    return books
