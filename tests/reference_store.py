"""The graph store in plain Python dictionaries: what the real stores must agree with. Slow and simple."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from clinigraph.kg.stores.base import StoreRowError
from clinigraph.schemas.graph import NODES, RELATIONSHIPS, check_row, endpoint_labels

ENDS = ("source", "source_label", "target", "target_label")


class ReferenceStore:
    """Nodes and relationships in dictionaries by label or type, then id."""

    def __init__(self) -> None:
        self.node_rows: dict[str, dict[str, dict]] = {label: {} for label in NODES}
        self.edge_rows: dict[str, dict[str, dict]] = {type_: {} for type_ in RELATIONSHIPS}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = copy.deepcopy((self.node_rows, self.edge_rows))
        try:
            yield
        except BaseException:
            self.node_rows, self.edge_rows = before
            raise

    def upsert_nodes(self, label: str, rows: Iterable[dict]) -> int:
        batch = self._batch(NODES[label], rows)
        if NODES[label].world:
            for id, other in sorted(self.resolve(batch).items()):
                if other != label:
                    raise StoreRowError(label, id, f"the graph has this id as {other}")
        return self._replace(self.node_rows[label], batch)

    def upsert_edges(self, type_: str, rows: Iterable[dict]) -> int:
        kind = RELATIONSHIPS[type_]
        batch = self._batch(kind, rows)
        for end, allowed in (("source", kind.sources), ("target", kind.targets)):
            for id, row in batch.items():
                labels = [label for label in endpoint_labels(allowed) if row[end] in self.node_rows[label]]
                if not labels:
                    raise StoreRowError(type_, id, f'{end} "{row[end]}" is not in the graph as {" or ".join(allowed)}')
                if len(labels) > 1:
                    raise StoreRowError(type_, id, f'{end} "{row[end]}" is the id of several nodes')
                row[f"{end}_label"] = labels[0]
        return self._replace(self.edge_rows[type_], batch)

    def _batch(self, kind: Any, rows: Iterable[dict]) -> dict[str, dict]:
        floats = {p.name for p in kind.properties if p.type == "float"}
        batch = {}
        for row in rows:
            wrong = check_row(kind, row)
            if wrong:
                name = getattr(kind, "label", None) or kind.type
                raise StoreRowError(name, row.get("id"), wrong.removeprefix(f"{name}: "))
            batch[row["id"]] = {
                name: float(value) + 0.0
                if name in floats  # no negative zero
                else list(value)
                if isinstance(value, tuple)
                else value
                for name, value in row.items()
                if value is not None
            }
        return batch

    @staticmethod
    def _replace(table: dict[str, dict], batch: dict[str, dict]) -> int:
        changed = sum(table.get(id) != row for id, row in batch.items())
        table.update(batch)
        return changed

    def delete_nodes(self, label: str, ids: Iterable[str]) -> int:
        gone = {id for id in ids if self.node_rows[label].pop(id, None) is not None}
        for table in self.edge_rows.values():
            for id, row in list(table.items()):
                if any(row[e] in gone and row[f"{e}_label"] == label for e in ("source", "target")):
                    del table[id]
        return len(gone)

    def delete_edges(self, type_: str, ids: Iterable[str]) -> int:
        return len({id for id in ids if self.edge_rows[type_].pop(id, None) is not None})

    def node(self, label: str, id: str) -> dict | None:
        return self.node_rows[label].get(id)

    def nodes(self, label: str, /, **equals: Any) -> Iterator[dict]:
        return self._matching(self.node_rows[label], equals)

    def edges(self, type_: str, /, **equals: Any) -> Iterator[dict]:
        return self._matching(self.edge_rows[type_], equals)

    @staticmethod
    def _matching(table: dict[str, dict], equals: dict[str, Any]) -> Iterator[dict]:
        for _, row in sorted(table.items()):
            if all(row.get(k) in v if isinstance(v, list) else row.get(k) == v for k, v in equals.items()):
                yield row

    def resolve(self, ids: Iterable[str]) -> dict[str, str]:
        world = [label for label, node in NODES.items() if node.world]
        return {id: label for id in ids for label in world if id in self.node_rows[label]}

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            "nodes": {label: len(rows) for label, rows in self.node_rows.items()},
            "relationships": {type_: len(rows) for type_, rows in self.edge_rows.items()},
        }

    def canonical_lines(self) -> Iterator[str]:
        for label in NODES:
            for row in self.nodes(label):
                yield _json({"label": label, "properties": row})
        for type_ in RELATIONSHIPS:
            for row in self.edges(type_):
                properties = {k: v for k, v in row.items() if k not in ENDS}
                yield _json({"type": type_, **{k: row[k] for k in ENDS}, "properties": properties})


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
