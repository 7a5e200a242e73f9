"""Measures the linker: gold spans of a corpus, our concept, ids compared through cross references."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ...schemas.problems import UserError
from ...schemas.vocabulary import Vocabulary
from ..components.linker.component import ConceptLinker
from ..extensions import register_extensions

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
SUFFIXES = (".txt", ".pubtator")
_MESH = re.compile(r"^[DC]\d{5,}$")
_NO_ID = {"", "-1", "-"}


@dataclass(frozen=True)
class GoldMention:
    """One annotated span with the ids that count as right, as CURIEs."""

    start: int
    end: int
    text: str
    label: str
    ids: tuple[str, ...]


@dataclass
class LinkingReport:
    """What :func:`evaluate_linking` found.

    Attributes
    ----------
    n : int
        Gold mentions that have an id.
    linkable : int
        Of these, mentions of which at least one id can be reached through the vocabulary.
    right : int
        Of these, mentions whose concept has one of the ids.
    labels : dict
        The same three numbers by the corpus' own label.
    """

    n: int = 0
    linkable: int = 0
    right: int = 0
    labels: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def add(self, label: str, linkable: bool, right: bool) -> None:
        """Count one mention."""
        self.n += 1
        self.linkable += linkable
        self.right += linkable and right
        row = self.labels[label]
        row[0] += 1
        row[1] += linkable
        row[2] += linkable and right

    def to_dict(self) -> dict[str, Any]:
        """``{"accuracy": .., "coverage": .., "n": .., "labels": {label: the same}}``.

        ``accuracy`` counts over linkable mentions, ``coverage`` is their share of ``n``.

        Examples
        --------
        >>> report = LinkingReport()
        >>> report.add("Disease", True, True)
        >>> report.to_dict()["accuracy"]
        1.0
        """
        rows = {label: _figures(*row) for label, row in sorted(self.labels.items())}
        return {**_figures(self.n, self.linkable, self.right), "labels": rows}


def _figures(n: int, linkable: int, right: int) -> dict[str, float | int]:
    return {
        "accuracy": round(right / linkable, 4) if linkable else 0.0,
        "coverage": round(linkable / n, 4) if n else 0.0,
        "n": n,
    }


def evaluate_linking(
    path: str | Path,
    *,
    format: str = "pubtator",
    nlp: Language | None = None,
    types: Mapping[str, str] | None = None,
) -> LinkingReport:
    """Link the gold spans of a corpus and compare ids.

    Parameters
    ----------
    path
        A PubTator file, or a folder of them.
    format
        Only "pubtator".
    nlp
        Pipeline whose ``clinigraph_linker`` (and ``clinigraph_abbreviations``, if it has one) is measured. Default:
        a blank one with both, the second where its optional package is installed.
    types
        Labels of the corpus to measure -> ours, for example ``{"Chemical": "DRUG"}``. Default: :data:`LABELS`.

    Returns
    -------
    LinkingReport

    Raises
    ------
    UserError
        If the path holds no such file, the format is another, or the pipeline has no linker.

    Notes
    -----
    A composite mention ("D003|D004") is right with any of its ids; mentions without an id ("-1") are passed over.
    A more general or more specific concept than the gold one counts as wrong.
    """
    if format != "pubtator":
        raise UserError(f'linking cannot be measured on format "{format}"', "give PubTator files: --format pubtator")
    nlp = nlp or _blank_pipeline()
    if "clinigraph_linker" not in nlp.pipe_names:
        raise UserError("the pipeline has no clinigraph_linker", 'add it: nlp.add_pipe("clinigraph_linker")')
    component = nlp.get_pipe("clinigraph_linker")
    assert isinstance(component, ConceptLinker)
    vocabulary = component.linker.vocabulary
    wanted = LABELS if types is None else types
    report = LinkingReport()
    for text, mentions in read_gold(Path(path)):
        chosen = [m for m in mentions if m.label in wanted]
        long_forms = _long_forms(nlp, text, chosen, wanted)
        for mention, long_form in zip(chosen, long_forms, strict=True):
            reachable = {p for id_ in mention.ids for p in vocabulary.xref_map.get(id_, ())}
            link = component.linker.link(wanted[mention.label], mention.text, long_form)
            right = link is not None and _same(link.id, mention.ids, vocabulary)
            report.add(mention.label, bool(reachable), right)
    return report


def _same(concept_id: str, gold: tuple[str, ...], vocabulary: Vocabulary) -> bool:
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


def _blank_pipeline() -> Language:
    nlp = spacy.blank("en")
    nlp.max_length = 20_000_000
    if find_spec("scispacy") is not None:
        nlp.add_pipe("clinigraph_abbreviations")
    nlp.add_pipe("clinigraph_linker")
    return nlp


def _long_forms(nlp: Language, text: str, mentions: list[GoldMention], labels: Mapping[str, str]) -> list[str | None]:
    """What each mention stands for by the text's own definitions."""
    register_extensions()
    if "clinigraph_abbreviations" not in nlp.pipe_names or not mentions:
        return [None] * len(mentions)
    doc: Doc = nlp.make_doc(text)
    spans = [doc.char_span(m.start, m.end, labels[m.label], alignment_mode="expand") for m in mentions]
    doc.spans["clinigraph"] = [s for s in spans if s is not None]
    doc = nlp.get_pipe("clinigraph_abbreviations")(doc)
    return [None if s is None or s.text != m.text else s._.long_form for s, m in zip(spans, mentions, strict=True)]


def read_gold(path: Path) -> Iterator[tuple[str, list[GoldMention]]]:
    """Yield ``(text, mentions with an id)`` of each document of a PubTator file or a folder of them.

    Raises
    ------
    UserError
        If there is no such file.
    """
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    files = [p for p in files if p.is_file()]
    if not files:
        raise UserError(f"there is no PubTator file in {path}", "name a .txt or .pubtator file, or a folder of them")
    for file in files:
        # newline="\n": a stray carriage return in an abstract must not shift the offsets
        with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
            block: list[str] = []
            for line in lines:
                if line.strip():
                    block.append(line.rstrip("\r\n"))
                elif block:
                    yield _document(block)
                    block = []
            if block:
                yield _document(block)


def _document(block: list[str]) -> tuple[str, list[GoldMention]]:
    parts = {"t": "", "a": ""}
    mentions: list[GoldMention] = []
    for line in block:
        head = line.split("|", 2)
        if len(head) == 3 and head[1] in parts and "\t" not in head[0]:
            parts[head[1]] = head[2]
            continue
        fields = line.split("\t")
        if len(fields) >= 6 and fields[1].isdigit() and fields[2].isdigit():
            ids = tuple(curie(part.strip()) for part in re.split(r"[|+,]", fields[5]) if part.strip() not in _NO_ID)
            if ids:
                mentions.append(GoldMention(int(fields[1]), int(fields[2]), fields[3], fields[4], ids))
    return parts["t"] + "\n" + parts["a"], mentions


def curie(text: str) -> str:
    """Write a corpus' id as the vocabulary does.

    Examples
    --------
    >>> curie("D003920"), curie("MESH:D003920"), curie("OMIM:154700")
    ('MESH:D003920', 'MESH:D003920', 'OMIM:154700')
    """
    return f"MESH:{text}" if _MESH.match(text) else text.strip()
