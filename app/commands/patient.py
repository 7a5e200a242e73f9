"""``clinigraph patient``, ``diagnose``, ``recommend``, ``check``: ask the graph about a patient."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ...schemas.problems import UserError
from ..terminal import DEFAULT_GRAPH, GraphOption, JsonOption, out, print_json

PatientId = Annotated[str, typer.Argument(help="The patient's id, as in the notes.")]


class Setting(StrEnum):
    """Where the patient is seen."""

    primary = "primary"
    emergency = "emergency"
    hospital = "hospital"
    rare = "rare"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("patient")(patient)
    app.command("diagnose")(diagnose)
    app.command("recommend")(recommend)
    app.command("check")(check)


def patient(patient_id: PatientId, graph: GraphOption = DEFAULT_GRAPH, json: JsonOption = False) -> None:
    """Show all facts of a patient, each with the notes that it rests on."""
    from ...kg import open_graph
    from ..rendering import show_patient

    with open_graph(graph, read_only=True, create=False) as opened:
        record = opened.patient(patient_id)
    if json:
        print_json(record.model_dump(mode="json"))
    else:
        show_patient(record, out)


def diagnose(
    patient_id: Annotated[str | None, typer.Argument(help="A patient of the graph; or give --findings.")] = None,
    findings: Annotated[
        str | None, typer.Option(help="Findings in words or ids, by commas: 'fever, cough, no chest pain, HP:0002094'.")
    ] = None,
    age: Annotated[float | None, typer.Option(min=0, max=130, help="Years.")] = None,
    sex: Annotated[str | None, typer.Option(help="female or male.")] = None,
    setting: Annotated[Setting, typer.Option(help="Where the patient is seen.")] = Setting.primary,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Length of the differential.")] = 10,
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Suggest diagnoses: what speaks for and against each, what is missing, what to ask next."""
    from ...kg import open_graph
    from ...kg.advice import diagnose as differential_of
    from ..findings import state_from_words
    from ..rendering import show_differential

    if (patient_id is None) == (findings is None):
        raise UserError("say who or what to diagnose", "give a patient's id, or --findings 'fever, cough'")
    if sex not in (None, "female", "male"):
        raise UserError(f"--sex {sex!r} is not known", "write female or male, or leave it out")
    # Findings alone need no graph of patients: without one, the shipped knowledge answers.
    with open_graph(graph, read_only=True, create=False) if patient_id else _knowledge_only(graph) as opened:
        state = opened.state(patient_id) if patient_id else state_from_words(findings or "", opened)
        given = {key: value for key, value in (("age", age), ("sex", sex)) if value is not None}
        differential = differential_of(
            state.model_copy(update=given), opened.knowledge, setting=setting.value, limit=limit
        )
    if json:
        print_json(differential.model_dump(mode="json"))
    else:
        show_differential(differential, out)


def recommend(
    patient_id: PatientId,
    condition: Annotated[
        str | None, typer.Option("--for", help="Condition in words or as id. Default: all active.")
    ] = None,
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """Suggest drugs that fit the patient, and list those that must not be given and why."""
    from ...kg import open_graph
    from ...kg.advice import recommend as recommend_for
    from ..findings import concept_from_words
    from ..rendering import show_recommendation

    with open_graph(graph, read_only=True, create=False) as opened:
        wanted = concept_from_words(condition, "DISEASE", opened) if condition else None
        answer = recommend_for(opened.state(patient_id), opened.knowledge, condition=wanted)
    if json:
        print_json(answer.model_dump(mode="json"))
    else:
        show_recommendation(answer, out)


def check(
    patient_id: PatientId,
    drug: Annotated[str, typer.Option(help="Drug in words or as id.")],
    graph: GraphOption = DEFAULT_GRAPH,
    json: JsonOption = False,
) -> None:
    """May this drug be given to this patient? Says what blocks it, what asks for care, what was not checked."""
    from ...kg import open_graph
    from ...kg.advice import check as check_drug
    from ..findings import concept_from_words
    from ..rendering import show_check

    with open_graph(graph, read_only=True, create=False) as opened:
        wanted = concept_from_words(drug, "DRUG", opened)
        answer = check_drug(opened.state(patient_id), opened.knowledge, wanted)
    if json:
        print_json(answer.model_dump(mode="json"))
    else:
        show_check(answer, out)


def _knowledge_only(graph: str):  # type: ignore[no-untyped-def]
    """The user's graph if it is there, else the shipped knowledge in memory."""
    from pathlib import Path

    from ...kg import open_graph

    if graph == DEFAULT_GRAPH and not Path(graph).exists():
        return open_graph(":memory:")
    return open_graph(graph, read_only=True, create=False)
