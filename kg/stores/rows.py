"""Rows checked against the registry and brought into one canonical form, fast.

Rows of one source have few shapes (which property holds which Python type). Each shape is judged once, by
:func:`check_row`; after that a row costs a few dictionary look-ups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...schemas.graph import PYTHON_TYPES, NodeType, RelationshipType, check_row
from ...schemas.problems import UserError
from .base import Row, StoreRowError, node_type, relationship_type

Values = tuple[Any, ...]
_Convert = Callable[[Any], Any]
ENDS = ("source", "target")
END_LABELS = ("source_label", "target_label")
_INT_LIMIT = 2**63


class _BadValueError(ValueError):
    """What a value is that no store could give back unchanged."""


def _clean_float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _BadValueError("is not a finite number of 64 bits")
    return number + 0.0  # SQLite has no negative zero


def _clean_int(value: int) -> int:
    if not -_INT_LIMIT <= value < _INT_LIMIT:
        raise _BadValueError("does not fit into 64 bits")
    return int(value)


def _clean_string(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _BadValueError("holds half a character (a lone surrogate)") from None
    return value if type(value) is str else str.__str__(value)


def _clean_strings(value: Iterable[Any]) -> list[str]:
    result = []
    for item in value:
        if not isinstance(item, str):
            raise _BadValueError(f"should hold strings only, holds {type(item).__name__}")
        result.append(_clean_string(item))
    return result


_CONVERT: dict[str, _Convert] = {
    "string": _clean_string,
    "date": _clean_string,
    "int": _clean_int,
    "float": _clean_float,
    "string[]": _clean_strings,
}


@dataclass(frozen=True)
class CheckedRows:
    """Rows that were checked when their file was built, and need not be checked again.

    Attributes
    ----------
    values
        Clean values in the order of :attr:`RowShape.columns`, one row per id.
    """

    values: list[Values]

    def __iter__(self) -> Iterator[Row]:
        raise TypeError("checked rows are for a store's bulk_load, upsert_nodes or upsert_edges only")


class RowShape:
    """Checks the rows of one node label or relationship type.

    Attributes
    ----------
    columns
        Names of a row's values, in order: ``id``, for relationships ``source`` and ``target``, then properties.
    types
        Property type of each column.

    Examples
    --------
    >>> shape = node_shape("Encounter")
    >>> shape.columns
    ('id', 'patient_id', 'date')
    >>> shape.clean([{"id": "E:1", "patient_id": "P1"}, {"id": "E:1", "patient_id": "P2"}])
    {'E:1': ('E:1', 'P2', None)}
    """

    def __init__(self, kind: NodeType | RelationshipType) -> None:
        self.kind = kind
        self.name = kind.label if isinstance(kind, NodeType) else kind.type
        ends = ENDS if isinstance(kind, RelationshipType) else ()
        own = {p.name: p.type for p in kind.properties}
        self.columns: tuple[str, ...] = ("id", *ends, *(n for n in own if n != "id"))
        self.types: tuple[str, ...] = tuple(own.get(name, "string") for name in self.columns)
        self._keys = frozenset(self.columns)
        self._shapes: dict[Values, tuple[tuple[int, _Convert], ...]] = {}

    def clean(self, rows: Iterable[Row]) -> dict[str, Values]:
        """Check rows and return their values by id, the last row of an id winning.

        Raises
        ------
        StoreRowError
            On the first row that is not right.
        """
        if isinstance(rows, CheckedRows):
            return {values[0]: values for values in rows.values}
        columns, shapes, keys = self.columns, self._shapes, self._keys
        result: dict[str, Values] = {}
        for row in rows:
            values: list[Any] = list(map(row.get, columns))
            shape = tuple(map(type, values))
            converters = shapes.get(shape)
            if converters is None or "" in values or not row.keys() <= keys:
                converters = self._judge(row, values, shape)
            try:
                for index, convert in converters:
                    values[index] = convert(values[index])
            except _BadValueError as error:
                raise StoreRowError(self.name, row["id"], f'"{columns[index]}" {error}') from None
            result[values[0]] = tuple(values)
        return result

    def _judge(self, row: Row, values: list[Any], shape: Values) -> tuple[tuple[int, _Convert], ...]:
        wrong = check_row(self.kind, row)
        for name in ENDS:
            if wrong is None and name in self._keys and not isinstance(row[name], str):
                wrong = f'{self.name}: "{name}" should be string, got {type(row[name]).__name__}'
        if wrong is not None:
            raise StoreRowError(self.name, row.get("id"), wrong.removeprefix(f"{self.name}: "))
        converters = tuple(
            (index, _CONVERT[type_])
            for index, type_ in enumerate(self.types)
            if type_ in _CONVERT and values[index] is not None
        )
        self._shapes[shape] = converters
        return converters

    def filters(self, equals: Row) -> dict[str, Any]:
        """Check what :meth:`GraphStore.nodes` and ``edges`` are asked to filter by; a list stays a list.

        Raises
        ------
        UserError
            If it is no property, a list of strings, or a value of another type.
        """
        usable = {n: t for n, t in zip(self.columns, self.types, strict=True) if t != "string[]"}
        if isinstance(self.kind, RelationshipType):
            usable |= dict.fromkeys(END_LABELS, "string")
        checked: dict[str, Any] = {}
        for name, value in equals.items():
            if name not in usable:
                raise UserError(f'{self.name} cannot be filtered by "{name}"', f"use one of {', '.join(usable)}")
            many = not isinstance(value, str | int | float) and isinstance(value, Iterable)
            values = [v for v in value if v is not None] if many else [value]
            if not all(v is None or fits(v, usable[name]) for v in values):
                raise UserError(f'{self.name}: "{name}" is {usable[name]}', "filter it by a value of that type")
            checked[name] = values if many else value
        return checked


def fits(value: Any, type_: str) -> bool:
    """Whether a value is of a property type.

    Examples
    --------
    >>> fits(3, "float"), fits(True, "int"), fits(["a"], "string[]")
    (True, False, True)
    """
    allowed = PYTHON_TYPES[type_]
    return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))


@cache
def node_shape(label: str) -> RowShape:
    """Shape of a label's rows."""
    return RowShape(node_type(label))


@cache
def edge_shape(type: str) -> RowShape:
    """Shape of a relationship type's rows."""
    return RowShape(relationship_type(type))
