"""Diseases by findings as sparse matrices: frequencies, the ontology's closure, frequencies carried up it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .parameters import parameters

FloatArray = NDArray[np.float64]
GROUPS = ("female", "male", "infant", "child", "older")  # whom a frequency may be limited to


@dataclass(frozen=True)
class PhenotypeMatrix:
    """Frequencies of findings in diseases.

    Attributes
    ----------
    direct
        CSR, diseases x findings: frequency as the sources state it, 0 to 1.
    edges
        CSR of the same pattern: number of the edge that states it, plus 1.
    never
        CSC of booleans, diseases x findings: the disease is known not to show it.
    ancestors
        CSR of booleans, findings x findings: ancestors of each finding, itself included.
    limited
        Entries that hold for some patients only: disease, finding, and whom (see :data:`GROUPS`).
    """

    direct: sparse.csr_matrix
    edges: sparse.csr_matrix
    never: sparse.csc_matrix
    ancestors: sparse.csr_matrix
    limited: tuple[tuple[int, int, str], ...] = ()

    @cached_property
    def carried(self) -> sparse.csc_matrix:
        """CSC, diseases x findings: the greatest frequency among the finding and all kinds of it."""
        return carry_up(self.direct, self.ancestors)

    @cached_property
    def descendants(self) -> sparse.csr_matrix:
        """CSR of booleans, findings x findings: kinds of each finding, itself included."""
        return self.ancestors.T.tocsr()

    @cached_property
    def absence(self) -> sparse.csr_matrix:
        """CSR of log(1 - frequency): what it costs a disease that an expected finding is not there."""
        cost = self.direct.copy().astype(np.float64)
        cost.data = np.log1p(-np.minimum(cost.data, parameters()["likelihood"]["max_frequency"]))
        return cost

    @cached_property
    def absence_total(self) -> FloatArray:
        """Row sums of :attr:`absence`."""
        return np.asarray(self.absence.sum(axis=1)).ravel()

    def column(self, finding: int, foreign: Collection[str] = ()) -> tuple[NDArray[np.int32], FloatArray]:
        """Diseases that show the finding or a kind of it, and how often.

        Parameters
        ----------
        foreign
            Groups that the patient does not belong to: what holds only for them is left out.
        """
        start, end = self.carried.indptr[finding], self.carried.indptr[finding + 1]
        rows, values = self.carried.indices[start:end], self.carried.data[start:end]
        if not (self.limited and foreign):
            return rows, values
        changed = False
        for group in foreign:
            others = self._without[group].get(finding)
            if others is not None:
                if not changed:
                    values, changed = values.copy(), True
                at = np.searchsorted(rows, others[0])
                values[at] = np.minimum(values[at], others[1])
        return (rows[values > 0], values[values > 0]) if changed else (rows, values)

    @cached_property
    def limited_absence(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.str_], FloatArray]:
        """Disease, finding, whom it holds for and :attr:`absence` of all limited entries."""
        rows = np.array([row for row, _, _ in self.limited], np.int32)
        columns = np.array([column for _, column, _ in self.limited], np.int32)
        cost = np.asarray(self.absence[rows, columns], dtype=np.float64).ravel() if len(rows) else np.zeros(0)
        return rows, columns, np.array([whom for *_, whom in self.limited], dtype=np.str_), cost

    @cached_property
    def _without(self) -> dict[str, dict[int, tuple[NDArray[np.int32], FloatArray]]]:
        """Per group, the columns that change if what holds only for it is left out: diseases and new frequencies."""
        result: dict[str, dict[int, tuple[NDArray[np.int32], FloatArray]]] = {}
        everything = self.carried.tocsr()
        for group in GROUPS:
            pairs = [(row, column) for row, column, whom in self.limited if whom == group]
            result[group] = {}
            if not pairs:
                continue
            affected = np.unique([row for row, _ in pairs])
            before = self.direct[affected].tolil()
            for row, column in pairs:
                before[int(np.searchsorted(affected, row)), column] = 0.0
            rest = before.tocsr()
            rest.eliminate_zeros()
            after = carry_up(rest, self.ancestors)
            changes = (everything[affected] - after).tocsc()
            changes.eliminate_zeros()
            values = after.tocsr()
            for column in np.flatnonzero(np.diff(changes.indptr)):
                rows = changes.indices[changes.indptr[column] : changes.indptr[column + 1]]
                new = np.asarray(values[rows, column].todense(), dtype=np.float64).ravel()
                order = np.argsort(rows)
                result[group][int(column)] = (affected[rows][order].astype(np.int32), new[order])
        return result

    def ancestors_of(self, finding: int) -> NDArray[np.int32]:
        """Ancestors of the finding, itself included."""
        return self.ancestors.indices[self.ancestors.indptr[finding] : self.ancestors.indptr[finding + 1]]

    def descendants_of(self, finding: int) -> NDArray[np.int32]:
        """Kinds of the finding, itself included."""
        return self.descendants.indices[self.descendants.indptr[finding] : self.descendants.indptr[finding + 1]]

    def row(
        self, disease: int, foreign: Collection[str] = ()
    ) -> tuple[NDArray[np.int32], FloatArray, NDArray[np.int32]]:
        """Findings of the disease, their frequencies and edge numbers; ``foreign`` as in :meth:`column`."""
        start, end = self.direct.indptr[disease], self.direct.indptr[disease + 1]
        columns, values = self.direct.indices[start:end], self.direct.data[start:end]
        edges = self.edges.data[start:end] - 1
        other = [column for column, whom in self._limits_of.get(disease, ()) if whom in foreign]
        if not other:
            return columns, values, edges
        kept = ~np.isin(columns, other)
        return columns[kept], values[kept], edges[kept]

    @cached_property
    def _limits_of(self) -> dict[int, list[tuple[int, str]]]:
        limits: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for row, column, whom in self.limited:
            limits[row].append((column, whom))
        return dict(limits)


def closure(size: int, parents: Mapping[int, Sequence[int]]) -> sparse.csr_matrix:
    """Ancestors of every node, itself included; cycles do no harm.

    Examples
    --------
    >>> closure(3, {2: [1], 1: [0]}).toarray().astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    indptr, indices = [0], []
    for node in range(size):
        seen, stack = {node}, [node]
        while stack:
            for parent in parents.get(stack.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
        indices.extend(sorted(seen))
        indptr.append(len(indices))
    data = np.ones(len(indices), dtype=bool)
    return sparse.csr_matrix((data, np.array(indices, np.int32), np.array(indptr, np.int32)), shape=(size, size))


def carry_up(direct: sparse.csr_matrix, ancestors: sparse.csr_matrix) -> sparse.csc_matrix:
    """Carry frequencies to all ancestors, keeping the greatest: who has a kind of it, has it.

    Examples
    --------
    >>> direct = sparse.csr_matrix([[0.0, 0.2, 0.7]])
    >>> carry_up(direct, closure(3, {1: [0], 2: [0]})).toarray().round(1).tolist()
    [[0.7, 0.2, 0.7]]
    """
    coo = direct.tocoo()
    lengths = np.diff(ancestors.indptr)[coo.col]
    rows = np.repeat(coo.row, lengths)
    values = np.repeat(coo.data, lengths)
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = ancestors.indices[np.repeat(ancestors.indptr[coo.col], lengths) + offsets]
    order = np.lexsort((rows, columns))
    rows, columns, values = rows[order], columns[order], values[order]
    if not len(rows):
        return sparse.csc_matrix(direct.shape, dtype=np.float64)
    first = np.flatnonzero(np.r_[True, (np.diff(rows) != 0) | (np.diff(columns) != 0)])
    greatest = np.maximum.reduceat(values, first)
    shape = direct.shape
    return sparse.csc_matrix((greatest.astype(np.float64), (rows[first], columns[first])), shape=shape)
