"""Measures the linker: gold spans of a corpus, our concept, ids compared through cross references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from ...schemas.annotation import ConceptLink
from ...schemas.problems import UserError
from ...schemas.vocabulary import Vocabulary
from ..components.linker.component import ConceptLinker
from ..components.linker.conventions import TARGETS
from .gold_links import GoldDocument, GoldMention, annotated_doc, read_documents

# Labels of known corpora -> ours.
LABELS = {
    "Chemical": "DRUG",
    "ChemicalEntity": "DRUG",
    "Disease": "DISEASE",
    "DiseaseOrPhenotypicFeature": "DISEASE",
    "DiseaseClass": "DISEASE",
    "SpecificDisease": "DISEASE",
    "CompositeMention": "DISEASE",
    "Modifier": "DISEASE",
}
# The guideline that a corpus' labels give away; the first whose labels are among them.
_GUIDELINE_LABELS = {
    "ncbi-disease": {"SpecificDisease", "DiseaseClass", "CompositeMention", "Modifier"},
    "biored": {"ChemicalEntity", "DiseaseOrPhenotypicFeature"},
    "bc5cdr": {"Chemical", "Disease"},
}
AUTO = "auto"


@dataclass
class Figures:
    """Counts of one way to link.

    Attributes
    ----------
    n : int
        Gold mentions that have an id.
    linkable : int
        Of these, mentions of which at least one id can be reached through the vocabulary.
    right : int
        Of these, mentions whose concept has one of the ids.
    finer : int
        Of these, mentions whose concept has one, or has no id of MeSH or OMIM and the next more general concept that
        has one has a right one ("acute myocardial infarction", where MeSH has only "myocardial infarction").
    """

    n: int = 0
    linkable: int = 0
    right: int = 0
    finer: int = 0

    def add(self, linkable: bool, right: bool, finer: bool) -> None:
        """Count one mention."""
        self.n += 1
        self.linkable += linkable
        self.right += linkable and right
        self.finer += linkable and (right or finer)

    def to_dict(self, *, with_finer: bool = False) -> dict[str, float | int]:
        """``{"accuracy": .., "coverage": .., "n": ..}``: accuracy over linkable mentions, coverage their share of n."""
        data: dict[str, float | int] = {
            "accuracy": _share(self.right, self.linkable),
            "coverage": _share(self.linkable, self.n),
            "n": self.n,
        }
        return {**data, "accuracy_or_finer": _share(self.finer, self.linkable)} if with_finer else data


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


@dataclass
class LinkingReport:
    """What :func:`evaluate_linking` found: all mentions together, and by the corpus' own label."""

    guideline: str | None = None
    all: Figures = field(default_factory=Figures)
    labels: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    plain: LinkingReport | None = None  # the same without the guideline

    def add(self, label: str, linkable: bool, right: bool, finer: bool = False) -> None:
        """Count one mention."""
        self.all.add(linkable, right, finer)
        self.labels[label].add(linkable, right, finer)

    def to_dict(self) -> dict[str, Any]:
        """``{"accuracy": .., "coverage": .., "n": .., "labels": {label: the same}, "guideline": ..}`` and more.

        With a guideline, ``without_guideline`` holds the figures of the linker as it works on notes.

        Examples
        --------
        >>> report = LinkingReport()
        >>> report.add("Disease", True, True)
        >>> report.to_dict()["accuracy"]
        1.0
        """
        data: dict[str, Any] = {
            **self.all.to_dict(with_finer=True),
            "guideline": self.guideline or "none",
            "labels": {label: figures.to_dict() for label, figures in sorted(self.labels.items())},
        }
        if self.plain is not None:
            data["accuracy_without_guideline"] = _share(self.plain.all.right, self.plain.all.linkable)
            data["without_guideline"] = self.plain.to_dict()
        return data


def evaluate_linking(
    path: str | Path,
    *,
    format: str = "pubtator",
    nlp: Language | None = None,
    types: Mapping[str, str] | None = None,
    guideline: str | None = AUTO,
    vocabulary: str | None = None,
) -> LinkingReport:
    """Link the gold spans of a corpus and compare ids.

    Parameters
    ----------
    path
        A PubTator file, or a folder of them.
    format
        Only "pubtator".
    nlp
        Pipeline whose ``clinigraph_linker`` (and ``clinigraph_abbreviations``, if it has one) is measured as it is.
        Default: a blank one with both, the second where its optional package is installed.
    types
        Labels of the corpus to measure -> ours, for example ``{"Chemical": "DRUG"}``. Default: :data:`LABELS`.
    guideline
        Whose conventions to follow, see :class:`~..components.linker.conventions.GuidedLinker`; "auto": those that
        the corpus' labels give away; None: nobody's. Does not count where ``nlp`` is given.
    vocabulary
        Folder of a vocabulary. Default: the shipped one. Does not count where ``nlp`` is given.

    Returns
    -------
    LinkingReport
        With a guideline, also the figures without one.

    Raises
    ------
    UserError
        If the path holds no such file, the format or the guideline is another, or the pipeline has no linker.

    Notes
    -----
    A composite mention ("D003|D004") is right with any of its ids; mentions without an id ("-1") are passed over.
    A more general or more specific concept than the gold one counts as wrong, but for ``accuracy_or_finer``.
    """
    check_format(format)
    documents = list(read_documents(Path(path)))
    wanted = LABELS if types is None else types
    if nlp is not None:
        return _measured(nlp, documents, wanted)
    if guideline == AUTO:
        guideline = guideline_of(documents)
    report = _measured(blank_pipeline(vocabulary, guideline), documents, wanted)
    report.guideline = guideline
    if guideline is not None:
        report.plain = _measured(blank_pipeline(vocabulary), documents, wanted)
    return report


def check_format(format: str) -> None:
    """Raise UserError unless the format is PubTator."""
    if format != "pubtator":
        raise UserError(f'linking cannot be measured on format "{format}"', "give PubTator files: --format pubtator")


def guideline_of(documents: Iterable[GoldDocument]) -> str | None:
    """The guideline that the labels of a corpus give away, or None."""
    present = {mention.label for document in documents for mention in document.mentions}
    fitting = (name for name, labels in _GUIDELINE_LABELS.items() if present & labels)
    return next(fitting, None)


def blank_pipeline(vocabulary: str | None = None, guideline: str | None = None) -> Language:
    """A pipeline for whole names as corpora mark them: long forms where the optional package is there, and links."""
    nlp = spacy.blank("en")
    nlp.max_length = 20_000_000
    nlp.add_pipe("clinigraph_abbreviations")
    nlp.add_pipe("clinigraph_linker", config={"vocabulary": vocabulary, "guideline": guideline, "join": False})
    return nlp


def linker_of(nlp: Language) -> ConceptLinker:
    """The linking component of a pipeline.

    Raises
    ------
    UserError
        If it has none.
    """
    if "clinigraph_linker" not in nlp.pipe_names:
        raise UserError("the pipeline has no clinigraph_linker", 'add it: nlp.add_pipe("clinigraph_linker")')
    component = nlp.get_pipe("clinigraph_linker")
    assert isinstance(component, ConceptLinker)
    return component


def _measured(nlp: Language, documents: Iterable[GoldDocument], wanted: Mapping[str, str]) -> LinkingReport:
    vocabulary = linker_of(nlp).linker.vocabulary
    report = LinkingReport()
    for document in documents:
        chosen = [m for m in document.mentions if m.label in wanted]
        for mention, link in zip(chosen, linked(nlp, document.text, chosen, wanted), strict=True):
            reachable = any(vocabulary.xref_map.get(id_) for id_ in mention.ids)
            right = link is not None and has_id(link.id, mention.ids, vocabulary)
            finer = link is not None and not right and _is_finer(link.id, mention.ids, vocabulary)
            report.add(mention.label, reachable, right, finer)
    return report


def linked(
    nlp: Language, text: str, mentions: list[GoldMention], labels: Mapping[str, str]
) -> list[ConceptLink | None]:
    """What the components make of the gold spans of a text."""
    if not mentions:
        return []
    doc = linker_of(nlp)(annotated_doc(nlp, text, mentions, labels))
    spans = [doc.char_span(m.start, m.end, labels[m.label]) for m in mentions]
    return [None if s is None else s._.concept for s in spans]


def has_id(concept_id: str, gold: Iterable[str], vocabulary: Vocabulary) -> bool:
    """True if the concept, or the twin it refers to (the same thing as disease and as finding), has a gold id."""
    concept = vocabulary.by_id(concept_id)
    if concept is None:
        return False
    own = {concept.id, *concept.xrefs}
    for xref in concept.xrefs:
        twin = vocabulary.by_id(xref)
        if twin is not None:
            own |= {twin.id, *twin.xrefs}
    return not own.isdisjoint(gold)


def _is_finer(concept_id: str, gold: Iterable[str], vocabulary: Vocabulary) -> bool:
    above = vocabulary.nearest_with(concept_id, TARGETS)
    return above is not None and above.id != concept_id and has_id(above.id, gold, vocabulary)
