"""Replace the identifiers of a note and keep account of what went where."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

from ...schemas.annotation import Note
from ..components.deid.finder import IdentifierFinder
from ..components.deid.identifiers import Identifier, IdentifierKind
from .surrogates import Surrogates


class Mode(StrEnum):
    """What stands in place of an identifier."""

    surrogate = "surrogate"
    tag = "tag"


@dataclass(frozen=True)
class Replacement:
    """Where an identifier was in the old text, and where what replaced it is in the new one."""

    kind: IdentifierKind
    old_start: int
    old_end: int
    new_start: int
    new_end: int
    source: str


@dataclass(frozen=True)
class Deidentified:
    """A note without identifiers, and the way back from its offsets to those of the original."""

    note: Note
    replacements: tuple[Replacement, ...]
    original_note_id: str
    original_patient_id: str

    def to_old(self, offset: int) -> int:
        """Offset in the original text of an offset in the new one; within a replacement, its start.

        Examples
        --------
        >>> done = Deidentifier(mode="tag")(Note(note_id="n", patient_id="p", text="Dr. Okonkwo: fever"))
        >>> done.to_old(done.note.text.index("fever"))
        13
        """
        moved = offset
        for item in self.replacements:
            if offset < item.new_start:
                break
            if offset < item.new_end:
                return item.old_start
            moved = offset - item.new_end + item.old_end
        return moved

    def map(self) -> dict[str, Any]:
        """The account as plain data. It leads back to the patient: keep it as carefully as the original."""
        return {
            "note_id": self.note.note_id,
            "original_note_id": self.original_note_id,
            "original_patient_id": self.original_patient_id,
            "spans": [
                {"kind": r.kind.value, "new": [r.new_start, r.new_end], "old": [r.old_start, r.old_end], "by": r.source}
                for r in self.replacements
            ],
        }


class Deidentifier:
    """Replace identifiers by surrogates that are consistent within a patient, or by tags.

    Parameters
    ----------
    mode
        "surrogate" or "tag".
    secret
        Key of the surrogates. Default: a random one, so that the next run gives others.
    doubt
        See :class:`IdentifierFinder`.

    Notes
    -----
    Note and patient ids are replaced too (they are often record numbers), the note's date is moved with those of its
    text, and ``source``, which may name a file after a patient, is emptied.

    Examples
    --------
    >>> hide = Deidentifier(secret=b"ward 7")
    >>> a = hide(Note(note_id="1", patient_id="p1", text="John Okonkwo, seen 3/1/2019."))
    >>> b = hide(Note(note_id="2", patient_id="p1", text="Mr. Okonkwo came back 3/11/2019."))
    >>> a.note.patient_id == b.note.patient_id, a.note.text.split()[1].strip(",") in b.note.text
    (True, True)
    """

    def __init__(self, mode: str = "surrogate", secret: bytes | None = None, doubt: float = 0.8) -> None:
        self.mode = Mode(mode)
        self._secret = secret if secret is not None else secrets.token_bytes(32)
        self._finder = IdentifierFinder(doubt)
        self._engine = AnonymizerEngine()  # type: ignore[no-untyped-call]

    def __call__(self, note: Note) -> Deidentified:
        """Replace the identifiers of one note."""
        found = self._finder.find(note.text)
        surrogates = Surrogates(self._secret, note.patient_id)
        result = self._engine.anonymize(
            text=note.text,
            analyzer_results=[RecognizerResult(i.kind.value, i.start, i.end, i.score) for i in found],
            operators=self._operators(surrogates, note),
            merge_entities_with_spaces=False,
        )
        places = sorted((item.start, item.end) for item in result.items)
        return Deidentified(
            note=Note(
                note_id=self._pseudonym("N", note.note_id),
                patient_id=self._pseudonym("P", note.patient_id),
                text=result.text,
                date=surrogates.date(note.date) if note.date else None,
                type=note.type,
                language=note.language,
            ),
            replacements=tuple(_replacement(i, place) for i, place in zip(found, places, strict=True)),
            original_note_id=note.note_id,
            original_patient_id=note.patient_id,
        )

    def _operators(self, surrogates: Surrogates, note: Note) -> dict[str, OperatorConfig]:
        if self.mode is Mode.tag:
            return {kind.value: OperatorConfig("replace", {"new_value": f"[{kind.value}]"}) for kind in IdentifierKind}

        def operator(kind: IdentifierKind) -> OperatorConfig:
            return OperatorConfig("custom", {"lambda": lambda text: surrogates.replace(text, kind, note.date)})

        return {kind.value: operator(kind) for kind in IdentifierKind}

    def _pseudonym(self, prefix: str, value: str) -> str:
        digest = hmac.new(self._secret, f"{prefix}\x1f{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"{prefix}{digest.hexdigest()[:16]}"


def _replacement(item: Identifier, place: tuple[int, int]) -> Replacement:
    return Replacement(item.kind, item.start, item.end, place[0], place[1], item.source)
