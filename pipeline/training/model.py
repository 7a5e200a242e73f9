"""The network that is trained: one encoder, a head for tags and a head for pairs of mentions.

Needs the extra ``train``; imported only when a run begins.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForTokenClassification

from ..encoder.huggingface import FEATURE_FILE, PAIR_FILE
from ..encoder.pairs import FEATURES, PAIR_WIDTH, RELATION_TYPES, PairRows
from ..encoder.tags import TAGS
from ..encoder.word_features import ROWS

log = logging.getLogger(__name__)


class PairHead(nn.Module):
    """Scores of the relation types for pairs of mentions, or of all mentions of two concepts.

    A mention is the mean of its words' states. Each pair of mentions looks over the whole window for the words that
    say how the two are related (attention), and a small network decides; the pairs of mentions of two concepts are
    then taken together (log of the summed exponentials). Its arithmetic stands a second time in
    :mod:`clinigraph.pipeline.encoder.pairs`, in NumPy, for use without PyTorch; a test holds the two together.
    """

    def __init__(self, hidden: int, width: int = PAIR_WIDTH) -> None:
        super().__init__()
        self.head = nn.Linear(hidden, width)
        self.tail = nn.Linear(hidden, width)
        self.query = nn.Linear(2 * width, hidden)
        self.context = nn.Linear(hidden, width)
        self.inner = nn.Linear(4 * width + FEATURES, width)
        self.outer = nn.Linear(width, len(RELATION_TYPES))
        self.dropout = nn.Dropout(0.2)

    def forward(self, states: torch.Tensor, rows: PairRows) -> torch.Tensor:
        """Logits, shape (pairs, types).

        Parameters
        ----------
        states : tensor, shape (words, hidden)
            States of the first pieces of the words of one window.
        rows : PairRows
        """
        ends, pair = torch.from_numpy(rows.ends), torch.from_numpy(rows.pair)
        mentions = self.dropout(torch.from_numpy(rows.mentions) @ states)
        head = torch.tanh(self.head(mentions))[ends[:, 0]]
        tail = torch.tanh(self.tail(mentions))[ends[:, 1]]
        query = self.query(torch.cat([head, tail], 1))
        attention = torch.softmax(query @ states.T / states.shape[1] ** 0.5, 1)
        context = torch.tanh(self.context(attention @ states))
        joint = torch.cat([head, tail, head * tail, context, torch.from_numpy(rows.features)], 1)
        logits = self.outer(self.dropout(nn.functional.gelu(self.inner(self.dropout(joint)))))
        return torch.stack([part.logsumexp(0) for part in logits.split(torch.bincount(pair).tolist())])


class MentionModel(nn.Module):
    """Encoder with word features, tag head and pair head.

    Parameters
    ----------
    base : Path or str
        Base weights, in the Hugging Face layout. A folder that :meth:`save` wrote goes on from there.
    dropout : float
    """

    def __init__(self, base: Path | str, dropout: float = 0.1) -> None:
        super().__init__()
        self.tagger = AutoModelForTokenClassification.from_pretrained(
            base,
            num_labels=len(TAGS),
            id2label=dict(enumerate(TAGS)),
            label2id={tag: i for i, tag in enumerate(TAGS)},
            hidden_dropout_prob=dropout,
            ignore_mismatched_sizes=True,
        )
        hidden = self.tagger.config.hidden_size
        self.features = nn.Embedding(ROWS, hidden, padding_idx=0)
        nn.init.zeros_(self.features.weight)
        self.pairs = PairHead(hidden)
        if isinstance(base, Path) and (base / FEATURE_FILE).exists():
            self.features.load_state_dict(load_file(base / FEATURE_FILE))
            pairs = load_file(base / PAIR_FILE)
            if pairs["inner.weight"].shape == self.pairs.inner.weight.shape:
                self.pairs.load_state_dict(pairs)
            else:
                log.warning("The base's head for relations is of an earlier version: a new one is trained.")

    def encode(self, pieces: torch.Tensor, mask: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """States of the last layer; pieces and mask (batch, length), features (batch, length, columns)."""
        encoder = self.tagger.base_model
        embedded = encoder.get_input_embeddings()(pieces) + self.features(features).sum(2)
        return encoder(inputs_embeds=embedded, attention_mask=mask).last_hidden_state

    def tag_scores(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of the tags for some states, shape (..., tags)."""
        return self.tagger.classifier(self.tagger.dropout(states))

    def save(self, folder: Path, settings: dict[str, Any] | None = None) -> None:
        """Write the weights: those of a plain Hugging Face token classifier, and the two additions beside them."""
        folder.mkdir(parents=True, exist_ok=True)
        self.tagger.save_pretrained(folder)
        save_file(self.features.state_dict(), folder / FEATURE_FILE)
        save_file(self.pairs.state_dict(), folder / PAIR_FILE)
        if settings is not None:
            (folder / "training.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
