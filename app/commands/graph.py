"""``clinigraph graph``: look into a graph, ask it, copy it."""

from __future__ import annotations

import json as jsonlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...schemas.problems import UserError
from ..terminal import DEFAULT_GRAPH, GraphOption, JsonOption, err, out, print_json, progress, table


class ExportFormat(StrEnum):
    """Formats of ``graph export``."""

    jsonl = "jsonl"
    csv = "csv"
    graphml = "graphml"
    parquet = "parquet"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look into a graph, ask it, copy it.")
    group.command("stats")(stats)
    group.command("query")(query)
    group.command("push")(push)
    group.command("export")(export)
    group.command("withdraw")(withdraw)
    app.add_typer(group, name="graph")


def stats(graph: GraphOption = DEFAULT_GRAPH, json: JsonOption = False) -> None:
    """How many nodes and relationships of each kind there are."""
    from ...kg import open_graph

    with open_graph(graph, read_only=True, create=False) as opened:
        counts, where = opened.counts(), opened.store.description
        version = opened.store.metadata("knowledge_version")
    if json:
        print_json({**counts, "knowledge_version": version})
        return
    out.print(f"{where}, knowledge {version or 'none'}")
    for title, kind in (("Nodes", "nodes"), ("Relationships", "relationships")):
        rows = table(title, "")
        for name, number in counts[kind].items():
            if number:
                rows.add_row(name, f"{number:,}")
        out.print(rows)


def query(
    name: Annotated[str | None, typer.Argument(help="Name of a query; without one they are listed.")] = None,
    parameters: Annotated[list[str] | None, typer.Argument(help="NAME=VALUE, as many as the query takes.")] = None,
    cypher: Annotated[str | None, typer.Option(help="Free Cypher, read-only; only on a Neo4j server.")] = None,
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Run a named query of the library, or free Cypher on a Neo4j server."""
    from ...kg import open_graph
    from ...kg.queries.library import queries

    if name is None and cypher is None:
        _list_queries(json)
        return
    given = dict(_pair(text) for text in parameters or [])
    with open_graph(graph, read_only=True, create=False) as opened:
        if cypher is not None:
            if not hasattr(opened.store, "cypher"):
                raise UserError(
                    "free Cypher needs a Neo4j server; this graph is a file",
                    "copy it there with: clinigraph graph push bolt://..., or use a named query",
                )
            rows = opened.store.cypher(cypher, {k: _literal(v) for k, v in given.items()})
        else:
            assert name is not None
            known = queries()
            types = {p.name: p.type for p in known[name].parameters} if name in known else {}
            rows = opened.query(name, **{key: _typed(key, value, types.get(key)) for key, value in given.items()})
    if json:
        print_json({"rows": rows})
    elif not rows:
        out.print("No rows.")
    else:
        shown = table(*rows[0])
        for row in rows:
            shown.add_row(*("" if v is None else str(v) for v in row.values()))
        out.print(shown)
        err.print(f"[dim]{len(rows)} rows[/dim]")


def _list_queries(json: bool) -> None:
    from ...kg.queries.library import queries

    known = queries().values()
    if json:
        listed = [{"name": q.name, "question": q.question, "parameters": [p.name for p in q.parameters]} for q in known]
        print_json({"queries": listed})
        return
    rows = table("Query", "Parameters", "Question")
    for q in known:
        rows.add_row(q.name, " ".join(p.name for p in q.parameters), q.question)
    out.print(rows)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"{text!r} is not a parameter", "write NAME=VALUE, for example disease=MONDO:0005148")
    return name.strip(), value


def _literal(text: str) -> Any:
    try:
        return jsonlib.loads(text)
    except ValueError:
        return text


def _typed(name: str, text: str, kind: str | None) -> Any:
    try:
        return {"int": int, "float": float}.get(kind or "", str)(text)
    except ValueError:
        raise UserError(f"the parameter {name} takes a number ({kind}), not {text!r}", "correct it") from None


def push(
    target: Annotated[
        str, typer.Argument(help="bolt://... or neo4j://... ('neo4j': address from NEO4J_URI), or a file.")
    ],
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Copy a graph into a Neo4j server (or another file). Doing it again changes nothing."""
    from ...kg.exchange import push as push_graph
    from ...kg.stores.opening import open_store

    with open_store(graph, read_only=True, create=False) as source, open_store(target) as store:
        counts = source.counts()
        total = sum(counts["nodes"].values()) + sum(counts["relationships"].values())
        with progress(total, "rows") as advance:
            done_before = 0

            def tell(_kind: str, done: int, _total: int) -> None:
                nonlocal done_before
                advance(done - done_before)
                done_before = done

            changed = push_graph(source, store, progress=tell)
    if json:
        print_json({"rows": total, "changed": changed})
    else:
        out.print(f"{total:,} rows, {changed:,} new or different." if changed else "Nothing has changed.")


def export(
    output: Annotated[Path, typer.Argument(help="File (jsonl, graphml) or folder (csv, parquet).")],
    to: Annotated[
        ExportFormat, typer.Option(help="jsonl: canonical lines; csv: files for neo4j-admin database import.")
    ] = ExportFormat.jsonl,
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Write the whole graph to files."""
    from ...kg.exchange import export as export_graph
    from ...kg.stores.opening import open_store

    with open_store(graph, read_only=True, create=False) as store:
        export_graph(store, output, to.value)
    if json:
        print_json({"output": str(output), "format": to.value})
    else:
        out.print(f"-> {output}")


def withdraw(
    note_id: Annotated[str, typer.Argument(help="Id of the note.")],
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Remove a note from the graph, with everything that rested on it alone."""
    from ...kg import open_graph

    with open_graph(graph, create=False, knowledge=False) as opened:
        done = opened.withdraw(note_id)
    if not done:
        raise UserError(f"the graph has no note {note_id!r}", "check the id")
    if json:
        print_json({"withdrawn": note_id})
    else:
        out.print(f"{note_id} was removed.")
