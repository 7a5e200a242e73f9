"""Knowledge that may not ship: ``clinigraph knowledge import KIND PATH``.

One module per kind (see ``kinds.toml``), each a generator of :mod:`.records` over the files that the user brings.
:mod:`.joining` finds the concept of ours that is meant, :mod:`.landing` writes rows with their provenance.

There is no importer for the answer key of a benchmark (DDXPlus' conditions, repoDB, PharmacotherapyDB), and none reads
one out of a compilation.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

from ....schemas.problems import Level, Problem, UserError
from ...stores.base import GraphStore
from ..sources import known_sources
from .curies import curie
from .joining import ConceptIndex
from .landing import Landing, Provenance
from .reading import InputFiles, Rejected
from .records import Importer

__all__ = ["ImportReport", "Kind", "import_knowledge", "import_size", "is_imported", "kinds"]
_SHOWN = 20


@dataclass(frozen=True)
class Kind:
    """One kind of source, as ``kinds.toml`` describes it."""

    name: str
    title: str
    source: str
    licence: str
    needs: str
    takes: str
    adds: str
    knowledge_level: str
    agent_type: str
    confidence: float


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by name.

    Examples
    --------
    >>> sorted(kinds())[:3]
    ['drugbank', 'everycure', 'hetionet']
    """
    data = tomllib.loads(resources(__package__).joinpath("kinds.toml").read_text(encoding="utf-8"))
    return {name: Kind(name=name, **row) for name, row in data.items()}


@cache
def is_imported(source: str) -> bool:
    """True if rows of this primary_knowledge_source come from an importer; KGX names sources as ``infores:...``.

    Examples
    --------
    >>> is_imported("umls/MSH"), is_imported("infores:ctd"), is_imported("clinigraph-curated"), is_imported("hpo")
    (True, True, False, False)
    """
    own = {kind.source for kind in kinds().values()} - known_sources().keys()
    return source.partition("/")[0] in own or ":" in source


class ImportReport(BaseModel):
    """What an import did.

    ``nodes`` and ``relationships`` count what the source stands for in the graph, ``changed`` what of it is new or
    different now: importing the same files again gives the same numbers and 0 changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    version: str
    licence: str
    nodes: dict[str, int]
    relationships: dict[str, int]
    sources: dict[str, int]  # primary_knowledge_source -> relationships
    changed: int
    joined: int
    repeated: int
    left_out: dict[str, int]
    rejected: int
    problems: tuple[Problem, ...]  # the first ones


def import_knowledge(
    store: GraphStore,
    kind: str,
    path: str | Path,
    *,
    version: str | None = None,
    licence: str | None = None,
    mappings: Iterable[str | Path] = (),
    on_problem: Callable[[Problem], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Read the files of a source that may not ship into a graph that holds the shipped vocabulary.

    Parameters
    ----------
    store
        The graph.
    kind
        One of :func:`kinds`.
    path
        Folder, zip archive or file, as the source distributes it.
    version
        Version of the source, if its files do not state it. Default: what they state, else a hash of them.
    licence
        Licence to write on the rows, in place of the one in ``kinds.toml``.
    mappings
        SSSOM files (.tsv) whose exact matches join further ids.
    on_problem
        Called with every row that could not be used.
    progress
        Called with bytes read so far and bytes in all.

    Returns
    -------
    ImportReport

    Raises
    ------
    UserError
        If there is no such kind, or a needed file or column is missing. Broken rows never raise.
    """
    known, module = _kind(kind)
    licence = licence or known.licence
    if not licence:
        raise UserError(f"{known.title} states no licence, and no row loads without one", "say it: --licence TEXT")
    files = InputFiles(Path(path))
    version = version or module.version(files) or files.fingerprint()
    problems: list[Problem] = []

    def reject(rejected: Rejected) -> None:
        problem = Problem(
            where=str(rejected.place), message=rejected.reason, solution=rejected.solution, level=Level.WARNING
        )
        if len(problems) < _SHOWN:
            problems.append(problem)
        if on_problem is not None:
            on_problem(problem)

    own = () if known.source in known_sources() else (known.source,)
    index = ConceptIndex(store, own, _read_mappings(mappings, reject))
    provenance = Provenance(known.source, version, licence, known.knowledge_level, known.agent_type, known.confidence)
    landing = Landing(store, index, provenance, reject)
    _watch(files, progress)
    for record in module.records(files):
        landing.take(record)
    tally = landing.finish()
    return ImportReport(
        kind=kind,
        version=version,
        licence=licence,
        nodes=dict(sorted(tally.nodes.items())),
        relationships=dict(sorted(tally.relationships.items())),
        sources=dict(sorted(tally.sources.items())),
        changed=tally.changed,
        joined=tally.joined,
        repeated=tally.repeated,
        left_out=dict(sorted(tally.left_out.items())),
        rejected=tally.rejected,
        problems=tuple(problems),
    )


def _kind(kind: str) -> tuple[Kind, Importer]:
    known = kinds().get(kind)
    if known is None:
        raise UserError(f'there is no importer "{kind}"', f"use one of {', '.join(kinds())}")
    return known, cast(Importer, importlib.import_module(f"{__name__}.{kind}"))


def import_size(kind: str, path: str | Path) -> int:
    """Bytes that an import will read, for a progress bar.

    Raises
    ------
    UserError
        If there is no such kind, or nothing at the path.
    """
    _, module = _kind(kind)
    files = InputFiles(Path(path))
    module.version(files)
    return files.size


def _watch(files: InputFiles, progress: Callable[[int, int], None] | None) -> None:
    done = 0

    def advance(read: int) -> None:
        nonlocal done
        done += read
        if progress is not None:
            progress(done, files.size)

    files.advance = advance


def _read_mappings(paths: Iterable[str | Path], reject: Callable[[Rejected], None]) -> Iterator[tuple[str, str]]:
    """Exact matches of SSSOM files."""
    for path in paths:
        file = InputFiles(Path(path)).one("*.sssom.tsv", "*.tsv")
        for row in file.table("subject_id", "predicate_id", "object_id", comment="#"):
            if isinstance(row, Rejected):
                reject(row)
            elif row[1]["predicate_id"] == "skos:exactMatch":
                yield curie(row[1]["subject_id"]), curie(row[1]["object_id"])
