"""Sparse matrices with a row and a column for every number of the arguments: Hessian, J^T J."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.ad import drivers
from tapec.call.specialize import Specialization
from tapec.derive.sparse import SparseKernel, results_only
from tapec.derive.sparse_colours import kept, least_work
from tapec.derive.sparse_kernels import Substituted
from tapec.derive.sparse_parts import Array, Chosen, MatrixBlock
from tapec.derive.sparse_plans import AllNonzeros
from tapec.errors import NonDifferentiableError
from tapec.ir import Func
from tapec.pipeline import clean
from tapec.sparse import colouring as colourings
from tapec.sparse.acyclic import acyclic
from tapec.sparse.colouring import Colouring
from tapec.sparse.report import Sparsity
from tapec.sparse.rows import entries, symmetrised


class SparseHessian(SparseKernel):
    """The Hessian of a function with one float result."""

    suffix = "hessian"

    def _differentiated(self, special: Specialization, flags: list[bool]) -> Func:
        func = results_only(special)
        if len(func.results) != 1 or func.results[0].type.shape:
            got = ", ".join(str(v.type) for v in func.results)
            raise NonDifferentiableError(
                f"a sparse Hessian needs one number as the result, {func.name} returns {got}",
                hint="sum the result, or take tapec.jacobian(gradient, sparse=True)",
            )
        return clean(drivers.gradient(func, flags))

    def _completed(self, pattern: sp.csr_array) -> sp.csr_array:
        """Symmetric."""
        return symmetrised(pattern)

    def _coloured(self, pattern: sp.csr_array) -> Colouring:
        return kept("symmetric", colourings.symmetric, pattern, self._style.order)

    def _least_work(self, pattern: sp.csr_array) -> float:
        """An element of each pair is read."""
        beside = pattern.nnz - np.count_nonzero(pattern.diagonal())
        pairs = float(beside) / 2 / max(int(pattern.shape[0]), 1)
        return min(least_work(pattern), 1.0 + pairs)

    def _nested(
        self, special: Specialization, chosen: Chosen, parts: list[list[MatrixBlock]]
    ) -> Callable[[Array], Any]:
        if self._single and chosen.bare:
            return parts[0][0].filled
        return lambda data: chosen.nested(
            [self._across(chosen, row, data) for row in parts], self._single
        )

    def nonzeros(
        self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]
    ) -> AllNonzeros:
        """The program of all nonzeros at a signature, and at the structure of these inputs."""
        if self._style.colouring == "star":
            return super().nonzeros(special, chosen, inputs)
        flags = chosen.flags(special)
        found = self._structure(special, flags, inputs)
        coloured, order = kept("acyclic", acyclic, found.pattern, self._style.order)
        made = Substituted(found.func, special, flags, coloured, order)
        layout = coloured.columns, order.places, order.own, order.other

        def form(numbers: Array) -> tuple[Any, tuple[Array, ...]]:
            return made, (order.read[numbers], *layout)

        report = Sparsity(found.pattern, coloured)
        return AllNonzeros(form, chosen.sizes(special), report, found.given)


class SparseGaussNewton(SparseHessian):
    """J^T J, from the nonzeros of the Jacobian."""

    suffix = "gauss_newton"

    def nonzeros(
        self, special: Specialization, chosen: Chosen, inputs: Sequence[Any]
    ) -> AllNonzeros:
        """The program of all nonzeros at a signature, and at the structure of these inputs."""
        jacobian = SparseKernel(self.__wrapped__, self._argnums, self._style, self._options)
        own = jacobian.nonzeros(special, chosen, inputs)
        pattern = own.sparsity.pattern
        products = Products.of(pattern)
        inner, first = own.form(np.arange(pattern.nnz))
        made = SumsOfProducts(inner, len(first))

        def form(numbers: Array) -> tuple[Any, tuple[Array, ...]]:
            return made, (*products.chosen(numbers), np.zeros(numbers.size), *first)

        report = Sparsity(products.pattern, lambda: own.sparsity.colouring)
        return AllNonzeros(form, chosen.sizes(special), report, own.given)


class SumsOfProducts:
    """(left, right, targets, zeros, *layout, *inputs) -> sums of products of nonzeros."""

    def __init__(self, factors: Callable[..., Any], taken: int) -> None:
        self.factors, self.taken = factors, taken
        self.__name__ = self.__qualname__ = "gauss_newton"

    def __call__(self, left: Any, right: Any, targets: Any, zeros: Any, *rest: Any) -> Any:
        """The sums, from as many zeros on."""
        found = self.factors(*rest)
        sums = zeros.copy()
        np.add.at(sums, targets, found[left] * found[right])
        return sums


@dataclass(frozen=True, slots=True)
class Products:
    """The nonzeros of A^T A, and the products of two of A's that each is a sum of."""

    pattern: sp.csr_array
    left: Array
    right: Array
    targets: Array

    @classmethod
    def of(cls, pattern: sp.csr_array) -> Products:
        """Those of a pattern A."""
        rows, columns = entries(pattern)
        n = pattern.shape[1]
        counts = np.diff(pattern.indptr)[rows]
        left = np.repeat(np.arange(rows.size), counts)
        within = np.arange(left.size) - np.repeat(counts.cumsum() - counts, counts)
        right = pattern.indptr[rows[left]] + within
        keys, targets = np.unique(columns[left] * n + columns[right], return_inverse=True)
        ends = np.concatenate([[0], np.bincount(keys // n, minlength=n).cumsum()])
        made = sp.csr_array((np.ones(keys.size, bool), keys % n, ends), shape=(n, n))
        made.has_sorted_indices = made.has_canonical_format = True
        return cls(made, left, right, targets.reshape(-1))

    def chosen(self, numbers: Array) -> tuple[Array, Array, Array]:
        """Factors and targets of the sums of these numbers, which are counted through anew."""
        place = np.full(self.pattern.nnz, -1)
        place[numbers] = np.arange(numbers.size)
        kept = place[self.targets] >= 0
        return self.left[kept], self.right[kept], place[self.targets[kept]]
