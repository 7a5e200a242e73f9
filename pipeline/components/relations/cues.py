"""The cues of relations, from ``cues.csv``, as one expression.

Columns: ``cue`` (regular expression for lower-cased text; a space stands for white space), ``type``, ``left`` and
``right`` (labels of the mentions on either side, ``|`` between), ``head`` (which side is the relation's head) and
``score``. One cue may stand in several rows; the labels around it decide, in the order of the file.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ....schemas.annotation import RelationType


@dataclass(frozen=True)
class Reading:
    """What a cue means between two labels."""

    type: RelationType
    left: frozenset[str]
    right: frozenset[str]
    head_is_left: bool
    score: float
    regex: re.Pattern[str]


@dataclass(frozen=True)
class Cues:
    """All cues: one expression to find them, and their readings."""

    any_cue: re.Pattern[str]
    readings: tuple[Reading, ...]


def _spaced(regex: str) -> str:
    return regex.replace("[- ]", r"[-\s]").replace(" ?", r"\s?").replace(" ", r"\s{1,3}")


@cache
def cues() -> Cues:
    """Read and compile the table, once."""
    with (files(__package__) / "cues.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    readings = tuple(
        Reading(
            RelationType(row["type"]),
            frozenset(row["left"].split("|")),
            frozenset(row["right"].split("|")),
            row["head"] == "left",
            float(row["score"]),
            re.compile(_bounded(row["cue"])),
        )
        for row in rows
    )
    # the borders stand once around all cues: most places of a text are then refused at once
    every = _bounded("|".join(dict.fromkeys(row["cue"] for row in rows)))
    return Cues(re.compile(every), readings)


def _bounded(cue: str) -> str:
    """A cue that begins with a letter begins a word."""
    return rf"(?:(?<![^\W_])(?=\w)|(?!\w))(?:{_spaced(cue)})(?![^\W_])"
