"""``clinigraph demo``: the whole way, on notes that ship with the package."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import err, out, progress, show_problems, table

PATIENTS = ("p09", "p02")  # whose advice is shown
NOTE_PATHS = r"(?P<patient>p\d+)/(?P<date>[\d-]+)_(?P<type>\w+)"  # how the sample files are named


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    graph: Annotated[
        Path | None, typer.Option("--graph", "-g", help="Keep the graph in this file. Default: a temporary file.")
    ] = None,
) -> None:
    """Process sample notes (no real patients) into a graph, then show what it answers for two of them."""
    with tempfile.TemporaryDirectory(prefix="clinigraph-") as folder:
        _run(graph or Path(folder, "demo.db"))
    if graph is not None:
        out.print(f"\nThe graph is in {graph}. Try: clinigraph patient {PATIENTS[0]} --graph {graph}")


def _run(path: Path) -> None:
    from ...kg import open_graph
    from ...kg.advice import diagnose, recommend
    from ...pipeline.archive.reading import NoteReader
    from ..building import Summary, build_graph
    from ..rendering import show_differential, show_recommendation

    folder = Path(__file__).parent.parent / "demo"
    with open_graph(str(path), store_text=True, progress=lambda m: err.print(f"[dim]{m}[/dim]")) as graph:
        books = Summary()
        total = sum(1 for _ in folder.glob("p*/*.txt"))
        with progress(total, "sample notes") as advance:
            reader = NoteReader(path_pattern=NOTE_PATHS)
            build_graph([folder], graph, reader=reader, summary=books, advance=advance)
        show_problems(books.problems, books.problem_count)
        counts = graph.counts()["nodes"]
        rows = table("Found in the notes", "")
        for label in ("Patient", "Note", "Mention", "Condition", "MedicationStatement", "AllergyIntolerance",
                      "Observation", "ProcedureEvent", "FamilyMemberHistory"):  # fmt: skip
            rows.add_row(label, str(counts[label]))
        out.print(rows)
        for patient in PATIENTS:
            state = graph.state(patient)
            out.rule(f"patient {patient}")
            show_differential(diagnose(state, graph.knowledge, limit=3), out)
            out.print()
            show_recommendation(recommend(state, graph.knowledge), out)
