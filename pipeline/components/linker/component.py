"""Gives mentions their concepts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from ....schemas.annotation import ConceptLink
from ....schemas.problems import UserError
from ....schemas.vocabulary import HIERARCHY, Vocabulary, normalise
from ...extensions import mention_spans, register_extensions
from ..abbreviations.senses import known_sense
from .conventions import GUIDELINES, GuidedLinker
from .definitions import defined_forms
from .matching import NameLinker, settings
from .surroundings import in_capitals, meaning_of, names_after, names_before

_SAVED = "vocabulary"
_PROBLEMS = ("DISEASE", "SYMPTOM")
_LONGEST_PART = 60  # characters; a longer problem is not looked up with the words beside it


class ConceptLinker:
    """Link every mention to a concept of the vocabulary, or honestly to none.

    A mention is looked up by its long form if the note gives one (in brackets beside a mention, or by the component
    ``clinigraph_abbreviations``), then by its words as they stand, then with case, spelling, plural, word order and
    possessives evened out (``exact``, ``normalised``, ``abbreviation``), then without qualifiers such as "severe" or
    "left" and without a drug's form and salt (``stripped``), as a disease whose name is cut short (``completed``: "Von
    Hippel-Lindau") or as the disease of an organ in trouble (``general``: "renal damage"), then by character trigrams
    (TF-IDF) re-ranked by edit similarity (``ngram``), at last by the end of the words that is a name (``head``). Of
    several concepts with one name, the kind that fits the mention's label wins, then the better rank (see
    ``kg/knowledge``: what our own tables describe first, general before rare). Mentions that have a concept keep it.

    The words around count twice. An abbreviation of several meanings takes the one that ``senses.toml`` finds there
    ("SpO2 87% on RA" is no arthritis), and one that is an English word counts only in capitals that stand out. A
    disease or symptom is looked up with its neighbours too: in "leg swelling" or "pain in the chest" the mention of
    the problem gets the concept of both (``composite``), its span stays, and so does the mention of the place; a
    mere part of the name that was taken for a problem ("pleuritic") gets none.

    Parameters
    ----------
    nlp : Language
    name : str
    vocabulary : str, optional
        Folder written by ``clinigraph knowledge build``. Default: the vocabulary in the package.
    threshold : float
        Least score of a match by n-grams, 0 to 1.
    join : bool
        Whether problems are looked up with the words beside them. False for spans that are whole names.
    guideline : str, optional
        Link as the annotators of a corpus do ("bc5cdr", "ncbi-disease", "biored"), see :class:`GuidedLinker`: for
        those who need ids of MeSH or OMIM. Default: nobody's conventions, for notes.

    Notes
    -----
    Gold spans, ids through cross references, with the abbreviation component before the linker
    (``clinigraph evaluate linking PATH --format pubtator``, which takes the corpus' guideline; "plain" is without it,
    as notes are linked). Accuracy over linkable mentions. Each test set was scored once; for the development sets the
    names were learned from the training sets alone.

    =========================  ===========  ========  ========  =====
    set                        guideline    plain     coverage  n
    =========================  ===========  ========  ========  =====
    BC5CDR dev., chemicals          0.959     0.926     0.928   5304
    BC5CDR dev., diseases           0.876     0.765     0.998   4228
    BC5CDR test, chemicals          0.945     0.911     0.897   5355
    BC5CDR test, diseases           0.908     0.764     0.998   4363
    NCBI disease devel.             0.860     0.751     0.995    787
    NCBI disease test               0.853     0.730     1.000    960
    =========================  ===========  ========  ========  =====

    On one busy core, by process time: loads in 0.9 s, trigrams in another 0.95 s when first needed, 1.03 GB in all;
    1,970 distinct strings of BC5CDR train a second, 6,850 with their repetitions.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> linker = nlp.add_pipe("clinigraph_linker")
    >>> doc = nlp.make_doc("Severe chest pain since Monday.")
    >>> doc.ents = [doc.char_span(0, 17, label="SYMPTOM")]
    >>> linker(doc).ents[0]._.concept.id
    'HP:0100749'
    """

    def __init__(
        self,
        nlp: Language | None,
        name: str,
        *,
        vocabulary: str | None = None,
        threshold: float = 0.78,
        join: bool = True,
        guideline: str | None = None,
    ) -> None:
        register_extensions()
        self.name = name
        self.vocabulary = vocabulary
        self.threshold = threshold
        self.join = join
        self.guideline = guideline
        self.guided: GuidedLinker | None = None
        if vocabulary is not None and not (Path(vocabulary) / "names.parquet").is_file():
            raise UserError(
                f"there is no vocabulary in {vocabulary}",
                "name a folder written by `clinigraph knowledge build`, or leave the option out for the shipped one",
            )
        if guideline is not None and guideline not in GUIDELINES:
            raise UserError(f'there is no guideline "{guideline}"', f"choose one of {', '.join(GUIDELINES)}")
        self._linker: NameLinker | None = None

    @property
    def linker(self) -> NameLinker:
        """The linker behind the component; reads the vocabulary when first asked for."""
        if self._linker is None:
            read = Vocabulary.from_files(self.vocabulary) if self.vocabulary else Vocabulary.default()
            self._linker = NameLinker(read, self.threshold)
        return self._linker

    def __call__(self, doc: Doc) -> Doc:
        """Set ``span._.concept`` on the mentions of a Doc."""
        spans = [s for s in mention_spans(doc) if s.label_ != "DEMOGRAPHIC" and s._.concept is None]
        text = doc.text  # once: spaCy puts it together anew at every call
        links = [
            None if reading is None else self._link(span.label_, *reading)
            for span, reading in self.readings(doc, spans)
        ]
        if not self.join:
            for span, link in zip(spans, links, strict=True):
                span._.concept = link
            return doc
        parts: list[tuple[int, int]] = []
        begins = {span.start for span in spans if span.label_ in _PROBLEMS}
        for at, span in enumerate(spans):
            if span.label_ in _PROBLEMS:
                start, link = self._with_neighbours(text, span, links[at], span.end not in begins)
                if link is not None:
                    links[at] = link
                    parts.append((start, span.start_char))
        for span, link in zip(spans, links, strict=True):
            # "pleuritic" of "pleuritic chest pain" is no problem by itself
            is_part = span.label_ in _PROBLEMS and any(a <= span.start_char and span.end_char <= b for a, b in parts)
            if link is not None and not is_part:
                span._.concept = link
        return doc

    def _link(self, label: str, words: str, long_form: str | None) -> ConceptLink | None:
        if self.guideline and self.guided is None:
            self.guided = GuidedLinker(self.linker, self.guideline)
        return (self.guided or self.linker).link(label, words, long_form)

    def readings(self, doc: Doc, spans: Sequence[Span]) -> Iterator[tuple[Span, tuple[str, str | None] | None]]:
        """Each span with the words to look up and what they stand for; None if they mean nothing with a concept."""
        text = doc.text  # once: spaCy puts it together anew at every call
        defined = defined_forms(text, [(span.start_char, span.end_char, span.label_) for span in spans])
        for span in spans:
            words = span.text
            long_form = defined.get((span.label_, words)) or defined.get((span.label_, words.removesuffix("s")))
            long_form = long_form or span._.long_form
            sense = known_sense(words, long_form) if long_form else None
            if sense is not None:  # told by the words around: the abbreviation itself may mean something else
                yield span, (sense.long, None) if sense.concept else None
                continue
            if long_form is None:
                long_form = meaning_of(text, span.start_char, span.end_char, span.label_)
                if words.isupper() and normalise(words) in settings()["capitals_only"]:
                    words = words.lower() if in_capitals(text, span.start_char, span.end_char) else words
            yield span, None if long_form == "" else (words, long_form)

    def _with_neighbours(
        self, text: str, span: Span, alone: ConceptLink | None, is_last: bool
    ) -> tuple[int, ConceptLink | None]:
        """The concept of the mention and the words beside it, and where its name begins.

        Words that follow directly belong to a mention that means nothing alone, unless they are a problem themselves.
        """
        start, end = span.start_char, span.end_char
        if end - start > _LONGEST_PART:
            return start, None
        own = normalise(span.text)
        names = [(start, name) for name in names_after(text, start, end, over_preposition=True)]
        names += names_before(text, start, end)
        if alone is None and is_last:
            names += [(start, name) for name in names_after(text, start, end, over_preposition=False)]
        for begin, name in names:
            if normalise(name) != own:
                link = self.linker.named(span.label_, name)
                if link is not None and self._is_better(link, alone):
                    return begin, link
        return start, None

    def _is_better(self, link: ConceptLink, alone: ConceptLink | None) -> bool:
        """Not the same again, and no finding in the place of a disease: "recurrent UTIs" stay the disease."""
        if alone is None:
            return True
        kinds = [concept.label for x in (alone, link) if (concept := self.linker.vocabulary.by_id(x.id))]
        return link.id != alone.id and kinds != ["Disease", "PhenotypicFeature"]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_linker": None, "guided": None}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the settings, and a copy of the vocabulary if it is not the shipped one."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if self.vocabulary:
            target = folder / _SAVED
            target.mkdir(exist_ok=True)
            for file in sorted(Path(self.vocabulary).glob("*.parquet")):
                if (
                    file.name.startswith(("nodes_", "names", HIERARCHY))
                    and file.resolve() != (target / file.name).resolve()
                ):
                    shutil.copy2(file, target / file.name)
        settings = {"threshold": self.threshold, "join": self.join, "guideline": self.guideline}
        (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> ConceptLinker:
        """Read what :meth:`to_disk` saved."""
        folder = Path(path)
        settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        self.threshold = settings["threshold"]
        self.join = settings.get("join", True)
        self.guideline = settings.get("guideline")
        if (folder / _SAVED / "names.parquet").is_file():
            self.vocabulary = str(folder / _SAVED)
        self._linker = self.guided = None
        return self
