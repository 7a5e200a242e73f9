"""Learns from annotated corpora what their annotators mean by a name: the tables of the linker's guidelines.

::

    python -m clinigraph.pipeline.training.learn_names ../shared/data pipeline/components/linker/learned

writes the two tables that ship. Test sets are not read, and a document whose PubMed id is on the exclusion list is
left out of every corpus.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import Path

from ...schemas.vocabulary import normalise
from ..components.linker.component import ConceptLinker
from ..components.linker.conventions import COLUMNS, Learned
from ..evaluation.gold_links import GoldDocument, annotated_doc, read_documents
from ..evaluation.linking import LABELS, blank_pipeline
from ..extensions import mention_spans

CORPORA = {
    "bc5cdr": ("text/bc5cdr/train_corpus.txt", "text/bc5cdr/dev_corpus.txt"),
    "ncbi-disease": ("text/ncbi-disease/original-data/train", "text/ncbi-disease/original-data/devel"),
    "biored": ("text/biored/Train.PubTator",),
}
LONGEST = 6  # words of a name; longer ones are descriptions that do not come again
EXCLUDED = "text/exclude_from_all_training.pmids.txt"
_Counts = dict[tuple[str, str, str], Counter[str]]


def read_corpora(data: Path) -> dict[str, list[GoldDocument]]:
    """The training parts, without the documents of any test set."""
    excluded = set((data / EXCLUDED).read_text(encoding="utf-8").split())
    return {
        name: [doc for path in paths for doc in read_documents(data / path) if doc.pmid not in excluded]
        for name, paths in CORPORA.items()
    }


def learn(
    corpora: Mapping[str, Iterable[GoldDocument]], vocabulary: str | None = None
) -> tuple[list[Learned], list[Learned]]:
    """Count what names, and what concepts of the plain linker, were annotated with.

    Parameters
    ----------
    corpora
        Guideline -> its documents.
    vocabulary
        Folder of a vocabulary. Default: the shipped one.

    Returns
    -------
    tuple
        Names and concepts, each key with its most frequent id. A name needs a third of its annotations to agree,
        a concept half of them and two at least.
    """
    nlp = blank_pipeline(vocabulary)
    component = nlp.get_pipe("clinigraph_linker")
    assert isinstance(component, ConceptLinker)
    names: _Counts = defaultdict(Counter)
    concepts: _Counts = defaultdict(Counter)
    for guideline, documents in corpora.items():
        for document in documents:
            gold = {(m.start, m.end): m.ids[0] for m in document.mentions if m.label in LABELS}
            doc = annotated_doc(nlp, document.text, document.mentions, LABELS)
            for span, reading in component.readings(doc, mention_spans(doc)):
                id_ = gold.get((span.start_char, span.end_char))
                if id_ is None or reading is None:
                    continue
                names[guideline, span.label_, normalise(reading[1] or reading[0])][id_] += 1
                link = component.linker.link(span.label_, *reading)
                if link is not None:
                    concepts[guideline, span.label_, link.id][id_] += 1
    return _rows(names, 1, 1 / 3), _rows(concepts, 2, 0.5)


def _rows(counts: _Counts, least: int, share: float) -> list[Learned]:
    rows = []
    for (guideline, label, key), ids in sorted(counts.items()):
        id_, count = min(ids.items(), key=lambda item: (-item[1], item[0]))
        short = 0 < len(key.split()) <= LONGEST
        if short and count >= least and count / ids.total() >= share:
            rows.append(Learned(guideline, label, key, id_, count, round(count / ids.total(), 3)))
    return rows


def write_rows(rows: Iterable[Learned], path: Path) -> None:
    """Write one table."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(row) for row in rows)


def main(arguments: list[str]) -> None:
    """Learn from the corpora in a data folder and write the tables into another."""
    data, output = map(Path, arguments)
    names, concepts = learn(read_corpora(data))
    output.mkdir(parents=True, exist_ok=True)
    write_rows(names, output / "names.csv")
    write_rows(concepts, output / "concepts.csv")
    print(f"{len(names)} names, {len(concepts)} concepts -> {output}")


if __name__ == "__main__":
    main(sys.argv[1:])
