"""The page that describes the graph's schema, written from the registry."""

from __future__ import annotations

from ...schemas.graph import NODE_TYPES, RELATIONSHIP_TYPES, NodeType, RelationshipType

_INTRODUCTION = """# The graph's schema

Written from `schemas/graph.py` by `schema_page()`; a test checks that it is current. To write it again:
`python -m clinigraph.kg.exchange.schema_page > docs/schema.md`.

Names follow Biolink (world knowledge), FHIR resources (patient facts) and OMOP NOTE_NLP (mentions). World nodes also
carry the label `Concept`, whose `id` (a CURIE) is unique; every other label has ids of its own. *req.*: must be there;
*idx.*: has an index, as every `id` does. Dates are ISO 8601 strings. In SQLite each label and type is a table of that
name; relationships have the columns `source, source_label, target, target_label`, lists are JSON text.
"""


def schema_page() -> str:
    """The page as Markdown.

    Examples
    --------
    >>> schema_page().splitlines()[0]
    "# The graph's schema"
    """
    parts = [_INTRODUCTION]
    for title, world in (("World knowledge", True), ("Patient side", False)):
        parts += [f"## {title}: nodes\n", *(_node(n) for n in NODE_TYPES if n.world == world)]
        parts += [f"## {title}: relationships\n", *(_relationship(r) for r in RELATIONSHIP_TYPES if r.world == world)]
    return "\n".join(parts)


def _node(kind: NodeType) -> str:
    return f"### {kind.label}\n\n{kind.description}\n\n{_table(kind)}"


def _relationship(kind: RelationshipType) -> str:
    ends = f"({', '.join(kind.sources)}) -> ({', '.join(kind.targets)})"
    return f"### {kind.type}\n\n{kind.description} {ends}\n\n{_table(kind)}"


def _table(kind: NodeType | RelationshipType) -> str:
    lines = ["| property | type | | what |", "|---|---|---|---|"]
    for p in kind.properties:
        marks = " ".join(mark for mark, holds in (("req.", p.required), ("idx.", p.indexed)) if holds)
        lines.append(f"| `{p.name}` | {p.type} | {marks} | {p.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(schema_page())
