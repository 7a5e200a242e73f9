"""Published case sets as patient states with their diagnosis: one reader per format, bad rows listed."""

from __future__ import annotations

import ast
import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...schemas.advice import Finding, PatientCondition, PatientState, Sex
from ...schemas.problems import Problem, UserError
from .names import Names

ReadNote = Callable[[str], PatientState]
_AGE = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", re.IGNORECASE)
_PREFIXES = {"ORPHANET": "ORPHA", "ORPHA": "ORPHA", "OMIM": "OMIM", "MIM": "OMIM"}


@dataclass(frozen=True)
class Case:
    """A patient with the diagnosis that was made: ids, or names, any of which counts."""

    state: PatientState
    gold_ids: tuple[str, ...] = ()
    gold_names: tuple[str, ...] = ()


@dataclass
class CaseReader:
    """Reads one format.

    Parameters
    ----------
    names
        Turns words into concepts.
    read_note
        Turns a note's text into a patient's state; needed by the formats in prose.
    """

    names: Names
    read_note: ReadNote | None = None
    problems: list[Problem] = field(default_factory=list)

    def read(self, path: Path, format: str) -> Iterator[Case]:
        """Cases of a file or folder, in the order of the files.

        Raises
        ------
        UserError
            If the path or the format is not known, or the file is no such file at all.
        """
        readers = {
            "phenobrain": (self._phenobrain, (".json", ".json.gz")),
            "phenopackets": (self._phenopackets, (".jsonl", ".jsonl.gz", ".json")),
            "ddxplus": (self._ddxplus, (".csv", ".csv.gz")),
            "vignettes": (self._vignettes, (".csv", ".csv.gz")),
            "notes": (self._notes, (".jsonl", ".jsonl.gz")),
        }
        if format not in readers:
            raise UserError(f"{format!r} is no format of cases", f"use one of {', '.join(readers)}")
        if format in ("vignettes", "notes") and self.read_note is None:
            raise UserError(f"cases in prose ({format}) need the pipeline", "pass read_note=...")
        reader, endings = readers[format]
        for file in _files(path, endings):
            yield from reader(file)

    def _bad(self, where: str, message: str, solution: str) -> None:
        self.problems.append(Problem(where=where, message=message, solution=solution))

    # -- ids -----------------------------------------------------------------------------------------------

    def _phenobrain(self, file: Path) -> Iterator[Case]:
        try:
            rows = json.loads(_text(file))
        except ValueError as error:
            raise UserError(f"{file.name} is no JSON", "give the test set as published") from error
        for number, row in enumerate(rows if isinstance(rows, list) else [], 1):
            ok = isinstance(row, list) and len(row) >= 2 and all(isinstance(part, list) for part in row[:2])
            if not ok:
                self._bad(f"{file.name} case {number}", "not [findings, diseases]", "give two lists of ids")
                continue
            state = PatientState(findings=tuple(Finding(concept_id=str(f)) for f in dict.fromkeys(row[0])))
            yield Case(state, gold_ids=tuple(curie(str(d)) for d in row[1]))

    def _phenopackets(self, file: Path) -> Iterator[Case]:
        for where, row in self._json_lines(file):
            if "phenotypicFeatures" in row:
                row = _flat(row)
            gold = row.get("disease")
            observed, excluded = row.get("observed") or [], row.get("excluded") or []
            if not gold or not isinstance(observed, list) or not isinstance(excluded, list):
                self._bad(where, '"observed" and "disease" are needed', "see the documented fields")
                continue
            findings = [Finding(concept_id=f) for f in dict.fromkeys(map(str, observed))]
            findings += [Finding(concept_id=f, present="no") for f in dict.fromkeys(map(str, excluded))]
            state = PatientState(findings=tuple(findings), sex=_sex(row.get("sex")), age=_years(row.get("age")))
            golds = gold if isinstance(gold, list) else [gold]
            yield Case(state, gold_ids=tuple(curie(str(g)) for g in golds))

    # -- questions -----------------------------------------------------------------------------------------

    def _ddxplus(self, file: Path) -> Iterator[Case]:
        questions = _questions(file.parent)
        for where, row in self._csv(file):
            gold = row.get("English Pathology") or row.get("PATHOLOGY")
            try:
                answers = _answers(row, questions)
            except (ValueError, SyntaxError):
                answers = None
            if not gold or answers is None:
                self._bad(where, "PATHOLOGY or EVIDENCES cannot be read", "give the file as published")
                continue
            past = {q["question_en"] for q in questions.values() if q.get("is_antecedent")}
            findings: dict[str, Finding] = {}
            conditions: dict[str, PatientCondition] = {}
            for question, values in answers.items():
                for concept in self.names.in_answer(question, values):
                    if question in past or self.names.is_disease(concept):
                        conditions[concept] = PatientCondition(concept_id=concept, status="historical")
                    else:
                        findings[concept] = Finding(concept_id=concept)
            state = PatientState(
                sex=_sex(row.get("SEX")),
                age=_years(row.get("AGE")),
                findings=tuple(findings.values()),
                conditions=tuple(conditions.values()),
            )
            yield Case(state, gold_names=(gold,))

    # -- prose ---------------------------------------------------------------------------------------------

    def _vignettes(self, file: Path) -> Iterator[Case]:
        for where, row in self._csv(file):
            text, gold = row.get("case_vignette"), row.get("answer")
            if not text or not gold:
                self._bad(where, "case_vignette or answer is empty", "fill both columns or drop the row")
                continue
            yield Case(self._state(text), gold_names=(gold,))

    def _notes(self, file: Path) -> Iterator[Case]:
        for where, row in self._json_lines(file):
            text, gold, others = row.get("note"), row.get("diagnosis"), row.get("acceptable") or []
            if not isinstance(text, str) or not text.strip() or not gold or not isinstance(others, list):
                self._bad(where, '"note" and "diagnosis" are needed', "see the documented fields")
                continue
            golds = tuple(str(g) for g in (gold, *others))
            ids = tuple(curie(g) for g in golds if re.fullmatch(r"[A-Za-z]+:\w+", g))
            yield Case(self._state(text), gold_ids=ids, gold_names=tuple(g for g in golds if g not in ids))

    def _state(self, text: str) -> PatientState:
        """State from prose. A disease that the text names is a candidate here, not something already known."""
        assert self.read_note is not None
        state = self.read_note(text)
        conditions = tuple(
            c.model_copy(update={"present": "uncertain"}) if c.present == "yes" and c.status == "active" else c
            for c in state.conditions
        )
        return state.model_copy(update={"conditions": conditions})

    # -- files ---------------------------------------------------------------------------------------------

    def _json_lines(self, file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        text = _text(file)
        whole = _whole_json(text) if file.name.endswith(".json") else None
        lines = [json.dumps(row) for row in whole] if whole is not None else text.splitlines()
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{file.name} line {number}"
            try:
                row = json.loads(line)
            except ValueError:
                self._bad(where, "not JSON", "one JSON object per line")
                continue
            if isinstance(row, dict):
                yield where, row
            else:
                self._bad(where, "not a JSON object", "one JSON object per line")

    def _csv(self, file: Path) -> Iterator[tuple[str, dict[str, str]]]:
        csv.field_size_limit(10_000_000)
        for number, row in enumerate(csv.DictReader(_text(file).splitlines(keepends=True)), 2):
            yield f"{file.name} row {number}", {k: v for k, v in row.items() if k and isinstance(v, str)}


def curie(identifier: str) -> str:
    """Bring a disease id to the prefixes that the graph uses.

    Examples
    --------
    >>> curie("Orphanet:117"), curie("ORPHA:117"), curie("MONDO:0007191")
    ('ORPHA:117', 'ORPHA:117', 'MONDO:0007191')
    """
    prefix, _, local = identifier.strip().partition(":")
    return f"{_PREFIXES.get(prefix.upper(), prefix)}:{local}" if local else identifier


def _files(path: Path, endings: tuple[str, ...]) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path} does not exist", "name a file of cases, or a folder that holds one")
    found = sorted(f for f in path.iterdir() if f.name.endswith(endings) and f.name != "evidences.json")
    if not found:
        raise UserError(f"{path} holds no file of cases ({', '.join(endings)})", "name the file itself")
    return found


def _text(file: Path) -> str:
    try:
        data = gzip.decompress(file.read_bytes()) if file.name.endswith(".gz") else file.read_bytes()
    except (OSError, EOFError) as error:
        raise UserError(f"{file.name} cannot be read ({type(error).__name__})", "check the file") from error
    return data.decode("utf-8-sig", "replace")


def _whole_json(text: str) -> list[Any] | None:
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, list) else [data]


def _flat(packet: Mapping[str, Any]) -> dict[str, Any]:
    """A GA4GH phenopacket as the few fields that matter here."""
    features = [f for f in packet.get("phenotypicFeatures") or () if isinstance(f, dict)]
    ids = {
        flag: [f["type"]["id"] for f in features if bool(f.get("excluded")) is flag and f.get("type", {}).get("id")]
        for flag in (False, True)
    }
    diagnoses = [i.get("diagnosis", {}).get("disease") for i in packet.get("interpretations") or ()]
    diagnoses += [d.get("term") for d in packet.get("diseases") or () if not d.get("excluded")]
    subject = packet.get("subject") or {}
    age = (subject.get("timeAtLastEncounter") or {}).get("age", {})
    return {
        "observed": ids[False],
        "excluded": ids[True],
        "disease": [d["id"] for d in diagnoses if d and d.get("id")],
        "sex": subject.get("sex"),
        "age": age.get("iso8601duration") if isinstance(age, dict) else None,
    }


def _sex(word: Any) -> Sex | None:
    first = str(word or "").strip().lower()[:1]
    return "female" if first == "f" else "male" if first == "m" else None


def _years(value: Any) -> float | None:
    """Years from a number or an ISO 8601 duration."""
    match = _AGE.match(str(value or ""))
    if match and any(match.groups()):
        years, months, weeks, days = (int(g or 0) for g in match.groups())
        result = years + months / 12 + weeks / 52 + days / 365
    else:
        try:
            result = float(value)
        except (TypeError, ValueError):
            return None
    return result if 0 <= result <= 130 else None


def _questions(folder: Path) -> dict[str, dict[str, Any]]:
    file = folder / "evidences.json"
    if not file.is_file():
        raise UserError(f"{folder} holds no evidences.json", "put it beside the file of patients")
    return json.loads(_text(file))


def _answers(row: Mapping[str, str], questions: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Question in English -> its answers; a plain yes is an empty list. Negative answers are left out."""
    answers: dict[str, list[str]] = {}
    if row.get("English Evidences"):
        for question, value in ast.literal_eval(row["English Evidences"]).items():
            values = value if isinstance(value, list) else [value]
            _add_answer(answers, question, [str(v) for v in values])
        return answers
    for code in ast.literal_eval(row["EVIDENCES"]):
        name, _, value = str(code).partition("_@_")
        entry = questions.get(name)
        if entry is not None:
            meaning = entry.get("value_meaning", {}).get(value, {}).get("en", value)
            _add_answer(answers, entry["question_en"], [meaning] if value else ["True"])
    return answers


def _add_answer(answers: dict[str, list[str]], question: str, values: list[str]) -> None:
    kept = [v for v in values if v.strip().lower() not in ("false", "no", "n", "na", "nowhere", "none", "0")]
    if kept:
        words = [v for v in kept if v.strip().lower() not in ("true", "yes", "y")]
        answers.setdefault(question, []).extend(words)
