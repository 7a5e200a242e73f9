"""Annotated notes as pages a person likes to read: the note with coloured spans, and what was found beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from string import Template

from ...schemas.annotation import AnnotatedNote, Label, Mention

_LINE_STYLES = ("negated", "uncertain", "historical", "hypothetical", "family")


class NotePages:
    """Renders self-contained HTML pages (no script, nothing fetched).

    Examples
    --------
    >>> from clinigraph.schemas.annotation import Note
    >>> page = NotePages().note(AnnotatedNote(note=Note(note_id="n1", patient_id="p1", text="a < b")))
    >>> "a &lt; b" in page
    True
    """

    def __init__(self) -> None:
        here = files(__package__)
        self._page = Template((here / "page.html").read_text(encoding="utf-8"))
        self._css = (here / "page.css").read_text(encoding="utf-8")

    def note(self, annotated: AnnotatedNote) -> str:
        """The page of one note."""
        note = annotated.note
        about = [f"Patient {note.patient_id}", str(note.date or "undated"), note.type or ""]
        header = (
            '<p><a href="index.html">All notes</a></p>'
            f"<h1>{escape(note.note_id)}</h1><p>{escape(' · '.join(part for part in about if part))}</p>{_legend()}"
        )
        body = (
            f'<div class="columns"><article class="card note">{_marked_text(annotated)}</article>'
            f'<aside class="card">{_tables(annotated)}</aside></div>'
        )
        return self._fill(note.note_id, header, body, annotated.pipeline)

    def index(self, notes: Iterable[tuple[str, AnnotatedNote]]) -> str:
        """The page that lists all notes; each comes with the file name of its page."""
        rows, pipeline = [], ""
        for name, annotated in notes:
            note, pipeline = annotated.note, annotated.pipeline
            kinds = Counter(str(m.label).lower() for m in annotated.mentions)
            found = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
            cells = (note.patient_id, str(note.date or ""), note.type or "")
            rows.append(
                f'<tr><td><a href="{escape(name, quote=True)}">{escape(note.note_id)}</a></td>'
                + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
                + f'<td class="quiet">{escape(found)}</td></tr>'
            )
        head = "<tr><th>Note</th><th>Patient</th><th>Date</th><th>Type</th><th>Found</th></tr>"
        body = f'<div class="card"><table>{head}{"".join(rows)}</table></div>'
        return self._fill("Notes", f"<h1>{len(rows)} notes</h1>{_legend()}", body, pipeline)

    def _fill(self, title: str, header: str, body: str, pipeline: str) -> str:
        return self._page.substitute(
            title=escape(title), css=self._css, header=header, body=body, pipeline=escape(pipeline or "clinigraph")
        )


def _legend() -> str:
    kinds = [f'<span><mark class="{label}">{label.lower()}</mark></span>' for label in Label]
    styles = [f'<span><mark class="DISEASE {style}">{style}</mark></span>' for style in _LINE_STYLES]
    return f'<div class="legend">{"".join(kinds)}</div><div class="legend">{"".join(styles)}</div>'


def said_words(mention: Mention) -> list[str]:
    """What the assertion adds to the plain fact, in words.

    Examples
    --------
    >>> from clinigraph.schemas.annotation import Assertion
    >>> said_words(Mention(note_id="n", start=0, end=1, text="x", label="DISEASE", assertion=Assertion(negated=True)))
    ['negated']
    """
    said = mention.assertion
    words = ["negated"] if said.negated else []
    words += [w for w in (said.certainty, said.temporality) if w not in ("certain", "current")]
    return words + ([said.experiencer] if said.experiencer != "patient" else [])


def _shown(mentions: Iterable[Mention]) -> Iterator[Mention]:
    """Mentions that can stand in the text together; nested ones stay in the tables."""
    end = 0
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if mention.start >= end:
            yield mention
            end = mention.end


def _marked_text(annotated: AnnotatedNote) -> str:
    text, parts, at = annotated.note.text, [], 0
    edges = {s.start: ("<span class=heading>", s.body_start) for s in annotated.sections if s.body_start > s.start}
    marks: list[tuple[int, int, str]] = [
        (m.start, m.end, _mark(m, escape(text[m.start : m.end]))) for m in _shown(annotated.mentions)
    ]
    taken = [(start, end) for start, end, _ in marks]
    for start, (tag, end) in edges.items():
        if all(e <= start or s >= end for s, e in taken):
            marks.append((start, end, f"{tag}{escape(text[start:end])}</span>"))
    for start, end, html in sorted(marks):
        parts += [escape(text[at:start]), html]
        at = end
    return "".join(parts) + escape(text[at:])


def _mark(mention: Mention, words: str) -> str:
    classes = " ".join([mention.label, *said_words(mention)])
    tip = escape(" · ".join(_details(mention)), quote=True)
    return f'<mark class="{classes}" id="{mention.mention_id[8:]}" title="{tip}">{words}</mark>'


def _details(mention: Mention) -> list[str]:
    parts = [str(mention.label).lower(), *said_words(mention)]
    if mention.concept:
        parts.append(f"{mention.concept.name} ({mention.concept.id})")
    if (drug := mention.medication) is not None:
        given = (drug.strength or drug.dose, drug.form, drug.route, drug.frequency, drug.duration)
        parts += [part for part in given if part] + (["as needed"] if drug.prn else [])
        parts += [] if drug.status in ("unknown", "active") else [drug.status]
    if (measured := mention.measurement) is not None:
        value = measured.value_text or (f"{measured.value:g}" if measured.value is not None else "")
        high = f"/{measured.value_high:g}" if measured.value_high is not None else ""
        parts += [" ".join(p for p in (value + high, measured.unit) if p), measured.flag or ""]
    if mention.allergy is not None:
        parts.append("allergy" + (f": {mention.allergy.reaction}" if mention.allergy.reaction else ""))
    cues = ", ".join(f"“{cue.text}”" for cue in mention.assertion.cues)
    return [part for part in parts if part] + ([f"because of {cues}"] if cues else [])


def _tables(annotated: AnnotatedNote) -> str:
    parts = []
    for label in Label:
        rows = [_row(m) for m in annotated.mentions if m.label == label]
        if rows:
            parts.append(f"<h2>{label.capitalize()} ({len(rows)})</h2><table>{''.join(rows)}</table>")
    if annotated.relations:
        words = {m.mention_id: m.text for m in annotated.mentions}
        rows = [
            f"<tr><td>{escape(words[r.head])}</td><td class=quiet>{r.type.replace('_', ' ').lower()}</td>"
            f"<td>{escape(words[r.tail])}</td></tr>"
            for r in annotated.relations
        ]
        parts.append(f"<h2>Relations ({len(rows)})</h2><table>{''.join(rows)}</table>")
    return "".join(parts) or "<p class=quiet>Nothing was found in this note.</p>"


def _row(mention: Mention) -> str:
    rest = escape(" · ".join(_details(mention)[1:]))
    link = f'<a href="#{mention.mention_id[8:]}">{escape(mention.text)}</a>'
    return f'<tr><td>{link}</td><td class="quiet">{rest}</td></tr>'
