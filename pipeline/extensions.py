"""What clinigraph's components hang on spaCy's Doc and Span.

Values are kept in ``doc.user_data`` as plain dictionaries and handed out as the records of
:mod:`clinigraph.schemas.annotation`, so a Doc can be pickled, sent between processes and stored in a DocBin.

==========================  ==================================================================
``doc.ents``                best non-overlapping mentions
``doc.spans["clinigraph"]`` all mentions, nested and overlapping ones too
``...["clinigraph_details"]`` severities, doses, routes, values, ...: what is said of mentions, as the tagger marks it
``doc._.sections``          list of :class:`Section`
``doc._.relations``         list of :class:`Relation`; ends are ``mention_id`` of spans of this doc
``doc._.dates``             list of :class:`DateExpression`: all times that the note names
``doc._.note``              the :class:`Note` without its text, or None: id, patient, date, type
``span._.score``            float, 0 to 1
``span._.section``          kind of the section that holds the span, "unknown" outside any
``span._.assertion``        :class:`Assertion`
``span._.concept``          :class:`ConceptLink` or None
``span._.medication``       :class:`MedicationDetail` or None
``span._.measurement``      :class:`Measurement` or None
``span._.allergy``          :class:`AllergyDetail` or None
``span._.time``             :class:`TimeDetail` or None: when it began and was last so
``span._.long_form``        what an abbreviation stands for in this note, or None
``span._.severity``         degree of a problem in the note's words ("severe", "2+"), or None
``span._.extractor``        name and version of the component that found the span
``span._.mention_id``       stable id (needs ``doc._.note``; else the id of a note called "")
==========================  ==================================================================

Spans of the same place and label share their values, in whatever group they stand.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ..schemas.annotation import (
    AllergyDetail,
    Assertion,
    ConceptLink,
    DateExpression,
    Measurement,
    MedicationDetail,
    Note,
    Relation,
    Section,
    TimeDetail,
    content_id,
)

SPANS_KEY = "clinigraph"
DETAILS_KEY = "clinigraph_details"
_RECORDS: dict[str, type[BaseModel]] = {
    "assertion": Assertion,
    "concept": ConceptLink,
    "medication": MedicationDetail,
    "measurement": Measurement,
    "allergy": AllergyDetail,
    "time": TimeDetail,
}
_PLAIN: dict[str, Any] = {"score": 1.0, "long_form": None, "severity": None, "extractor": ""}


def _data(doc: Doc) -> dict[Any, Any]:
    """``doc.user_data``, whose keys may be tuples although spaCy's stubs say they are text."""
    return doc.user_data  # type: ignore[return-value]


_TEXTS: WeakKeyDictionary[Doc, str] = WeakKeyDictionary()


def doc_text(doc: Doc) -> str:
    """``doc.text``, put together once per Doc: spaCy does it anew at every call; splitting tokens changes nothing."""
    text = _TEXTS.get(doc)
    if text is None:
        text = _TEXTS[doc] = doc.text
    return text


def _key(span: Span, name: str) -> tuple[str, str, int, int, str]:
    return ("clinigraph", name, span.start_char, span.end_char, span.label_)


def _record_extension(name: str, record: type[BaseModel]) -> dict[str, Any]:
    empty = Assertion() if record is Assertion else None

    def getter(span: Span) -> Any:
        data = _data(span.doc).get(_key(span, name))
        return empty if data is None else record.model_validate(data)

    def setter(span: Span, value: BaseModel | None) -> None:
        if value is None:
            _data(span.doc).pop(_key(span, name), None)
        else:
            _data(span.doc)[_key(span, name)] = value.model_dump()

    return {"getter": getter, "setter": setter}


def _plain_extension(name: str, default: Any) -> dict[str, Any]:
    def getter(span: Span) -> Any:
        return _data(span.doc).get(_key(span, name), default)

    def setter(span: Span, value: Any) -> None:
        _data(span.doc)[_key(span, name)] = value

    return {"getter": getter, "setter": setter}


def _list_extension(name: str, record: type[BaseModel]) -> dict[str, Any]:
    key = ("clinigraph", name)

    def getter(doc: Doc) -> list[Any]:
        return [record.model_validate(row) for row in _data(doc).get(key, ())]

    def setter(doc: Doc, values: Iterable[BaseModel]) -> None:
        _data(doc)[key] = [value.model_dump() for value in values]

    return {"getter": getter, "setter": setter}


def _get_note(doc: Doc) -> Note | None:
    data = _data(doc).get(("clinigraph", "note"))
    return None if data is None else Note.model_validate(data)


def _set_note(doc: Doc, note: Note) -> None:
    data = note.model_dump(mode="json")
    data["text"] = ""  # the Doc holds the text already
    _data(doc)[("clinigraph", "note")] = data


def _section_of(span: Span) -> str:
    rows = doc_sections(span.doc)  # sorted by start, without overlaps
    at = bisect_right(rows, span.start_char, key=lambda row: row["start"]) - 1
    return str(rows[at]["kind"]) if at >= 0 and span.start_char < rows[at]["end"] else "unknown"


def doc_sections(doc: Doc) -> list[dict[str, Any]]:
    """Sections as plain rows (no validation: for components that ask once per span)."""
    return _data(doc).get(("clinigraph", "sections"), [])


def _mention_id(span: Span) -> str:
    note = _data(span.doc).get(("clinigraph", "note"))
    return content_id("MENTION", note["note_id"] if note else "", span.start_char, span.end_char, span.label_)


def store_row(span: Span, name: str, row: dict[str, Any] | None) -> None:
    """Set a record extension from a plain dictionary of all its fields, or withdraw it (None), without validation.

    For components that make thousands of records of their own tables; ``span._.NAME = record`` does the same slowly.
    """
    if row is None:
        _data(span.doc).pop(_key(span, name), None)
    else:
        _data(span.doc)[_key(span, name)] = row


def register_extensions() -> None:
    """Register the extensions above. Factories call it; calling it again does nothing."""
    if Doc.has_extension("sections") and Span.has_extension("mention_id"):
        return
    Doc.set_extension("sections", force=True, **_list_extension("sections", Section))
    Doc.set_extension("dates", force=True, **_list_extension("dates", DateExpression))
    Doc.set_extension("relations", force=True, **_list_extension("relations", Relation))
    Doc.set_extension("note", force=True, getter=_get_note, setter=_set_note)
    for name, record in _RECORDS.items():
        Span.set_extension(name, force=True, **_record_extension(name, record))
    for name, default in _PLAIN.items():
        Span.set_extension(name, force=True, **_plain_extension(name, default))
    Span.set_extension("section", force=True, getter=_section_of)
    Span.set_extension("mention_id", force=True, getter=_mention_id)


def mention_spans(doc: Doc) -> list[Span]:
    """All mentions of a Doc in reading order: the span group if there is one, with ``doc.ents`` of other people's
    components merged in.

    Returns
    -------
    list of Span
        Sorted by start, longest first; one span per place and label.
    """
    seen: dict[tuple[int, int, str], Span] = {}
    groups: list[Iterable[Span]] = [doc.ents]
    if SPANS_KEY in doc.spans:
        groups.insert(0, doc.spans[SPANS_KEY])
    for group in groups:
        for span in group:
            seen.setdefault((span.start, span.end, span.label_), span)
    return sorted(seen.values(), key=lambda s: (s.start, -s.end, s.label_))


def add_mentions(doc: Doc, spans: Iterable[Span]) -> None:
    """Add spans to the group of all mentions, and to ``doc.ents`` where nothing stands yet.

    What is in ``doc.ents`` is never replaced: add in order of trust.
    """
    new = list(spans)
    group = list(doc.spans[SPANS_KEY]) if SPANS_KEY in doc.spans else []
    known = {(s.start, s.end, s.label_) for s in group}
    group += [s for s in new if (s.start, s.end, s.label_) not in known]
    doc.spans[SPANS_KEY] = sorted(group, key=lambda s: (s.start, -s.end, s.label_))
    taken = {token.i for ent in doc.ents for token in ent}
    free = [s for s in new if taken.isdisjoint(range(s.start, s.end))]
    doc.set_ents([*doc.ents, *filter_spans(free)])


def remove_mentions(doc: Doc, spans: Iterable[Span]) -> None:
    """Take spans out of ``doc.ents`` and the group of all mentions, where a better one takes their place."""
    gone = {(s.start, s.end, s.label_) for s in spans}
    if SPANS_KEY in doc.spans:
        doc.spans[SPANS_KEY] = [s for s in doc.spans[SPANS_KEY] if (s.start, s.end, s.label_) not in gone]
    doc.set_ents([e for e in doc.ents if (e.start, e.end, e.label_) not in gone])
