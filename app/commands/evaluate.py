"""``clinigraph evaluate``: hold the release against your own data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ..terminal import JsonOption, err, out, print_json, show_problems, table
from .reading_options import LabelMap, Model, pipeline_settings

PathArgument = Annotated[Path, typer.Argument(help="File or folder with the gold standard.")]


class EntityFormat(StrEnum):
    """Formats of entity corpora."""

    pubtator = "pubtator"
    brat = "brat"
    conll = "conll"
    doccano = "doccano"
    docbin = "docbin"
    jsonl = "jsonl"
    phee = "phee"


class AssertionFormat(StrEnum):
    """Formats of assertion gold."""

    table = "table"
    brat = "brat"
    markup = "markup"


class RelationFormat(StrEnum):
    """Formats of relation corpora."""

    pubtator = "pubtator"
    brat = "brat"
    phee = "phee"
    jsonl = "jsonl"


class LinkingFormat(StrEnum):
    """Formats of linking corpora."""

    pubtator = "pubtator"


class Guideline(StrEnum):
    """Whose conventions the linker follows."""

    auto = "auto"
    none = "none"
    bc5cdr = "bc5cdr"
    ncbi_disease = "ncbi-disease"
    biored = "biored"


class DeidFormat(StrEnum):
    """Formats of gold for de-identification."""

    inline = "inline"
    presidio = "presidio"


class CaseFormat(StrEnum):
    """Formats of diagnosis cases."""

    phenobrain = "phenobrain"
    phenopackets = "phenopackets"
    ddxplus = "ddxplus"
    vignettes = "vignettes"
    notes = "notes"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Measure this release on data with known answers.")
    group.command("entities")(entities)
    group.command("relations")(relations)
    group.command("assertion")(assertion)
    group.command("abbreviations")(abbreviations)
    group.command("linking")(linking)
    group.command("medications")(medications)
    group.command("measurements")(measurements)
    group.command("dates")(dates)
    group.command("diagnosis")(diagnosis)
    group.command("indications")(indications)
    group.command("names")(names)
    group.command("deid")(deid)
    app.add_typer(group, name="evaluate")


def entities(
    path: PathArgument,
    format: Annotated[EntityFormat, typer.Option(help="Format of the corpus.")],
    map: Annotated[
        str | None,
        typer.Option(
            help="Their labels to ours, merged: 'Chemical=DRUG,Disease=DISEASE+SYMPTOM'. Known corpora have defaults."
        ),
    ] = None,
    overlap: Annotated[bool, typer.Option(help="Relaxed: any overlap of the same type counts.")] = False,
    annotations: Annotated[
        Path | None, typer.Option(help="File of offsets into the texts of PATH (docs/annotated_notes.md).")
    ] = None,
    guideline: Annotated[
        str | None, typer.Option(help="Whose rules of annotation the model follows. Default: those of the corpus.")
    ] = None,
    errors: Annotated[int, typer.Option(min=0, help="Show so many of the most frequent kinds of mistakes.")] = 0,
    model: Model = None,
    label_map: LabelMap = None,
    json: JsonOption = False,
) -> None:
    """Precision, recall and F1 of entities: strict span and type, or with --overlap relaxed."""
    from ...pipeline import load
    from ...pipeline.assembling import pipeline_names
    from ...pipeline.evaluation.entities import corpus_guideline, evaluate_entities, read_gold

    reading = read_gold(path, format.value, annotations)
    others = [name for name in pipeline_names() if name not in _TAGGING]
    config = {"clinigraph_ner": {"guideline": guideline or corpus_guideline(reading)}}
    nlp = load(**pipeline_settings(model, label_map), exclude=others, config=config)
    report = evaluate_entities(path, format=format.value, mapping=map, overlap=overlap, nlp=nlp, reading=reading)
    data = report.to_dict()
    if errors:
        common = sorted(report.errors.items(), key=lambda item: (-item[1], item[0]))[:errors]
        data["errors"] = [{**kind._asdict(), "count": count} for kind, count in common]
    _finish(report, data, json, {"all": data["micro"], **data["labels"]})
    if errors and common and not json:
        shown = table("Mistake", "Gold", "Ours", "Count")
        for kind, count in common:
            shown.add_row(*kind, str(count))
        out.print(shown)


def assertion(
    path: PathArgument,
    format: Annotated[
        AssertionFormat, typer.Option(help="A table with a sentence a row, brat with POLARITY, or markup in the text.")
    ] = AssertionFormat.table,
    labels: Annotated[str, typer.Option(help="brat: the types of spans that count, with commas; default all.")] = "",
    json: JsonOption = False,
) -> None:
    """F1 of negated, historical, hypothetical, family ... on gold spans (formats: docs/evaluation.md)."""
    from ...pipeline.evaluation.assertion import evaluate_assertion, evaluate_passages

    if format is AssertionFormat.table:
        report = evaluate_assertion(path)
    else:
        report = evaluate_passages(path, format.value, [name for name in labels.split(",") if name])
    data = report.to_dict()
    _finish(report, data, json, {name: row for name, row in data.items() if isinstance(row, dict)})


def abbreviations(
    path: PathArgument,
    rows: Annotated[str, typer.Option(help="Which rows count: 4/4 is every fourth, 1,2,3/4 the others.")] = "1/1",
    json: JsonOption = False,
) -> None:
    """Accuracy and coverage of the senses of abbreviations on gold written inside the text (docs/evaluation.md)."""
    from ...pipeline.evaluation.abbreviations import evaluate_abbreviations

    report = evaluate_abbreviations(path, rows)
    _finish(report, report.to_dict(), json, None)


def relations(
    path: PathArgument,
    format: Annotated[RelationFormat, typer.Option(help="Format of the corpus.")],
    gold_entities: Annotated[
        bool, typer.Option("--gold-entities", help="Relate the corpus' own mentions, not ours.")
    ] = False,
    annotations: Annotated[
        Path | None, typer.Option(help="File of offsets and relations of the texts of PATH (docs/annotated_notes.md).")
    ] = None,
    model: Model = None,
    json: JsonOption = False,
) -> None:
    """Precision, recall and F1 of relations: pairs of concepts (pubtator) or of mentions (brat, phee, jsonl)."""
    from ...pipeline import load
    from ...pipeline.assembling import pipeline_names
    from ...pipeline.evaluation.relations import corpus_name, evaluate_relations
    from ...schemas.vocabulary import Vocabulary

    name = corpus_name(path, format.value, annotations)
    linked = format is RelationFormat.pubtator and not gold_entities
    needed = (*_TAGGING, *_LINKING) if linked else _TAGGING
    config = {"clinigraph_ner": {"guideline": name}}
    if linked:
        config["clinigraph_linker"] = {"guideline": name}
    whole = annotations is not None and not gold_entities
    nlp = load(
        **pipeline_settings(model, None),
        exclude=[] if whole else [each for each in pipeline_names() if each not in needed],
        config=config,
    )
    report = evaluate_relations(
        path,
        format=format.value,
        nlp=nlp,
        vocabulary=Vocabulary.default() if linked else None,
        gold_entities=gold_entities,
        corpus=name,
        annotations=annotations,
    )
    data = report.to_dict()
    _finish(report, data, json, {"all": data, **data["types"]})


_TAGGING = ("clinigraph_sentences", "clinigraph_ner")
_LINKING = ("clinigraph_abbreviations", "clinigraph_linker")


def linking(
    path: PathArgument,
    format: Annotated[LinkingFormat, typer.Option(help="Format of the corpus.")] = LinkingFormat.pubtator,
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="Find the mentions, too; F1 of both.")] = False,
    guideline: Annotated[
        Guideline, typer.Option(help="Whose conventions to follow; auto: the corpus' own, by its labels.")
    ] = Guideline.auto,
    limit: Annotated[int | None, typer.Option(min=1, help="With --end-to-end: only the first so many texts.")] = None,
    json: JsonOption = False,
) -> None:
    """Accuracy and coverage of links on gold spans; ids are compared through cross references."""
    from ...pipeline.evaluation.linking import evaluate_linking
    from ...pipeline.evaluation.linking_end_to_end import evaluate_end_to_end

    chosen = None if guideline is Guideline.none else guideline.value
    if end_to_end:
        found = evaluate_end_to_end(path, format=format.value, guideline=chosen, limit=limit)
        data = found.to_dict()
        _finish(found, data, json, {"all": data["micro"], **data["labels"]})
        return
    report = evaluate_linking(path, format=format.value, guideline=chosen)
    _finish(report, report.to_dict(), json, None)


def medications(
    path: PathArgument,
    format: Annotated[EntityFormat, typer.Option(help="Format of the corpus.")],
    gold_drugs: Annotated[bool, typer.Option(help="Give the gold drugs: measure only how they are taken.")] = False,
    keep_masked: Annotated[bool, typer.Option(help='Count gold spans that are nothing but mask ("***"), too.')] = False,
    overlap: Annotated[bool, typer.Option(help="Relaxed: any overlap of the same type counts.")] = False,
    model: Model = None,
    label_map: LabelMap = None,
    json: JsonOption = False,
) -> None:
    """Precision, recall and F1 of drugs, doses, routes, frequencies: strict spans, or with --overlap relaxed."""
    from ...pipeline.evaluation.medications import evaluate_medications, medication_pipeline

    nlp = medication_pipeline(tagger=not gold_drugs, **pipeline_settings(model, label_map))
    report = evaluate_medications(path, format=format.value, nlp=nlp, gold_drugs=gold_drugs, keep_masked=keep_masked)
    data = report.to_dict()
    _finish(report, data, json, data["overlap" if overlap else "labels"])


def measurements(
    path: PathArgument,
    split: Annotated[str | None, typer.Option(help='Only the passages of this "split".')] = None,
    json: JsonOption = False,
) -> None:
    """Precision, recall and F1 of values in a gold file (docs/evaluation.md), and how often they are understood."""
    from ...pipeline.evaluation.measurements import evaluate_measurements

    report = evaluate_measurements(path, split=split)
    data = report.to_dict()
    _finish(report, data, json, {name: row for name, row in data.items() if isinstance(row, dict)})


def dates(
    path: PathArgument,
    split: Annotated[str | None, typer.Option(help='Only the passages of this "split".')] = None,
    json: JsonOption = False,
) -> None:
    """Expressions of time in a gold file (docs/evaluation.md), their calendar days, onset and end of mentions."""
    from ...pipeline.evaluation.dates import evaluate_dates

    report = evaluate_dates(path, split=split)
    data = report.to_dict()
    _finish(report, data, json, {name: row for name, row in data.items() if isinstance(row, dict)})


def diagnosis(
    path: PathArgument,
    format: Annotated[CaseFormat, typer.Option(help="Format of the cases.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many cases.")] = None,
    json: JsonOption = False,
) -> None:
    """How often the right disease is first, among the first three, five, ten."""
    from ...kg import open_graph
    from ...kg.advice.evaluation import evaluate_diagnosis
    from ..case_reading import CaseReader

    with open_graph(":memory:") as graph:
        reader = CaseReader(graph)
        report = evaluate_diagnosis(
            path, format=format.value, view=graph.knowledge, read_note=reader.read_note, link=reader.link, limit=limit
        )
    _finish(report, report.to_dict(), json, None)


def indications(
    path: Annotated[Path, typer.Argument(help="Folder with Every Cure's indication list and drug list (.xlsx).")],
    sample: Annotated[int, typer.Option(min=0, help="Show so many pairs of each list of differences.")] = 0,
    seed: Annotated[int, typer.Option(help="Which pairs the sample draws.")] = 0,
    json: JsonOption = False,
) -> None:
    """Share of a list's indications that the graph answers, for the drugs of our curated list."""
    from ...kg import open_graph
    from ...kg.knowledge.indication_coverage import evaluate_indications
    from ...schemas.vocabulary import Vocabulary

    with open_graph(":memory:") as graph:
        report = evaluate_indications(path, graph.knowledge, Vocabulary.default())
    _finish(report, report.to_dict(sample, seed), json, None)


def names(
    path: Annotated[Path, typer.Argument(help="One name a line, or a .csv file.")],
    column: Annotated[str | None, typer.Option(help="Column of the .csv file that holds the names.")] = None,
    json: JsonOption = False,
) -> None:
    """Share of a list of names that the vocabulary knows."""
    from ...kg.knowledge.name_coverage import evaluate_names
    from ...schemas.vocabulary import Vocabulary

    report = evaluate_names(path, Vocabulary.default(), column=column)
    _finish(report, report.to_dict(), json, None)


def deid(
    path: PathArgument,
    format: Annotated[DeidFormat, typer.Option(help="Format of the gold.")] = DeidFormat.inline,
    part: Annotated[
        str, typer.Option(help="all; odd or even lines (inline); held-out or training templates (presidio).")
    ] = "all",
    json: JsonOption = False,
) -> None:
    """Recall of identifiers (covered whole) and precision (touching one), by kind, with and without organisations."""
    from ...pipeline.evaluation.deid import evaluate_deid

    report = evaluate_deid(path, format=format.value, part=part)
    data = report.to_dict()
    _finish(report, data, json, {name: row for name, row in data.items() if isinstance(row, dict)})


def _finish(report: Any, data: dict[str, Any], as_json: bool, rows: dict[str, dict[str, Any]] | None) -> None:
    problems = list(getattr(report, "problems", ()))
    show_problems(problems, len(problems), limit=10, listed=False)
    if as_json:
        print_json(data)
        return
    if rows is None:
        shown = table("Measure", "Value")
        for name, value in data.items():
            if isinstance(value, list):
                shown.add_row(name, "\n".join(map(str, value)))
            elif not isinstance(value, dict):
                shown.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    else:
        shown = table("Label", "Precision", "Recall", "F1", "Support")
        for name, row in rows.items():
            shown.add_row(
                name, *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")), str(row["support"])
            )  # fmt: skip
    out.print(shown)
    err.print("[dim]measured on the data given; see docs/evaluation.md for what the figures mean[/dim]")
