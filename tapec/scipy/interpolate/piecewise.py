"""Piecewise polynomials: `scipy.interpolate.PPoly` and the classes that derive from it."""

from __future__ import annotations

from math import comb, factorial, perm
from typing import Any

import numpy as np
from scipy import interpolate

from tapec.scipy.registry import StandIn, builds, floats, refused, stands_for, with_members
from tapec.trace.arrays.operands import any_symbolic
from tapec.trace.python.packages import CLASSES, Placed


class Piecewise(StandIn):
    """sum_j c[j, i] (x - x_i)^(k - j) on piece i; `c` has shape (k + 1, pieces, ...)."""

    title = "scipy.interpolate.PPoly"

    def __init__(self, c: Any, x: Any, extrapolate: Any = True, axis: int = 0) -> None:
        self.c, self.x, self.axis = c, x, axis
        self.extrapolate = True if extrapolate is None else extrapolate

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The value at points of any shape, or the derivative of order `nu`."""
        if nu:
            derived = self.derivative(nu)
            derived.extrapolate = self.extrapolate
            return derived(x, 0, extrapolate)
        x = floats(x)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        made = self._value(self._inside(x, extrapolate))
        if extrapolate is False:
            made = np.where(_spread(self._covers(x), made), made, np.nan)
        return axis_behind(made, x.ndim, self.axis)

    def _inside(self, x: Any, extrapolate: Any) -> Any:
        """The point in the first period."""
        if extrapolate != "periodic":
            return x
        return self.x[0] + np.remainder(x - self.x[0], self.x[-1] - self.x[0])

    def _covers(self, x: Any) -> Any:
        return (x >= self.x[0]) & (x <= self.x[-1])

    def _value(self, x: Any) -> Any:
        i = np.clip(np.searchsorted(self.x, x, "right") - 1, 0, self.c.shape[1] - 1)
        return horner([c[i] for c in self.c], x - self.x[i])

    def derivative(self, nu: int = 1) -> Piecewise:
        """The derivative of this order; an antiderivative where it is negative."""
        if nu <= 0:
            return self.antiderivative(-nu)
        degree = self.c.shape[0] - 1
        factors = np.array([perm(degree - j, nu) for j in range(degree + 1 - nu)], float)
        c = self.c[: degree + 1 - nu] * factors.reshape(-1, *(1,) * (self.c.ndim - 1))
        if nu > degree:
            c = np.zeros_like(self.c[:1])
        return Piecewise(c, self.x, _not_periodic(self.extrapolate), self.axis)

    def antiderivative(self, nu: int = 1) -> Piecewise:
        """The antiderivative of this order that is 0 with its derivatives at the first point."""
        if nu <= 0:
            return self if nu == 0 else self.derivative(-nu)
        k = self.c.shape[0]
        weights = (1.0 / np.arange(k, 0, -1)).reshape(-1, *(1,) * (self.c.ndim - 1))
        rising = self.c * weights
        steps = (self.x[1:] - self.x[:-1]).reshape(-1, *(1,) * (self.c.ndim - 2))
        zero = np.zeros_like(rising[0])
        ends = horner([*rising, zero], steps)
        starts = np.concatenate([zero[:1], np.cumsum(ends, axis=0)[:-1]])
        c = np.concatenate([rising, starts[None]])
        made = Piecewise(c, self.x, _not_periodic(self.extrapolate), self.axis)
        return made if nu == 1 else made.antiderivative(nu - 1)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral between two numbers."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        total = self.antiderivative()
        total.axis = 0
        a, b = floats(a), floats(b)
        if extrapolate == "periodic":
            made = total._over_periods(b) - total._over_periods(a)
        else:
            made = total(b, 0, extrapolate) - total(a, 0, extrapolate)
        return made

    def _over_periods(self, x: Any) -> Any:
        period = self.x[-1] - self.x[0]
        times = np.floor((x - self.x[0]) / period)
        return times * self._value(self.x[-1]) + self._value(x - times * period)

    def solve(self, y: float = 0.0, *args: Any, **kwargs: Any) -> Any:
        """Refused where something is traced."""
        if self.real is None:
            raise refused("PPoly.solve", "find one root: scipy.optimize.brentq is translated")
        return self.real.solve(y, *args, **kwargs)

    def roots(self, *args: Any, **kwargs: Any) -> Any:
        """Refused where something is traced."""
        return self.solve(0.0, *args, **kwargs)


def _not_periodic(extrapolate: Any) -> Any:
    return False if extrapolate == "periodic" else extrapolate


def horner(coefficients: Any, s: Any) -> Any:
    """The polynomial with these coefficients, the highest power first; trailing axes are kept."""
    made = coefficients[0]
    s = _spread(s, made)
    for c in coefficients[1:]:
        made = made * s + c
    return made


def _spread(x: Any, like: Any) -> Any:
    """An array with axes of length 1 behind, to be combined with one that has more axes."""
    return x if x.ndim == like.ndim else x.reshape((*x.shape, *(1,) * (like.ndim - x.ndim)))


def axis_behind(made: Any, ndim: int, axis: int) -> Any:
    """The axes of the points, which come first, moved to where the axis of the data was."""
    if not axis:
        return made
    order = [*range(ndim, ndim + axis), *range(ndim), *range(ndim + axis, made.ndim)]
    return np.transpose(made, order)


@builds(interpolate.PPoly)
def _ppoly(c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Piecewise:
    c, x = floats(c), floats(x)
    if c.ndim < 2 or x.ndim != 1 or x.size != c.shape[1] + 1:
        raise ValueError("number of coefficients != len(x)-1")
    return Piecewise(np.moveaxis(c, (axis, axis + 1), (0, 1)), x, extrapolate, axis)


def _of_spline(tck: Any, extrapolate: Any = None) -> Piecewise:
    """A spline as polynomials between its knots: its Taylor coefficients there."""
    spline = tck if hasattr(tck, "derivative") else CLASSES[interpolate.BSpline](*tck)
    starts = spline.t[:-1]
    rows = [spline.derivative(m).value(starts) / factorial(m) for m in range(spline.k, -1, -1)]
    outside = spline.extrapolate if extrapolate is None else extrapolate
    return Piecewise(np.stack(rows), spline.t, outside, spline.axis)


class _MembersOfPolynomials:
    """Members of the class that make piecewise polynomials."""

    from_spline = staticmethod(_of_spline)


with_members(CLASSES[interpolate.PPoly], interpolate.PPoly, _MembersOfPolynomials)


@builds(interpolate.BPoly)
def _bernstein(c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Piecewise:
    """Bernstein's polynomials on each piece, by powers."""
    c, x = floats(c), floats(x)
    c = np.moveaxis(c, (axis, axis + 1), (0, 1))
    k = c.shape[0] - 1
    steps = (x[1:] - x[:-1]).reshape(-1, *(1,) * (c.ndim - 2))
    signs = [
        sum((-1) ** (s - a) * comb(k, a) * comb(k - a, s - a) * c[a] for a in range(s + 1))
        for s in range(k + 1)
    ]
    powers = np.stack([signs[s] / steps**s for s in range(k, -1, -1)])
    return Piecewise(powers, x, extrapolate, axis)


@stands_for(interpolate.BPoly)
def _bernstein_outside(real: Any, placed: Placed) -> Any:
    c, x = placed(real.c), placed(real.x)
    return _bernstein(floats(c), floats(x), real.extrapolate, 0).of(real, c, x)


@stands_for(
    interpolate.PPoly,
    interpolate.CubicHermiteSpline,
    interpolate.CubicSpline,
    interpolate.PchipInterpolator,
    interpolate.Akima1DInterpolator,
)
def _piecewise(real: Any, placed: Placed) -> Any:
    if real.x[0] > real.x[-1]:
        raise refused(f"{type(real).__name__} with decreasing x", "reverse x and c")
    c, x = placed(real.c), placed(real.x)
    if not any_symbolic((c, x)) and np.iscomplexobj(real.c):
        raise refused(f"complex {type(real).__name__}", "interpolate real and imaginary part")
    return Piecewise(c, x, real.extrapolate, real.axis).of(real, c, x)
