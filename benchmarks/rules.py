"""Speed of the rule layer: every component of the pipeline but the entity tagger and the linker.

    python benchmarks/rules.py --notes DATA/text/mtsamples --limit 100 --cache entities.jsonl

The rules need mentions to work on. The shipped tagger finds them once (kept in ``--cache``, offsets and labels only)
and is not timed. Printed are notes per second of processor time, the median and range of the rounds, and the share of
each component. Processor time does not count what else the machine does; ``--wall`` measures by the clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clinigraph.pipeline import load
from encoder import read_notes
from spacy.tokens import Doc

NOT_TIMED = ("clinigraph_ner", "clinigraph_linker")
Mentions = list[tuple[int, int, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=Path, required=True, help="JSON lines with a text each: a file or a folder")
    parser.add_argument("--limit", type=int, default=100, help="notes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, help="file that keeps the mentions for the next run")
    parser.add_argument("--wall", action="store_true", help="clock time instead of processor time")
    options = parser.parse_args()
    texts = read_notes(options.notes, options.limit)
    mentions = cached_mentions(texts, options.cache)
    nlp = load(exclude=list(NOT_TIMED))
    clock = time.perf_counter if options.wall else time.process_time
    rates: list[float] = []
    shares: dict[str, list[float]] = {}
    for number in range(options.rounds + 1):  # the first is the warm-up
        spent: dict[str, float] = {}
        for text, found in zip(texts, mentions, strict=True):
            for name, seconds in one_note(nlp, text, found, clock):
                spent[name] = spent.get(name, 0.0) + seconds
        if number:
            rates.append(len(texts) / sum(spent.values()))
            for name, seconds in spent.items():
                shares.setdefault(name, []).append(1000 * seconds / len(texts))
    count = sum(map(len, mentions))
    size = sum(map(len, texts)) // len(texts)
    print(f"{len(texts)} notes, {size} characters and {count / len(texts):.0f} mentions each")
    for name, values in sorted(shares.items(), key=lambda pair: -statistics.median(pair[1])):
        print(f"{name:28} {statistics.median(values):7.2f} ms a note")
    print(f"{'rule layer':28} {statistics.median(rates):7.1f} notes/s  ({min(rates):.1f} to {max(rates):.1f})")


def one_note(nlp: Any, text: str, found: Mentions, clock: Any) -> Iterator[tuple[str, float]]:
    """Run all components on a note; the tagger's mentions are set, untimed, where the tagger would stand."""
    start = clock()
    doc = nlp.make_doc(text)
    yield "tokenizer", clock() - start
    waiting = True
    for name, component in nlp.pipeline:
        if waiting and name not in ("clinigraph_sentences", "clinigraph_sections"):
            set_mentions(doc, found)
            waiting = False
        start = clock()
        doc = component(doc)
        yield name, clock() - start


def set_mentions(doc: Doc, found: Mentions) -> None:
    """Set the tagger's mentions on a Doc."""
    from clinigraph.pipeline.extensions import add_mentions

    spans = [doc.char_span(a, b, label=label, alignment_mode="expand") for a, b, label in found]
    add_mentions(doc, [span for span in spans if span is not None])


def cached_mentions(texts: list[str], cache: Path | None) -> list[Mentions]:
    """What the shipped tagger finds in each text."""
    if cache and cache.exists():
        rows = [json.loads(line) for line in cache.read_text("utf-8").splitlines()]
        if len(rows) >= len(texts):
            return [[(a, b, label) for a, b, label in row] for row in rows[: len(texts)]]
    from clinigraph.pipeline.encoder.loading import SHIPPED_MODEL
    from clinigraph.pipeline.encoder.onnx import OnnxTokenClassifier

    print("tagging once ...", file=sys.stderr)
    tagged = OnnxTokenClassifier(SHIPPED_MODEL, threads=1).tag(texts)
    rows = [[(span.start, span.end, span.label) for span in spans] for spans in tagged]
    if cache:
        cache.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return rows


if __name__ == "__main__":
    main()
