"""Gives mentions their concepts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ....schemas.problems import UserError
from ....schemas.vocabulary import Vocabulary
from ...extensions import mention_spans, register_extensions
from .matching import NameLinker

_SAVED = "vocabulary"


class ConceptLinker:
    """Link every mention to a concept of the vocabulary, or honestly to none.

    A mention is looked up by its long form if the note gives one, then by its words as they stand, then with case,
    spelling, plural, word order and possessives evened out (``exact``, ``normalised``, ``abbreviation``), then
    without qualifiers such as "severe" or "left" and without a drug's form and salt (``stripped``), at last by
    character trigrams (TF-IDF) re-ranked by edit similarity (``ngram``). Of several concepts with one name, the
    kind that fits the mention's label wins, then the better rank (see ``kg/knowledge``: what our own tables
    describe first, general before rare). Mentions that have a concept keep it.

    Parameters
    ----------
    nlp : Language
    name : str
    vocabulary : str, optional
        Folder written by ``clinigraph knowledge build``. Default: the vocabulary in the package.
    threshold : float
        Least score of a match by n-grams, 0 to 1.

    Notes
    -----
    Gold spans, exact ids through cross references, with the abbreviation component before the linker
    (``clinigraph evaluate linking PATH --format pubtator``). Tuned on the development parts only.

    ======================  ========  ========  =====
    set                     accuracy  coverage      n
    ======================  ========  ========  =====
    BC5CDR development         0.820     0.959   9532
    BC5CDR test                0.808     0.942   9718
    NCBI disease devel.        0.696     0.987    787
    NCBI disease test          0.645     0.972    960
    ======================  ========  ========  =====

    Distinct strings of BC5CDR train: 2,900 a second on one core; with their repetitions 10,400.

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
        self, nlp: Language | None, name: str, *, vocabulary: str | None = None, threshold: float = 0.78
    ) -> None:
        register_extensions()
        self.name = name
        self.vocabulary = vocabulary
        self.threshold = threshold
        if vocabulary is not None and not (Path(vocabulary) / "names.parquet").is_file():
            raise UserError(
                f"there is no vocabulary in {vocabulary}",
                "name a folder written by `clinigraph knowledge build`, or leave the option out for the shipped one",
            )
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
        for span in mention_spans(doc):
            if span.label_ != "DEMOGRAPHIC" and span._.concept is None:
                link = self.linker.link(span.label_, span.text, span._.long_form)
                if link is not None:
                    span._.concept = link
        return doc

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_linker": None}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the settings, and a copy of the vocabulary if it is not the shipped one."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        if self.vocabulary:
            target = folder / _SAVED
            target.mkdir(exist_ok=True)
            for file in sorted(Path(self.vocabulary).glob("*.parquet")):
                if file.name.startswith(("nodes_", "names")) and file.resolve() != (target / file.name).resolve():
                    shutil.copy2(file, target / file.name)
        (folder / "settings.json").write_text(json.dumps({"threshold": self.threshold}), encoding="utf-8")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> ConceptLinker:
        """Read what :meth:`to_disk` saved."""
        folder = Path(path)
        self.threshold = json.loads((folder / "settings.json").read_text(encoding="utf-8"))["threshold"]
        if (folder / _SAVED / "names.parquet").is_file():
            self.vocabulary = str(folder / _SAVED)
        self._linker = None
        return self
