"""Where compiled knowledge is kept between two commands, so that the second one starts at once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ...schemas.graph import NODES, RELATIONSHIPS
from ..stores.base import GraphStore


def knowledge_version(store: GraphStore) -> str:
    """What tells the world knowledge of two graphs apart: its version, its imports and how much of each kind there is.

    Examples
    --------
    >>> from clinigraph.kg import open_graph
    >>> with open_graph(":memory:", knowledge=False) as graph:
    ...     knowledge_version(graph.store) == knowledge_version(graph.store)
    True
    """
    counts = store.counts()
    world = {label: n for label, n in counts["nodes"].items() if NODES[label].world}
    world |= {type_: n for type_, n in counts["relationships"].items() if RELATIONSHIPS[type_].world}
    text = json.dumps([*map(store.metadata, ("knowledge_version", "knowledge_revision")), world], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cache_file(version: str) -> Path | None:
    """File for compiled knowledge of this version; None if the cache folder cannot be made or written."""
    base = os.environ.get("CLINIGRAPH_CACHE")
    if base is None:
        base = str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clinigraph")
    folder = Path(base)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / f"knowledge-{version}.npz" if os.access(folder, os.W_OK) else None
