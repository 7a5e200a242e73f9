"""Train the identifier tagger: ``python -m clinigraph.pipeline.training.deid.fit --data DIR --output tagger.bin``."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from thinc.api import Adam, fix_random_seed

from ...components.deid.tagger import LABELS, build_network, feature_array, pack_weights, unpack_weights
from ...components.deid.tokens import FEATURES, tokenize
from .examples import Example, training_examples

_WORD, _LISTS = FEATURES.index("word"), FEATURES.index("lists")
Arrays = tuple[np.ndarray, np.ndarray]


def arrays(example: Example) -> Arrays:
    """Features and label numbers of an example's tokens."""
    tokens = tokenize(example.text)
    labels = np.zeros(len(tokens), dtype="i")
    for start, end, kind in example.spans:
        number = LABELS.index(kind)
        for index, token in enumerate(tokens):
            if token.start < end and start < token.end:
                labels[index] = number
    return feature_array(example.text, tokens), labels


def _forget(features: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hide some words of identifiers, and some list marks, so that the surroundings are learned as well."""
    features = features.copy()
    hidden = (rng.random(len(features)) < 0.35) & (labels > 0)
    features[hidden, _WORD] = 0
    features[rng.random(len(features)) < 0.08, _LISTS] = 0
    features[rng.random(len(features)) < 0.05, _WORD] = 0
    return features


def _batches(data: Sequence[Arrays], words: int, rng: random.Random) -> Iterator[list[Arrays]]:
    order = list(range(len(data)))
    rng.shuffle(order)
    batch: list[Arrays] = []
    size = 0
    for index in order:
        batch.append(data[index])
        size += len(data[index][1])
        if size >= words:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def fit(examples: Sequence[Example], *, epochs: int, seed: int, minutes: float, start: bytes | None = None) -> bytes:
    """Train; stops after ``epochs`` or ``minutes``, the learning rate falling to nothing by then."""
    fix_random_seed(seed)
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    data = [pair for pair in map(arrays, examples) if len(pair[1])]
    model = build_network()
    model.initialize(X=[data[0][0], data[1][0]])
    if start is not None:
        unpack_weights(model, start)
    optimizer = Adam(0.002, L2=1e-5, grad_clip=1.0)
    total, done, started = sum(len(y) for _, y in data) * epochs, 0, time.time()
    print(f"{len(data)} examples, {total // epochs} tokens", flush=True)
    for epoch in range(epochs):
        loss = 0.0
        for batch in _batches(data, 2000, rng):
            part = max(done / total, (time.time() - started) / 60 / minutes)
            if part >= 1:
                return pack_weights(model)
            optimizer.learn_rate = 0.002 * min(1.0, 0.1 + part * 20) * (1 - part)
            scores, backprop = model.begin_update([_forget(x, y, noise) for x, y in batch])
            gradients = []
            for guess, (_, gold) in zip(scores, batch, strict=True):
                d = guess.copy()
                d[np.arange(len(gold)), gold] -= 1
                loss -= float(np.log(guess[np.arange(len(gold)), gold] + 1e-9).sum())
                gradients.append(d / 100)
            backprop(gradients)
            model.finish_update(optimizer)
            done += sum(len(y) for _, y in batch)
        print(f"epoch {epoch + 1}: loss {loss / (total / epochs):.4f}, {time.time() - started:.0f} s", flush=True)
    return pack_weights(model)


def main() -> None:
    """Train on filled templates, presidio's training templates and transcribed notes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--knowledge", type=Path, required=True, help="Folder with names.parquet.")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--per-template", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--start", type=Path, help="Go on from these weights.")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    examples = training_examples(arguments.data, arguments.knowledge, arguments.seed, arguments.per_template)
    start = arguments.start.read_bytes() if arguments.start else None
    weights = fit(examples, epochs=arguments.epochs, seed=arguments.seed, minutes=arguments.minutes, start=start)
    arguments.output.write_bytes(weights)


if __name__ == "__main__":
    main()
