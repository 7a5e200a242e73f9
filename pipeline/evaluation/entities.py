"""Entity precision, recall and F1 on an annotated corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...schemas.problems import Problem, UserError
from ..encoder.tags import LABELS
from ..extensions import DETAILS_KEY, mention_spans, register_extensions
from ..training.corpora import CorpusReading, Record, Rejected, read_corpus
from ..training.corpora.offsets import read_offsets
from ..training.label_maps import LabelMap, load_label_maps
from .error_kinds import ErrorKind, error_kinds
from .spans import Counts, LabelledSpan, compare

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass
class EntityReport:
    """Figures of one evaluation.

    Attributes
    ----------
    labels : dict of str to Counts
        By the gold corpus' own label names.
    documents : int
    rejected : list of Rejected
        Rows of the corpus that could not be read.
    discontinuous : int
        Gold spans of several fragments, compared by their hull.
    scored : list of (float, bool)
        Score of each mention compared, and whether it is right (strictly).
    errors : Counter of ErrorKind
        What kinds of mistakes there were (strictly), by the report's names of the labels.
    """

    labels: dict[str, Counts]
    documents: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    discontinuous: int = 0
    scored: list[tuple[float, bool]] = field(default_factory=list)
    errors: Counter[ErrorKind] = field(default_factory=Counter)

    @property
    def problems(self) -> list[Problem]:
        """The rows of the corpus that could not be read."""
        return [row.problem() for row in self.rejected]

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over ten bins of equal width: how far scores are from the share that is right."""
        return expected_calibration_error(self.scored)

    @property
    def micro(self) -> Counts:
        """All labels together."""
        total = Counts()
        for counts in self.labels.values():
            total.add(counts)
        return total

    def to_dict(self) -> dict[str, Any]:
        """``{"micro": {precision, recall, f1, support}, "labels": {LABEL: {...}}, "calibration_error": ..}``."""
        return {
            "micro": self.micro.to_dict(),
            "calibration_error": round(self.calibration_error, 4),
            "labels": {label: counts.to_dict() for label, counts in sorted(self.labels.items())},
        }


@dataclass(frozen=True)
class Comparison:
    """What is compared with what: gold label -> name in the report, and our labels -> the same names."""

    gold: dict[str, str]
    ours: dict[str, str]


def evaluate_entities(
    path: Path | str,
    *,
    format: str,
    mapping: str | None = None,
    overlap: bool = False,
    nlp: Language,
    batch_size: int = 64,
    reading: CorpusReading | None = None,
) -> EntityReport:
    """Hold a pipeline's mentions against a corpus' gold spans.

    Parameters
    ----------
    path : Path or str
        File or folder.
    format : str
        ``pubtator``, ``brat``, ``conll``, ``doccano``, ``jsonl``, ``phee`` or ``docbin``. A CoNLL file has no text: it
        is rebuilt with one space between tokens. A discontinuous brat span is compared by its hull.
    mapping : str, optional
        ``"Chemical=DRUG,Disease=DISEASE+SYMPTOM"``: gold label = our labels that count as it. Gold labels and labels of
        ours that it does not name are left out. Default: the map of the known corpus whose labels these are
        (``training/corpora.toml``), else our own names as they are.
    overlap : bool
        False: right is the same start, end and label. True: one character in common is enough, one to one.
    nlp : spacy.language.Language
        Its mentions (``doc.spans["clinigraph"]`` and ``doc.ents``) and details are judged.
    reading : CorpusReading, optional
        The corpus, where it is read already.

    Returns
    -------
    EntityReport

    Raises
    ------
    UserError
        If the path, the format or the map is wrong, or the map leaves no gold span to compare with.
    """
    register_extensions()  # a pipeline of others has mentions without our scores: they count as sure
    reading = reading or read_corpus(path, format)
    comparison = comparison_for(reading, mapping)
    labels: dict[str, Counts] = {name: Counts() for name in sorted(set(comparison.gold.values()))}
    scored: list[tuple[float, bool]] = []
    errors: Counter[ErrorKind] = Counter()
    texts = (record.text for record in reading.records)
    docs = nlp.pipe(texts, batch_size=batch_size)
    for record, doc in zip(reading.records, docs, strict=True):
        spans = [*mention_spans(doc), *doc.spans.get(DETAILS_KEY, ())]
        found = [(span.start_char, span.end_char, span.label_) for span in spans]
        gold = {(g.start, g.end, comparison.gold.get(g.label)) for g in record.spans}
        scored += [
            (span._.score, (span.start_char, span.end_char, comparison.ours[span.label_]) in gold)
            for span in spans
            if span.label_ in comparison.ours
        ]
        errors += error_kinds(*_compared(record, found, comparison))
        for name, counts in compare_record(record, found, comparison, overlap=overlap).items():
            labels[name].add(counts)
    if not any(counts.support for counts in labels.values()):
        raise UserError(
            f"{path} has no gold span of the labels {', '.join(comparison.gold)}.",
            f"Labels found: {', '.join(_gold_labels(reading)) or 'none'}. "
            'Say what they are: --map "Chemical=DRUG,...".',
        )
    return EntityReport(labels, len(reading.records), reading.rejected, reading.discontinuous, scored, errors)


def expected_calibration_error(scored: list[tuple[float, bool]], bins: int = 10) -> float:
    """Mean distance between score and share of right ones, over bins of equal width, weighted by their size.

    Examples
    --------
    >>> expected_calibration_error([(0.95, True), (0.95, True), (0.55, False), (0.55, True)])
    0.05
    """
    total = 0.0
    for number in range(bins):
        inside = [pair for pair in scored if min(int(pair[0] * bins), bins - 1) == number]
        if inside:
            mean = sum(score for score, _ in inside) / len(inside)
            share = sum(right for _, right in inside) / len(inside)
            total += abs(mean - share) * len(inside)
    return round(total / len(scored), 6) if scored else 0.0


def compare_record(
    record: Record,
    found: Iterable[tuple[int, int, str]],
    comparison: Comparison,
    *,
    overlap: bool,
) -> dict[str, Counts]:
    """Counts per name of the report for one text."""
    gold, predicted = _compared(record, found, comparison)
    return compare(gold, predicted, overlap=overlap)


def _compared(
    record: Record, found: Iterable[tuple[int, int, str]], comparison: Comparison
) -> tuple[list[LabelledSpan], list[LabelledSpan]]:
    """Gold and ours under the names of the report."""
    gold = [
        LabelledSpan(span.start, span.end, comparison.gold[span.label])
        for span in record.spans
        if span.label in comparison.gold
    ]
    predicted = [
        LabelledSpan(start, end, comparison.ours[label]) for start, end, label in found if label in comparison.ours
    ]
    return gold, predicted


def comparison_for(reading: CorpusReading, mapping: str | None) -> Comparison:
    """The user's map, or that of the known corpus, or our own names."""
    if mapping:
        return _comparison(parse_mapping(mapping))
    present = set(_gold_labels(reading))
    best = known_corpus(present)
    if best is not None:
        return _comparison({source: ours for source, ours in best.labels.items() if source in present})
    own: dict[str, tuple[str, ...]] = {label: (label,) for label in sorted(present & set(LABELS))}
    if not own:
        raise UserError(
            f"The gold labels ({', '.join(sorted(present)[:12]) or 'none'}) are neither ours "
            "nor those of a known corpus.",
            'Say what they are in our labels: --map "Chemical=DRUG,Disease=DISEASE+SYMPTOM".',
        )
    return _comparison(own)


def known_corpus(present: set[str]) -> LabelMap | None:
    """The known corpus whose labels these are: the one with the fewest labels beside them (NCBI's fit larger maps)."""
    known = [labels for labels in load_label_maps().values() if present and labels.explains(present)]
    return min(known, key=lambda labels: len(set(labels.labels) - present)) if known else None


def corpus_guideline(reading: CorpusReading) -> str | None:
    """Whose rules of annotation a corpus follows, if it is a known one."""
    best = known_corpus(set(_gold_labels(reading)))
    return best.guideline if best is not None else None


def read_gold(path: Path | str, format: str, annotations: Path | None = None) -> CorpusReading:
    """A corpus in one of the formats, or the texts of a file joined with annotations that are kept apart."""
    return read_corpus(path, format) if annotations is None else read_offsets(Path(path), annotations)


def parse_mapping(mapping: str) -> dict[str, tuple[str, ...]]:
    """Read ``Gold=OURS+OURS,Gold=OURS``.

    Our side may name labels of another model: they are compared as they are.

    Examples
    --------
    >>> parse_mapping("Chemical=DRUG,Disease=DISEASE+SYMPTOM")
    {'Chemical': ('DRUG',), 'Disease': ('DISEASE', 'SYMPTOM')}
    """
    parsed: dict[str, tuple[str, ...]] = {}
    for part in mapping.split(","):
        gold, equals, ours = (each.strip() for each in part.partition("="))
        targets = tuple(label.strip() for label in ours.split("+"))
        if not equals or not gold or not all(targets):
            raise UserError(
                f'--map: "{part.strip()}" is not of the form Gold=OURS.',
                'Write it as "Chemical=DRUG,Disease=DISEASE+SYMPTOM".',
            )
        parsed[gold] = (*parsed.get(gold, ()), *targets)
    return parsed


def _comparison(mapping: dict[str, tuple[str, ...]]) -> Comparison:
    """Gold labels that share a label of ours cannot be told apart and become one name in the report."""
    names: dict[str, str] = {}
    ours: dict[str, str] = {}
    for gold, targets in mapping.items():
        met = {ours[label] for label in targets if label in ours}
        merged = sorted({gold, *(name for name in met)})
        name = gold if not met else "+".join(dict.fromkeys(part for each in merged for part in each.split("+")))
        for known, value in names.items():
            if value in met:
                names[known] = name
        for label, value in ours.items():
            if value in met:
                ours[label] = name
        names[gold] = name
        ours.update(dict.fromkeys(targets, name))
    return Comparison(names, ours)


def _gold_labels(reading: CorpusReading) -> list[str]:
    return sorted({span.label for record in reading.records for span in record.spans})
