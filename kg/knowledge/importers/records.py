"""What an importer yields: concepts and facts in the terms of its source, and what it could not use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .reading import InputFiles, Place, Rejected


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept as its source has it; joined to ours before anything is written.

    Attributes
    ----------
    id
        CURIE in the source's own vocabulary.
    label
        Node label of the registry.
    name
        Preferred name; without one it cannot become a concept of its own.
    place
        Where it stands.
    same_as
        CURIEs of the same thing in other vocabularies, surest first.
    synonyms
        Other names.
    by_name
        Whether a concept of ours with the same name, and the only one, is taken for the same.
    update
        Whether a row of this very source that ships with the package is brought up to date.
    source, licence
        In place of the importer's own.
    """

    id: str
    label: str
    name: str
    place: Place
    same_as: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    by_name: bool = True
    update: bool = False
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A relationship of the registry between two CURIEs of the source.

    Attributes
    ----------
    type, subject, object, properties
        As the registry has them; ``subject`` becomes the relationship's source.
    place
        Where it stands.
    orders_ours
        Whether it may say which concept of the shipped vocabulary is a kind of which (SUBCLASS_OF only).
    source, licence
        In place of the importer's own.
    """

    type: str
    subject: str
    object: str
    place: Place
    properties: Mapping[str, Any] = field(default_factory=dict)
    orders_ours: bool = False
    source: str | None = None
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that the graph has no use for, by design; counted by reason, not listed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Records that depend on which concepts of ours those of the source are.

    ``make`` is called with a function that tells the graph's id of a concept that was yielded before.
    """

    make: Callable[[Callable[[str], str]], Iterator[Record]]


Record = Concept | Fact | LeftOut | Rejected | Joined


class Importer(Protocol):
    """What the module of a kind provides."""

    def records(self, files: InputFiles) -> Iterator[Record]:
        """Read the files as streams; yield a concept before the facts about it."""

    def version(self, files: InputFiles) -> str | None:
        """Version that the files themselves state, or None."""
