"""Nonzeros computed one by one: which of them are constants, and where the others come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec.call.specialize import Specialization
from tapec.derive.sparse_kernels import Nonzeros
from tapec.derive.sparse_parts import Array
from tapec.derive.sparse_plans import Form
from tapec.ir import Func
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.places import Entry, progression, to_slice
from tapec.ir.types import dtype_name
from tapec.pipeline import clean, interpreted
from tapec.sparse.direct import Direct
from tapec.sparse.rows import entries
from tapec.sparse.tuning import FEW_OTHERS, MOST_COLLECTED, MOST_STRIDED, STRIDED_FROM
from tapec.trace.arrays.operands import need_session, operand
from tapec.trace.arrays.tracer import wrap


@dataclass(frozen=True, slots=True)
class Summands:
    """What each nonzero of a pattern is the sum of: a constant, and entries that the program
    computes. `slots[k]` has the number of the nonzero for each element of result k, -1 for none."""

    func: Func
    constants: Array
    slots: tuple[Array, ...]

    @classmethod
    def of(cls, emitted: Direct, pattern: sp.csr_array) -> Summands:
        """Those of a program of entries."""
        func = clean(emitted.func)
        known, found = _constant_results(func)
        sizes = [v.type.size for v in func.results]
        parts = np.split(_slots(emitted, pattern), np.cumsum(sizes)[:-1])
        kinds = {v.type.numpy for v in func.results}
        constants = np.zeros(pattern.nnz, np.result_type(*kinds) if kinds else float)
        for numbers, own, flag in zip(found, parts, known, strict=True):
            if flag:
                np.add.at(constants, own[own >= 0], numbers.reshape(-1)[own >= 0])
        kept = [k for k, flag in enumerate(known) if not flag]
        slots = tuple(parts[k] for k in kept)
        return cls(func.with_results([func.results[k] for k in kept]), constants, slots)

    def chosen(self, numbers: Array) -> Summands:
        """Those of the nonzeros of these numbers, which are counted through anew."""
        place = np.full(self.constants.size + 1, -1)
        place[numbers] = np.arange(numbers.size)
        slots = [place[own] for own in self.slots]  # the last place is that of none
        kept = [k for k, own in enumerate(slots) if (own >= 0).any()]
        func = clean(self.func.with_results([self.func.results[k] for k in kept]))
        return Summands(func, self.constants[numbers], tuple(slots[k] for k in kept))


def _slots(emitted: Direct, pattern: sp.csr_array) -> Array:
    """The number of the nonzero that each entry belongs to, -1 for none."""
    n = pattern.shape[1]
    rows, columns = entries(pattern)
    keys = rows * n + columns  # in increasing order
    found: Array = np.searchsorted(keys, emitted.rows * n + emitted.columns)
    return np.where(emitted.columns >= 0, found, -1)


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


@dataclass(frozen=True, slots=True)
class Assembly:
    """How nonzeros are put together from constants and rows of entries.

    Rows whose entries go to places of one distance are written, or added, to these over `base`, a
    copy of an array or one number everywhere: `strided` has their numbers, their places and whether
    anything is there before. All others are gathered from `pooled` rows with `known` numbers after
    them: nonzero `where[j]` from `first[j]` (all in order, where there is no base), and further
    ones are added, `sources` to `targets`.
    """

    base: Array | float | None
    strided: tuple[tuple[int, Entry, bool], ...]
    pooled: tuple[int, ...]
    known: Array
    where: Array
    first: Array
    sources: Array
    targets: Array

    @classmethod
    def of(cls, slots: Sequence[Array], constants: Array) -> Assembly:
        """The assembly of rows that go to these places, over these constants."""
        computed = np.zeros(constants.size, bool)
        for own in slots:
            computed[own[own >= 0]] = True
        (fixed,) = np.nonzero((constants != 0.0) | ~computed)
        busy = constants != 0.0
        number, others = _most(constants, fixed, (busy & computed).any() or not slots)
        strided: list[tuple[int, Entry, bool]] = []
        for k, own in enumerate(slots):
            at = _stride(own, constants.size) if len(strided) < MOST_STRIDED else None
            if at is not None:
                strided.append((k, at, bool(busy[own].any())))
                busy[own] = True
        taken = {k for k, _, _ in strided}
        pooled = tuple(k for k in range(len(slots)) if k not in taken)
        rest = [slots[k] for k in pooled]
        if strided or 2 * fixed.size > constants.size:
            base = constants if number is None else number
            busy[others] = False  # they are written, as computed ones are
            gathered = _gathered([*rest, others], busy)
            return cls(base, tuple(strided), pooled, constants[others], *gathered)
        gathered = _gathered([*rest, fixed], np.zeros(constants.size, bool))
        return cls(None, (), pooled, constants[fixed], *gathered)

    def entries(self, func: Func) -> int:
        """How many entries and known numbers there are in one row."""
        return sum(func.results[k].type.size for k in self.pooled) + self.known.size


def _short(places: Array) -> Array:
    """Places in four bytes each, where they fit: what is read beside the numbers."""
    fits = places.size and places.max() <= np.iinfo(np.int32).max
    return places.astype(np.int32) if fits else places


def _most(constants: Array, fixed: Array, copied: bool) -> tuple[float | None, Array]:
    """The number that most constants are, and the places of the few others; none where others are
    many, or all are to be `copied`: where entries are added to constants.

    One number is written faster than an array is copied, which has to be read.
    """
    if copied or not fixed.size:
        return None, fixed[:0]
    values = constants[fixed]
    number = np.partition(values, values.size // 2)[values.size // 2]
    others = fixed[values != number]
    if others.size * FEW_OTHERS > fixed.size:
        return None, fixed[:0]
    return float(number), others


def _stride(own: Array, size: int) -> Entry | None:
    """The places as a progression; None where they have no distance in common, or are few."""
    return progression(own, size) if own.size >= STRIDED_FROM and own.min() >= 0 else None


def _gathered(rows: Sequence[Array], busy: Array) -> tuple[Array, Array, Array, Array]:
    """The nonzeros that begin with an entry, that of each, then entries and nonzeros of all others.

    Of several entries of a nonzero, all second ones come before all third ones: sums to one place
    that follow each other would wait for each other.
    """
    slots = np.concatenate(rows or [np.zeros(0, np.int64)])
    (real,) = np.nonzero(slots >= 0)
    order = real[np.argsort(slots[real], kind="stable")]
    own = slots[order]
    new = np.ones(own.size, bool)
    new[1:] = own[1:] != own[:-1]
    starts = np.flatnonzero(new)
    rank = np.arange(own.size) - np.repeat(starts, np.diff(np.append(starts, own.size)))
    begins = new & ~busy[own]
    later = np.flatnonzero(~begins)
    later = later[np.argsort(rank[later], kind="stable")]
    return own[begins], order[begins], order[later], own[later]


class Directly(Nonzeros):
    """(*layout, *inputs) -> the nonzeros, each computed by itself.

    The layout has those of these arrays of the assembly that there are: base, known numbers, where,
    first, sources and targets.
    """

    suffix = "direct"
    kept = "has", "strided", "pooled", "filled"

    def __init__(
        self, summands: Summands, special: Specialization, assembly: Assembly, has: list[bool]
    ) -> None:
        super().__init__(summands.func, special)
        self.has, self.strided, self.pooled = has, assembly.strided, assembly.pooled
        constants, number = summands.constants, assembly.base
        self.filled = None if has[0] else number, constants.size, constants.dtype.str

    @classmethod
    def of(cls, summands: Summands, special: Specialization) -> tuple[Directly, tuple[Array, ...]]:
        """The program of these nonzeros, and its layout."""
        made = Assembly.of(summands.slots, summands.constants)
        base = made.base if isinstance(made.base, np.ndarray) else made.known[:0]
        where, first = made.where, made.first
        if made.base is None:
            where = where[:0]
        elif np.array_equal(first, np.arange(made.entries(summands.func))):
            first = first[:0]  # all of them, as they come
        places = [_short(x) for x in (where, first, made.sources, made.targets)]
        arrays = base, made.known, *places
        layout = tuple(x for x in arrays if x.size)
        return cls(summands, special, made, [x.size > 0 for x in arrays]), layout

    def __call__(self, *args: Any) -> Any:
        given = iter(args)
        parts: list[Any] = [next(given) if flag else None for flag in self.has]
        base, known, where, first, sources, targets = parts
        found = self.found(list(given), self.func)
        pooled = [found[k] for k in self.pooled]
        every = _row(pooled if known is None else [*pooled, known])
        number, size, dtype = self.filled
        if number is not None:
            total: Any = np.full_like(found[0], number, dtype, shape=size)
        else:
            total = every[first] if base is None else base.copy()
        for k, entry, busy in self.strided:
            at = to_slice(entry)
            total[at] = total[at] + found[k] if busy else found[k]
        if where is not None:
            total[where] = every if first is None else every[first]
        if sources is not None:
            np.add.at(total, targets, every[sources])
        return total


class Collected(Nonzeros):
    """inputs -> the nonzeros, each a sum that is written out: for so few that no index array need
    be read."""

    suffix = "collected"
    kept = "known", "kind", "sources"

    def __init__(self, summands: Summands, special: Specialization) -> None:
        super().__init__(summands.func, special)
        constants = summands.constants
        (known,) = np.nonzero(constants)
        self.known, self.kind = tuple(constants[known].tolist()), dtype_name(constants.dtype)
        sources: list[list[int]] = [[] for _ in constants]
        for k, slot in enumerate(np.concatenate([known, *summands.slots]).tolist()):
            if slot >= 0:
                sources[slot].append(k)
        self.sources = tuple(map(tuple, sources))

    def __call__(self, *inputs: Any) -> Any:
        session, known = need_session(), [np.array(self.known)] if self.known else []
        rows = (*known, *self.found(list(inputs), self.func))
        given = [operand(session, x, self.kind) for x in rows]
        return wrap(session, session.emit("collect", *given, sources=self.sources))


def _few(summands: Summands) -> bool:
    """Whether sums of nonzeros are to be written out."""
    entries = np.count_nonzero(summands.constants) + sum(own.size for own in summands.slots)
    strided = (_stride(own, summands.constants.size) for own in summands.slots)
    return 0 < int(entries) <= MOST_COLLECTED and all(at is None for at in strided)


def _row(found: Sequence[Any]) -> Any:
    """All entries in one row; arrays of one size are computed side by side."""
    parts = [
        group[0] if len(group) == 1 else np.stack(group).reshape(-1)
        for group in ([x for _, x in pairs] for _, pairs in groupby(enumerate(found), _size))
    ]
    return np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else None


def _size(numbered: tuple[int, Any]) -> int:
    return int(numbered[1].size)


def one_by_one(summands: Summands, special: Specialization) -> Form:
    """The nonzeros by themselves."""

    def form(numbers: Array) -> tuple[Any, tuple[Array, ...]]:
        chosen = summands.chosen(numbers)
        return (Collected(chosen, special), ()) if _few(chosen) else Directly.of(chosen, special)

    return form
