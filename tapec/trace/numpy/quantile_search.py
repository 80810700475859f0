"""Quantiles that are found by search: bisection of the distribution function, natively, in a loop.

Points are searched as sinh(s), so that all magnitudes take as many steps. Two steps of Newton's
method from the point found give it derivatives of the first three orders. Quantiles of discrete
distributions are steps, whose derivatives are 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.trace.arrays.loops import repeated
from tapec.trace.arrays.operands import as_tracer, need_session, session_of
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import wrap
from tapec.trace.numpy.select import where

_GROWTHS = 9  # from sinh(1) to sinh(512)
_HALVINGS = 60  # of an interval of s: below a unit in the last place
_DOUBLINGS = 50  # of counts, up to the last whole number of a double
# Whether the point is at the quantile or above it.
Reached = Callable[[Any], Any]


def stopped(x: Any) -> Any:
    """As a constant for differentiation."""
    x = as_tracer(x)
    session = session_of(x) or need_session()
    return wrap(session, session.emit("stop_gradient", x._value(session)))


def _bracketed(reached: Reached, ends: Any, count: int, wider: Callable[[Any, Any], Any]) -> Any:
    """Ends with the quantile between them, each moved away while it is not past it."""

    def step(k: Any, ends: Any) -> Any:
        low, high = ends[0], ends[1]
        return np.stack([
            where(reached(low), wider(low, -1.0), low),
            where(reached(high), high, wider(high, 1.0)),
        ])  # fmt: skip

    return repeated(count, step, as_tracer(ends))


def _halved(reached: Reached, ends: Any, count: int, middle: Callable[[Any], Any]) -> Any:
    def step(k: Any, ends: Any) -> Any:
        mid = middle(ends)
        beyond = reached(mid)
        return np.stack([where(beyond, ends[0], mid), where(beyond, mid, ends[1])])

    return repeated(count, step, as_tracer(ends))


# --- continuous ----------------------------------------------------------------------------------


def found_number(of: Any, q: Any, ends: tuple[Any, Any], shapes: Any, upper: bool) -> Any:
    """x with cdf(x) = q, or sf(x) = q, in the support."""
    low, high = ends
    q, low, high = TABLE["broadcast_arrays"](1.0 * q, 1.0 * low, 1.0 * high)[:3]
    finite = (where(low > -math.inf, low, 0.0), where(high < math.inf, high, 0.0))

    def inside(x: Any) -> tuple[Any, Any]:
        holds = (x > low) & (x < high)
        return holds, where(holds, x, _within(low, high, *finite))

    def mass(x: Any) -> Any:
        holds, safe = inside(x)
        first, last = (1.0, 0.0) if upper else (0.0, 1.0)
        made = of._sf(safe, *shapes) if upper else of._cdf(safe, *shapes)
        return where(holds, made, where(x >= high, last, first))

    def reached(s: Any) -> Any:
        found = mass(np.sinh(s))
        return found <= q if upper else found >= q

    ones = np.ones_like(q)
    ends = _bracketed(reached, np.stack([-ones, ones]), _GROWTHS, lambda s, sign: s + s)
    ends = _halved(reached, ends, _HALVINGS, lambda ends: 0.5 * (ends[0] + ends[1]))
    x = stopped(np.sinh(0.5 * (ends[0] + ends[1])))
    for _ in range(2):
        x = _newton(of, x, q, inside, mass, shapes, upper)
    return x


def _within(low: Any, high: Any, finite_low: Any, finite_high: Any) -> Any:
    """A point of the support."""
    above = where(high < math.inf, finite_high - 1.0, 0.0)
    beside = where(low > -math.inf, finite_low + 1.0, above)
    both = (low > -math.inf) & (high < math.inf)
    return where(both, 0.5 * (finite_low + finite_high), beside)


def _newton(
    of: Any, x: Any, q: Any, inside: Callable[[Any], Any], mass: Callable[[Any], Any],
    shapes: Any, upper: bool,
) -> Any:  # fmt: skip
    """Nearer to the root; where the density says nothing the point stays."""
    holds, safe = inside(x)
    density = of._pdf(safe, *shapes)
    useful = holds & (density > 0.0) & (density < math.inf)
    step = (mass(x) - q) / where(useful, density, 1.0)
    return x + where(useful, step if upper else -step, 0.0)


# --- discrete ------------------------------------------------------------------------------------


def found_count(of: Any, q: Any, ends: tuple[Any, Any], shapes: Any, upper: bool) -> Any:
    """The least k of the support with cdf(k) >= q, or with sf(k) <= q."""
    low, high = ends
    q, low, high = TABLE["broadcast_arrays"](1.0 * q, 1.0 * low, 1.0 * high)[:3]
    first = where(low > -math.inf, low, -1.0)

    def reached(k: Any) -> Any:
        safe = where((k >= low) & (k <= high), k, first)
        found = of._sf(safe, *shapes) if upper else of._cdf(safe, *shapes)
        holds = found <= q if upper else found >= q
        return (k >= high) | (holds & (k >= low))

    start = np.stack([first - 1.0, first + 1.0])
    ends = _bracketed(reached, start, _DOUBLINGS, lambda k, sign: 2.0 * k + sign)
    ends = _halved(reached, ends, _DOUBLINGS, lambda ends: np.floor(0.5 * (ends[0] + ends[1])))
    return stopped(ends[1])
