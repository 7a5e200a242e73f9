"""The spaCy component: identifiers as a span group, nothing replaced."""

from __future__ import annotations

from spacy.language import Language
from spacy.tokens import Doc

from ...extensions import register_extensions
from .finder import IdentifierFinder

IDENTIFIERS_KEY = "clinigraph_identifiers"


class IdentifierMarker:
    """Mark names, dates, numbers, places and other identifiers in ``doc.spans["clinigraph_identifiers"]``.

    Three readers look at the text and nothing that one of them finds is lost: presidio's recognisers of cards,
    accounts and phones; patterns with headings and titles (``patterns.toml``); a small convolutional tagger
    (``tagger.bin``, trained on synthetic text, see ``docs/deidentification.md``). Eponyms, drugs and scores of
    ``medical_names.txt`` are let be unless a title says that they are a person.

    Span labels are NAME, DATE, AGE (over 89), PHONE, EMAIL, URL, IP, ID, ADDRESS, LOCATION and ORGANIZATION;
    ``span._.score`` and ``span._.extractor`` say how sure and by what. A span covers whole tokens.

    Parameters
    ----------
    nlp, name
        As spaCy gives them.
    doubt
        See :class:`IdentifierFinder`.

    Notes
    -----
    Recall (every letter covered) and precision (``clinigraph evaluate deid``), without ORGANIZATION:

    ==========================================  ========  ======  =========
    set                                         examples  recall  precision
    ==========================================  ========  ======  =========
    presidio-synth, held-out templates               506    .945       .906
    own headers, never looked at (odd lines)         184    .947       .921
    own headers, rules made on them (even)           183    .987       .957
    ==========================================  ========  ======  =========

    With ORGANIZATION the recall is .928, .948 and .982.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_deid")
    >>> doc = nlp("Seen by Dr. Okonkwo on 3/14/2019. No Babinski sign.")
    >>> [(span.text, span.label_) for span in doc.spans["clinigraph_identifiers"]]
    [('Okonkwo', 'NAME'), ('3/14/2019', 'DATE')]
    """

    def __init__(self, nlp: Language, name: str = "clinigraph_deid", *, doubt: float = 0.8) -> None:
        register_extensions()
        self.name = name
        self._finder = IdentifierFinder(doubt)

    def __call__(self, doc: Doc) -> Doc:
        """Mark the identifiers of one document."""
        spans = []
        for item in self._finder.find(doc.text):
            span = doc.char_span(item.start, item.end, label=item.kind.value, alignment_mode="expand")
            if span is not None and len(span):
                span._.score = item.score
                span._.extractor = item.source
                spans.append(span)
        doc.spans[IDENTIFIERS_KEY] = spans
        return doc
