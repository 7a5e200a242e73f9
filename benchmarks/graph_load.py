"""Pace of the two stores, side by side: the shipped knowledge into an empty graph, and a second time over it.

    python benchmarks/graph_load.py --repeats 3 --rows 30000

Neo4j is measured if NEO4J_URI names a server with an EMPTY database (it is emptied again after each load); user,
password and database come from NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE. Without it the report says so.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from clinigraph.kg.advice.compilation import compile_view
from clinigraph.kg.knowledge.tables import KnowledgeTables, knowledge_tables
from clinigraph.kg.stores import GraphStore, open_store
from clinigraph.kg.stores.rows import CheckedRows

Batches = list[tuple[str, CheckedRows]]


def sample(tables: KnowledgeTables, limit: int | None) -> tuple[Batches, Batches]:
    """All nodes and edges, or the first ``limit`` nodes of each label with as many edges among them."""
    nodes = [(label, CheckedRows(tables.checked_nodes(label).values[:limit])) for label in tables.labels]
    ids = {row[0] for _, rows in nodes for row in rows.values}
    edges: Batches = []
    for type_ in tables.types:
        rows = [row for row in tables.checked_edges(type_).values if row[1] in ids and row[2] in ids]
        edges.append((type_, CheckedRows(rows[:limit])))
    return nodes, edges


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall clock and processor seconds of this process."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(
    place: Callable[[], AbstractContextManager[GraphStore]], rows: tuple[Batches, Batches], repeats: int
) -> dict[str, float]:
    """Medians over several fresh graphs."""
    total = sum(len(batch.values) for part in rows for _, batch in part)
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(repeats):
        with place() as store:
            wall, processor = seconds(lambda: store.bulk_load(*rows))
            note("first load, rows/s", total / wall)
            note("first load, s", wall)
            note("  of it this process, CPU s", processor)
            note("same again, rows/s", total / seconds(lambda: store.bulk_load(*rows))[0])
            note("compile the view, s", seconds(lambda: compile_view(store, "benchmark"))[0])
            note("concept_search, s", seconds(lambda: store.run("concept_search", text="diabetes"))[0])
    return {name: statistics.median(values) for name, values in found.items()}


def in_sqlite(folder: Path) -> Callable[[], AbstractContextManager[GraphStore]]:
    """Fresh files."""
    numbers = iter(range(1_000_000))
    return lambda: open_store(folder / f"{next(numbers)}.db")


def in_neo4j() -> AbstractContextManager[GraphStore]:
    """The server's database, emptied."""
    store = open_store("neo4j")
    for label in store.counts()["nodes"]:
        store.delete_nodes(label, (row["id"] for row in store.nodes(label)))
    return store


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, help="rows per label and type at most; default: all")
    options = parser.parse_args()
    rows = sample(knowledge_tables(), options.rows)
    columns: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        columns["SQLite"] = measure(in_sqlite(Path(folder)), rows, options.repeats)
    note = "Neo4j: not measured, NEO4J_URI is not set"
    if os.environ.get("NEO4J_URI"):
        with open_store("neo4j") as store:
            if any(store.counts()["nodes"].values()):
                sys.exit("the database at NEO4J_URI is not empty, and this benchmark would empty it")
        columns["Neo4j"] = measure(in_neo4j, rows, options.repeats)
        in_neo4j().close()
        note = ""
    nodes, edges = (sum(len(batch.values) for _, batch in part) for part in rows)
    print(f"{nodes:,} nodes, {edges:,} relationships; median of {options.repeats}")
    print(f"{'':30}" + "".join(f"{name:>12}" for name in columns))
    for name in columns["SQLite"]:
        print(f"{name:30}" + "".join(f"{column[name]:>12,.2f}" for column in columns.values()))
    if note:
        print(note)


if __name__ == "__main__":
    main()
