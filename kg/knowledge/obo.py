"""Reads OBO files: just the tags that the build needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_SYNONYM = re.compile(r'"((?:[^"\\]|\\.)*)"\s+(\w+)\s*(\w+)?')


@dataclass
class Term:
    """One [Term] stanza."""

    id: str = ""
    name: str = ""
    obsolete: bool = False
    alt_ids: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    xrefs: list[str] = field(default_factory=list)
    synonyms: list[tuple[str, str, str]] = field(default_factory=list)  # text, scope, type


def read_terms(lines: Iterable[str]) -> Iterator[Term]:
    """Yield the terms of an OBO file.

    Examples
    --------
    >>> [t.name for t in read_terms(["[Term]", "id: X:1", "name: fever"])]
    ['fever']
    """
    term: Term | None = None
    for line in lines:
        line = line.strip()
        if line.startswith("["):
            if term is not None and term.id:
                yield term
            term = Term() if line == "[Term]" else None
        elif term is not None and ": " in line:
            _read_tag(term, *line.split(": ", 1))
    if term is not None and term.id:
        yield term


def _read_tag(term: Term, tag: str, value: str) -> None:
    if tag == "id":
        term.id = value
    elif tag == "name":
        term.name = value
    elif tag == "is_obsolete":
        term.obsolete = value == "true"
    elif tag == "alt_id":
        term.alt_ids.append(value)
    elif tag == "is_a":
        term.parents.append(value.split(" ")[0])
    elif tag == "xref":
        term.xrefs.append(value.split(" ")[0])
    elif tag == "synonym" and (match := _SYNONYM.match(value)):
        text, scope, type_ = match.groups()
        term.synonyms.append((text.replace('\\"', '"'), scope, type_ or ""))
