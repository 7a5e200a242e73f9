"""Which column or field of the user's data holds what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from ...schemas.problems import UserError


@dataclass(frozen=True)
class Columns:
    """Names of the columns. Only ``text`` must exist; names are compared without regard to case.

    Examples
    --------
    >>> Columns(text="body").find(["ID", "Body"], "notes.csv")["text"]
    'Body'
    """

    text: str = "text"
    note_id: str = "note_id"
    patient_id: str = "patient_id"
    date: str = "date"
    type: str = "type"

    def find(self, present: Iterable[str], where: str) -> dict[str, str]:
        """Map each of our fields to the column that holds it.

        Raises
        ------
        UserError
            If there is no text column, or a column the user named does not exist.
        """
        names = [name for name in present if name]
        by_lower = {name.strip().lower(): name for name in reversed(names)}
        found: dict[str, str] = {}
        for field in fields(self):
            wanted: str = getattr(self, field.name)
            if wanted.lower() in by_lower:
                found[field.name] = by_lower[wanted.lower()]
            elif field.name == "text" or wanted != field.default:
                option = f"--{field.name.replace('_', '-')}-column"
                raise UserError(
                    f'{where} has no column "{wanted}". Columns found: {", ".join(names) or "none"}',
                    f"say which one holds the {field.name.replace('_', ' ')}: {option} NAME",
                )
        return found
