"""One element of a constant array that a formula gives, from the counters of the loops around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tapec.ir.affine import ZERO, Affine, Index
from tapec.ir.core import Value
from tapec.ir.patterns import Layers, Mask, Pattern, Progression
from tapec.lower.build import ScalarBuilder


def element(build: ScalarBuilder, pattern: Pattern, index: Index, dtype: str) -> Value:
    """The element at a place, in the bits that the array has there."""
    return _ELEMENTS[type(pattern)](build, pattern, index, dtype)


def integer(build: ScalarBuilder, form: Affine) -> Value:
    """An affine form as a number of the program."""
    total: Value | None = None
    for value, factor in form.terms:
        term = _converted(build, value, "i64")
        term = term if factor == 1 else build.op("mul", term, build.const(factor, "i64"))
        total = term if total is None else build.op("add", total, term)
    if total is None:
        return build.const(form.const, "i64")
    return build.op("add", total, build.const(form.const, "i64")) if form.const else total


def _converted(build: ScalarBuilder, value: Value, dtype: str) -> Value:
    if value.type.dtype == dtype:
        return value
    return build.op("convert", value, attrs={"dtype": dtype}, dtype=dtype)


def _weighted(steps: Sequence[int], index: Index) -> Affine:
    return sum((i.times(s) for i, s in zip(index, steps, strict=True)), ZERO)


def _progression(build: ScalarBuilder, p: Progression, index: Index, dtype: str) -> Value:
    if all(isinstance(s, int) for s in p.steps):
        return _converted(build, integer(build, _weighted(p.steps, index) + p.first), dtype)
    ((place, step),) = ((i, s) for i, s in zip(index, p.steps, strict=True) if s)
    count = _converted(build, integer(build, place), "f64")
    made = build.op("mul", count, build.const(step, "f64"))
    made = build.op("add", made, build.const(p.first, "f64"))
    if p.last is not None:
        end, number = p.last
        here = build.op("equal", integer(build, place), build.const(end, "i64"))
        made = build.op("select", here, build.const(number, "f64"), made)
    return _converted(build, made, dtype)


def _mask(build: ScalarBuilder, p: Mask, index: Index, dtype: str) -> Value:
    place, bound = integer(build, _weighted(p.steps, index)), build.const(p.bound, "i64")
    inside = build.op("equal" if p.equal else "less_equal", place, bound)
    if dtype == "bool":
        return inside if p.inside else build.op("logical_not", inside)
    return build.op("select", inside, build.const(p.inside, dtype), build.const(p.outside, dtype))


def _layers(build: ScalarBuilder, p: Layers, index: Index, dtype: str) -> Value:
    first, rest = index[0], index[1:]
    if not first.terms:
        return element(build, p.parts[first.const], rest, dtype)
    place, found = integer(build, first), element(build, p.parts[0], rest, dtype)
    for k, part in enumerate(p.parts[1:], 1):
        here = build.op("equal", place, build.const(k, "i64"))
        found = build.op("select", here, element(build, part, rest, dtype), found)
    return found


_ELEMENTS: Mapping[type[Any], Callable[..., Value]] = {
    Progression: _progression,
    Mask: _mask,
    Layers: _layers,
}
