"""Every problem of a run as JSON lines, for whoever mends the archive."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO

from ..schemas.problems import Problem, UserError


class ProblemFile:
    """Writes problems to a file as they come; does nothing without a file.

    Examples
    --------
    >>> with ProblemFile(None) as log:
    ...     log.write(Problem(where="a.txt", message="the text is empty", solution="fill it"))
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: IO[str] | None = None

    def __enter__(self) -> ProblemFile:
        if self._path is not None:
            try:
                self._stream = self._path.open("w", encoding="utf-8")
            except OSError as error:
                raise UserError(f"cannot write {self._path} ({error.strerror})", "choose another file") from error
        return self

    def write(self, problem: Problem) -> None:
        """Write one line."""
        if self._stream is not None:
            self._stream.write(problem.model_dump_json() + "\n")

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()
