"""Knowledge while it is being put together: concepts, names and edges, with what went wrong on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ...schemas.annotation import content_id
from ...schemas.graph import NODES, RELATIONSHIPS, check_row, endpoint_labels
from ...schemas.problems import Level, Problem
from ...schemas.vocabulary import normalise
from .sources import known_sources

key_of = lru_cache(maxsize=2_000_000)(normalise)  # the build asks for every name several times

# What tells two edges of one type, pair and source apart.
DISCRIMINATORS = {
    "TREATS": ("population",),
    "DOSE_ADJUST_FOR": ("population", "threshold", "unit", "action", "detail"),
    "DIAGNOSED_BY": ("purpose",),
    "HAS_PHENOTYPE": ("sex",),
    "REVEALS": ("outcome",),
}
SYMMETRIC = frozenset({"INTERACTS_WITH", "CROSS_REACTIVE_WITH"})


def edge_id(type_: str, row: dict[str, Any]) -> str:
    """Id of a knowledge edge: a hash of type, ends, source and what tells parallel edges apart."""
    parts = [row.get(name) for name in DISCRIMINATORS.get(type_, ())]
    return content_id("K", type_, row["source"], row["target"], row["primary_knowledge_source"], *parts)


@dataclass
class Draft:
    """Concepts, names and edges under construction.

    Attributes
    ----------
    nodes : dict
        id -> properties of the node, with its label under ``"label"``.
    names : dict
        (id, name) -> (kind, source name), first come first kept.
    edges : dict
        (type, edge id) -> row.
    problems : list of Problem
    """

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    edges: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    aliases: dict[str, str] = field(default_factory=dict)  # withdrawn id -> the one that took its place
    curated: set[str] = field(default_factory=set)  # concepts that our own tables describe

    def provenance(self, source: str) -> dict[str, str]:
        """Source, version and licence, as every row carries them."""
        entry = known_sources()[source]
        return {
            "primary_knowledge_source": source,
            "source_version": self.versions.get(source, entry.version),
            "licence": entry.licence,
        }

    def add_node(self, label: str, id_: str, name: str, source: str, **properties: Any) -> bool:
        """Add a concept with its preferred name. False if the id is there already."""
        if id_ in self.nodes:
            return False
        name = " ".join(name.split())
        self.nodes[id_] = {"label": label, "id": id_, "name": name, "xrefs": set(), **properties}
        self.nodes[id_] |= self.provenance(source)
        self.names[id_, name] = ("preferred", source)
        self.counts[f"{source}: nodes"] += 1
        return True

    def set_property(self, id_: str, name: str, value: Any) -> None:
        """Set one property of a node if the value is not empty."""
        if value not in (None, ""):
            self.nodes[id_][name] = value

    def add_xref(self, id_: str, xref: str) -> None:
        """Add a cross reference to a node that exists; its own id is not one."""
        if xref != id_:
            self.nodes[id_]["xrefs"].add(xref)

    def add_name(self, id_: str, name: str, kind: str, source: str) -> None:
        """Add a name to a node that exists. Empty and overlong ones are passed over."""
        name = " ".join(name.split())
        if not 1 < len(name) <= 120 or not key_of(name):
            return
        self.names.setdefault((id_, name), (kind, source))

    def prefer_name(self, id_: str, name: str, kind: str, source: str) -> None:
        """Add a name of our own, over whatever kind another source gave it."""
        name = " ".join(name.split())
        if len(name) > 1:
            self.names[id_, name] = (kind, source)

    def add_edge(self, type_: str, source_id: str, target_id: str, source: str, **properties: Any) -> bool:
        """Add an edge; False, with a problem listed, if the schema forbids it or an end is missing."""
        source_id, target_id = self.aliases.get(source_id, source_id), self.aliases.get(target_id, target_id)
        if type_ in SYMMETRIC and target_id < source_id:
            source_id, target_id = target_id, source_id
        row: dict[str, Any] = {"source": source_id, "target": target_id}
        row |= {k: v for k, v in properties.items() if v not in (None, "")} | self.provenance(source)
        row["id"] = edge_id(type_, row)
        wrong = self._wrong_edge(type_, row)
        if wrong:
            self.problem(source, f"{type_} {source_id} -> {target_id}: {wrong}")
            return False
        if (type_, row["id"]) in self.edges:
            self.counts[f"{source}: repeated {type_}"] += 1
            return False
        self.edges[type_, row["id"]] = row
        self.counts[f"{source}: {type_}"] += 1
        return True

    def _wrong_edge(self, type_: str, row: dict[str, Any]) -> str | None:
        kind = RELATIONSHIPS[type_]
        for end, allowed in (("source", kind.sources), ("target", kind.targets)):
            node = self.nodes.get(row[end])
            if node is None:
                return f"there is no concept {row[end]}"
            if node["label"] not in endpoint_labels(allowed):
                return f"{row[end]} is a {node['label']}, not one of {', '.join(allowed)}"
        if row["source"] == row["target"] and type_ not in SYMMETRIC:  # two members of one class
            return "both ends are the same concept"
        return check_row(kind, row)

    def problem(self, where: str, message: str, level: Level = Level.WARNING) -> None:
        """List something that was left out."""
        solution = "correct the row in its source; it was left out"
        self.problems.append(Problem(where=where, message=message, solution=solution, level=level))

    def check_nodes(self) -> None:
        """List nodes that the schema forbids, and drop them."""
        for id_, node in list(self.nodes.items()):
            row = {k: v for k, v in node.items() if k != "label"} | {"xrefs": sorted(node["xrefs"])}
            wrong = check_row(NODES[node["label"]], row)
            if wrong:
                self.problem(id_, wrong, Level.ERROR)
                del self.nodes[id_]
