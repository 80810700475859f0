"""Sparse derivatives ready to run: the program of their numbers, and how to arrange these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.call.kernel import Kernel
from tapec.call.specialize import Specialization
from tapec.derive.derived import Function
from tapec.derive.sparse_parts import Array, MatrixBlock
from tapec.ir import Func
from tapec.ir.core import Value
from tapec.sparse.facts import Fact
from tapec.sparse.report import Sparsity

Form = Callable[[Array], tuple[Any, tuple[Array, ...]]]
Given = tuple[tuple[int, Array], ...]  # integer inputs, by number, that decided a pattern


def _equal(given: Given, inputs: Sequence[Any]) -> bool:
    return all(np.array_equal(inputs[k], x) for k, x in given)


@dataclass(frozen=True, slots=True, eq=False)
class SparseStructure:
    """A program whose Jacobian is wanted, what is known of its values, and where it is nonzero."""

    special: Specialization
    func: Func
    facts: Mapping[Value, Fact]
    pattern: sp.csr_array
    given: Given

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether the integers are still those that the pattern was found for."""
        return _equal(self.given, inputs)


@dataclass(frozen=True, slots=True)
class AllNonzeros:
    """The nonzeros of a pattern, which has `heights` rows for each result. `form(numbers)` makes a
    program and its first arguments: `made(*layout, *inputs)` gives those of these numbers."""

    form: Form
    heights: Sequence[int]
    sparsity: Sparsity
    given: Given


@dataclass(frozen=True, slots=True)
class SparseRecipe:
    """A sparse derivative at one signature and structure: `made(*layout, *inputs)`, to be traced,
    gives its nonzeros."""

    made: Any
    layout: tuple[Array, ...]
    arranged: Callable[[Array], Any]
    sparsity: Sparsity
    given: Given
    blocks: tuple[tuple[MatrixBlock, ...], ...]  # one for each result and argument
    count: int  # of nonzeros

    def holds(self, inputs: Sequence[Any]) -> bool:
        """Whether the integers are still those that the pattern was found for."""
        return _equal(self.given, inputs)


@dataclass(frozen=True, slots=True)
class SparsePlan:
    """What calls with one signature and one structure have in common."""

    part: SparseRecipe
    kernel: Kernel

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """The matrices at these inputs of the program."""
        return self.part.arranged(self.kernel(*self.part.layout, *inputs))


@dataclass(frozen=True, slots=True)
class SparseExport:
    """What C is told of sparse derivatives: `kernel(*layout, *inputs, *directions)` gives the
    results.

    `original` is the function's own program; `given` are the numbers of its inputs that decided
    patterns; `blocks` the matrices of each sparse result, by name. A result without names, of one
    sparse derivative, has the name None.
    """

    original: Specialization
    kernel: Kernel
    layout: tuple[Array, ...]
    inputs: Sequence[Any]
    given: frozenset[int]
    blocks: Mapping[str | None, Sequence[MatrixBlock]]
    directions: Sequence[Any] = ()
    direction_names: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


def blocks_of(part: SparseRecipe) -> list[MatrixBlock]:
    """All matrices of a derivative, in order."""
    return [block for row in part.blocks for block in row]


class Changed(Exception):
    """What a function captures is no longer what it was."""


class SteadyProgram:
    """The program of a plan with the inputs that calls do not pass before all others, watched as
    the function itself: it is traced once."""

    def __init__(self, f: Function, made: Any, special: Specialization, hidden: int) -> None:
        self.f, self.made, self.hidden = f, made, hidden
        # No part of the program's key on disk: what this process knows.
        self._tapec_special, self._tapec_traced = special, False
        self.__name__ = self.__qualname__ = made.__name__

    def __call__(self, *args: Any) -> Any:
        if self._tapec_traced or not self._tapec_special.holds():
            raise Changed
        self._tapec_traced = True
        hidden, given = args[: self.hidden], args[self.hidden :]
        return self.made(*given, *hidden)


def steady(
    f: Function, plan: SparsePlan, special: Specialization, other: Callable[..., Array]
) -> Callable[..., Array]:
    """The numbers of a plan at arguments of one signature, where what the function captures stays
    as it is; those of `other` from then on."""
    hidden = special.hidden_inputs()
    watched = SteadyProgram(f, plan.part.made, special, len(hidden))
    kernel = Kernel(watched, **plan.kernel._options)
    run: Callable[..., Array] = partial(kernel, *hidden, *plan.part.layout)

    def numbers(*args: Any) -> Array:
        nonlocal run
        try:
            return run(*args)
        except Changed:
            run = other
            return run(*args)

    return numbers
