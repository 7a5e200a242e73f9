"""The patient as the safety rules see them: what is active, what was, kidney function, pregnancy, age."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from ...schemas.advice import Evidence, PatientMeasurement, PatientMedication, PatientState
from .view import KnowledgeView


@lru_cache(maxsize=1)
def contexts() -> Mapping[str, Mapping[str, Any]]:
    """Concepts that the rules know by id, from ``contexts.toml``.

    Examples
    --------
    >>> contexts()["circumstance"]["pregnancy"]
    'CG:pregnancy'
    """
    text = files(__package__).joinpath("contexts.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@dataclass(frozen=True)
class Problem:
    """A disease, finding or circumstance of the patient. ``sure`` problems are active and certain."""

    concept_id: str
    name: str
    sure: bool
    evidence: tuple[Evidence, ...] = ()

    @property
    def doubt(self) -> str:
        """What is to be said of a problem that is not certain and current."""
        return "" if self.sure else " (past or uncertain)"


@dataclass(frozen=True)
class KidneyFunction:
    """Estimated glomerular filtration rate in mL/min/1.73 m2 and where it comes from."""

    egfr: float
    origin: str
    evidence: tuple[Evidence, ...] = ()


class Circumstances:
    """A patient's state, arranged for the safety rules.

    Examples
    --------
    >>> from clinigraph.kg.advice.view import Rows
    >>> view = KnowledgeView.compile(Rows({}, {}))
    >>> [p.concept_id for p in Circumstances(PatientState(age=70), view).problems]
    ['CG:adult', 'CG:older_adult']
    """

    def __init__(self, state: PatientState, view: KnowledgeView) -> None:
        self.state = state
        self.view = view

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything about the patient that a drug may be contraindicated in, in an order of its own."""
        state, view = self.state, self.view
        found = []
        for condition in state.conditions:
            if condition.present != "no":
                sure = condition.present == "yes" and condition.status == "active"
                name = view.name(condition.concept_id, condition.name)
                found.append(Problem(condition.concept_id, name, sure, condition.evidence))
        for finding in state.findings:
            if finding.present != "no" and finding.weight > 0:
                sure = finding.present == "yes" and finding.weight >= 0.8
                name = view.name(finding.concept_id, finding.name)
                found.append(Problem(finding.concept_id, name, sure, finding.evidence))
        found.sort(key=lambda p: (p.concept_id, not p.sure, p.name))
        return (*found, *self._circumstances())

    def _circumstances(self) -> list[Problem]:
        state, ids = self.state, contexts()["circumstance"]
        holds = {
            ids["pregnancy"]: state.pregnant,
            ids["lactation"]: state.lactating,
            ids["female"]: state.sex == "female",
            ids["male"]: state.sex == "male",
        }
        if state.age is not None:
            holds |= {c: low <= state.age < high for c, (low, high) in contexts()["ages"].items()}
        return [Problem(c, self.view.name(c), True, state.demographics_evidence) for c in sorted(holds) if holds[c]]

    @cached_property
    def above(self) -> dict[str, Problem]:
        """Every concept that the patient's problems are or are kinds of; sure problems win."""
        concepts: dict[str, Problem] = {}
        for problem in sorted(self.problems, key=lambda p: not p.sure):
            for concept in self.view.above(problem.concept_id):
                concepts.setdefault(concept, problem)
        return concepts

    @cached_property
    def lineages(self) -> tuple[tuple[Problem, dict[str, int]], ...]:
        """Each problem with all that it is a kind of and the steps up to it; sure problems first."""
        ordered = sorted(self.problems, key=lambda p: not p.sure)
        return tuple((problem, self.view.above(problem.concept_id)) for problem in ordered)

    @cached_property
    def taken(self) -> tuple[PatientMedication, ...]:
        """Drugs that the patient takes; one whose status the notes leave open counts as taken."""
        drugs = (m for m in self.state.medications if m.status in ("active", "unknown"))
        return tuple(sorted(drugs, key=lambda m: (m.drug_id, m.status)))

    @cached_property
    def kidney(self) -> KidneyFunction | None:
        """Last recorded eGFR, or the one computed from the last creatinine if that is newer or the only one."""
        # Of several values of one day the worse counts: the lower eGFR, the higher creatinine.
        recorded, creatinine = self._last("egfr", -1), self._last("creatinine", 1)
        if recorded and not (creatinine and (creatinine.date or dt.date.min) > (recorded.date or dt.date.min)):
            return KidneyFunction(recorded.value, "recorded", recorded.evidence)
        age, sex = self.state.age, self.state.sex
        if creatinine and age is not None and age >= 18 and sex and creatinine.value > 0:
            from ...schemas.lab_tests import egfr_ckd_epi_2021

            value = egfr_ckd_epi_2021(creatinine.value, age, sex)
            return KidneyFunction(round(value, 1), "computed from creatinine, CKD-EPI 2021", creatinine.evidence)
        return KidneyFunction(recorded.value, "recorded", recorded.evidence) if recorded else None

    def _last(self, name: str, worse: int) -> PatientMeasurement | None:
        """The newest value of a test; ``worse`` is 1 if the higher of two is the worse one, else -1."""
        test = contexts()["tests"][name]
        return max(
            (m for m in self.state.measurements if m.test_id == test),
            key=lambda m: (m.date or dt.date.min, worse * m.value),
            default=None,
        )

    @cached_property
    def liver(self) -> Problem | None:
        """A liver disease of the patient, if there is one."""
        return next((self.above[c] for c in contexts()["liver"]["conditions"] if c in self.above), None)

    @property
    def may_be_pregnant(self) -> bool:
        """True if the notes leave open whether the patient is pregnant."""
        low, high = contexts()["pregnancy_possible"]["ages"]
        age = self.state.age
        of_age = age is None or low <= age < high
        return self.state.pregnant is None and self.state.sex != "male" and of_age

    @cached_property
    def not_checked(self) -> tuple[str, ...]:
        """What no drug could be checked for, because the record does not say it."""
        state, view, lines = self.state, self.view, []
        if not state.allergies and not state.allergies_recorded:
            lines.append("allergies: none recorded, and not recorded that there are none")
        if not state.medications and not state.medications_recorded:
            lines.append("interactions: no medication list recorded")
        if state.age is None:
            lines.append("age: not recorded")
        if state.sex is None:
            lines.append("sex: not recorded")
        if self.kidney is None:
            lines.append("kidney function: no eGFR, and none computable (adult age, sex and creatinine needed)")
        if self.may_be_pregnant:
            lines.append("pregnancy: status not recorded")
        for allergy in sorted(state.allergies, key=lambda a: (a.name, a.concept_id)):
            if not any(view.labels.get(c) in ("Drug", "DrugClass") for c in view.same_as(allergy.concept_id)):
                lines.append(f"allergy to {allergy.name or allergy.concept_id}: not a drug or class known here")
        for drug in self.taken:
            if not any(view.labels.get(c) == "Drug" for c in view.same_as(drug.drug_id)):
                lines.append(f"interactions with {drug.name or drug.drug_id}: not a drug known here")
        return tuple(dict.fromkeys(lines))
