"""Write a graph as files: canonical JSON lines, CSV for neo4j-admin, Parquet, GraphML.

============  =============  ==========================================================================================
format        writes         for
============  =============  ==========================================================================================
``jsonl``     a file         comparing and keeping: the same bytes for the same graph, from whatever store
``csv``       a folder       the first load of a big graph into Neo4j; ``README.txt`` in it has the command
``parquet``   a folder       analysis: one table per label and type
``graphml``   a file         networkx, Gephi, yEd
============  =============  ==========================================================================================

A file or folder appears under its name only when it is whole.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...schemas.problems import UserError
from ..stores.base import GraphStore


def export(store: GraphStore, destination: str | Path, format: str = "jsonl") -> Path:
    """Write the graph.

    Parameters
    ----------
    store
        The graph.
    destination
        File (jsonl, graphml) or folder (csv, parquet). What stands there of an earlier export is replaced.
    format
        One of :data:`FORMATS`.

    Raises
    ------
    UserError
        For an unknown format, a folder that is missing, or a destination that holds something else.

    Examples
    --------
    >>> from clinigraph.kg.stores import open_store
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(f"{folder}/a.db") as store:
    ...     _ = store.upsert_nodes("Patient", [{"id": "P1"}])
    ...     export(store, f"{folder}/graph.jsonl").read_text(encoding="utf-8")
    '{"label":"Patient","properties":{"id":"P1"}}\\n'
    """
    if format not in FORMATS:
        raise UserError(f'there is no export format "{format}"', f"use one of {', '.join(FORMATS)}")
    writer, is_folder = FORMATS[format]
    path = Path(destination)
    _check_destination(path, is_folder)
    try:
        with _whole(path, is_folder) as partial:
            writer(store, partial)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror})", "make room, or give another place") from error
    return path


def _check_destination(path: Path, is_folder: bool) -> None:
    if not path.absolute().parent.is_dir():
        raise UserError(f"the folder {path.parent} does not exist", "make it, or give another place")
    if path.exists() and path.is_dir() != is_folder:
        raise UserError(
            f"{path} is a {'folder' if path.is_dir() else 'file'}", f"give a {'folder' if is_folder else 'file'}"
        )
    if is_folder and path.exists() and any(path.iterdir()) and not (path / _MARKER).exists():
        raise UserError(f"the folder {path} holds other files", "give an empty folder, or one that does not exist")


@contextmanager
def _whole(path: Path, is_folder: bool) -> Iterator[Path]:
    partial = path.absolute().with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        if is_folder:
            partial.mkdir()
        yield partial
        if is_folder:
            shutil.rmtree(path, ignore_errors=True)
        os.replace(partial, path)
    finally:
        if partial.is_dir():
            shutil.rmtree(partial, ignore_errors=True)
        partial.unlink(missing_ok=True)


def _jsonl(store: GraphStore, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in store.canonical_lines())


def _csv(store: GraphStore, path: Path) -> None:
    from .admin_import import write_admin_import

    write_admin_import(store, path)


def _parquet(store: GraphStore, path: Path) -> None:
    from .tables import write_parquet

    write_parquet(store, path)


def _graphml(store: GraphStore, path: Path) -> None:
    from .graphml import write_graphml

    write_graphml(store, path)


_MARKER = "README.txt"  # written into every exported folder
FORMATS: dict[str, tuple[Callable[[GraphStore, Path], None], bool]] = {
    "jsonl": (_jsonl, False),
    "csv": (_csv, True),
    "parquet": (_parquet, True),
    "graphml": (_graphml, False),
}
