"""The component ``clinigraph_abbreviations``."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span

from ...extensions import doc_text, mention_spans, register_extensions
from .definitions import Definition, find_definitions
from .senses import LONGEST, sense_of, short_form


class AbbreviationExpander:
    """Say what an abbreviation stands for: as the note defines it, or as the words around it tell.

    A note that says "chronic kidney disease (CKD)" has defined it (the algorithm of Schwartz and Hearst); every mention
    "CKD" in it gets ``span._.long_form``. For ambiguous abbreviations that the note does not define, an inventory
    (``senses.csv``: what each may stand for, with which label, in which section, beside which words) is asked; where
    the place does not tell, nothing is set.

    Parameters
    ----------
    nlp
        The pipeline (not used).
    name
        The component's name in it.
    inventory
        Ask the inventory too. Default: yes. Sections of ``clinigraph_sections`` help it; it works without.

    Notes
    -----
    Measured on 161 passages of our own (``tests/abbreviation_sense_gold.txt``; every fourth is held out):

    =================  ========  ========  =====  ===============
    rows               accuracy  coverage  known  unknown guessed
    =================  ========  ========  =====  ===============
    made with          1.000     1.000     109    0 of 12
    held out (4/4)     1.000     1.000     33     0 of 7
    =================  ========  ========  =====  ===============

    One author wrote passages and inventory, so expect less elsewhere. Over 350 transcribed notes (MTSamples, no labels
    given) it decided 141 of 273 places; of the 105 that were read, none was wrong.

    Runs on anybody's mentions; labels that are not ours neither help nor hinder.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> ruler = nlp.add_pipe("entity_ruler")
    >>> ruler.add_patterns([{"label": "DISEASE", "pattern": word} for word in ("CKD", "RA")])
    >>> _ = nlp.add_pipe("clinigraph_abbreviations")
    >>> doc = nlp("He has chronic kidney disease (CKD). His CKD is stable. Sat 97% on RA.")
    >>> [ent._.long_form for ent in doc.ents]
    ['chronic kidney disease', 'chronic kidney disease', 'room air']
    """

    def __init__(self, nlp: Language, name: str, inventory: bool = True) -> None:
        register_extensions()
        self.name = name
        self.inventory = inventory

    def __call__(self, doc: Doc) -> Doc:
        spans = mention_spans(doc)
        if not spans:
            return doc
        text = doc_text(doc)
        defined: dict[str, list[Definition]] = {}
        for definition in find_definitions(text) if "(" in text else ():
            defined.setdefault(definition.short, []).append(definition)
        for span in spans:
            words = span.text
            found = defined.get(words) or (defined.get(words[:-1]) if words.endswith("s") else None)
            if found:
                span._.long_form = _in_force(found, span)
            elif self.inventory and len(words) <= LONGEST and short_form(words):
                sense = sense_of(text, span.start_char, span.end_char, span.label_, span._.section)
                if sense is not None:
                    span._.long_form = sense.long
        return doc

    def to_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> None:
        """Nothing to write: the inventory comes with the package."""

    def from_disk(self, path: str | Path, *, exclude: tuple[str, ...] = ()) -> AbbreviationExpander:
        """Nothing to read."""
        return self


def _in_force(definitions: list[Definition], span: Span) -> str:
    """The last definition up to a mention; before the first, the first."""
    at = bisect_right([d.start for d in definitions], span.end_char + 1) - 1
    return definitions[max(0, at)].long
