"""Taylor coefficients as users ask for them: called inside a trace, as `tapec.derive.derived`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tapec.ad.taylor import taylor as expanded
from tapec.derive.derived import Argnums, Function, Transform
from tapec.derive.nesting import Inner, argument_leaves, as_float, inline, lift, trace_inner
from tapec.errors import DTypeError, ShapeError
from tapec.pipeline import derive
from tapec.trace import ResultMarker
from tapec.tree import flatten


class Taylor(Transform):
    """The coefficients of f along a direction, or along a curve given by its own coefficients."""

    suffix = "taylor"

    def __init__(
        self, f: Function, degree: int, argnums: Argnums = 0, series: bool = False
    ) -> None:
        super().__init__(f, argnums)
        self.degree, self.series = checked("degree", degree), series

    def __call__(self, x: Any, *rest: Any) -> Any:
        if not self.series and not rest:
            raise ShapeError(
                f"{self.__name__} is called with a point and a direction",
                hint="pass the direction too, or coefficients with series=True",
            )
        curves = x if self.series else self._line(x, rest[0])
        return self.expand(curves, rest if self.series else rest[1:])

    def _line(self, x: Any, v: Any) -> Any:
        """The coefficients of x + t v."""
        points, tree = flatten(x)
        directions = flatten(v)[0]
        if len(points) != len(directions):
            raise ShapeError(f"{len(directions)} directions for {len(points)} values")
        pairs = zip(points, directions, strict=True)
        return tree.unflatten([stacked(pair[: self.degree + 1]) for pair in pairs])

    def expand(self, curves: Any, rest: Sequence[Any]) -> Any:
        """The coefficients of f of the chosen arguments, given by theirs, and the other ones."""
        chosen = (curves,) if self.single else tuple(curves)
        if len(chosen) != len(self.argnums):
            raise ShapeError(f"{len(chosen)} arguments are given for {len(self.argnums)}")
        args = _inserted(chosen, rest, self.argnums)
        groups = argument_leaves(args, self.argnums)
        leaves, tree = flatten(args)
        places = sorted(k for group in groups for k in group)
        series = {k: coefficients(leaves[k], self.degree) for k in places}
        for k in places:
            leaves[k] = series[k][0]
        points = as_float(tree.unflatten(leaves), groups)
        inner = trace_inner(self.f, points, {}, set(places))
        return self._results(inner, series)

    def _results(self, inner: Inner, series: dict[int, Any]) -> Any:
        for m in inner.leaves:
            kind = inner.func.results[m.index].type if isinstance(m, ResultMarker) else None
            if kind is not None and not kind.is_float:
                raise DTypeError(
                    f"{inner.func.name} returns {kind}: it has no Taylor coefficients",
                    hint="return floats only",
                )
        flags = inner.flags(set(series))
        count = max((len(s) for s in series.values()), default=1)
        inputs = list(inner.inputs)
        for k, place in enumerate(inner.positions):
            if place in series:
                inputs[k] = padded(series[place], count)
        found = inline(derive(expanded, inner.func, flags, self.degree, count), inputs)
        return inner.tree.unflatten(
            [
                found[m.index] if isinstance(m, ResultMarker) else self._constant(m)
                for m in inner.leaves
            ]
        )

    def _constant(self, value: Any) -> Any:
        return padded(stacked([value]), self.degree + 1)


def _inserted(
    chosen: Sequence[Any], rest: Sequence[Any], argnums: Sequence[int]
) -> tuple[Any, ...]:
    """All arguments in their order: the chosen ones at their places, the others between."""
    count = len(chosen) + len(rest)
    at = {n % count: arg for n, arg in zip(argnums, chosen, strict=True)}
    others = iter(rest)
    return tuple(at[k] if k in at else next(others) for k in range(count))


def checked(what: str, number: Any) -> int:
    """A whole number that is not negative."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer):
        raise DTypeError(f"the {what} {number!r} is no integer")
    if number < 0:
        raise ShapeError(f"the {what} {number} is negative", hint=f"use a {what} of 0 or more")
    return int(number)


def stacked(values: Sequence[Any]) -> Any:
    """Values along a new leading axis, in the element type of the first."""
    first: Any = as_float((values[0],), [[0]])[0]
    rest = [lift(v) for v in values[1:]]
    for v in rest:
        if v.shape != first.shape:
            raise ShapeError(
                f"a direction of shape {list(v.shape)} for a value of shape {list(first.shape)}",
                hint="give directions and coefficients the shapes of their point",
            )
    return np.stack([first, *(v.astype(first.dtype) for v in rest)])


def coefficients(leaf: Any, degree: int) -> Any:
    """A leaf with coefficients along its leading axis."""
    found: Any = as_float((leaf,), [[0]])[0]
    if not found.shape or not 1 <= found.shape[0] <= degree + 1:
        raise ShapeError(
            f"coefficients of shape {list(found.shape)} for an expansion of degree {degree}",
            hint=f"give 1 to {degree + 1} coefficients along the first axis",
        )
    return found


def padded(series: Any, count: int) -> Any:
    """The series with zeros as further coefficients."""
    missing = count - len(series)
    if not missing:
        return series
    rest = np.zeros((missing, *series.shape[1:]), series.dtype)
    return np.concatenate([series, rest])
