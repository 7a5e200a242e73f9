"""Fine-tune an encoder as an entity tagger on several corpora at once.

The loss of a word is ``-log sum of p(tag)`` over the tags that its corpus allows there, so that a corpus which does
not annotate procedures neither rewards nor punishes procedures. Needs the extra ``train`` (PyTorch, transformers).
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...schemas.problems import UserError
from ..encoder.lexicon import FILE as LEXICON
from .checkpoints import load_checkpoint, save_checkpoint
from .config import TrainingConfig, load_config
from .examples import Window, padded
from .export import export_model
from .material import TrainingData, load_training_data
from .tokens import base_folder, load_tokenizer
from .window_source import WindowSource

log = logging.getLogger(__name__)


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
    source = WindowSource(config, material, tokenizer)
    run = _Run(config, base, source.steps_per_epoch())
    checkpoint = output / "checkpoint.pt"
    fingerprint = _fingerprint(config, material)
    if resume and checkpoint.exists():
        run.restore(load_checkpoint(checkpoint, fingerprint))
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
            for batch in source.batches(epoch)[skip : run.steps_per_epoch]:
                run.update(batch)
                bar.update(task, completed=run.step, epoch=epoch + 1, loss=run.loss)
                if run.step % 50 == 0:
                    log.info(
                        "epoch %d step %d of %d loss %.4f pairs %.4f",
                        epoch + 1, run.step, run.total, run.loss, run.pair_loss,
                    )  # fmt: skip
                if run.step % config.optimiser.checkpoint_steps == 0:
                    save_checkpoint(checkpoint, fingerprint, run.state())
    save_checkpoint(checkpoint, fingerprint, run.state())
    folder = output / "model"
    report = {
        "config": config.model_dump(),
        "records": material.counts,
        "excluded_by_pmid": material.excluded,
        "steps": run.total,
        "loss": round(run.loss, 5),
        "pair_loss": round(run.pair_loss, 5),
    }
    run.save(folder, report)
    tokenizer.save(str(folder / "tokenizer.json"))
    source.lexicon.save(folder / LEXICON)
    onnx = _export(config, material, folder, output / "onnx")
    return TrainingResult(folder, onnx, run.step, resumed_at, run.loss)


def export_run(config_path: Path, *, data: Path, output: Path, quantise: bool = True) -> Path:
    """Export the model of a finished run anew.

    Parameters
    ----------
    config_path, data, output : Path
        As for :func:`train`; ``outside_bias`` and ``version`` of the configuration may have changed since.
    quantise : bool
        False keeps all products in float32 (``onnx-float32/``).

    Returns
    -------
    Path
        Folder of the ONNX model.
    """
    config = load_config(config_path)
    folder = output / "model"
    if not (folder / "model.safetensors").is_file():
        raise UserError(f"{output} holds no finished run.", "Run clinigraph train to its end first.")
    target = output / ("onnx" if quantise else "onnx-float32")
    return _export(config, load_training_data(config, data), folder, target, quantise)


def _export(config: TrainingConfig, material: TrainingData, folder: Path, target: Path, quantise: bool = True) -> Path:
    return export_model(
        folder,
        target,
        calibration=calibration_texts(material),
        held_back=material.held_back,
        name=config.name,
        version=config.version,
        outside_bias=config.outside_bias,
        quantise=quantise,
        window=config.windows.longest,
    )


def calibration_texts(material: TrainingData, each: int = 20) -> list[tuple[str, str]]:
    """The first texts of every corpus with its guideline: what the 8-bit scales are found on."""
    return [(record.text, labels.guideline) for _, labels, records in material.corpora for record in records[:each]]


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


class _Run:
    """Model, optimiser and average of the weights, with their place in the run."""

    def __init__(self, config: TrainingConfig, base: Path | str, steps_per_epoch: int) -> None:
        import torch

        from .model import MentionModel

        self.torch = torch
        self.config = config.optimiser
        self.pair_weight = config.pairs.weight
        self.steps_per_epoch = steps_per_epoch
        self.total = steps_per_epoch * config.optimiser.epochs
        self.step = 0
        self.loss, self.pair_loss = 0.0, 0.0
        self.model = MentionModel(base, config.optimiser.dropout)
        self.model.train()
        self.optimiser = torch.optim.AdamW(self._groups(), fused=True)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.average = {name: value.detach().clone() for name, value in self.model.named_parameters()}

    def _groups(self) -> list[dict[str, Any]]:
        """Parameter groups: the lower the layer the lower its rate; no decay for biases and norms."""
        layers = self.model.tagger.config.num_hidden_layers
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
            plain = name.endswith(".bias") or "LayerNorm" in name or name.startswith("features")
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
        pieces, mask, features = padded(batch)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bfloat16):
            states = self.model.encode(torch.from_numpy(pieces), torch.from_numpy(mask), torch.from_numpy(features))
        states = states.float()
        words = [states[row][torch.from_numpy(window.first)] for row, window in enumerate(batch)]
        loss = self._tag_loss(words, batch)
        pair_loss = self._pair_loss(words, batch)
        total = loss if pair_loss is None else loss + self.pair_weight * pair_loss
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._rate()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.loss += (float(loss.detach()) - self.loss) / min(self.step, 100)
        if pair_loss is not None:
            self.pair_loss += (float(pair_loss.detach()) - self.pair_loss) / min(self.step, 100)
        # The average follows fast in the beginning and slowly later.
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            names = [name for name, _ in self.model.named_parameters()]
            torch._foreach_lerp_([self.average[name] for name in names], list(self.model.parameters()), 1 - keep)

    def _tag_loss(self, words: list[Any], batch: list[Window]) -> Any:
        torch = self.torch
        allowed = torch.from_numpy(np.concatenate([window.allowed for window in batch]))
        weight = torch.from_numpy(np.concatenate([np.full(len(w.first), w.weight, dtype=np.float32) for w in batch]))
        scores = self.model.tag_scores(torch.cat(words)).log_softmax(-1)
        # Words where everything is allowed have loss 0 and no gradient, as they should.
        loss_per_word = -scores.masked_fill(~allowed, -1e4).logsumexp(-1)
        return (loss_per_word * weight).sum() / weight.sum()

    def _pair_loss(self, words: list[Any], batch: list[Window]) -> Any:
        torch = self.torch
        losses, known = [], 0.0
        for states, window in zip(words, batch, strict=True):
            if window.pairs is None:
                continue
            pairs = window.pairs
            logits = self.model.pairs(states, pairs.rows)
            each = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, torch.from_numpy(pairs.related), reduction="none"
            )
            losses.append((each * torch.from_numpy(pairs.known)).sum())
            known += float(pairs.known.sum())
        return torch.stack(losses).sum() / known if losses else None

    def state(self) -> dict[str, Any]:
        """All that a checkpoint needs."""
        return {
            "step": self.step,
            "loss": self.loss,
            "pair_loss": self.pair_loss,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "random": self.torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.step, self.loss, self.pair_loss = state["step"], state["loss"], state["pair_loss"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = state["average"]
        self.torch.set_rng_state(state["random"])

    def save(self, folder: Path, report: dict[str, Any]) -> None:
        """Write the averaged weights."""
        trained = {name: value.detach().clone() for name, value in self.model.named_parameters()}
        with self.torch.no_grad():
            for name, value in self.model.named_parameters():
                value.copy_(self.average[name])
            self.model.save(folder, report)
            for name, value in self.model.named_parameters():
                value.copy_(trained[name])
