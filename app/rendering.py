"""Answers as text for a terminal: each line with the words of the note and the source of the knowledge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from ..kg.loading.patients import details_text
from ..schemas.advice import (
    BlockedDrug,
    Differential,
    DifferentialEntry,
    DrugCheck,
    DrugSuggestion,
    Evidence,
    Question,
    Reason,
    Recommendation,
    ScorePart,
    Source,
)
from ..schemas.patient import PatientFact, PatientRecord

MAX_QUOTE = 110  # characters of a sentence shown
MAX_PARTS = 6  # reasons shown for and against a diagnosis, strongest first; --json gives all
MAX_DRUGS = 3  # drugs shown per condition; --json gives all
MAX_REASONS = 4  # cautions shown per drug, gravest first
_GRAVITY = {"contraindicated": 0, "absolute": 0, "major": 1, "relative": 2, "reduce": 2, "moderate": 3}
_BANDS = {
    "likely": "[bold green]likely[/]",
    "possible": "[yellow]possible[/]",
    "less_likely": "[dim]less likely[/]",
    "unlikely": "[dim]unlikely[/]",
    "not_enough_information": "[dim]not enough information[/]",
}
_KINDS = {
    "Condition": "Conditions and symptoms",
    "MedicationStatement": "Drugs",
    "AllergyIntolerance": "Allergies",
    "Observation": "Values",
    "ProcedureEvent": "Procedures and tests",
    "FamilyMemberHistory": "Family",
}


def _line(console: Console, text: str, indent: int) -> None:
    console.print(Padding(text, (0, 0, 0, indent)))


def quote(evidence: Sequence[Evidence], limit: int = 1) -> str:
    """Where it stands in the notes, as markup: the words, the note, its date."""
    parts = []
    for e in evidence[:limit]:
        words = " ".join((e.text or "").split())
        words = words if len(words) <= MAX_QUOTE else words[: MAX_QUOTE - 1] + "…"
        place = " ".join(p for p in (e.note_id or e.source, str(e.date) if e.date else "") if p)
        spot = f":{e.start}-{e.end}" if e.note_id and e.start is not None else ""
        parts.append((f"“{escape(words)}” " if words else "") + f"[dim]{escape(place)}{spot}[/dim]")
    more = f" [dim](+{len(evidence) - limit} more)[/dim]" if len(evidence) > limit else ""
    return "; ".join(parts) + more


def cite(sources: Iterable[Source]) -> str:
    """Who says so, as markup."""
    named = dict.fromkeys(f"{s.primary_knowledge_source} {s.source_version}".strip() for s in sources)
    return f"[dim]\\[{escape('; '.join(named))}][/dim]" if named else ""


def show_patient(record: PatientRecord, console: Console) -> None:
    """The record of a patient."""
    about = [record.sex, f"{record.age:g} years" if record.age is not None else None, f"{record.notes} notes"]
    if record.first_note:
        about.append(f"{record.first_note} to {record.last_note}")
    console.print(f"[bold]Patient {escape(record.patient_id)}[/bold]  {', '.join(p for p in about if p)}")
    for kind, title in _KINDS.items():
        facts = [f for f in record.facts if f.kind == kind]
        if facts:
            console.print(f"\n[bold]{title}[/bold]")
        for fact in sorted(facts, key=lambda f: (f.answer == "no", f.name.lower())):
            _line(console, _fact_line(fact), 2)


def _fact_line(fact: PatientFact) -> str:
    said = [] if fact.answer == "yes" else [f"[bold]{fact.answer}[/bold]"]
    said += [w for w in (fact.certainty, fact.temporality) if w not in (None, "certain", "current")]
    details = details_text(fact)
    name = f"{escape(fact.name)}" + (f" [dim]{escape(fact.concept_id)}[/dim]" if fact.concept_id else "")
    parts = [name, escape(details) if details else "", ", ".join(said), quote(fact.evidence)]
    return "  ".join(part for part in parts if part)


def show_differential(answer: Differential, console: Console) -> None:
    """A differential: for, against, missing, ask next."""
    for_whom = f" for patient {escape(answer.patient_id)}" if answer.patient_id else ""
    console.print(f"[bold]Differential diagnosis{for_whom}[/bold]  [dim]{escape(answer.disclaimer)}[/dim]")
    if not answer.enough_information:
        console.print(
            f"[yellow]Not enough information[/yellow]: {answer.informative_findings} informative findings. "
            "The list below is a reminder, not a ranking."
        )
    if answer.known:
        console.print(f"Known already: {escape(', '.join(c.name for c in answer.known))}")
    shown = [entry for entry in answer.entries if entry.probability_band != "unlikely"]
    for entry in shown:
        _show_entry(entry, console)
    _show_unlikely([entry for entry in answer.entries if entry.probability_band == "unlikely"], bool(shown), console)
    if answer.must_not_miss:
        names = [f"{escape(e.name)} (urgency {e.urgency})" for e in answer.must_not_miss]
        console.print(f"\n[bold red]Must not be missed[/bold red]: {'; '.join(names)}")
    if answer.ask_next:
        console.print("\n[bold]Ask, examine or test next[/bold]")
        for question in answer.ask_next:
            _line(
                console, f"{escape(question.concept.name)}  [dim]{question.kind}; {escape(_tells(question))}[/dim]", 2
            )
    if answer.unexplained:
        console.print(f"\nExplained by none of the first: {escape(', '.join(c.name for c in answer.unexplained))}")
    for unused in answer.not_used:
        console.print(f"[dim]Not used: {escape(unused.concept.name)} ({escape(unused.reason)})[/dim]")


def _tells(question: Question) -> str:
    """What the answer would tell. A finding of the leading candidate speaks for nothing new; its absence does."""
    for words, diseases in (("speaks for", question.speaks_for), ("its absence speaks for", question.speaks_against)):
        if diseases:
            return f"{words} {', '.join(c.name for c in diseases[:3])}"
    return "tells the candidates apart"


def _show_unlikely(entries: list[DifferentialEntry], after_others: bool, console: Console) -> None:
    """What the findings hardly speak for, in one line: reasons would only look like weight (--json gives them)."""
    if entries:
        names = ", ".join(escape(entry.name) for entry in entries)
        lead = (
            "Unlikely" if after_others else "Nothing further is likely beside what is known. Unlikely, but next in line"
        )
        console.print(f"\n[dim]{lead}: {names}[/dim]")


def _show_entry(entry: DifferentialEntry, console: Console) -> None:
    flags = " [bold red]must not be missed[/]" if entry.must_not_miss else ""
    console.print(
        f"\n{entry.rank:2d}. [bold]{escape(entry.name)}[/bold] [dim]{entry.disease_id}[/dim]  "
        f"{_BANDS[entry.probability_band]}{flags}"
    )
    for flag in entry.red_flags:
        _line(
            console,
            f"[bold red]red flag[/] {escape(flag.finding.name)}: {escape(flag.meaning)}  {quote(flag.evidence)}",
            4,
        )
    for sign, parts in (("[green]for    [/]", entry.evidence_for), ("[red]against[/]", entry.evidence_against)):
        strongest = sorted(parts, key=lambda part: -abs(part.log_odds))
        for part in strongest[:MAX_PARTS]:
            _line(console, f"{sign} {_part_line(part)}", 4)
        if len(parts) > MAX_PARTS:
            _line(console, f"{sign} [dim]and {len(parts) - MAX_PARTS} weaker reasons[/dim]", 4)
    if entry.expected_missing:
        names = ", ".join(f"{e.finding.name} ({e.frequency:.0%})" for e in entry.expected_missing[:5])
        _line(console, f"[yellow]missing[/] {escape(names)}", 4)
    if entry.red_flags_to_check and entry.probability_band != "unlikely":
        names = "; ".join(f"{f.finding.name} ({f.meaning})" for f in entry.red_flags_to_check)
        _line(console, f"[red]look for[/] {escape(names)}", 4)


def _part_line(part: ScorePart) -> str:
    name = part.finding.name if part.finding else ""
    pieces = [f"{escape(name)}: {escape(part.reason)}" if name else escape(part.reason)]
    if part.explained_by:
        pieces.append(f"[dim]also explained by {escape(', '.join(part.explained_by))}[/dim]")
    return "  ".join(p for p in [*pieces, quote(part.evidence), cite(part.sources)] if p)


def show_recommendation(answer: Recommendation, console: Console) -> None:
    """Drugs: suggested, cautioned, blocked with reason."""
    for_whom = f" for patient {escape(answer.patient_id)}" if answer.patient_id else ""
    console.print(f"[bold]Drugs{for_whom}[/bold]  [dim]{escape(answer.disclaimer)}[/dim]")
    for title, drugs in (("[green]Suggested[/]", answer.suggested), ("[yellow]With care[/]", answer.cautioned)):
        if drugs:
            console.print(f"\n[bold]{title}[/bold]")
        for condition in dict.fromkeys(drug.for_condition for drug in drugs):
            fitting = [drug for drug in drugs if drug.for_condition == condition]
            for drug in fitting[:MAX_DRUGS]:
                _show_suggestion(drug, console)
            if len(fitting) > MAX_DRUGS:
                rest = ", ".join(drug.name for drug in fitting[MAX_DRUGS : MAX_DRUGS + 8])
                more = ", ..." if len(fitting) > MAX_DRUGS + 8 else ""
                _line(console, f"[dim]also for {escape(condition.name)}: {escape(rest)}{more}[/dim]", 2)
    if answer.blocked:
        console.print("\n[bold red]Blocked[/bold red]")
        for blocked in answer.blocked:
            _show_blocked(blocked, console)
    if answer.no_drug_known_for:
        console.print(f"\nNo drug is known for: {escape(', '.join(c.name for c in answer.no_drug_known_for))}")
    for missing in answer.not_checked:
        console.print(f"[yellow]Not checked[/yellow]: {escape(missing)}")


def _show_suggestion(drug: DrugSuggestion, console: Console) -> None:
    line = " ".join(p.replace("_", " ") for p in (drug.line and f"{drug.line} line", drug.approval) if p)
    taken = "  [cyan]taken already[/cyan]" if drug.already_taken else ""
    _line(
        console,
        f"[bold]{escape(drug.name)}[/bold] for {escape(drug.for_condition.name)}, {line}{taken}  {cite(drug.sources)}",
        2,
    )
    shown = sorted(drug.cautions, key=lambda r: _GRAVITY.get(r.severity or "", 2))
    for reason in (*drug.reasons, *shown[:MAX_REASONS]):
        _line(console, _reason_line(reason), 6)
    if len(shown) > MAX_REASONS:
        _line(console, f"[dim]and {len(shown) - MAX_REASONS} lesser cautions[/dim]", 6)
    for missing in drug.not_checked:
        _line(console, f"[yellow]not checked[/] {escape(missing)}", 6)


def _show_blocked(blocked: BlockedDrug, console: Console) -> None:
    taken = "  [bold red]and the patient takes it[/]" if blocked.already_taken else ""
    what_for = f" for {escape(blocked.for_condition.name)}" if blocked.for_condition else ""
    _line(console, f"[bold]{escape(blocked.name)}[/bold]{what_for}{taken}", 2)
    for reason in blocked.reasons:
        _line(console, _reason_line(reason), 6)


def _reason_line(reason: Reason) -> str:
    pieces = [f"[dim]{reason.kind.replace('_', ' ')}[/dim] {escape(reason.message)}"]
    if reason.management:
        pieces.append(f"→ {escape(reason.management)}")
    return "  ".join(p for p in [*pieces, quote(reason.evidence), cite(reason.sources)] if p)


def show_check(answer: DrugCheck, console: Console) -> None:
    """One drug for one patient."""
    words = {
        "blocked": "[bold red]must not be given[/]",
        "caution": "[yellow]with care[/]",
        "no_problem_found": "[green]no problem was found[/]",
        "unknown_drug": "[yellow]the knowledge does not hold this drug[/]",
    }
    taken = "  [cyan]taken already[/cyan]" if answer.already_taken else ""
    console.print(
        f"[bold]{escape(answer.name)}[/bold]: {words[answer.verdict]}{taken}  [dim]{escape(answer.disclaimer)}[/dim]"
    )
    for reason in (*answer.blocks, *answer.cautions, *answer.notes):
        _line(console, _reason_line(reason), 2)
    for missing in answer.not_checked:
        _line(console, f"[yellow]not checked[/] {escape(missing)}", 2)
