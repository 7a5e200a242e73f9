"""Problems a person can act on: what happened, to which note or row, and what to do.

Two kinds. A :class:`UserError` stops a command, because nothing can be done before the user acts. A
:class:`Problem` is listed in a report while the rest of the work goes on. Neither ever carries note text.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Level(StrEnum):
    """How bad a problem is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Problem(BaseModel):
    """One thing that went wrong with one note, row or file, and its remedy.

    Examples
    --------
    >>> print(Problem(where="notes.csv row 7", message="the text is empty", solution="fill it or drop the row"))
    notes.csv row 7: the text is empty. What to do: fill it or drop the row
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    where: str
    message: str
    solution: str
    level: Level = Level.ERROR

    def __str__(self) -> str:
        return f"{self.where}: {self.message.rstrip('.')}. What to do: {self.solution}"


class UserError(Exception):
    """Something only the user can put right. Shown as one line, never as a traceback.

    Parameters
    ----------
    message
        What happened, with the file, row or option concerned.
    solution
        What to do about it.

    Examples
    --------
    >>> print(UserError('notes.csv has no column "text"', "say which one holds the note: --text-column body"))
    notes.csv has no column "text". What to do: say which one holds the note: --text-column body
    """

    def __init__(self, message: str, solution: str) -> None:
        super().__init__(message, solution)
        self.message = message
        self.solution = solution

    def __str__(self) -> str:
        return f"{self.message.rstrip('.')}. What to do: {self.solution}"
