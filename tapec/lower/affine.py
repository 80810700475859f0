"""Affine index expressions: a constant plus multiples of index values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, prod

from tapec.ir.core import Value


@dataclass(frozen=True, slots=True)
class Affine:
    """const + sum(coefficient * value); values are loop indices or computed indices."""

    const: int = 0
    terms: tuple[tuple[Value, int], ...] = ()

    def __add__(self, other: Affine) -> Affine:
        if not other.terms:
            return Affine(self.const + other.const, self.terms)
        found = dict(self.terms)
        for value, factor in other.terms:
            found[value] = found.get(value, 0) + factor
        terms = tuple((v, c) for v, c in found.items() if c)
        return Affine(self.const + other.const, terms)

    def times(self, factor: int) -> Affine:
        """Multiply by a constant."""
        if not factor:
            return Affine()
        return Affine(self.const * factor, tuple((v, c * factor) for v, c in self.terms))

    def range(self, ranges: Mapping[Value, tuple[float, float]]) -> tuple[float, float]:
        """Smallest and largest value, given those of the values in it."""
        low = high = float(self.const)
        for value, factor in self.terms:
            ends = [end * factor for end in ranges.get(value, (-inf, inf))]
            low, high = low + min(ends), high + max(ends)
        return low, high


ZERO = Affine()
Index = tuple[Affine, ...]


def var(value: Value) -> Affine:
    """The index value itself."""
    return Affine(0, ((value, 1),))


def combined(name: str, terms: Sequence[Affine]) -> Affine | None:
    """A sum, difference, multiple or conversion of affine integers; None for other ops."""
    if name == "convert":
        return terms[0]
    if name == "neg":
        return terms[0].times(-1)
    if name == "add":
        return terms[0] + terms[1]
    if name == "sub":
        return terms[0] + terms[1].times(-1)
    if name == "mul" and not (terms[0].terms and terms[1].terms):
        a, b = terms if terms[1].terms else reversed(terms)
        return b.times(a.const)
    return None


@lru_cache(maxsize=4096)
def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
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
    for i, s, extent in zip(index, strides(shape), shape, strict=True):
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
    rest, out = position.const, []
    for s in strides(sizes):
        out.append(Affine(rest // s))
        rest %= s
    return out
