"""A tokenizer and a base encoder small enough to train in seconds (a pytest plugin of the tests of the tagger)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clinigraph.pipeline.encoder import SHIPPED_MODEL


@pytest.fixture(scope="session")
def tokenizer():
    """The word-piece tokenizer of the shipped model."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two thin layers with random weights, in the Hugging Face layout."""
    torch = pytest.importorskip("torch", reason="needs the extra torch")
    transformers = pytest.importorskip("transformers", reason="needs the extra torch")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=160,
    )
    folder = tmp_path_factory.mktemp("tiny-base")
    transformers.BertModel(config).save_pretrained(folder)
    shutil.copyfile(SHIPPED_MODEL / "tokenizer.json", folder / "tokenizer.json")
    return folder


def tiny_classifier(base: Path, folder: Path, tags: tuple[str, ...]) -> Path:
    """A token classifier on the tiny base, untrained."""
    import torch
    import transformers

    torch.manual_seed(1)
    model = transformers.AutoModelForTokenClassification.from_pretrained(
        base, num_labels=len(tags), id2label=dict(enumerate(tags)), label2id={tag: i for i, tag in enumerate(tags)}
    )
    # Large scores: an untrained head is undecided, and the tests want mentions.
    with torch.no_grad():
        model.classifier.weight *= 100
    model.save_pretrained(folder)
    shutil.copyfile(base / "tokenizer.json", folder / "tokenizer.json")
    return folder
