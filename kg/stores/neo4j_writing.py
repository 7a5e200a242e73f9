"""How rows get into Neo4j: what is new or different is found by its hash, sorted, and written in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import neo4j

from ...schemas.graph import CONCEPT, NODES, RELATIONSHIPS, WORLD_LABELS, RelationshipType, endpoint_labels
from . import neo4j_statements as cypher
from .base import StoreRowError
from .rows import RowShape, Values

_BATCH = 10_000  # rows per statement
_T = TypeVar("_T")
Transaction = neo4j.Transaction | neo4j.ManagedTransaction


def parts(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut into batches."""
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))


def fetch(transaction: Transaction, query: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Result of a statement of :mod:`.neo4j_statements`."""
    # the text is ours, generated from the registry: only its values come from outside, as parameters
    return [tuple(record.values()) for record in transaction.run(query, parameters)]  # type: ignore[arg-type]


def _changed(transaction: Transaction, query: str, hashes: dict[str, str]) -> tuple[list[str], list[str]]:
    """Ids that are new, and ids that are there with other content."""
    present: dict[str, str | None] = {}
    for part in parts(sorted(hashes)):
        present.update(fetch(transaction, query, {"ids": part}))  # type: ignore[arg-type]
    new = [id for id in sorted(hashes) if id not in present]
    return new, [id for id, old in sorted(present.items()) if old != hashes[id]]


def write_nodes(transaction: Transaction, shape: RowShape, batch: dict[str, Values]) -> int:
    """Write checked nodes; return how many are new or different."""
    label = shape.name
    if label in WORLD_LABELS:
        for part in parts(sorted(batch)):
            for id, other in fetch(transaction, cypher.CONCEPT_LABELS, {"ids": part, "world": list(WORLD_LABELS)}):
                if other != label:
                    raise StoreRowError(label, id, f"the graph has this id as {other}")
    hashes = {id: cypher.row_hash(values) for id, values in batch.items()}
    new, different = _changed(transaction, cypher.node_hashes(label), hashes)
    for ids, statement in ((new, cypher.create_nodes(label)), (different, cypher.replace_nodes(label))):
        for part in parts(ids):
            rows = [_properties(shape.columns, batch[id], hashes[id]) for id in part]
            fetch(transaction, statement, {"rows": rows})
    return len(new) + len(different)


def create_nodes(transaction: Transaction, shape: RowShape, batch: dict[str, Values]) -> int:
    """Write checked nodes of a label that has none yet, without looking; the server refuses an id that it has."""
    for ids in parts(sorted(batch)):
        rows = [_properties(shape.columns, batch[id], cypher.row_hash(batch[id])) for id in ids]
        fetch(transaction, cypher.create_nodes(shape.name), {"rows": rows})
    return len(batch)


def write_edges(transaction: Transaction, shape: RowShape, batch: dict[str, Values]) -> int:
    """Write checked relationships; return how many are new or different."""
    kind = RELATIONSHIPS[shape.name]
    sources = _end_labels(transaction, kind, "source", batch, 1)
    targets = _end_labels(transaction, kind, "target", batch, 2)
    hashes = {id: cypher.row_hash((*v, sources[v[1]], targets[v[2]])) for id, v in batch.items()}
    new, different = _changed(transaction, cypher.edge_hashes(kind.type), hashes)
    for part in parts(different):
        fetch(transaction, cypher.delete_edges(kind.type), {"ids": part})
    chosen = {id: batch[id] for id in sorted(new + different)}
    _add_edges(transaction, shape, chosen, hashes, sources, targets)
    return len(chosen)


def create_edges(transaction: Transaction, shape: RowShape, batch: dict[str, Values], concepts: dict[str, str]) -> int:
    """Write checked relationships of a type that has none yet, without looking them up.

    ``concepts`` tells the labels of world nodes that are known to be there; the ends among others are looked up.
    """
    kind = RELATIONSHIPS[shape.name]
    ends = []
    for end, allowed, column in (("source", kind.sources, 1), ("target", kind.targets, 2)):
        labels = {label for label in endpoint_labels(allowed) if label in WORLD_LABELS}
        wanted = {values[column] for values in batch.values()}
        known = len(labels) == len(endpoint_labels(allowed)) and all(concepts.get(id) in labels for id in wanted)
        ends.append(concepts if known else _end_labels(transaction, kind, end, batch, column))
    sources, targets = ends
    hashes = {id: cypher.row_hash((*v, sources[v[1]], targets[v[2]])) for id, v in batch.items()}
    _add_edges(transaction, shape, batch, hashes, sources, targets)
    return len(batch)


def _add_edges(
    transaction: Transaction,
    shape: RowShape,
    batch: dict[str, Values],
    hashes: dict[str, str],
    sources: dict[str, str],
    targets: dict[str, str],
) -> None:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    columns = ("id", *shape.columns[3:])
    for id, (_, source, target, *values) in batch.items():
        row = {"source": source, "target": target, "properties": _properties(columns, (id, *values), hashes[id])}
        groups[sources[source], targets[target]].append(row)
    for (source_label, target_label), rows in groups.items():
        for chunk in parts(rows):
            written = fetch(transaction, cypher.write_edges(shape.name, source_label, target_label), {"rows": chunk})
            if written[0][0] != len(chunk):  # another writer has removed an end since it was seen
                raise StoreRowError(
                    shape.name, chunk[0]["properties"]["id"], "an end of it or of a row after it was just removed"
                )


def _properties(columns: Sequence[str], values: Sequence[Any], hash_: str) -> dict[str, Any]:
    row = {name: value for name, value in zip(columns, values, strict=True) if value is not None}
    row[cypher.HASH] = hash_
    return row


def _end_labels(
    transaction: Transaction, kind: RelationshipType, end: str, batch: dict[str, Values], column: int
) -> dict[str, str]:
    """Label of every node at this end of the rows."""
    allowed = kind.sources if end == "source" else kind.targets
    wanted = sorted({row[column] for row in batch.values()})
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    world = [label for label in endpoint_labels(allowed) if label in WORLD_LABELS]
    for label in [CONCEPT] * bool(world) + [label for label in allowed if label in NODES and label not in world]:
        query = f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) RETURN n.id, '{label}'"
        for part in parts(wanted):
            parameters = {"ids": part, "world": world}
            for id, own in fetch(transaction, cypher.CONCEPT_LABELS if label == CONCEPT else query, parameters):
                if own is None:
                    continue
                if id in found:
                    doubtful.add(id)
                found[id] = own
    for id, row in batch.items():
        if row[column] not in found:
            reason = f'{end} "{row[column]}" is not in the graph as {" or ".join(allowed)}'
            raise StoreRowError(kind.type, id, reason, "load the nodes before their relationships")
        if row[column] in doubtful:
            raise StoreRowError(kind.type, id, f'{end} "{row[column]}" is the id of several nodes')
    return found
