"""Measures de-identification: how many identifiers are covered whole, and how much of what is covered is one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...schemas.problems import UserError
from ..components.deid.identifiers import Identifier, IdentifierKind
from ..training.deid.examples import PRESIDIO_KINDS, Example, held_out, presidio_example

_MARKUP = re.compile(r"<(/?)(" + "|".join(kind.value.lower() for kind in IdentifierKind) + r"|org)>")
PARTS = ("all", "held-out", "training", "odd", "even")


@dataclass
class Counts:
    """Gold identifiers, those covered whole, spans found and those that touch a gold one."""

    gold: int = 0
    covered: int = 0
    found: int = 0
    right: int = 0

    def to_dict(self) -> dict[str, float | int]:
        """Precision, recall, F1 (0 where undefined) and support."""
        recall = self.covered / self.gold if self.gold else 0.0
        precision = self.right / self.found if self.found else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {"precision": precision, "recall": recall, "f1": f1, "support": self.gold}


@dataclass
class DeidReport:
    """What :func:`evaluate_deid` found. ``missed`` and ``wrong`` give (example number, kind, start, end)."""

    kinds: dict[str, Counts] = field(default_factory=dict)
    n: int = 0
    missed: list[tuple[int, str, int, int]] = field(default_factory=list)
    wrong: list[tuple[int, str, int, int]] = field(default_factory=list)

    def total(self, without: frozenset[str] = frozenset()) -> Counts:
        """Counts over the kinds, except those named."""
        rows = [counts for kind, counts in self.kinds.items() if kind not in without]
        return Counts(*(sum(getattr(row, name) for row in rows) for name in ("gold", "covered", "found", "right")))

    def to_dict(self) -> dict[str, Any]:
        """Rows ``all``, ``without ORGANIZATION`` and one a kind; ``n`` examples."""
        return {
            "all": self.total().to_dict(),
            "without ORGANIZATION": self.total(frozenset({"ORGANIZATION"})).to_dict(),
            **{kind: counts.to_dict() for kind, counts in sorted(self.kinds.items())},
            "n": self.n,
        }


def parse_inline(line: str) -> Example:
    """An example with its gold in the text.

    Examples
    --------
    >>> example = parse_inline("Seen by <name>Ann Lee</name>")
    >>> example.text, [(s, e, k.value) for s, e, k in example.spans]
    ('Seen by Ann Lee', [(8, 15, 'NAME')])
    """
    text, spans, position, start = "", [], 0, 0
    line = line.replace("\\n", "\n").replace("\\t", "\t")
    for match in _MARKUP.finditer(line):
        text += line[position : match.start()]
        position = match.end()
        if match.group(1):
            name = match.group(2).upper()
            spans.append((start, len(text), IdentifierKind("ORGANIZATION" if name == "ORG" else name)))
        else:
            start = len(text)
    return Example(text + line[position:], tuple(spans))


def read_inline(path: Path, part: str = "all") -> list[Example]:
    """Examples of a file with one line each; comments and empty lines are left out.

    ``part`` is "all", or "odd" or "even" for every second example (the first is odd).
    """
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
    ]
    chosen = {"odd": lines[0::2], "even": lines[1::2]}.get(part, lines)
    return [parse_inline(line) for line in chosen]


def read_presidio(path: Path, part: str = "all") -> list[Example]:
    """Sentences of presidio's generator; "held-out" are those of the third of templates that nothing is trained on.

    Ages are gold only where they are over 89; titles, nationalities and religions are no identifiers.
    """
    rows = json.loads(path.read_text(encoding="utf-8"))
    wanted = {"held-out": True, "training": False}.get(part)
    chosen = (row for row in rows if wanted is None or held_out(row["masked"]) is wanted)
    return [_without_young_ages(presidio_example(row)) for row in chosen]


def _without_young_ages(example: Example) -> Example:
    def counts(start: int, end: int, kind: IdentifierKind) -> bool:
        digits = re.sub(r"\D", "", example.text[start:end])
        return kind is not IdentifierKind.AGE or (bool(digits) and int(digits) > 89)

    return Example(example.text, tuple(span for span in example.spans if counts(*span)))


def evaluate_deid(
    path: Path, *, format: str = "inline", part: str = "all", find: Callable[[str], list[Identifier]] | None = None
) -> DeidReport:
    """Recall and precision of identifiers.

    An identifier counts as found where all its letters and figures are covered, by spans of whatever kind: what
    matters is that nothing of it stays. A span counts as right where it touches a gold identifier.

    Parameters
    ----------
    path
        Gold file.
    format
        "inline" (see :func:`parse_inline`) or "presidio" (the JSON of presidio's sentence generator).
    part
        "all"; "odd" or "even" (inline); "held-out" or "training" (presidio).
    find
        Finder to measure. Default: :class:`IdentifierFinder`.

    Raises
    ------
    UserError
        If the file cannot be read as that format.
    """
    try:
        examples = read_presidio(path, part) if format == "presidio" else read_inline(path, part)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"cannot read {path} as {format} ({type(error).__name__})", "choose the --format it has"
        ) from error
    if find is None:
        from ..components.deid.finder import IdentifierFinder

        find = IdentifierFinder().find
    return score(examples, find)


def score(examples: Iterable[Example], find: Callable[[str], list[Identifier]]) -> DeidReport:
    """Count over examples."""
    report = DeidReport()
    for number, example in enumerate(examples):
        report.n += 1
        found = find(example.text)
        hidden = {i for item in found for i in range(item.start, item.end)}
        for start, end, kind in example.spans:
            counts = report.kinds.setdefault(kind.value, Counts())
            counts.gold += 1
            if all(i in hidden for i in range(start, end) if example.text[i].isalnum()):
                counts.covered += 1
            else:
                report.missed.append((number, kind.value, start, end))
        for item in found:
            counts = report.kinds.setdefault(item.kind.value, Counts())
            counts.found += 1
            if any(start < item.end and item.start < end for start, end, _ in example.spans):
                counts.right += 1
            else:
                report.wrong.append((number, item.kind.value, item.start, item.end))
    return report


__all__ = ["PRESIDIO_KINDS", "DeidReport", "evaluate_deid", "parse_inline", "read_inline", "read_presidio", "score"]
