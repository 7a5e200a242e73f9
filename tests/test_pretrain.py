"""Masked-language pretraining: a real (tiny) run that is resumed, and used as a base."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from clinigraph.schemas.problems import UserError

pytest_plugins = ["tiny_models"]


@pytest.fixture
def tiny(tmp_path: Path, tiny_base: Path) -> tuple[Path, Path]:
    data = tmp_path / "data"
    data.mkdir()
    sentence = "the patient took aspirin for the pain in the left knee and slept well . "
    with gzip.open(data / "notes.jsonl.gz", "wt") as file:
        for number in range(40):
            file.write(json.dumps({"note_id": str(number), "text": sentence * 4}) + "\n")
    (data / "lines.txt").write_text((sentence + "\n") * 60, encoding="utf-8")
    config = tmp_path / "p.toml"
    config.write_text(
        f"""
name = "tiny"
seed = 3
base = "{tiny_base.as_posix()}"
[windows]
length = 32
batch = 8
[optimiser]
steps = 60
rate = 5e-3
head_rate = 5e-3
threads = 1
checkpoint_steps = 20
[[texts]]
path = "notes.jsonl.gz"
share = 0.7
[[texts]]
path = "lines.txt"
share = 0.3
""",
        encoding="utf-8",
    )
    return config, data


def test_pretraining_learns_and_resumes(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from clinigraph.pipeline.training import pretrain as module

    config, data = tiny
    whole = module.pretrain(config, data=data, output=tmp_path / "whole")
    assert whole.steps == 60 and whole.loss < 5  # a guess among 30,522 pieces has 10.3

    # Stopped after 40 steps, then run again: the same weights.
    stopped = _Stopped()
    original = module._Run.update
    try:
        module._Run.update = stopped.wrap(original)  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            module.pretrain(config, data=data, output=tmp_path / "stopped")
    finally:
        module._Run.update = original  # type: ignore[method-assign]
    resumed = module.pretrain(config, data=data, output=tmp_path / "stopped")
    assert resumed.resumed_at == 40
    from safetensors.numpy import load_file

    one, two = (load_file(run.model / "model.safetensors") for run in (whole, resumed))
    assert max(np.abs(one[name] - two[name]).max() for name in one) < 1e-4
    assert (whole.model / "tokenizer.json").exists()


class _Stopped:
    """Interrupts a run at its 45th step."""

    def __init__(self) -> None:
        self.steps = 0

    def wrap(self, update):
        def interrupted(run, pieces):
            self.steps += 1
            if self.steps > 45:
                raise KeyboardInterrupt
            return update(run, pieces)

        return interrupted


def test_whole_words_are_hidden_and_frames_never() -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from clinigraph.pipeline.training.pretrain import _hidden_words

    pieces = np.array([[101, 5, 6, 7, 8, 102, 9, 6]])
    continues = np.zeros(200, dtype=bool)
    continues[[6, 7]] = True
    for seed in range(40):
        hidden = _hidden_words(pieces, continues, np.array([0, 101, 102]), 0.5, np.random.default_rng(seed))[0]
        assert not hidden[0] and not hidden[5]
        assert hidden[1] == hidden[2] == hidden[3] and hidden[6] == hidden[7]


def test_problems_say_what_to_do(tiny: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    from clinigraph.pipeline.training.pretrain import load_pretraining_config, pretrain

    config, data = tiny
    (data / "lines.txt").unlink()
    with pytest.raises(UserError, match="does not exist"):
        pretrain(config, data=data, output=tmp_path / "out")
    config.write_text(config.read_text(encoding="utf-8") + "\n[more]\nx = 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="more"):
        load_pretraining_config(config)
