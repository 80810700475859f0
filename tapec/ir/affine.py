"""Affine integers: a constant plus multiples of values. Places in memory, indices, trip counts.

Differences of affine forms prove what no run decides: `i + 2` minus `i - 1` is 3 whatever `i` is.
All of this holds in the integers of NumPy too, which wrap around, but for ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, prod
from typing import Any

from tapec.ir.core import Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.tuning import AFFINE_DEPTH, AFFINE_TERMS
from tapec.ir.types import INTEGERS


# Never changed, and not declared frozen, as values and ops: that makes each twice as dear.
@dataclass(slots=True, eq=False)
class Affine:
    """``const + sum(coefficient * value)``: every value once, no coefficient zero.

    Terms stand in the order in which they came up; equality does not look at it.
    """

    const: int = 0
    terms: tuple[tuple[Value, int], ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Affine):
            return NotImplemented
        return self.const == other.const and (
            self.terms == other.terms or dict(self.terms) == dict(other.terms)
        )

    def __hash__(self) -> int:
        terms = self.terms
        return hash((self.const, terms if len(terms) < 2 else frozenset(terms)))

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.const + other, self.terms)
        if not other.terms:
            return Affine(self.const + other.const, self.terms)
        return affine_sum(self.const + other.const, (*self.terms, *other.terms))

    def __sub__(self, other: Affine | int) -> Affine:
        return self + (-other if isinstance(other, int) else other.times(-1))

    def times(self, factor: int) -> Affine:
        """Multiply by a constant."""
        if not factor:
            return ZERO
        return Affine(self.const * factor, tuple((v, c * factor) for v, c in self.terms))

    def coefficient(self, value: Value) -> int:
        """The factor of a value; 0 where it does not occur."""
        return next((c for v, c in self.terms if v is value), 0)

    def without(self, *values: Value) -> Affine:
        """The form with these values zero."""
        return Affine(self.const, tuple(t for t in self.terms if t[0] not in values))

    def depends(self, values: Collection[Value]) -> bool:
        """Whether any of these values occurs."""
        return any(v in values for v, _ in self.terms)

    def at(self, numbers: Mapping[Value, Any]) -> int:
        """The integer that this is where values are these numbers."""
        return self.const + sum(c * int(numbers[v]) for v, c in self.terms)

    def number(self) -> int | None:
        """The constant that this is; None where values occur."""
        return None if self.terms else self.const

    def offset(self) -> tuple[Value | None, int] | None:
        """`(value, constant)` of a value plus a constant, `(None, constant)` of a constant."""
        if not self.terms:
            return None, self.const
        (value, factor), *others = self.terms
        return None if others or factor != 1 else (value, self.const)

    def range(self, ranges: Mapping[Value, tuple[float, float]]) -> tuple[float, float]:
        """Smallest and largest value, given those of the values in it."""
        low = high = float(self.const)
        for value, factor in self.terms:
            ends = [end * factor for end in ranges.get(value, (-inf, inf))]
            low, high = low + min(ends), high + max(ends)
        return low, high


ZERO = Affine()
Index = tuple[Affine, ...]


def affine_sum(const: int, terms: Sequence[tuple[Value, int]]) -> Affine:
    """A constant plus terms in which values may occur several times."""
    found: dict[Value, int] = {}
    for value, factor in terms:
        found[value] = found.get(value, 0) + factor
    return Affine(const, tuple((v, c) for v, c in found.items() if c))


def var(value: Value) -> Affine:
    """The value itself."""
    return Affine(0, ((value, 1),))


# --- forms of what programs compute ---------------------------------------------------------------


def _product(a: Affine, b: Affine) -> Affine | None:
    if a.terms and b.terms:
        return None
    return b.times(a.const) if b.terms else a.times(b.const)


_RULES: Mapping[str, Callable[..., Affine | None]] = {
    "convert": lambda a: a,
    "neg": lambda a: a.times(-1),
    "add": Affine.__add__,
    "sub": Affine.__sub__,
    "mul": _product,
}


def combined(name: str, forms: Sequence[Affine]) -> Affine | None:
    """The form of an op's result from those of its operands; None where it is not affine."""
    rule = _RULES.get(name)
    return None if rule is None else rule(*forms)


class AffineForms:
    """Integers in terms of others, by following their definitions, each value once.

    Where an op is not affine, its form too long or the chain of definitions too deep, its result
    stands for itself.
    """

    def __init__(self, defined: Callable[[Value], Op | None], depth: int = AFFINE_DEPTH) -> None:
        self._defined, self._depth = defined, depth
        self._known: dict[Value, Affine] = {}

    def of(self, value: Value) -> Affine:
        """The form of an integer or an array of integers."""
        return self._form(value, self._depth)

    def of_op(self, op: Op) -> Affine | None:
        """The form of an op's result by its operands; None where it has none but itself."""
        return self._combined(op, self._depth)

    def difference(self, a: Value, b: Value) -> int | None:
        """``a - b`` where it is the same number in every run."""
        return (self.of(a) - self.of(b)).number()

    def _form(self, value: Value, depth: int) -> Affine:
        found = self._known.get(value)
        if found is None:
            op = self._defined(value) if value.type.dtype in INTEGERS else None
            found = self._known[value] = (op and self._combined(op, depth)) or var(value)
        return found

    def _combined(self, op: Op, depth: int) -> Affine | None:
        if is_const(op):
            number = op.attrs["value"]
            return Affine(number) if isinstance(number, int) else None
        rule, type = _RULES.get(op.name), op.results[0].type
        if rule is None or not depth:
            return None
        forms = []
        for v in op.operands:
            if v.type is not type and v.type.dtype != type.dtype:
                return None
            forms.append(self._known.get(v) or self._form(v, depth - 1))
        form = rule(*forms)
        if form is None or len(form.terms) > AFFINE_TERMS:
            return None
        for v, _ in form.terms:
            if v.type is not type and v.type != type:
                return None
        return form


# --- places in contiguous arrays ------------------------------------------------------------------


@lru_cache(maxsize=4096)
def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """C-contiguous strides in elements."""
    out: list[int] = []
    step = 1
    for extent in reversed(shape):
        out.append(step)
        step *= extent
    return tuple(reversed(out))


def flat(index: Sequence[Affine], shape: tuple[int, ...]) -> Affine:
    """The position in a C-contiguous array."""
    total = ZERO
    for i, s, extent in zip(index, contiguous(shape), shape, strict=True):
        if extent > 1:
            total = total + i.times(s)
    return total


def regroup(index: Index, old: tuple[int, ...], new: tuple[int, ...]) -> Index | None:
    """The index into an array of shape `old` of element `index` of its reshape to `new`.

    None where it would take a division: several old axes merged into one that is not constant.
    """
    pairs = [(i, n) for i, n in zip(index, new, strict=True) if n != 1]
    wanted = [n for n in old if n != 1]
    found: list[Affine] = []
    while wanted:
        sizes = [wanted.pop(0)]
        group = [pairs.pop(0)]
        while (a := prod(sizes)) != (b := prod(n for _, n in group)):
            if a < b:
                sizes.append(wanted.pop(0))
            else:
                group.append(pairs.pop(0))
        split = _split(group, tuple(sizes))
        if split is None:
            return None
        found += split
    queue = iter(found)
    return tuple(ZERO if n == 1 else next(queue) for n in old)


def _split(group: list[tuple[Affine, int]], sizes: tuple[int, ...]) -> list[Affine] | None:
    position = flat([i for i, _ in group], tuple(n for _, n in group))
    if len(sizes) == 1:
        return [position]
    if position.terms:
        return None
    return [Affine(k) for k in unravel(position.const, sizes)]


def ravel(at: Sequence[int], shape: tuple[int, ...]) -> int:
    """The position of an element in C order."""
    return sum(i * s for i, s in zip(at, contiguous(shape), strict=True))


def unravel(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The element at a position in C order."""
    return tuple(position // s % n for s, n in zip(contiguous(shape), shape, strict=True))
