"""Find mentions with the encoder and set them on Docs."""

from __future__ import annotations

import base64
import json
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, Span

from ....schemas.problems import UserError
from ...encoder import BACKENDS, TaggedSpan, TokenClassifier, load_token_classifier
from ...encoder.tags import DETAIL_LABELS
from ...extensions import DETAILS_KEY, add_mentions, doc_text, register_extensions
from .repeats import with_repeats
from .spans import clean_mentions

_MOST_MOVES = 20_000_000  # tokens moved by splits in one Doc: about a second
ErrorHandler = Callable[[str, Any, list[Doc], Exception], None]


class EntityTagger:
    """Find diseases, symptoms, drugs, procedures, tests and anatomy.

    Works in any pipeline; needs no other component. Texts of any length are tagged to their last line.

    Parameters
    ----------
    name : str
        Name in the pipeline.
    model : str, optional
        None for the model that ships; a folder of an ONNX model; folder or name of a Hugging Face model.
    backend : str
        ``auto``, ``onnx`` or ``torch``.
    label_map : dict of str to str, optional
        The model's label to ours, e.g. ``{"Chemical": "DRUG"}``; labels that it does not name are not given.
    thresholds : dict of str to float
        Label to the lowest score that is kept. Labels that are not named keep everything.
    batch_tokens : int
        Padded word pieces that go through the model at once.
    threads : int, optional
        Threads of the model; None leaves it to the back end.
    guideline : str, optional
        Whose rules of annotation the model follows (``clinical-notes``, ``bc5cdr``, ...); default: the model's own.
    repeats : bool
        A mention that the model found in one place of a text and overlooked in another is added there.
    split_tokens : bool
        Split a spaCy token in which a mention begins or ends ("ZDV)-induced"), as long as no component before has
        put a parse or span groups on the Doc. Else, and if False, the mention is widened to the token.

    Notes
    -----
    Sets ``doc.spans["clinigraph"]``, ``doc.ents`` (only where no other entity stands) and ``span._.score``,
    ``span._.extractor``; details (SEVERITY, DOSE, STRENGTH, ROUTE, FREQUENCY, DURATION, FORM, VALUE) stand apart in
    ``doc.spans["clinigraph_details"]``. Bullets, line breaks before a new item, open brackets and words that are no
    mention are cleaned off what the model found (``spans.py``).

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> _ = nlp.add_pipe("clinigraph_ner")
    >>> [(ent.text, ent.label_) for ent in nlp("Started metformin for type 2 diabetes.").ents]
    [('metformin', 'DRUG'), ('type 2 diabetes', 'DISEASE')]
    """

    def __init__(
        self,
        name: str = "clinigraph_ner",
        *,
        model: str | None = None,
        backend: str = "auto",
        label_map: dict[str, str] | None = None,
        thresholds: dict[str, float] | None = None,
        batch_tokens: int = 4096,
        threads: int | None = None,
        guideline: str | None = None,
        repeats: bool = True,
        split_tokens: bool = True,
    ) -> None:
        if backend not in BACKENDS:
            raise UserError(f'There is no back end "{backend}".', f"Use one of: {', '.join(BACKENDS)}.")
        register_extensions()
        self.name = name
        self.model = model
        self.backend = backend
        self.label_map = dict(label_map) if label_map is not None else None
        self.thresholds = dict(thresholds or {})
        self.batch_tokens = batch_tokens
        self.threads = threads
        self.guideline = guideline
        self.repeats = repeats
        self.split_tokens = split_tokens
        self._classifier: TokenClassifier | None = None
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None
        self._handle_error: ErrorHandler = _raise

    @property
    def classifier(self) -> TokenClassifier:
        """The model, loaded when first asked for."""
        if self._classifier is None:
            self._classifier = load_token_classifier(
                self.model,
                backend=self.backend,
                label_map=self.label_map,
                batch_tokens=self.batch_tokens,
                threads=self.threads,
                guideline=self.guideline,
            )
        return self._classifier

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that the component can set."""
        return self.classifier.labels

    def initialize(self, get_examples: Any = None, *, nlp: Any = None) -> None:
        """Load the model now."""
        _ = self.classifier

    def set_error_handler(self, handler: ErrorHandler) -> None:
        """spaCy's convention: what :meth:`pipe` does with a Doc that fails."""
        self._handle_error = handler

    def get_error_handler(self) -> ErrorHandler:
        """The handler in use; raises by default."""
        return self._handle_error

    def __call__(self, doc: Doc) -> Doc:
        """Tag one Doc."""
        self._set(doc, self.classifier.tag([doc.text])[0])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Tag Docs in batches: the windows of all of them go through the model together.

        A Doc that fails is handed to the error handler; the others go on.
        """
        docs = iter(stream)
        while batch := list(islice(docs, batch_size)):
            try:
                found = self.classifier.tag([doc.text for doc in batch])
            except UserError:
                raise
            except Exception:
                yield from self._one_by_one(batch)
                continue
            for doc, spans in zip(batch, found, strict=True):
                try:
                    self._set(doc, spans)
                except Exception as error:
                    self.get_error_handler()(self.name, self, [doc], error)
                else:
                    yield doc

    def _one_by_one(self, docs: list[Doc]) -> Iterator[Doc]:
        """After a failed batch: find out which Doc it was."""
        for doc in docs:
            try:
                self(doc)
            except Exception as error:
                self.get_error_handler()(self.name, self, [doc], error)
            else:
                yield doc

    def _set(self, doc: Doc, found: list[TaggedSpan]) -> None:
        details = [m for m in found if m.label in DETAIL_LABELS]
        found = clean_mentions(doc, [m for m in found if m.label not in DETAIL_LABELS])
        if self.repeats:
            found = with_repeats(doc_text(doc), found, details)
        found = [m for m in found if m.score >= self.thresholds.get(m.label, 0.0)]
        details = [m for m in details if m.score >= self.thresholds.get(m.label, 0.0)]
        if self.split_tokens:
            split_at(doc, {offset for mention in (*found, *details) for offset in (mention.start, mention.end)})
        add_mentions(doc, self._spans(doc, found))
        if details:
            doc.spans[DETAILS_KEY] = self._spans(doc, details)

    def _spans(self, doc: Doc, found: list[TaggedSpan]) -> list[Span]:
        spans: list[Span] = []
        last = 0
        for mention in found:
            span = doc.char_span(mention.start, mention.end, label=mention.label, alignment_mode="expand")
            # Two mentions can meet in one spaCy token ("aspirin/codeine"): the first has it.
            if span is None or span.start < last:
                continue
            last = span.end
            span._.score = mention.score
            span._.extractor = self.classifier.name
            spans.append(span)
        return spans

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save settings and model: the saved pipeline loads without this package's model folder or the hub."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(self._settings(), indent=1) + "\n", encoding="utf-8")
        self.classifier.save(folder / "model")

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> EntityTagger:
        """Load what :meth:`to_disk` saved."""
        folder = Path(path)
        self._restore(json.loads((folder / "settings.json").read_text(encoding="utf-8")), folder / "model")
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Settings and model as bytes."""
        with tempfile.TemporaryDirectory() as folder:
            self.classifier.save(Path(folder))
            files = {
                file.name: base64.b64encode(file.read_bytes()).decode("ascii")
                for file in sorted(Path(folder).iterdir())
            }
        return json.dumps({"settings": self._settings(), "files": files}).encode("utf-8")

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> EntityTagger:
        """Load what :meth:`to_bytes` gave."""
        content = json.loads(data)
        # Kept as long as the component lives: the model may have to be saved again.
        self._unpacked = tempfile.TemporaryDirectory(prefix="clinigraph-ner-")
        folder = Path(self._unpacked.name)
        for name, encoded in content["files"].items():
            (folder / Path(name).name).write_bytes(base64.b64decode(encoded))
        self._restore(content["settings"], folder)
        return self

    def _settings(self) -> dict[str, Any]:
        return {
            "backend": self.backend,
            "label_map": self.label_map,
            "thresholds": self.thresholds,
            "batch_tokens": self.batch_tokens,
            "threads": self.threads,
            "guideline": self.guideline,
            "repeats": self.repeats,
            "split_tokens": self.split_tokens,
        }

    def _restore(self, settings: dict[str, Any], model: Path) -> None:
        self.backend = settings["backend"]
        self.label_map = settings["label_map"]
        self.thresholds = settings["thresholds"]
        self.batch_tokens = settings["batch_tokens"]
        self.threads = settings["threads"]
        self.guideline = settings.get("guideline")
        self.repeats = settings.get("repeats", True)
        self.split_tokens = settings["split_tokens"]
        self.model = str(model)
        self._classifier = None


def split_at(doc: Doc, offsets: set[int]) -> None:
    """Split the tokens of a Doc that have one of the character offsets inside.

    Does nothing where a parse or span groups count in the tokens as they are.
    """
    if doc.has_annotation("DEP") or any(len(group) for group in doc.spans.values()):
        return
    ends = [token.idx + len(token) for token in doc]
    cuts: dict[int, list[int]] = {}
    for offset in sorted(offsets):
        index = bisect_right(ends, offset)  # the token that ends after the offset
        if index < len(doc) and doc[index].idx < offset:
            cuts.setdefault(index, []).append(offset - doc[index].idx)
    # spaCy moves all later tokens at every split: in a book-sized note mentions are widened to whole tokens instead
    if not cuts or len(cuts) * len(doc) > _MOST_MOVES:
        return
    with doc.retokenize() as retokenizer:
        for index, places in cuts.items():
            token = doc[index]
            parts = [token.text[a:b] for a, b in zip([0, *places], [*places, len(token)], strict=True)]
            retokenizer.split(token, parts, heads=[(token, 0)] * len(parts))


def _raise(name: str, component: Any, docs: list[Doc], error: Exception) -> None:
    raise error
