"""Diseases by findings as sparse matrices: frequencies, the ontology's closure, frequencies carried up it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .parameters import parameters

FloatArray = NDArray[np.float64]


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
    """

    direct: sparse.csr_matrix
    edges: sparse.csr_matrix
    never: sparse.csc_matrix
    ancestors: sparse.csr_matrix

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

    def column(self, finding: int) -> tuple[NDArray[np.int32], FloatArray]:
        """Diseases that show the finding or a kind of it, and how often."""
        start, end = self.carried.indptr[finding], self.carried.indptr[finding + 1]
        return self.carried.indices[start:end], self.carried.data[start:end]

    def ancestors_of(self, finding: int) -> NDArray[np.int32]:
        """Ancestors of the finding, itself included."""
        return self.ancestors.indices[self.ancestors.indptr[finding] : self.ancestors.indptr[finding + 1]]

    def descendants_of(self, finding: int) -> NDArray[np.int32]:
        """Kinds of the finding, itself included."""
        return self.descendants.indices[self.descendants.indptr[finding] : self.descendants.indptr[finding + 1]]

    def row(self, disease: int) -> tuple[NDArray[np.int32], FloatArray, NDArray[np.int32]]:
        """Findings of the disease, their frequencies and edge numbers."""
        start, end = self.direct.indptr[disease], self.direct.indptr[disease + 1]
        return (
            self.direct.indices[start:end],
            self.direct.data[start:end],
            self.edges.data[start:end] - 1,
        )


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
