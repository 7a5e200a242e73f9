"""Checkpoints that survive being killed at any moment, and are never continued with another configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...schemas.problems import UserError


def save_checkpoint(path: Path, fingerprint: str, state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before stays until the new one is complete on disk."""
    import torch

    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save({"fingerprint": fingerprint, **state}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def load_checkpoint(path: Path, fingerprint: str) -> dict[str, Any]:
    """Read a checkpoint of the same configuration and data.

    Raises
    ------
    UserError
        If it belongs to another run.
    """
    import torch

    state: dict[str, Any] = torch.load(path, weights_only=True)
    if state["fingerprint"] != fingerprint:
        raise UserError(
            f"{path.parent} holds a checkpoint of another configuration or other data.",
            "Choose another output folder, or start afresh (--no-resume).",
        )
    return state
