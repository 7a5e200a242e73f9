"""The embedded store as a file: other processes, crashes, permissions, damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from clinigraph.kg.stores import open_store
from clinigraph.kg.stores.sqlite_tables import APPLICATION_ID
from clinigraph.schemas.problems import UserError
from random_graphs import random_graph

LOADER = """
import sys
sys.path.insert(0, sys.argv[2])
from clinigraph.kg.stores import open_store
from random_graphs import random_graph
nodes, edges = random_graph(5, 100)
with open_store(sys.argv[1]) as store:
    print("opened", flush=True)
    for label, rows in nodes.items():
        for at in range(0, len(rows), 50):
            store.upsert_nodes(label, rows[at:at + 50])
            print(label, flush=True)
    for type_, rows in edges.items():
        for at in range(0, len(rows), 50):
            store.upsert_edges(type_, rows[at:at + 50])
            print(type_, flush=True)
"""
READER = """
import sys
from clinigraph.kg.stores import open_store
with open_store(sys.argv[1], read_only=True) as store:
    print("ready", flush=True)
    seen = 0
    while seen < 400:
        count = sum(1 for _ in store.nodes("Patient"))
        assert count % 100 == 0, f"half a batch: {count}"  # a batch is seen whole or not at all
        assert count >= seen
        seen = count
print("done")
"""


def load_all(path, seed=5, size=100):
    nodes, edges = random_graph(seed, size)
    with open_store(path) as store:
        changed = store.bulk_load(nodes.items(), edges.items())
        return changed, list(store.canonical_lines())


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def whole_graph(tmp_path_factory):
    return load_all(tmp_path_factory.mktemp("whole") / "graph.db")[1]


@pytest.mark.parametrize("lines", [1, 15, 100])
def test_killed_while_loading_then_loaded_again_gives_the_same_graph(tmp_path, lines, whole_graph):
    path = tmp_path / "killed.db"
    process = start(LOADER, path, os.path.dirname(__file__))
    for _ in range(lines):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    changed, found = load_all(path)
    assert changed > 0
    assert found == whole_graph


def test_two_processes_read_while_one_writes(tmp_path):
    path = tmp_path / "graph.db"
    with open_store(path) as store:
        readers = [start(READER, path) for _ in range(2)]
        try:
            for reader in readers:
                assert reader.stdout.readline() == "ready\n"
            for batch in range(4):
                store.upsert_nodes("Patient", [{"id": f"P{batch}-{i}"} for i in range(100)])
            for reader in readers:
                output, errors = reader.communicate(timeout=60)
                assert (output, reader.returncode) == ("done\n", 0), errors
        finally:
            for reader in readers:
                reader.kill()
                reader.communicate()


def test_threads_share_a_store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:

        def write(number):
            for i in range(20):
                store.upsert_nodes("Patient", [{"id": f"{number}-{i}"}])
                assert store.node("Patient", f"{number}-{i}")

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.counts()["nodes"]["Patient"] == 80


def test_writing_while_reading_pages(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        store.upsert_nodes("Patient", [{"id": f"P{i:05}"} for i in range(12_000)])
        seen = 0
        for row in store.nodes("Patient"):
            seen += 1
            if seen % 4000 == 0:
                store.upsert_nodes("Patient", [{"id": row["id"], "sex": "female"}])
        assert seen == 12_000


def test_a_read_only_file_opens_and_refuses_writes(tmp_path):
    path = tmp_path / "graph.db"
    with open_store(path) as store:
        store.upsert_nodes("Patient", [{"id": "P1"}])
    path.chmod(0o444)
    with open_store(path) as store:
        assert store.read_only
        assert store.node("Patient", "P1") == {"id": "P1"}
        for write in (
            lambda: store.upsert_nodes("Patient", [{"id": "P2"}]),
            lambda: store.delete_nodes("Patient", ["P1"]),
            lambda: store.set_metadata("a", "b"),
            lambda: store.bulk_load([], []),
        ):
            with pytest.raises(UserError, match="reading only"):
                write()


def test_what_is_no_graph_says_so(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("The patient denies chest pain. " * 50)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as raw:
        raw.execute("CREATE TABLE songs (id INTEGER)")
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as raw:
        raw.execute("CREATE TABLE Patient (id TEXT)")
        raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        raw.execute("PRAGMA user_version = 99")
    cases = {
        text: "is not a graph file",
        foreign: "not a graph of clinigraph",
        newer: "newer clinigraph",
        tmp_path: "is a folder",
        tmp_path / "no" / "graph.db": "does not exist",
    }
    for path, said in cases.items():
        with pytest.raises(UserError, match=said) as caught:
            open_store(path)
        assert "denies" not in str(caught.value)
    assert text.read_text().startswith("The patient")
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(UserError, match="there is no graph"):
            open_store(tmp_path / "new.db", **options)
    assert not (tmp_path / "new.db").exists()


def test_a_damaged_file_says_so(tmp_path):
    path = tmp_path / "graph.db"
    load_all(path, size=100)
    content = bytearray(path.read_bytes())
    content[8192 : len(content) - 4096] = os.urandom(len(content) - 12288)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"damaged|refuses|not a graph"), open_store(path) as store:
        list(store.canonical_lines())


def test_an_older_file_gains_new_columns(tmp_path):
    path = tmp_path / "graph.db"
    with open_store(path) as store:
        store.upsert_nodes("Patient", [{"id": "P1", "sex": "male"}])
    with sqlite3.connect(path) as raw:
        raw.execute('ALTER TABLE "Patient" DROP COLUMN "age"')
        raw.execute('DROP TABLE "HAS_NOTE"')
    with pytest.raises(UserError, match="older clinigraph"):
        open_store(path, read_only=True)
    with open_store(path) as store:
        assert store.upsert_nodes("Patient", [{"id": "P1", "sex": "male", "age": 50}]) == 1
        assert list(store.edges("HAS_NOTE")) == []


def test_a_writer_waits_for_another(tmp_path):
    path = tmp_path / "graph.db"
    with open_store(path) as first, open_store(path) as second:
        entered = threading.Event()

        def hold():
            with first.transaction():
                first.upsert_nodes("Patient", [{"id": "P1"}])
                entered.set()
                time.sleep(0.3)

        thread = threading.Thread(target=hold)
        thread.start()
        entered.wait()
        assert second.upsert_nodes("Patient", [{"id": "P2"}]) == 1
        thread.join()
        assert second.counts()["nodes"]["Patient"] == 2


def test_fact_view_and_indexes_are_used(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        plan = store._fetch("EXPLAIN QUERY PLAN SELECT * FROM Fact WHERE patient_id = 'P1'")
    assert all("SCAN" not in row[3] for row in plan)


def test_lists_are_stored_as_json_writes_them(tmp_path):
    import json
    import sqlite3

    names = ["", 'quote " \\', "a\nb\t\x00\x1f\x7f", "Größe 数值 🫀 \u2028", "/"]
    with open_store(tmp_path / "graph.db") as store:
        row = {"id": "D:1", "name": "x", "synonyms": names, "xrefs": []}
        source = {"primary_knowledge_source": "clinigraph-curated", "source_version": "1", "licence": "Apache-2.0"}
        store.upsert_nodes("Disease", [row | source])
        assert next(store.nodes("Disease")) == row | source
    with sqlite3.connect(tmp_path / "graph.db") as connection:
        stored = connection.execute("SELECT synonyms, xrefs FROM Disease").fetchone()
    assert stored == (json.dumps(names, ensure_ascii=False), "[]")


class Interrupted:
    """A connection during whose statement the user presses Ctrl-C: Python notices when it is done."""

    def __init__(self, connection, statement: str) -> None:
        self._connection, self._statement = connection, statement

    def __getattr__(self, name: str):
        return getattr(self._connection, name)

    def execute(self, statement: str, *arguments):
        result = self._connection.execute(statement, *arguments)
        if statement.startswith(self._statement):
            self._statement = "never again"
            raise KeyboardInterrupt
        return result


@pytest.mark.parametrize("statement", ["BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"])
def test_ctrl_c_at_any_statement_is_ctrl_c_and_leaves_whole_batches(tmp_path, statement):
    path = tmp_path / "graph.db"
    with open_store(path) as store:
        store.upsert_nodes("Patient", [{"id": "P1"}])
        store._connection = Interrupted(store._connection, statement)
        with pytest.raises(KeyboardInterrupt), store.transaction():
            store.upsert_nodes("Patient", [{"id": "P2"}])
            store.upsert_nodes("Patient", [{"id": "P3"}])
    with open_store(path) as store:
        whole = [["P1"], ["P1", "P2", "P3"]]
        assert [row["id"] for row in store.nodes("Patient")] == whole[statement == "COMMIT"]
