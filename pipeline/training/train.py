"""Fine-tune an encoder as an entity tagger on several corpora at once.

The loss of a word is ``-log sum of p(tag)`` over the tags that its corpus allows there, so that a corpus which does
not annotate procedures neither rewards nor punishes procedures. Needs the extra ``train`` (PyTorch, transformers).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from ...schemas.problems import UserError
from ..encoder.tags import LABELS, TAGS
from .augmentation import Shorthand, lines, mentions_by_label, vary
from .config import CorpusConfig, TrainingConfig, load_config
from .corpora import Record, read_corpus
from .examples import Window, batches, tag_text, windows
from .export import export_model
from .label_maps import LabelMap, load_label_maps
from .tokens import base_folder, end_pieces, load_tokenizer

log = logging.getLogger(__name__)


@dataclass
class TrainingData:
    """The corpora of a run after exclusion, and what was held back."""

    corpora: list[tuple[CorpusConfig, LabelMap, list[Record]]]
    held_back: list[tuple[LabelMap, list[Record]]]
    excluded: int = 0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingResult:
    """What a run made.

    Attributes
    ----------
    model : Path
        Folder with the averaged weights in the Hugging Face layout.
    onnx : Path
        Folder with the same model for ONNX Runtime, in 8 bits; ``--model`` takes either.
    steps : int
        Optimiser steps of the whole run, those before a resume included.
    resumed_at : int
        The step it was resumed at, 0 for a fresh run.
    loss : float
        Mean loss per word over the last 100 steps.
    """

    model: Path
    onnx: Path
    steps: int
    resumed_at: int
    loss: float


def train(config_path: Path, *, data: Path, output: Path, resume: bool = True) -> TrainingResult:
    """Train the tagger that a configuration describes.

    Killed at any moment and started again with the same arguments, it goes on at the last checkpoint.

    Parameters
    ----------
    config_path : Path
        TOML, complete and explicit; see ``clinigraph-ner.toml`` beside this module.
    data : Path
        Folder that the paths of the configuration are relative to.
    output : Path
        Folder for checkpoints and the result: ``model/`` (Hugging Face layout) and ``onnx/`` (as it ships).
    resume : bool
        False starts afresh although there is a checkpoint.

    Returns
    -------
    TrainingResult

    Raises
    ------
    UserError
        If the configuration or a corpus cannot be read, or PyTorch is missing.
    """
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError:
        raise UserError("Training needs PyTorch.", "Install it: pip install 'clinigraph[train]'.") from None
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    config = load_config(config_path)
    base = base_folder(config.base)
    tokenizer = load_tokenizer(base)
    material = load_training_data(config, data)
    output.mkdir(parents=True, exist_ok=True)
    shutil.copy(config_path, output / "config.toml")

    torch.set_num_threads(config.optimiser.threads)
    torch.manual_seed(config.seed)
    run = _Run(config, base, _steps_per_epoch(config, material, tokenizer))
    checkpoint = output / "checkpoint.pt"
    fingerprint = _fingerprint(config, material)
    if resume and checkpoint.exists():
        run.load(checkpoint, fingerprint)
    resumed_at = run.step
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("train", total=run.total, completed=run.step, epoch=0, loss=0.0)
        while run.step < run.total:
            epoch, skip = divmod(run.step, run.steps_per_epoch)
            for batch in _epoch_batches(config, material, tokenizer, epoch)[skip : run.steps_per_epoch]:
                run.update(batch)
                bar.update(task, completed=run.step, epoch=epoch + 1, loss=run.loss)
                if run.step % 50 == 0:
                    log.info("epoch %d step %d of %d loss %.4f", epoch + 1, run.step, run.total, run.loss)
                if run.step % config.optimiser.checkpoint_steps == 0:
                    run.save(checkpoint, fingerprint)
    run.save(checkpoint, fingerprint)
    folder = output / "model"
    run.export(folder, base)
    (folder / "training.json").write_text(
        json.dumps(
            {
                "config": config.model_dump(),
                "records": material.counts,
                "excluded_by_pmid": material.excluded,
                "steps": run.total,
                "loss": round(run.loss, 5),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    onnx = export_model(
        folder,
        output / "onnx",
        calibration=calibration_texts(material),
        held_back=material.held_back,
        name=config.name,
        version=config.version,
        outside_bias=config.outside_bias,
        window=config.windows.longest,
    )
    return TrainingResult(folder, onnx, run.step, resumed_at, run.loss)


def calibration_texts(material: TrainingData, each: int = 20) -> list[str]:
    """The first texts of every corpus: what the 8-bit scales are found on."""
    return [record.text for _, _, records in material.corpora for record in records[:each]]


def load_training_data(config: TrainingConfig, data: Path) -> TrainingData:
    """Read the corpora, drop the excluded PubMed ids from every one, set the selection part aside."""
    maps = load_label_maps()
    excluded: set[str] = set()
    if config.exclude:
        path = data / config.exclude
        if not path.exists():
            raise UserError(f"The exclusion list {path} does not exist.", "Check --data, or the key exclude.")
        excluded = set(path.read_text(encoding="utf-8").split())
    material = TrainingData([], [])
    seen: set[str] = set()
    for corpus in config.corpora:
        if corpus.map not in maps:
            raise UserError(f"There is no label map {corpus.map}.", f"Known: {', '.join(maps)}.")
        reading = read_corpus(data / corpus.path, corpus.format)
        for row in reading.rejected:
            log.warning("%s line %d left out: %s", row.file, row.line, row.reason)
        allowed = [record for record in reading.records if record.pmid not in excluded]
        material.excluded += len(reading.records) - len(allowed)
        kept = len(allowed) - int(len(allowed) * corpus.held_back)
        if kept < len(allowed):
            material.held_back.append((maps[corpus.map], allowed[kept:]))
            seen.update(record.pmid for record in allowed[kept:] if record.pmid)
        material.corpora.append((corpus, maps[corpus.map], allowed[:kept]))
    # What is held back from one corpus must not come in through another that has the same abstract.
    for at, (corpus, labels, records) in enumerate(material.corpora):
        records = [record for record in records if record.pmid not in seen]
        material.corpora[at] = (corpus, labels, records)
        material.counts[corpus.path] = len(records)
    return material


def _fingerprint(config: TrainingConfig, material: TrainingData) -> str:
    """Identifies config and data, so that a checkpoint is never continued with others."""
    content = json.dumps(
        [
            config.model_dump(
                exclude={"optimiser": {"threads", "checkpoint_steps"}, "outside_bias": True, "version": True}
            ),
            material.counts,
        ]
    )
    return hashlib.sha256(content.encode()).hexdigest()


def _our_mentions(material: TrainingData) -> dict[str, list[str]]:
    """Surface forms under our labels, from the corpora that say exactly which label it is."""
    found: dict[str, list[str]] = {}
    for _, labels, records in material.corpora:
        for source, surfaces in mentions_by_label(records).items():
            targets = labels.labels.get(source, ())
            if len(targets) == 1:
                found.setdefault(targets[0], []).extend(surfaces)
    return found


_SHORTHAND_MAP = LabelMap("shorthand", "generated", {label: (label,) for label in LABELS}, frozenset(LABELS))


def _epoch_windows(
    config: TrainingConfig, material: TrainingData, tokenizer: Tokenizer, epoch: int
) -> Iterator[Window]:
    """All windows of an epoch; the same for the same seed and epoch, whatever came before."""
    rng = random.Random(f"{config.seed}:{epoch}")
    shorthand = Shorthand()
    ends = end_pieces(tokenizer)
    size = config.windows

    def cut(record: Record, labels: LabelMap, weight: float) -> Iterator[Window]:
        tagged = tag_text(record, labels, tokenizer)
        if tagged is not None:
            yield from windows(tagged, size.longest, size.shortest, weight, ends, rng)

    for corpus, labels, records in material.corpora:
        mentions = mentions_by_label(records)
        for _ in range(corpus.repeat):
            for record in records:
                if rng.random() < corpus.vary:
                    record = vary(record, labels, mentions, shorthand, rng)
                yield from cut(record, labels, corpus.weight)
    if config.shorthand.notes:
        for record in lines(shorthand, _our_mentions(material), config.shorthand.notes, rng):
            yield from cut(record, _SHORTHAND_MAP, config.shorthand.weight)


def _epoch_batches(
    config: TrainingConfig, material: TrainingData, tokenizer: Tokenizer, epoch: int
) -> list[list[Window]]:
    pool = list(_epoch_windows(config, material, tokenizer, epoch))
    return batches(pool, config.windows.batch_tokens, random.Random(f"{config.seed}:{epoch}:order"))


def _steps_per_epoch(config: TrainingConfig, material: TrainingData, tokenizer: Tokenizer) -> int:
    """Steps of the shortest of the first epochs: random windows make each epoch a little different.

    A fixed number per epoch lets a resumed run find its place by division.
    """
    steps = len(_epoch_batches(config, material, tokenizer, 0))
    if not steps:
        raise UserError("The corpora hold no text to train on.", "Check the paths of the configuration.")
    return max(1, int(steps * 0.98))


class _Run:
    """Model, optimiser and average of the weights, with their place in the run."""

    def __init__(self, config: TrainingConfig, base: Path | str, steps_per_epoch: int) -> None:
        import torch
        from transformers import AutoModelForTokenClassification

        self.torch = torch
        self.config = config.optimiser
        self.steps_per_epoch = steps_per_epoch
        self.total = steps_per_epoch * config.optimiser.epochs
        self.step = 0
        self.loss = 0.0
        self.model = AutoModelForTokenClassification.from_pretrained(
            base,
            num_labels=len(TAGS),
            id2label=dict(enumerate(TAGS)),
            label2id={tag: i for i, tag in enumerate(TAGS)},
            hidden_dropout_prob=config.optimiser.dropout,
        )
        self.model.train()
        self.optimiser = torch.optim.AdamW(self._groups(), fused=True)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.average = {name: value.detach().clone() for name, value in self.model.named_parameters()}

    def _groups(self) -> list[dict[str, Any]]:
        """Parameter groups: the lower the layer the lower its rate; no decay for biases and norms."""
        layers = self.model.config.num_hidden_layers
        groups: dict[tuple[float, float], list[Any]] = {}
        for name, parameter in self.model.named_parameters():
            parts = name.split(".")
            if "layer" in parts:
                depth = layers - 1 - int(parts[parts.index("layer") + 1])
            else:
                depth = layers if "embeddings" in name else -1
            rate = self.config.head_rate
            if depth >= 0:
                rate = self.config.encoder_rate * self.config.layer_decay**depth
            plain = name.endswith(".bias") or "LayerNorm" in name
            groups.setdefault((rate, 0.0 if plain else self.config.weight_decay), []).append(parameter)
        return [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]

    def _rate(self) -> float:
        warm = max(1, int(self.total * self.config.warmup))
        if self.step < warm:
            return (self.step + 1) / warm
        return max(0.0, (self.total - self.step) / max(1, self.total - warm))

    def update(self, batch: list[Window]) -> None:
        """One optimiser step."""
        torch = self.torch
        length = max(len(window.pieces) for window in batch)
        pieces = np.zeros((len(batch), length), dtype=np.int64)
        mask = np.zeros((len(batch), length), dtype=np.int64)
        for row, window in enumerate(batch):
            pieces[row, : len(window.pieces)] = window.pieces
            mask[row, : len(window.pieces)] = 1
        flat = np.concatenate([window.first + row * length for row, window in enumerate(batch)])
        allowed = torch.from_numpy(np.concatenate([window.allowed for window in batch]))
        weight = torch.from_numpy(np.concatenate([np.full(len(w.first), w.weight, dtype=np.float32) for w in batch]))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bfloat16):
            logits = self.model(input_ids=torch.from_numpy(pieces), attention_mask=torch.from_numpy(mask)).logits
        scores = logits.float().view(-1, len(TAGS))[torch.from_numpy(flat)].log_softmax(-1)
        # Words where everything is allowed have loss 0 and no gradient, as they should.
        loss_per_word = -scores.masked_fill(~allowed, -1e4).logsumexp(-1)
        loss = (loss_per_word * weight).sum() / weight.sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._rate()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.loss += (float(loss.detach()) - self.loss) / min(self.step, 100)
        # The average follows fast in the beginning and slowly later.
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            names = [name for name, _ in self.model.named_parameters()]
            torch._foreach_lerp_([self.average[name] for name in names], list(self.model.parameters()), 1 - keep)

    def save(self, path: Path, fingerprint: str) -> None:
        """Write a checkpoint; the one before stays until the new one is complete on disk."""
        state = {
            "fingerprint": fingerprint,
            "step": self.step,
            "loss": self.loss,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "random": self.torch.get_rng_state(),
        }
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            self.torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)

    def load(self, path: Path, fingerprint: str) -> None:
        """Go on from a checkpoint of the same configuration and data."""
        state = self.torch.load(path, weights_only=True)
        if state["fingerprint"] != fingerprint:
            raise UserError(
                f"{path.parent} holds a checkpoint of another configuration or other data.",
                "Choose another output folder, or start afresh (--no-resume).",
            )
        self.step, self.loss = state["step"], state["loss"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]
        self.torch.set_rng_state(state["random"])

    def export(self, folder: Path, base: Path | str) -> None:
        """Save the averaged weights and the tokenizer in the Hugging Face layout."""
        trained = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        with self.torch.no_grad():
            for name, value in self.model.named_parameters():
                value.copy_(self.average[name])
            folder.mkdir(parents=True, exist_ok=True)
            self.model.save_pretrained(folder)
            for name, value in self.model.named_parameters():
                value.copy_(trained[name])
        load_tokenizer(base).save(str(folder / "tokenizer.json"))
