"""The shipped knowledge gets into a graph whole: the fast way gives what the careful one gives, to the byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clinigraph.kg.knowledge.loading import VERSION_KEY, load_knowledge
from clinigraph.kg.knowledge.tables import KnowledgeTables, knowledge_tables
from clinigraph.kg.stores import StoreRowError, open_store
from clinigraph.kg.stores.rows import CheckedRows, edge_shape, node_shape


@pytest.fixture(scope="module")
def tables() -> KnowledgeTables:
    return knowledge_tables()


def test_checked_rows_are_what_checking_gives(tables: KnowledgeTables) -> None:
    assert tables.intact
    for label in tables.labels:
        checked = tables.checked_nodes(label).values
        assert {row[0]: row for row in checked} == node_shape(label).clean(tables.iter_nodes(label))
    for type_ in tables.types:
        checked = tables.checked_edges(type_).values
        assert {row[0]: row for row in checked} == edge_shape(type_).clean(tables.iter_edges(type_))
        assert checked == sorted(checked, key=lambda row: row[0])


def test_a_file_that_is_not_the_builds_is_checked_row_by_row(tables: KnowledgeTables, tmp_path: Path) -> None:
    folder = shutil.copytree(tables.folder, tmp_path / "data")
    path = folder / "nodes_Context.parquet"
    rows = pq.read_table(path)
    column = rows.column_names.index("name")
    pq.write_table(rows.set_column(column, "name", [[""] * rows.num_rows]), path)
    changed = KnowledgeTables(folder)
    assert not changed.intact
    with open_store(tmp_path / "graph.db") as store:
        with pytest.raises(StoreRowError, match="name"):
            load_knowledge(store, changed)
        assert store.metadata(VERSION_KEY) is None
        assert not any(store.counts()["nodes"].values())  # all or nothing


def test_checked_rows_cannot_be_read_as_dictionaries() -> None:
    with pytest.raises(TypeError, match="for a store"):
        list(CheckedRows([]))
