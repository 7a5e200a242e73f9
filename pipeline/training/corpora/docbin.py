"""spaCy's DocBin: the entities and span groups of every Doc.

spaCy writes such files with ``DocBin(docs=...).to_disk("train.spacy")``, prodigy and ``spacy convert`` too.
"""

from __future__ import annotations

from pathlib import Path

from .records import CorpusReading, Record, Rejected, checked_spans

SUFFIXES = (".spacy",)


def read(path: Path, reading: CorpusReading) -> None:
    """Read one file; every Doc with text becomes a record, named after the file and its place in it."""
    import spacy
    from spacy.tokens import DocBin

    vocab = spacy.blank("en").vocab
    try:
        docs = list(DocBin().from_disk(path).get_docs(vocab))
    except Exception as error:  # zlib, msgpack and spaCy each have their own
        reading.rejected.append(Rejected(path.name, 1, f"no DocBin that spaCy can read ({type(error).__name__})"))
        return
    for number, doc in enumerate(docs, 1):
        if not doc.text.strip():
            reading.rejected.append(Rejected(path.name, number, "a Doc without text"))
            continue
        marked = [*doc.ents, *(span for group in doc.spans.values() for span in group)]
        spans = [(span.start_char, span.end_char, span.label_, number) for span in marked if span.label_]
        reading.records.append(
            Record(f"{path.stem}:{number}", doc.text, checked_spans(doc.text, spans, path.name, reading))
        )
