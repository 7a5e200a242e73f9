"""Copy a graph from one store into another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from ...schemas.graph import NODES, RELATIONSHIPS
from ..stores.base import GraphStore

_BATCH = 10_000
_END_LABELS = ("source_label", "target_label")
METADATA_KEYS = ("knowledge_version", "knowledge_revision")
Progress = Callable[[str, int, int], None]
"""Called with the label or type being copied, rows copied so far, and rows in all."""


def push(
    source: GraphStore,
    target: GraphStore,
    progress: Progress | None = None,
    *,
    metadata: tuple[str, ...] = METADATA_KEYS,
) -> int:
    """Copy everything, in batches that are each written whole.

    Copying again changes nothing; after an interruption it completes what is missing. Nothing is
    removed from the target.

    Parameters
    ----------
    source, target
        Any two stores.
    progress
        Told after every batch.
    metadata
        Keys of the remarks to copy.

    Returns
    -------
    int
        Nodes and relationships of the target that are new or different now.

    Examples
    --------
    >>> from clinigraph.kg.stores import open_store
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open_store(f"{folder}/a.db") as a, open_store(f"{folder}/b.db") as b:
    ...         _ = a.upsert_nodes("Patient", [{"id": "P1"}])
    ...         push(a, b), push(a, b)
    (1, 0)
    """
    counts = source.counts()
    total = sum(sum(part.values()) for part in counts.values())
    done = changed = 0
    for label in NODES:
        for batch in _batches(source.nodes(label)):
            changed += target.upsert_nodes(label, batch)
            done += len(batch)
            _tell(progress, label, done, total)
    for type_ in RELATIONSHIPS:
        for batch in _batches(source.edges(type_)):
            changed += target.upsert_edges(type_, [_without_end_labels(row) for row in batch])
            done += len(batch)
            _tell(progress, type_, done, total)
    for key in metadata:
        value = source.metadata(key)
        if value is not None:
            target.set_metadata(key, value)
    return changed


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _without_end_labels(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _END_LABELS}


def _tell(progress: Progress | None, name: str, done: int, total: int) -> None:
    if progress is not None:
        progress(name, done, total)
