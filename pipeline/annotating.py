"""From a spaCy Doc to the records that leave the process, one bad note never ending the run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..schemas.annotation import AnnotatedNote, Label, Mention, Note
from ..schemas.problems import Problem
from .assembling import PIPELINE_VERSION
from .extensions import mention_spans

_LABELS = frozenset(Label)


def _mention(span: Span, note_id: str, has_sentences: bool) -> Mention:
    sentence = span.sent if has_sentences else span.doc
    start = sentence.start_char if isinstance(sentence, Span) else 0
    end = sentence.end_char if isinstance(sentence, Span) else len(span.doc.text)
    return Mention(
        note_id=note_id,
        start=span.start_char,
        end=span.end_char,
        text=span.text,
        label=Label(span.label_),
        score=min(1.0, max(0.0, float(span._.score))),
        section=span._.section,
        sentence_start=start,
        sentence_end=max(end, span.end_char),
        assertion=span._.assertion,
        concept=span._.concept,
        medication=span._.medication,
        measurement=span._.measurement,
        allergy=span._.allergy,
        time=span._.time,
        severity=span._.severity,
        long_form=span._.long_form,
        extractor=span._.extractor or PIPELINE_VERSION,
    )


def to_record(doc: Doc, note: Note, pipeline: str = PIPELINE_VERSION) -> AnnotatedNote:
    """Turn an annotated Doc into an :class:`AnnotatedNote`. Spans with labels that are not ours are left out.

    Parameters
    ----------
    doc
        What the pipeline made of ``note.text``; ``doc._.note`` must be that note, or the relations' ends would
        not be the mentions' ids.
    note
        The note itself.
    pipeline
        What annotated it, see :func:`pipeline_identity`.
    """
    has_sentences = doc.has_annotation("SENT_START")
    mentions = tuple(
        _mention(span, note.note_id, has_sentences) for span in mention_spans(doc) if span.label_ in _LABELS
    )
    known = {mention.mention_id for mention in mentions}
    return AnnotatedNote(
        note=note,
        sections=tuple(doc._.sections),
        mentions=mentions,
        relations=tuple(r for r in doc._.relations if r.head in known and r.tail in known),
        pipeline=pipeline,
    )


def identity(nlp: Language) -> str:
    """What annotates: the identity that load() gave, or the version for a pipeline put together by hand."""
    return str(nlp.meta.get("clinigraph", PIPELINE_VERSION))


def _make_doc(nlp: Language, note: Note) -> Doc:
    doc = nlp.make_doc(note.text)
    doc._.note = note
    return doc


def annotate(nlp: Language, note: Note) -> AnnotatedNote:
    """Annotate one note.

    Examples
    --------
    >>> from clinigraph.pipeline import load
    >>> note = Note(note_id="n1", patient_id="p1", text="Assessment: pneumonia.")
    >>> [m.text for m in annotate(load(), note).mentions]
    ['pneumonia']
    """
    return to_record(nlp(_make_doc(nlp, note)), note, identity(nlp))


def annotate_all(
    nlp: Language, notes: Iterable[Note], *, batch_size: int = 32
) -> Iterator[tuple[Note, AnnotatedNote | Problem]]:
    """Annotate many notes in batches; a note that fails becomes a Problem and the others go on.

    A batch that fails as a whole is tried again note by note, so that only the guilty one is lost.

    Yields
    ------
    (Note, AnnotatedNote or Problem)
        In the order of the input.
    """
    batch: list[Note] = []
    for note in notes:
        batch.append(note)
        if len(batch) >= batch_size:
            yield from _annotate_batch(nlp, batch)
            batch = []
    if batch:
        yield from _annotate_batch(nlp, batch)


def _annotate_batch(nlp: Language, batch: list[Note]) -> Iterator[tuple[Note, AnnotatedNote | Problem]]:
    try:
        docs = list(nlp.pipe([_make_doc(nlp, note) for note in batch]))
        if len(docs) != len(batch):  # an error handler of the user's dropped some: find out which
            raise RuntimeError("the pipeline dropped documents")
        results: list[AnnotatedNote | Problem] = [
            to_record(d, n, identity(nlp)) for d, n in zip(docs, batch, strict=True)
        ]
    except Exception:  # whatever one note can raise; each is then tried alone and reported by name
        results = [_annotate_alone(nlp, note) for note in batch]
    yield from zip(batch, results, strict=True)


def _annotate_alone(nlp: Language, note: Note) -> AnnotatedNote | Problem:
    try:
        return annotate(nlp, note)
    except Exception as error:  # reported, with the note's id and never its text
        return Problem(
            where=f"note {note.note_id}" + (f" ({note.source})" if note.source else ""),
            message=f"could not be annotated: {type(error).__name__} in {_culprit(error)}",
            solution="the other notes were processed; please report this with the note's structure, not its text",
        )


def _culprit(error: BaseException) -> str:
    """File and line that raised, which helps a report and holds no note text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    name = trace.tb_frame.f_code.co_filename.replace("\\", "/").split("/")
    return f"{'/'.join(name[-2:])} line {trace.tb_lineno}"
