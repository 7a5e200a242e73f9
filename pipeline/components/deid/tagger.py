"""The tagger: a small convolutional network over words, shapes, word lists and headings. Weights: ``tagger.bin``.

A thinc model (thinc comes with spaCy): hashed embeddings of eight features, four windows of three tokens, a softmax
over the kinds. Recall first: a token counts as nothing only where the network is sure enough of that.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from murmurhash.mrmr import hash_unicode
from thinc.api import (
    HashEmbed,
    Maxout,
    Model,
    Softmax,
    chain,
    clone,
    concatenate,
    expand_window,
    residual,
    with_array,
)

from .identifiers import Identifier, IdentifierKind
from .tokens import FEATURES, Token, features, tokenize

LABELS: tuple[IdentifierKind | None, ...] = (None, *IdentifierKind)
_ROWS = {
    "word": 5000, "prefix": 1500, "suffix": 2500, "shape": 200, "lists": 800, "line": 40, "heading": 2000,
    "spacing": 60,
}  # fmt: skip
_SCALE = 0.49  # every pattern is surer: what both find is the pattern's
_WIDTH, _EMBED, _DEPTH = 96, 48, 4
_LONGEST_WINDOW = 20_000  # tokens at a time; longer notes are cut at line breaks
OLDEST_NAMEABLE_AGE = 89


def build_network() -> Model[Any, Any]:
    """The network, untrained: list of (tokens, features) hashes -> list of (tokens, labels) probabilities."""
    embeds: list[Model[Any, Any]] = [
        HashEmbed(_EMBED, _ROWS[name], column=i, seed=i + 7) for i, name in enumerate(FEATURES)
    ]
    window: Model[Any, Any] = chain(
        expand_window(window_size=1), Maxout(nO=_WIDTH, nI=_WIDTH * 3, nP=3, normalize=True, dropout=0.0)
    )
    body: Model[Any, Any] = chain(
        concatenate(*embeds),
        Maxout(nO=_WIDTH, nI=_EMBED * len(FEATURES), nP=3, normalize=True, dropout=0.1),
        clone(residual(window), _DEPTH),
        Softmax(nO=len(LABELS), nI=_WIDTH),
    )
    model: Model[Any, Any] = with_array(body, pad=_DEPTH)
    return model


def pack_weights(network: Model[Any, Any]) -> bytes:
    """The weights in half precision, compressed, in the order of the network's nodes."""
    arrays = [node.get_param(name) for node in network.walk() for name in sorted(node.param_names)]
    stream = io.BytesIO()
    np.savez_compressed(stream, *[np.asarray(array, dtype="float16") for array in arrays])
    return stream.getvalue()


def unpack_weights(network: Model[Any, Any], packed: bytes) -> None:
    """Put weights of :func:`pack_weights` into a network."""
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        places = [(node, name) for node in network.walk() for name in sorted(node.param_names)]
        for (node, name), key in zip(places, arrays.files, strict=True):
            node.set_param(name, arrays[key].astype("float32"))


def feature_array(text: str, tokens: Sequence[Token]) -> np.ndarray:
    """Hashes of the features, shape (tokens, features)."""
    rows = [[_hash(value) for value in row] for row in features(text, list(tokens))]
    return np.asarray(rows, dtype="uint64").reshape(len(rows), len(FEATURES))


@cache
def _hash(value: str) -> int:
    return hash_unicode(value) & 0xFFFFFFFFFFFFFFFF if value else 0  # unsigned, as the embeddings want it


class Tagger:
    """Finds identifiers from their look and their surroundings.

    Parameters
    ----------
    weights
        Bytes of a trained network. Default: the one in the package.
    doubt
        A token is an identifier where the probability of "nothing" is below this.

    Examples
    --------
    >>> text = "Dictated by: Okonkwo, Adaeze"
    >>> [(text[i.start : i.end], i.kind.value) for i in Tagger().find(text)]
    [('Okonkwo, Adaeze', 'NAME')]
    """

    def __init__(self, weights: bytes | None = None, doubt: float = 0.8) -> None:
        self.doubt = doubt
        self._network = build_network()
        unpack_weights(self._network, _shipped() if weights is None else weights)

    def find(self, text: str) -> Iterator[Identifier]:
        """Identifiers in the order of the text; ages are left to the rules unless over 89."""
        tokens = tokenize(text)
        for piece in _pieces(tokens):
            scores = self._network.predict([feature_array(text, piece)])[0]
            yield from self._spans(text, piece, scores)

    def _spans(self, text: str, tokens: Sequence[Token], scores: np.ndarray) -> Iterator[Identifier]:
        best = 1 + scores[:, 1:].argmax(axis=1)
        chosen = np.where(scores[:, 0] < self.doubt, best, 0)
        run: list[int] = []
        for index, label in enumerate([*chosen, 0]):
            if run and (label != chosen[run[0]] or (index < len(tokens) and tokens[index].text == "\n" and not label)):
                yield from self._span(text, tokens, run, LABELS[chosen[run[0]]], 1 - scores[run, 0].min())
                run = []
            if label:
                run.append(index)

    def _span(
        self, text: str, tokens: Sequence[Token], run: Sequence[int], kind: IdentifierKind | None, score: float
    ) -> Iterator[Identifier]:
        while run and not any(c.isalnum() for c in tokens[run[-1]].text):
            run = run[:-1]
        while run and not any(c.isalnum() for c in tokens[run[0]].text):
            run = run[1:]
        if not run or kind is None:
            return
        start, end = tokens[run[0]].start, tokens[run[-1]].end
        if kind is IdentifierKind.AGE and not _over_89(text[start:end]):
            return
        yield Identifier(start, end, kind, round(_SCALE * float(score), 3), "tagger")


def _over_89(text: str) -> bool:
    digits = "".join(c for c in text if c.isdigit())
    return text.lower().startswith(("ninety", "one hundred")) or (
        bool(digits) and OLDEST_NAMEABLE_AGE < int(digits[:3]) <= 120
    )


def _pieces(tokens: list[Token]) -> Iterable[list[Token]]:
    """The tokens, or for a very long note runs of them that end with a line."""
    start = 0
    while len(tokens) - start > _LONGEST_WINDOW:
        end = start + _LONGEST_WINDOW
        while end > start + _LONGEST_WINDOW // 2 and tokens[end - 1].text != "\n":
            end -= 1
        yield tokens[start:end]
        start = end
    if start < len(tokens):
        yield tokens[start:]


@cache
def _shipped() -> bytes:
    return files(__package__).joinpath("tagger.bin").read_bytes()
