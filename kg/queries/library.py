"""Load the named queries and check what they are asked with.

A query is a pair of files, ``NAME.sql`` and ``NAME.cypher``, with the same header in comments (``--`` or ``//``)::

    name: patients_on_drug
    question: Which patients take this drug?
    parameter: drug (string): CURIE of a drug or class
    parameter: limit (int) = 50: rows at most
    returns: patient (string), since (date), doses (string[])

Parameters are written ``:drug`` in SQL and ``$drug`` in Cypher; one with ``= value`` (JSON) may be left out.
Result rows are sorted by their columns, in order, absent values first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ...schemas.problems import UserError
from ..stores.rows import fits

_COMMENT = {".sql": "--", ".cypher": "//"}
_PARAMETER = re.compile(r"^(\w+) \(([\w\[\]]+)\)(?: = (.+?))?: (.+)$")
_COLUMN = re.compile(r"^(\w+) \(([\w\[\]]+)\)$")


@dataclass(frozen=True)
class Parameter:
    """What a query is asked with."""

    name: str
    type: str
    description: str
    required: bool = True
    default: Any = None


@dataclass(frozen=True)
class NamedQuery:
    """One question with its text for both stores."""

    name: str
    question: str
    parameters: tuple[Parameter, ...]
    columns: tuple[tuple[str, str], ...]
    sql: str
    cypher: str

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters completed with defaults.

        Raises
        ------
        UserError
            If one is missing, unknown or of the wrong type; lists those that exist.
        """
        known = {p.name: p for p in self.parameters}
        described = ", ".join(f"{p.name} ({p.type})" for p in self.parameters) or "no parameters"
        for name in given:
            if name not in known:
                raise UserError(f'query {self.name} has no parameter "{name}"', f"it takes {described}")
        values: dict[str, Any] = {}
        for p in self.parameters:
            value = given.get(p.name, p.default)
            if value is None and p.required:
                raise UserError(f'query {self.name} needs the parameter "{p.name}"', f"it takes {described}")
            if value is not None and not fits(value, p.type):
                raise UserError(
                    f'parameter "{p.name}" of query {self.name} should be {p.type}, got {type(value).__name__}',
                    f"it takes {described}",
                )
            if p.name == "limit" and p.type == "int" and value < 1:
                raise UserError(f"the limit of query {self.name} is {value}", "give 1 or more")
            values[p.name] = float(value) if p.type == "float" and value is not None else value
        return values

    def result(self, rows: Iterable[Iterable[Any]]) -> list[dict[str, Any]]:
        """Raw rows of either store as sorted dictionaries with the declared types."""
        decoded = [
            {name: _value(value, type_) for (name, type_), value in zip(self.columns, row, strict=True)} for row in rows
        ]
        return sorted(decoded, key=lambda row: [_sort_key(value) for value in row.values()])


def _value(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_ == "bool":
        return bool(value)
    if type_ == "string[]":
        return json.loads(value) if isinstance(value, str) else list(value)
    return float(value) if type_ == "float" else value


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


@cache
def queries() -> dict[str, NamedQuery]:
    """All named queries by name, sorted."""
    folder = resources.files(__package__)
    names = sorted(f.name.removesuffix(".sql") for f in folder.iterdir() if f.name.endswith(".sql"))
    return {name: _load(name) for name in names}


def query_names() -> list[str]:
    """Names of all queries.

    Examples
    --------
    >>> "patient_facts" in query_names()
    True
    """
    return list(queries())


def named_query(name: str) -> NamedQuery:
    """One query.

    Raises
    ------
    UserError
        If there is none of that name; lists those that exist.

    Examples
    --------
    >>> [p.name for p in named_query("patient_facts").parameters]
    ['patient']
    """
    try:
        return queries()[name]
    except KeyError:
        raise UserError(f'there is no query "{name}"', f"use one of {', '.join(query_names())}") from None


def _load(name: str) -> NamedQuery:
    parts = {suffix: _parse(f"{name}{suffix}", _COMMENT[suffix]) for suffix in _COMMENT}
    (header, sql), (other, cypher) = parts[".sql"], parts[".cypher"]
    if header != other:
        raise ValueError(f"{name}.sql and {name}.cypher have different headers")
    fields: dict[str, list[str]] = {}
    for line in header:
        key, _, value = line.partition(": ")
        fields.setdefault(key, []).append(value)
    columns = []
    for column in fields["returns"][0].split(", "):
        match = _COLUMN.match(column)
        if match is None:
            raise ValueError(f'{name}: "{column}" in "returns" is not written as: name (type)')
        columns.append((match[1], match[2]))
    parameters = tuple(_parameter(name, line) for line in fields.get("parameter", []))
    return NamedQuery(fields["name"][0], fields["question"][0], parameters, tuple(columns), sql, cypher)


def _parameter(query: str, line: str) -> Parameter:
    match = _PARAMETER.match(line)
    if match is None:
        raise ValueError(f'{query}: parameter "{line}" is not written as: name (type) = default: description')
    name, type_, default, description = match.groups()
    if default is None:
        return Parameter(name, type_, description)
    return Parameter(name, type_, description, required=False, default=json.loads(default))


def _parse(file: str, comment: str) -> tuple[list[str], str]:
    header, body = [], []
    for line in resources.files(__package__).joinpath(file).read_text(encoding="utf-8").splitlines():
        if line.startswith(comment):
            header.append(line.removeprefix(comment).strip())
        else:
            body.append(line)
    return header, "\n".join(body).strip()
