"""Copies between stores and files for other programs hold the whole graph."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import networkx as nx
import pyarrow.parquet as pq
import pytest
from clinigraph.kg.exchange import FORMATS, export, push
from clinigraph.kg.exchange.schema_page import schema_page
from clinigraph.kg.stores import open_store
from clinigraph.schemas.problems import UserError
from random_graphs import random_graph


@pytest.fixture
def graph(tmp_path):
    nodes, edges = random_graph(3)
    with open_store(tmp_path / "source.db") as store:
        store.bulk_load(nodes.items(), edges.items())
        store.set_metadata("knowledge_version", "7")
        yield store


def total(store):
    return sum(sum(part.values()) for part in store.counts().values())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def test_push_copies_everything_once_and_completes_what_was_interrupted(graph, kind, tmp_path, request):
    target = request.getfixturevalue("neo4j_store") if kind == "neo4j" else open_store(tmp_path / "target.db")
    told = []

    def stop_half_way(name, done, all_):
        told.append((name, done, all_))
        if done > all_ / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push(graph, target, stop_half_way)
    first = told[-1][1]
    assert push(graph, target) == total(graph) - first
    assert list(target.canonical_lines()) == list(graph.canonical_lines())
    assert target.metadata("knowledge_version") == "7"
    assert push(graph, target) == 0
    target.close()


@pytest.mark.neo4j
def test_and_back_from_neo4j(graph, neo4j_store, tmp_path):
    push(graph, neo4j_store)
    with open_store(tmp_path / "back.db") as back:
        assert push(neo4j_store, back) == total(graph)
        assert list(back.canonical_lines()) == list(graph.canonical_lines())


def test_jsonl_is_the_canonical_export(graph, tmp_path):
    path = export(graph, tmp_path / "graph.jsonl")
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert lines == list(graph.canonical_lines())
    assert all(json.loads(line) for line in lines)


def test_csv_for_admin_import(graph, tmp_path):
    folder = export(graph, tmp_path / "csv", "csv")
    command = (folder / "README.txt").read_text()
    files = sorted(folder.glob("*.csv"))
    assert all(f.name in command for f in files)
    rows = 0
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            header, *content = csv.reader(lines)
        assert all(len(row) == len(header) for row in content)
        rows += len(content)
    assert rows == total(graph)


def test_parquet(graph, tmp_path):
    folder = export(graph, tmp_path / "tables", "parquet")
    files = list(folder.glob("*.parquet"))
    assert sum(pq.read_metadata(f).num_rows for f in files) == total(graph)
    found = pq.read_table(folder / "nodes_Disease.parquet").to_pylist()
    kept = [{name: value for name, value in row.items() if value is not None} for row in found]
    assert kept == list(graph.nodes("Disease"))


def test_graphml(graph, tmp_path):
    read = nx.read_graphml(export(graph, tmp_path / "graph.graphml", "graphml"), force_multigraph=True)
    counts = graph.counts()
    assert read.number_of_nodes() == sum(counts["nodes"].values())
    assert read.number_of_edges() == sum(counts["relationships"].values())


def test_refusals(graph, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    for place, format_, said in (
        (tmp_path / "a", "xlsx", "use one of jsonl"),
        (tmp_path / "no" / "a", "jsonl", "does not exist"),
        (tmp_path / "full", "csv", "holds other files"),
        (tmp_path / "full", "jsonl", "is a folder"),
    ):
        with pytest.raises(UserError, match=said):
            export(graph, place, format_)
    assert (tmp_path / "full" / "mine.txt").exists()
    for format_ in FORMATS:  # again over an earlier export
        assert export(graph, tmp_path / format_, format_) == export(graph, tmp_path / format_, format_)
    assert not list(tmp_path.glob(".*partial"))


def test_schema_page_is_current():
    page = Path(__file__).parent.parent / "docs" / "schema.md"
    remedy = "run: python -m clinigraph.kg.exchange.schema_page > docs/schema.md"
    assert page.read_text(encoding="utf-8") == schema_page(), remedy
