"""Tables, indexes and statements of the SQLite store, generated from the registry.

A table per node label and per relationship type, named like it. ``Concept (id, label, name)`` lists all world nodes,
so that an id finds its label. Lists are JSON text. ``Metadata (key, value)`` holds remarks. Two views are for queries:
``Fact`` (all facts, with ``kind``) and ``Vocabulary`` (all concepts with their synonyms); filter them by a constant, as
SQLite cannot join them by an index.
"""

from __future__ import annotations

from ...schemas.graph import FACT_LABELS, NODES, RELATIONSHIPS, WORLD_LABELS, NodeType, RelationshipType
from .rows import RowShape

APPLICATION_ID = 0x436C6947  # "CliG": tells our files from other people's SQLite files
FORMAT_VERSION = 1  # raise it when an old file cannot be brought up by adding tables and columns
_SQL_TYPES = {
    "string": "TEXT",
    "date": "TEXT",
    "string[]": "TEXT",
    "int": "INTEGER",
    "float": "REAL",
    "bool": "INTEGER",
}
END_COLUMNS = ("source", "source_label", "target", "target_label")
FIXED_TABLES = (
    "CREATE TABLE IF NOT EXISTS Metadata (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS Concept (id TEXT PRIMARY KEY NOT NULL, label TEXT NOT NULL, name TEXT NOT NULL)"
    " WITHOUT ROWID",
)


def table_columns(kind: NodeType | RelationshipType) -> dict[str, str]:
    """Columns of a table with their definitions.

    Examples
    --------
    >>> table_columns(NODES["Encounter"])
    {'id': 'TEXT PRIMARY KEY NOT NULL', 'patient_id': 'TEXT', 'date': 'TEXT'}
    """
    columns = {"id": "TEXT PRIMARY KEY NOT NULL"}
    if isinstance(kind, RelationshipType):
        columns |= {name: "TEXT NOT NULL" for name in END_COLUMNS}
    return columns | {p.name: _SQL_TYPES[p.type] for p in kind.properties if p.name != "id"}


def create_table(name: str, kind: NodeType | RelationshipType) -> str:
    """Statement that makes the table."""
    columns = ", ".join(f'"{column}" {definition}' for column, definition in table_columns(kind).items())
    return f'CREATE TABLE IF NOT EXISTS "{name}" ({columns})'


def create_indexes(name: str, kind: NodeType | RelationshipType) -> dict[str, str]:
    """Statements that make the indexes, by index name: both ends and what the registry calls indexed."""
    indexed = [p.name for p in kind.properties if p.indexed]
    if isinstance(kind, RelationshipType):
        indexed = ["source", "target", *indexed]
    return {
        f"{name}_{column}": f'CREATE INDEX IF NOT EXISTS "{name}_{column}" ON "{name}" ("{column}")'
        for column in indexed
    }


def tables() -> dict[str, NodeType | RelationshipType]:
    """All generated tables by name."""
    return {**NODES, **RELATIONSHIPS}


def create_views() -> dict[str, str]:
    """Statements that make the views, by name."""
    common = [c for c in table_columns(NODES[FACT_LABELS[0]]) if all(c in table_columns(NODES[f]) for f in FACT_LABELS)]
    facts = " UNION ALL ".join(
        f"SELECT '{label}' AS kind, {', '.join(common)} FROM \"{label}\"" for label in FACT_LABELS
    )
    words = "id, name, synonyms, xrefs"
    concepts = " UNION ALL ".join(f"SELECT '{label}' AS label, {words} FROM \"{label}\"" for label in WORLD_LABELS)
    return {"Fact": f"CREATE VIEW Fact AS {facts}", "Vocabulary": f"CREATE VIEW Vocabulary AS {concepts}"}


def upsert_statement(shape: RowShape) -> str:
    """Insert, or replace what differs; rows that are the same already do not count as changes."""
    columns = [f'"{c}"' for c in table_columns(shape.kind)]
    rest = ", ".join(columns[1:])
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{shape.name}" ({", ".join(columns)}) VALUES ({marks}) ON CONFLICT("id") DO '
    if not rest:
        return statement + "NOTHING"
    own = ", ".join(f'"{shape.name}".{c}' for c in columns[1:])
    new = ", ".join(f"excluded.{c}" for c in columns[1:])
    left, right = (f"({own})", f"({new})") if len(columns) > 2 else (own, new)
    sets = ", ".join(f"{c} = excluded.{c}" for c in columns[1:])
    return f"{statement}UPDATE SET {sets} WHERE {left} IS NOT {right}"
