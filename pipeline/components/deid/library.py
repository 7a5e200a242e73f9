"""presidio's analyzer with its recognisers of numbers and ours beside them; no model, nothing is downloaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    IbanRecognizer,
    IpRecognizer,
    NhsRecognizer,
    PhoneRecognizer,
    UsSsnRecognizer,
)
from spacy.tokens import Doc
from spacy.vocab import Vocab

from .identifiers import Identifier, IdentifierKind
from .rules import find_by_rules
from .tagger import Tagger

# presidio's names of what its recognisers find -> our kinds
_KINDS = {
    "CREDIT_CARD": IdentifierKind.ID,
    "IBAN_CODE": IdentifierKind.ID,
    "UK_NHS": IdentifierKind.ID,
    "US_SSN": IdentifierKind.ID,
    "IP_ADDRESS": IdentifierKind.IP,
    "PHONE_NUMBER": IdentifierKind.PHONE,
}
_PHONE_REGIONS = ("US", "GB", "AU")
_VOCAB = Vocab()
_LEAST_SCORE = 0.4  # presidio gives unproved patterns less
_LEAST_PHONE_DIGITS = 7


class _BlankNlp(NlpEngine):
    """What presidio wants of a language pipeline, without a model: its number recognisers need the text alone."""

    def load(self) -> None:
        """Nothing to load."""

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        return NlpArtifacts([], Doc(_VOCAB), [], [], self, language)

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: Any
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return ["en"]


class _Ours(EntityRecognizer):
    """A finder of ours as a recogniser of presidio's."""

    def __init__(self, name: str, find: Any) -> None:
        self._find = find
        super().__init__([kind.value for kind in IdentifierKind], name=name)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        return [
            RecognizerResult(i.kind.value, i.start, i.end, i.score, recognition_metadata={_SOURCE: i.source})
            for i in self._find(text)
        ]


_SOURCE = "clinigraph_source"


@cache
def analyzer(doubt: float) -> AnalyzerEngine:
    """The engine with presidio's recognisers, the patterns and the tagger; made once."""
    registry = RecognizerRegistry(supported_languages=["en"])
    for recognizer in (
        CreditCardRecognizer(), IbanRecognizer(), IpRecognizer(), NhsRecognizer(), UsSsnRecognizer(),
        PhoneRecognizer(supported_regions=_PHONE_REGIONS),
        _Ours("clinigraph patterns", find_by_rules), _Ours("clinigraph tagger", Tagger(doubt=doubt).find),
    ):  # fmt: skip
        registry.add_recognizer(recognizer)
    engine = AnalyzerEngine(registry=registry, nlp_engine=_BlankNlp(), supported_languages=["en"])
    return engine


def analyze(text: str, doubt: float) -> Iterator[Identifier]:
    """What the library's recognisers and ours find; overlapping, in no order."""
    for result in analyzer(doubt).analyze(text, language="en"):
        metadata = result.recognition_metadata or {}
        source = metadata.get(_SOURCE)
        if source is not None:
            yield Identifier(result.start, result.end, IdentifierKind(result.entity_type), result.score, source)
            continue
        kind = _KINDS.get(result.entity_type)
        if kind is None or result.score < _LEAST_SCORE:
            continue
        digits = sum(c.isdigit() for c in text[result.start : result.end])
        if kind is IdentifierKind.PHONE and digits < _LEAST_PHONE_DIGITS:
            continue
        yield Identifier(result.start, result.end, kind, result.score, f"presidio {result.entity_type}")
