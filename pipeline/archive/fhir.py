"""FHIR DocumentReference (R4, R5), alone, in a Bundle or as bulk-export lines -> notes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from ...schemas.problems import Problem
from .decoding import decode

_TEXT_TYPES = ("text/plain", "text/markdown", "")


def is_fhir(data: Any) -> bool:
    """True for a FHIR resource of any type."""
    return isinstance(data, dict) and isinstance(data.get("resourceType"), str)


def document_fields(resource: dict[str, Any], where: str) -> Iterator[dict[str, Any] | Problem]:
    """Fields of the notes in a resource (text, note_id, patient_id, date, type), or what is wrong with it.

    Examples
    --------
    >>> data = base64.b64encode(b"No fever.").decode()
    >>> document = {"resourceType": "DocumentReference", "id": "d1", "subject": {"reference": "Patient/p1"},
    ...             "content": [{"attachment": {"contentType": "text/plain", "data": data}}]}
    >>> next(document_fields(document, "d.json"))["patient_id"]
    'p1'
    """
    kind = resource.get("resourceType")
    if kind == "Bundle":
        for number, entry in enumerate(resource.get("entry") or []):
            inner = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(inner, dict) and inner.get("resourceType") == "DocumentReference":
                yield from document_fields(inner, f"{where} entry {number}")
        return
    if kind != "DocumentReference":
        yield Problem(
            where=where,
            message=f"is a FHIR {kind}, not a DocumentReference",
            solution="give DocumentReference resources, or a Bundle that holds them",
        )
        return
    found = False
    contents = resource.get("content") or []
    for number, content in enumerate(contents):
        attachment = (content or {}).get("attachment") or {}
        kind = str(attachment.get("contentType") or "").split(";")[0].strip().lower()
        if kind not in _TEXT_TYPES or not attachment.get("data"):
            continue
        found = True
        yield from _attachment(resource, attachment, number, where, many=len(contents) > 1)
    if not found:
        yield Problem(
            where=where,
            message="has no plain text inside (attachments are links or other formats)",
            solution="export DocumentReferences with text/plain data in content.attachment.data",
        )


def _attachment(
    resource: dict[str, Any], attachment: dict[str, Any], number: int, where: str, *, many: bool
) -> Iterator[dict[str, Any] | Problem]:
    try:
        data = base64.b64decode(attachment["data"], validate=False)
    except (binascii.Error, TypeError, ValueError):
        yield Problem(where=where, message="attachment.data is not base64", solution="export it again")
        return
    text, problem = decode(data, where)
    if problem:
        yield problem
    if text is None:
        return
    kind = resource.get("type") or {}
    coding = (kind.get("coding") or [{}])[0]
    identifier = resource.get("id")
    yield {
        "text": text,
        "note_id": f"{identifier}/{number}" if identifier and many else identifier,
        "patient_id": ((resource.get("subject") or {}).get("reference") or "").rpartition("/")[2] or None,
        "date": resource.get("date") or attachment.get("creation"),
        "type": kind.get("text") or coding.get("display"),
    }
