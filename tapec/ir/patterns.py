"""Constant arrays that a formula gives: counts, even spacings, grids of them, masks of triangles.

What `np.arange`, `linspace`, `indices`, `eye`, `tri` and arithmetic on them made is known by its
elements, wherever it comes from, and is neither printed nor compiled element by element. A pattern
gives every bit of the array, or it is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Any

import numpy as np

from tapec.ir.tuning import CORNER, MAX_LAYERS, SAMPLE

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
EXACT = 2**53  # doubles represent all integers up to this one
LARGE = 2**62  # products of larger numbers may overflow int64


@dataclass(frozen=True, slots=True)
class Progression:
    """``first + sum(step * index)`` over the axes.

    Of floats, steps that are no whole numbers belong to one axis at most; product and sum are
    rounded as NumPy does it, in double precision. `last` is the last element, as (place, number),
    where that differs.
    """

    first: Any
    steps: tuple[Any, ...]
    last: tuple[int, float] | None = None

    def array(self, shape: Shape, dtype: np.dtype[Any]) -> Array:
        """All elements."""
        made = np.asarray(_weighted(self.steps, shape) + self.first, dtype)
        made = np.array(np.broadcast_to(made, shape))
        if self.last is not None:
            made[(-1,) * len(shape)] = self.last[1]
        return made


@dataclass(frozen=True, slots=True)
class Mask:
    """`inside` where ``sum(step * index)`` is at most the bound, or equals it; else `outside`."""

    steps: tuple[int, ...]
    equal: bool
    bound: int
    inside: Any
    outside: Any

    def array(self, shape: Shape, dtype: np.dtype[Any]) -> Array:
        """All elements."""
        place = _weighted(self.steps, shape)
        inside = place == self.bound if self.equal else place <= self.bound
        numbers = (np.asarray(x, dtype) for x in (self.inside, self.outside))
        return np.array(np.broadcast_to(np.where(inside, *numbers), shape))


@dataclass(frozen=True, slots=True)
class Layers:
    """An array of patterns, one after the other along the first axis."""

    parts: tuple[Progression | Mask, ...]

    def array(self, shape: Shape, dtype: np.dtype[Any]) -> Array:
        """All elements."""
        return np.stack([part.array(shape[1:], dtype) for part in self.parts])


Pattern = Progression | Mask | Layers


def pattern_of(array: Array) -> Pattern | None:
    """The formula of an array, if a simple one gives exactly its bits."""
    if not array.size:
        return None
    with np.errstate(all="ignore"):
        return _single(array) or _layers(array)


def _single(array: Array) -> Progression | Mask | None:
    for found in _candidates(array):
        if _corner(found, array) and _same(found, array):
            return found
    return None


def _layers(array: Array) -> Layers | None:
    if array.ndim < 2 or not 1 < len(array) <= MAX_LAYERS:
        return None
    parts = []
    for layer in array:
        part = _single(layer)
        if part is None:
            return None
        parts.append(part)
    return Layers(tuple(parts))


def _weighted(steps: Sequence[Any], shape: Shape) -> Any:
    """``sum(step * index)``, the axes without a step left out."""
    terms = [
        np.arange(extent).reshape(extent, *(1,) * (len(shape) - axis - 1)) * step
        for axis, (step, extent) in enumerate(zip(steps, shape, strict=True))
        if step
    ]
    return sum(terms[1:], terms[0]) if terms else np.zeros((), np.int64)


def _bits(array: Array) -> Array:
    """The elements as integers, which tell zeros and NaN apart."""
    return np.ascontiguousarray(array).view(f"u{array.itemsize}")


def _same(pattern: Pattern, array: Array) -> bool:
    made = pattern.array(array.shape, array.dtype)
    return bool((_bits(made) == _bits(array)).all())


def _corner(pattern: Pattern, array: Array) -> bool:
    """Whether the first elements of each axis fit; most arrays are no pattern, and fail here."""
    part = array[tuple(slice(CORNER) for _ in array.shape)]
    if isinstance(pattern, Progression) and pattern.last is not None:
        pattern = Progression(pattern.first, pattern.steps)
    return array.size <= CORNER or _same(pattern, part)


def _candidates(array: Array) -> Iterator[Progression | Mask]:
    if array.dtype.kind in "if":
        yield from _progressions(array)
    if np.unique(_bits(array).ravel()[:SAMPLE]).size <= 2:
        yield from _masks(array)


# -- progressions --------------------------------------------------------------------------


def _progressions(array: Array) -> Iterator[Progression]:
    first = array[(0,) * array.ndim].item()
    axes = [k for k, n in enumerate(array.shape) if n > 1]
    seconds = {k: array[tuple(int(a == k) for a in range(array.ndim))].item() for k in axes}
    steps = tuple(seconds[k] - first if k in seconds else 0 for k in range(array.ndim))
    reach = abs(first) + sum(abs(s) * n for s, n in zip(steps, array.shape, strict=True))
    if array.dtype.kind == "i":
        if reach < LARGE:
            yield Progression(first, steps)
        return
    if not np.isfinite(reach):
        return
    if reach < EXACT and all(float(n).is_integer() for n in (first, *steps)):
        yield Progression(int(first), tuple(map(int, steps)))
    varying = [k for k in axes if steps[k] != 0]
    if len(varying) == 1:
        yield from _spacings(array, varying[0])


def _spacings(array: Array, axis: int) -> Iterator[Progression]:
    """As `arange` makes them, from the first two; as `linspace` does, from both ends."""
    line = _line(array, axis).astype(float)
    first, last = line[0].item(), line[-1].item()
    for step in (line[1].item() - first, (last - first) / (line.size - 1)):
        own = tuple(step if k == axis else 0 for k in range(array.ndim))
        yield Progression(first, own)
        if array.size == line.size:
            yield Progression(first, own, (line.size - 1, last))


# -- masks ---------------------------------------------------------------------------------


def _masks(array: Array) -> Iterator[Mask]:
    """From where the elements change along the axes, through the first one: no scan of them all."""
    bits = _bits(array)
    lines = {axis: _line(bits, axis) for axis, n in enumerate(array.shape) if n > 1}
    changes = {axis: _change(line) for axis, line in lines.items()}
    axis = next((k for k, place in changes.items() if place), None)
    if axis is None:
        return
    first, other = (_line(array, axis)[k].item() for k in (0, changes[axis]))
    for line, place in changes.items() if len(lines) <= 2 else ():
        steps = tuple({line: 1}.get(k, -1) if k in lines else 0 for k in range(array.ndim))
        if place:
            yield Mask(steps, False, place - 1, first, other)
            yield Mask(steps, True, place, other, first)
        yield Mask(steps, True, 0, first, other)
    if array.size == array.shape[0] ** 2:
        yield Mask(_unit(array.shape), True, 0, first, other)


def _line(array: Array, axis: int) -> Array:
    """The elements along an axis, from the first one."""
    return array[tuple(slice(None) if k == axis else 0 for k in range(array.ndim))]


def _change(line: Array) -> int:
    """The first place where a line differs from its beginning; 0 where it nowhere does."""
    return int((line != line[0]).argmax())


def _unit(shape: Shape) -> tuple[int, ...]:
    """The steps of unit arrays, stacked."""
    strides = list(accumulate(reversed(shape[1:]), mul, initial=1))[:-1]
    return (1, *(-s for s in reversed(strides)))
