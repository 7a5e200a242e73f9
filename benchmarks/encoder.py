"""Speed of the entity tagger beside the same weights in a Hugging Face pipeline (PyTorch, float32).

    python benchmarks/encoder.py --notes DATA/text/mtsamples --weights RUN/model --limit 100

``RUN/model`` is what ``clinigraph train`` writes. Both read the same notes in the same process, in turns, after a
warm-up; printed are the medians and the range of the rounds. Our cache of windows is emptied before every round.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path, required=True, help="JSON lines with a text each: a file or a folder")
    parser.add_argument(
        "--weights", type=Path, help="the same model in the Hugging Face layout; leave out for ours only"
    )
    parser.add_argument("--limit", type=int, default=100, help="notes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    notes = read_notes(options.notes, options.limit)
    runs = {"clinigraph (ONNX Runtime, 8 bit)": ours(options.threads)}
    if options.weights:
        runs["Hugging Face pipeline (PyTorch, float32)"] = hugging_face(options.weights, options.threads)
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run(notes[:4])
    for _ in range(options.rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(notes)
            rates[name].append(len(notes) / (time.perf_counter() - start))
    print(f"{len(notes)} notes, {sum(map(len, notes)) // len(notes)} characters each, {options.threads} threads")
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name:45} {median:7.1f} notes/s  ({min(values):.1f} to {max(values):.1f}, {len(values)} rounds)")


def read_notes(path: Path, limit: int) -> list[str]:
    """The first texts of a JSON-lines file or folder."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*.json*") if p.is_file())
    notes: list[str] = []
    for file in files:
        opener = gzip.open if file.suffix == ".gz" else open
        with opener(file, "rt", encoding="utf-8") as lines:  # type: ignore[operator]
            notes += [json.loads(line)["text"] for line in lines if line.strip()]
    return notes[:limit]


def ours(threads: int) -> Callable[[list[str]], object]:
    """The shipped tagger, without help from its cache."""
    from clinigraph.pipeline.encoder.loading import SHIPPED_MODEL
    from clinigraph.pipeline.encoder.onnx import OnnxTokenClassifier

    tagger = OnnxTokenClassifier(SHIPPED_MODEL, threads=threads)
    tagger.cached = 0
    return tagger.tag


def hugging_face(folder: Path, threads: int) -> Callable[[list[str]], object]:
    """transformers' own pipeline, with overlapping windows so that it does not cut long notes off."""
    import torch
    from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast, pipeline

    torch.set_num_threads(threads)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        model_max_length=512,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        mask_token="[MASK]",
    )
    tagger = pipeline(
        "token-classification",
        model=AutoModelForTokenClassification.from_pretrained(folder).eval(),
        tokenizer=tokenizer,
        aggregation_strategy="first",
        stride=64,
        batch_size=8,
        device="cpu",
    )
    return lambda notes: tagger(notes)


if __name__ == "__main__":
    main()
