"""Open a graph file, make it if asked, and say in plain words why it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...schemas.problems import UserError
from .sqlite_tables import (
    APPLICATION_ID,
    FIXED_TABLES,
    FORMAT_VERSION,
    create_indexes,
    create_table,
    create_views,
    table_columns,
    tables,
)

IN_MEMORY = ":memory:"  # a graph of this process only, gone when it is closed
_BUSY_SECONDS = 60.0
_REBUILD = "restore a copy, or move the file away and build the graph again"


def open_file(path: Path, *, read_only: bool, create: bool) -> tuple[sqlite3.Connection, bool]:
    """Connect to a graph file; return the connection and whether it is read-only."""
    if str(path) == IN_MEMORY:
        connection = sqlite3.connect(IN_MEMORY, isolation_level=None, check_same_thread=False)
        connection.create_function("lower", 1, _lower, deterministic=True)
        _prepare(connection, path)
        return connection, False
    exists = path.exists()
    if path.is_dir():
        raise UserError(f"{path} is a folder", "give the path of a graph file, for example graph.db")
    if not exists and (read_only or not create):
        raise UserError(f"there is no graph at {path}", "check the path, or make it with: clinigraph build")
    if not path.parent.is_dir():
        raise UserError(f"the folder {path.parent} does not exist", "make the folder, or give another path")
    read_only = read_only or (exists and not _writable(path))
    with explained(path):
        connection = _connect(path, read_only)
        try:
            if read_only:
                _check(connection, path)
                _check_complete(connection, path)
            else:
                _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection, read_only


def _writable(path: Path) -> bool:
    """Whether file and folder (WAL puts files beside it) may be written; root, too, respects a read-only file."""
    return bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    address = path.resolve().as_uri()
    if read_only:
        # in a folder that cannot be written SQLite needs to be told that nobody else writes either
        alone = not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists()
        address += "?immutable=1" if alone else "?mode=ro"
    connection = sqlite3.connect(
        address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows ASCII only
    return connection


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise UserError(f"{path} is an SQLite file, but not a graph of clinigraph", "give the path of another file")
    if version > FORMAT_VERSION:
        raise UserError(f"{path} was made by a newer clinigraph", "update clinigraph: pip install -U clinigraph")


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; add to an older one what the registry has gained."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        _check(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a crash of the program loses nothing
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB
    if not _missing(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _add_tables(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _add_tables(connection: sqlite3.Connection) -> None:
    for statement in FIXED_TABLES:
        connection.execute(statement)
    for name, kind in tables().items():
        connection.execute(create_table(name, kind))
        columns = table_columns(kind)
        for column in _missing_columns(connection, name, set(columns)):
            connection.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {columns[column]}')
        for statement in create_indexes(name, kind).values():
            connection.execute(statement)
    for name, statement in create_views().items():
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(statement)


def _missing_columns(connection: sqlite3.Connection, table: str, columns: set[str]) -> list[str]:
    present = {row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')}
    return sorted(columns - present)


def _missing(connection: sqlite3.Connection) -> bool:
    views = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
    if not views >= create_views().keys():
        return True
    return any(_missing_columns(connection, name, set(table_columns(kind))) for name, kind in tables().items())


def _check_complete(connection: sqlite3.Connection, path: Path) -> None:
    if _missing(connection):
        raise UserError(
            f"{path} was made by an older clinigraph", "make it writable and open it once, which brings it up to date"
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises about a file into a UserError."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # our own mistake, such as using a closed store
    except sqlite3.DatabaseError as error:
        message, solution = _explain(path, error)
        raise UserError(message, solution) from error


def _explain(path: Path, error: sqlite3.DatabaseError) -> tuple[str, str]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path} is not a graph file", "give the path of another file, or of one that does not exist yet"
    if code == sqlite3.SQLITE_CORRUPT:
        return f"{path} is damaged", _REBUILD
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program is writing to {path}", "wait until it has finished, then try again"
    if code == sqlite3.SQLITE_FULL:
        return f"the disk that holds {path} is full", "make room and run it again; nothing was half-written"
    if code == sqlite3.SQLITE_READONLY:
        return f"{path} is read-only", "give it write permission, or copy it"
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM):
        return f"{path} cannot be read or written ({error})", "check the permissions of the file and its folder"
    return f"{path}: the graph file refuses ({error})", _REBUILD
