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
    """The program of a plan, watched as the function itself: it is traced once."""

    def __init__(self, f: Function, made: Any, special: Specialization) -> None:
        self.f, self.made, self.special = f, made, special
        self.traced = False
        self.__name__ = self.__qualname__ = made.__name__

    def __call__(self, *args: Any) -> Any:
        if self.traced or not self.special.holds():
            raise Changed
        self.traced = True
        return self.made(*args)


class Steady:
    """The numbers of a plan, where what the function captures stays as it is."""

    def __init__(
        self, f: Function, plan: SparsePlan, special: Specialization, other: Callable[..., Array]
    ) -> None:
        self.other = other
        watched = SteadyProgram(f, plan.part.made, special)
        kernel = Kernel(watched, **plan.kernel._options)
        hidden = special.hidden_inputs()
        self.kernel: Callable[..., Array] | None = partial(kernel, *plan.part.layout)
        if hidden:
            self.kernel = lambda *args: kernel(*plan.part.layout, *args, *hidden)

    def numbers(self, *args: Any) -> Array:
        """The numbers at arguments whose signature is always the same."""
        if self.kernel is not None:
            try:
                return self.kernel(*args)
            except Changed:
                self.kernel = None
        return self.other(*args)
