"""Continue masked-language pretraining of an encoder on unlabelled text.

Whole words are hidden and guessed from the rest. Windows are packed from texts one after the other, without padding.
The result is a folder that a training configuration can name as its ``base``. Needs the extra ``train``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tokenizers import Tokenizer

from ...schemas.problems import UserError
from .checkpoints import load_checkpoint, save_checkpoint
from .gold_notes import gold_note_ids
from .tokens import base_folder, end_pieces, load_tokenizer

log = logging.getLogger(__name__)

DEFAULT_CONFIG = Path(__file__).with_name("clinigraph-pretrain.toml")
TEXTS_AT_ONCE = 512
PIECES_PER_TEXT_FILE = 6_000_000
"""More of one file is not read: bounds the memory of a run over an archive."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackedWindows(_Strict):
    """Windows of one length, in batches of one size."""

    length: int = Field(192, ge=16, le=510)
    batch: int = Field(16, ge=1)


class PretrainingOptimiser(_Strict):
    """AdamW with warm-up and linear decay."""

    steps: int = Field(1500, ge=1)
    rate: float = 3e-4
    head_rate: float = 1e-3
    warmup: float = Field(0.05, ge=0, lt=1)
    weight_decay: float = 0.01
    clip: float = 1.0
    masked: float = Field(0.2, gt=0, lt=1)
    threads: int = Field(2, ge=1)
    checkpoint_steps: int = Field(100, ge=1)


class TextFile(_Strict):
    """Unlabelled text: one text a line, or JSON lines with a ``text`` each; ``.gz`` is unpacked on the way."""

    path: str
    share: float = Field(gt=0, le=1)
    exclude: str | None = None


class PretrainingConfig(_Strict):
    """A whole pretraining run."""

    name: str
    seed: int
    base: str
    windows: PackedWindows = PackedWindows()  # type: ignore[call-arg]
    optimiser: PretrainingOptimiser = PretrainingOptimiser()  # type: ignore[call-arg]
    texts: tuple[TextFile, ...]


@dataclass(frozen=True)
class PretrainingResult:
    """Folder of the weights (Hugging Face layout), steps done, and the mean loss of the last steps."""

    model: Path
    steps: int
    resumed_at: int
    loss: float


def load_pretraining_config(path: Path) -> PretrainingConfig:
    """Read and check a pretraining configuration.

    Examples
    --------
    >>> load_pretraining_config(DEFAULT_CONFIG).name
    'clinigraph-base'
    """
    try:
        return PretrainingConfig(**tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Give a pretraining configuration (TOML).") from None
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UserError(
            f"{path} is no pretraining configuration: {error}", f"Compare with {DEFAULT_CONFIG.name}."
        ) from None


def pretrain(config_path: Path, *, data: Path, output: Path, resume: bool = True) -> PretrainingResult:
    """Pretrain; killed at any moment and started again, it goes on at the last checkpoint.

    Parameters
    ----------
    config_path : Path
        TOML; see ``clinigraph-pretrain.toml`` beside this module.
    data : Path
        Folder that the paths of the configuration are relative to.
    output : Path
        Folder for the checkpoint and ``model/``.
    resume : bool
        False starts afresh although there is a checkpoint.
    """
    import torch
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    config = load_pretraining_config(config_path)
    base = base_folder(config.base)
    tokenizer = load_tokenizer(base)
    output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.optimiser.threads)
    torch.manual_seed(config.seed)
    windows = _windows(config, data, tokenizer)
    run = _Run(config, base, tokenizer)
    fingerprint = hashlib.sha256(
        (config.model_dump_json(exclude={"optimiser": {"threads", "checkpoint_steps"}})).encode()
    ).hexdigest()
    checkpoint = output / "checkpoint.pt"
    if resume and checkpoint.exists():
        run.restore(load_checkpoint(checkpoint, fingerprint))
    resumed_at, total = run.step, config.optimiser.steps
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.3f}"), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("pretrain", total=total, completed=run.step, loss=0.0)
        while run.step < total:
            run.update(windows[run.step % len(windows)])
            bar.update(task, completed=run.step, loss=run.loss)
            if run.step % 50 == 0:
                log.info("step %d of %d loss %.3f", run.step, total, run.loss)
            if run.step % config.optimiser.checkpoint_steps == 0:
                save_checkpoint(checkpoint, fingerprint, run.state())
    save_checkpoint(checkpoint, fingerprint, run.state())
    folder = output / "model"
    run.model.bert.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    report = {"config": config.model_dump(), "steps": total, "loss": round(run.loss, 4)}
    (folder / "pretraining.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return PretrainingResult(folder, run.step, resumed_at, run.loss)


def _windows(config: PretrainingConfig, data: Path, tokenizer: Tokenizer) -> list[np.ndarray]:
    """Batches of windows in a fixed random order, mixed by the shares of the files; shape (batch, length)."""
    rng = np.random.default_rng(config.seed)
    wanted = min(config.optimiser.steps, 100_000) * config.windows.batch
    parts = []
    for source in config.texts:
        pieces = _packed(data / source.path, source.exclude, tokenizer, config.windows.length)
        count = max(1, int(wanted * source.share))
        # A small file is gone through again in another order when its share asks for more than it has.
        order = np.concatenate([rng.permutation(len(pieces)) for _ in range(-(-count // len(pieces)))])[:count]
        parts.append(pieces[order])
    pool = np.concatenate(parts)
    rng.shuffle(pool)
    size = config.windows.batch
    return [pool[at : at + size] for at in range(0, len(pool) - size + 1, size)] or [pool]


def _packed(path: Path, exclude: str | None, tokenizer: Tokenizer, length: int) -> np.ndarray:
    start, end = end_pieces(tokenizer)
    stream: list[int] = []
    texts = list(_texts(path, exclude))
    for at in range(0, len(texts), TEXTS_AT_ONCE):
        for encoding in tokenizer.encode_batch(texts[at : at + TEXTS_AT_ONCE], add_special_tokens=False):
            stream += encoding.ids
            stream.append(end)
        if len(stream) > PIECES_PER_TEXT_FILE:
            break
    inner = length - 1
    rows = len(stream) // inner
    if not rows:
        raise UserError(f"{path} holds less text than one window.", "Check the path, or shorten the windows.")
    packed = np.asarray(stream[: rows * inner], dtype=np.int32).reshape(rows, inner)
    return np.concatenate([np.full((rows, 1), start, dtype=np.int32), packed], axis=1)


def _texts(path: Path, exclude: str | None) -> Iterator[str]:
    if not path.exists():
        raise UserError(f"{path} does not exist.", "Check --data, or the paths of the configuration.")
    left_out = gold_note_ids() if exclude == "gold_notes" else frozenset()
    opener: Any = gzip.open if path.suffix == ".gz" else open
    as_json = ".json" in path.name
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if not as_json:
                yield line
                continue
            row = json.loads(line)
            if row.get("note_id") not in left_out:
                yield row["text"]


class _Run:
    """Model and optimiser with their place in the run."""

    def __init__(self, config: PretrainingConfig, base: Path | str, tokenizer: Tokenizer) -> None:
        import torch
        from transformers import BertForMaskedLM

        self.torch = torch
        self.config = config.optimiser
        self.step, self.loss = 0, 0.0
        self.model = BertForMaskedLM.from_pretrained(base)
        self.model.train()
        self.mask = tokenizer.token_to_id("[MASK]")
        vocabulary = tokenizer.get_vocab()
        self.size = len(vocabulary)
        self.continues = np.zeros(self.size, dtype=bool)
        self.continues[[number for piece, number in vocabulary.items() if piece.startswith("##")]] = True
        self.special = np.array(sorted({*end_pieces(tokenizer), 0}))
        # Sentence encoders come without the head that guesses words: it starts at random and learns faster.
        groups = [
            {"params": list(self.model.bert.parameters()), "lr": self.config.rate},
            {"params": list(self.model.cls.predictions.transform.parameters()), "lr": self.config.head_rate},
            {"params": [self.model.cls.predictions.bias], "lr": self.config.head_rate, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, weight_decay=self.config.weight_decay, fused=True)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.rng = np.random.default_rng(config.seed)

    def update(self, pieces: np.ndarray) -> None:
        """Hide words, guess them, learn. The vocabulary's scores are computed for hidden pieces only."""
        torch, config = self.torch, self.config
        rng = np.random.default_rng([self.step, 7])
        hidden = _hidden_words(pieces, self.continues, self.special, config.masked, rng)
        given = pieces.copy()
        draw = rng.random(pieces.shape)
        given[hidden & (draw < 0.8)] = self.mask
        random = hidden & (draw > 0.9)
        given[random] = rng.integers(1000, self.size, int(random.sum()))
        states = self.model.bert(input_ids=torch.from_numpy(given.astype(np.int64))).last_hidden_state
        logits = self.model.cls(states[torch.from_numpy(hidden)])
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(pieces[hidden].astype(np.int64)))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        warm = max(1, int(config.steps * config.warmup))
        factor = (
            (self.step + 1) / warm
            if self.step < warm
            else max(0.0, (config.steps - self.step) / max(1, config.steps - warm))
        )
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.loss += (float(loss.detach()) - self.loss) / min(self.step, 50)

    def state(self) -> dict[str, Any]:
        """All that a checkpoint needs."""
        return {
            "step": self.step,
            "loss": self.loss,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": self.torch.get_rng_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.step, self.loss = state["step"], state["loss"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.torch.set_rng_state(state["random"])


def _hidden_words(
    pieces: np.ndarray, continues: np.ndarray, special: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Which pieces are hidden: whole words, never start or end pieces."""
    goes_on = continues[pieces]
    goes_on[:, 0] = False
    word = np.cumsum(~goes_on, axis=1) - 1
    chosen = rng.random(pieces.shape) < share
    hidden = np.take_along_axis(chosen, word, axis=1) & ~np.isin(pieces, special)
    if not hidden.any():
        # there must be something to guess: the first word of the first window
        hidden[0] = (word[0] == word[0, min(1, pieces.shape[1] - 1)]) & ~np.isin(pieces[0], special)
    return hidden
