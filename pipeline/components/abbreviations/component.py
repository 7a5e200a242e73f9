"""The component ``clinigraph_abbreviations``."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.problems import UserError
from ...extensions import doc_text, mention_spans, register_extensions

_IN_BRACKETS = re.compile(r"\(\s{0,3}([^()\s][^()\n]{0,80}?)\s{0,3}\)")
_KEPT = ("long_form",)  # an extension that scispacy's detector redefines on Span; ours is put back


def _detector(nlp: Language) -> object:
    """Make scispacy's detector without leaving its extensions behind.

    It registers ``doc._.abbreviations`` and its own ``span._.long_form`` (with ``force``), which holds a Span and so
    cannot be serialised. We only call its function that finds the matches, which sets neither.
    """
    try:
        from scispacy.abbreviation import AbbreviationDetector
    except ImportError as error:
        raise UserError(
            "clinigraph_abbreviations needs scispacy, which is not installed",
            "pip install 'clinigraph[scispacy]', or leave the component out of the pipeline",
        ) from error
    had = Doc.get_extension("abbreviations") if Doc.has_extension("abbreviations") else None
    before = {name: Span.get_extension(name) for name in _KEPT if Span.has_extension(name)}
    detector = AbbreviationDetector(nlp)
    for name, (default, method, getter, setter) in before.items():
        settings: dict[str, Any] = {"default": default, "method": method, "getter": getter, "setter": setter}
        wanted: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
        Span.set_extension(name, force=True, **(wanted or {"default": None}))
    if had is None:
        Doc.remove_extension("abbreviations")
    return detector


class AbbreviationExpander:
    """Say what an abbreviation stands for where the note defines it: "chronic kidney disease (CKD) ... CKD".

    scispacy's ``AbbreviationDetector`` (the algorithm of Schwartz and Hearst) finds the definitions. A mention whose
    text is a defined abbreviation gets ``span._.long_form``, as text; every later mention of the abbreviation too.

    Parameters
    ----------
    nlp
        The pipeline, whose vocabulary the detector uses.
    name
        The component's name in it.

    Raises
    ------
    UserError
        If scispacy is not installed (the extra ``scispacy``).

    Notes
    -----
    Nothing of the detector's own stays on the Doc: its ``doc._.abbreviations`` holds Span objects, which can neither be
    pickled nor stored.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> ruler = nlp.add_pipe("entity_ruler")
    >>> ruler.add_patterns([{"label": "DISEASE", "pattern": "CKD"}])
    >>> _ = nlp.add_pipe("clinigraph_abbreviations")
    >>> doc = nlp("He has chronic kidney disease (CKD). His CKD is stable.")
    >>> [ent._.long_form for ent in doc.ents]
    ['chronic kidney disease', 'chronic kidney disease']
    """

    def __init__(self, nlp: Language, name: str) -> None:
        self.name = name
        register_extensions()
        self._detector = _detector(nlp)
        register_extensions()

    def __call__(self, doc: Doc) -> Doc:
        if "(" not in doc_text(doc):
            return doc
        spans = mention_spans(doc)
        if not spans:
            return doc
        definitions = self._definitions(doc)
        for span in spans:
            long_form = definitions.get(span.text)
            if long_form is not None:
                span._.long_form = long_form
        return doc

    def _definitions(self, doc: Doc) -> dict[str, str]:
        """Short form -> long form, as defined in this note."""
        from scispacy.abbreviation import filter_matches

        detector = self._detector
        # the detector's own matcher tries every bracket with every later one: too slow for a note full of brackets
        inside = [doc.char_span(*match.span(1)) for match in _IN_BRACKETS.finditer(doc_text(doc))]
        candidates = filter_matches([(-1, span.start, span.end) for span in inside if span is not None], doc)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"\[W036\]")  # "no patterns": a note that defines nothing
            found = detector.find_matches_for(candidates, doc)  # type: ignore[attr-defined]
        return {
            short.text: " ".join(long.text.split())
            for long, shorts in sorted(found, key=lambda pair: pair[0].start)
            for short in shorts
        }

    def to_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> None:
        """Nothing to write."""

    def from_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> AbbreviationExpander:
        """Nothing to read."""
        return self
