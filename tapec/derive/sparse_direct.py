"""Nonzeros computed one by one: which of them are constants, and where the others come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.call.specialize import Specialization
from tapec.derive.sparse_kernels import Nonzeros
from tapec.derive.sparse_parts import Array
from tapec.ir import Func
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.pipeline import clean, interpreted
from tapec.sparse.direct import Direct
from tapec.sparse.rows import entries


@dataclass(frozen=True, slots=True)
class Summands:
    """What each nonzero of a pattern is the sum of: a constant, and entries that the program
    computes. `first` has one entry of each nonzero (one behind the last where there is none), the
    others are `sources[k]` of nonzero `targets[k]`."""

    func: Func
    entries: int
    constants: Array
    first: Array
    sources: Array
    targets: Array

    @classmethod
    def of(cls, emitted: Direct, pattern: sp.csr_array) -> Summands:
        """Those of a program of entries."""
        slots = _slots(emitted, pattern)
        func = clean(emitted.func)
        known, found = _constant_results(func)
        sizes = [v.type.size for v in func.results]
        parts = np.split(slots, np.cumsum(sizes)[:-1])
        constants = np.zeros(pattern.nnz)
        for numbers, own, flag in zip(found, parts, known, strict=True):
            if flag:
                np.add.at(constants, own[own >= 0], numbers.reshape(-1)[own >= 0])
        kept = [k for k, flag in enumerate(known) if not flag]
        computed = np.concatenate([parts[k] for k in kept] or [np.zeros(0, np.int64)])
        return cls(
            func.with_results([func.results[k] for k in kept]),
            computed.size,
            constants,
            *_arranged(computed, pattern.nnz),
        )

    def chosen(self, numbers: Array) -> Summands:
        """Those of the nonzeros of these numbers, which are counted through anew."""
        place = np.full(self.first.size, -1)
        place[numbers] = np.arange(numbers.size)
        kept = place[self.targets] >= 0
        return replace(
            self,
            constants=self.constants[numbers],
            first=self.first[numbers],
            sources=self.sources[kept],
            targets=place[self.targets[kept]],
        )


def _slots(emitted: Direct, pattern: sp.csr_array) -> Array:
    """The number of the nonzero that each entry belongs to, -1 for none."""
    n = pattern.shape[1]
    rows, columns = entries(pattern)
    keys = rows * n + columns  # in increasing order
    found: Array = np.searchsorted(keys, emitted.rows * n + emitted.columns)
    return np.where(emitted.columns >= 0, found, -1)


def _arranged(slots: Array, count: int) -> tuple[Array, Array, Array]:
    """The first entry of each nonzero, then entries and nonzeros of all others."""
    (real,) = np.nonzero(slots >= 0)
    order = real[np.argsort(slots[real], kind="stable")]
    own = slots[order]
    new = np.ones(own.size, bool)
    new[1:] = own[1:] != own[:-1]
    first = np.full(count, slots.size)
    first[own[new]] = order[new]
    return first, order[~new], own[~new]


def _constant_results(func: Func) -> tuple[list[bool], list[Any]]:
    """Which results depend on no input, and the values of those."""
    steady: set[Value] = set()
    for op in func.ops:
        plain = op.primitive.evaluate is not None and not (op.regions or op.primitive.raises)
        if plain and steady.issuperset(op.operands):
            steady.update(op.results)
    known = [v in steady for v in func.results]
    builder = Builder()
    builder.ops = [op for op in func.ops if steady.issuperset(op.results)]
    wanted = [v for v, flag in zip(func.results, known, strict=True) if flag]
    values = iter(interpreted(clean(builder.func("constants", wanted)))([]) if wanted else ())
    return known, [next(values) if flag else None for flag in known]


class Directly(Nonzeros):
    """(*layout, *inputs) -> the nonzeros, each computed by itself.

    The layout has those of these arrays that there are: the constants; the numbers of the nonzeros
    that have entries, where not all have; the first entry of each; further entries, and to which
    nonzeros they are added.
    """

    suffix = "direct"

    def __init__(self, summands: Summands, special: Specialization) -> None:
        super().__init__(summands.func, special)
        has = summands.first < summands.entries
        self.all, self.some = bool(has.all()), bool(has.any())
        self.constant = bool(summands.constants.any()) or not self.all
        self.more = bool(summands.sources.size)
        where = np.flatnonzero(has)
        arrays = (
            (self.constant, (summands.constants,)),
            (self.some and not self.all, (where,)),
            (self.some, (summands.first[where],)),
            (self.more, (summands.sources, summands.targets)),
        )
        self.layout = tuple(x for flag, found in arrays if flag for x in found)

    def __call__(self, *args: Any) -> Any:
        given = iter(args)
        none: Any = None
        constants = next(given) if self.constant else none
        where = next(given) if self.some and not self.all else none
        first = next(given) if self.some else none
        sources, targets = (next(given), next(given)) if self.more else (none, none)
        found = self.found(list(given), self.func)
        if not self.some:
            return constants.copy()
        every: Any = np.concatenate(found) if len(found) > 1 else found[0]
        total = every[first] if self.all else constants.copy()
        if self.all and self.constant:
            total = total + constants
        if not self.all:
            np.add.at(total, where, every[first])
        if self.more:
            np.add.at(total, targets, every[sources])
        return total
