"""Loops and branches for JAX: the same programs by hand in ``lax.scan`` and ``lax.while_loop``.

Plain Python loops would be unrolled, and a loop that stops on data refused. JAX has no reverse
mode for ``while_loop``, so gradients through one are taken in forward mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tapec.bench.case import Function
from tapec.bench.cases import dynamic_programming, nested, simulation, stencil
from tapec.bench.gradbench.descent import TOLERANCE
from tapec.bench.peers.rebind import imported, rebind

# Gradients through a loop of unknown length: few arguments, so forward mode serves.
FORWARD = frozenset(["orbit", "newton", "bisection"])


def variant(family: str) -> Function | None:
    """The program written for JAX, where there is one."""
    write = VARIANTS.get(family)
    return None if write is None else write(imported("jax"))


def _rk4(jax: Any, field: Function, y: Any, dt: float, steps: int) -> Any:
    def step(y: Any, _: None) -> tuple[Any, None]:
        k1 = field(y)
        k2 = field(y + 0.5 * dt * k1)
        k3 = field(y + 0.5 * dt * k2)
        k4 = field(y + dt * k3)
        return y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4), None

    return jax.lax.scan(step, y, None, length=steps)[0]


def _neurons(steps: int) -> Callable[[Any], Function]:
    def write(jax: Any) -> Function:
        np = jax.numpy

        def f(y: Any, rates: Any, weights: Any) -> Any:
            def field(y: Any) -> Any:
                return np.tanh(weights @ y) - rates * y

            return np.sum(_rk4(jax, field, y, simulation.SPAN / steps, steps) ** 2)

        return f

    return write


def _lotka(jax: Any) -> Function:
    np = jax.numpy

    def f(p: Any) -> Any:
        def field(y: Any) -> Any:
            eaten = y[0] * y[1]
            return np.array([p[0] * y[0] - p[1] * eaten, p[2] * eaten - p[3] * y[1]])

        start = np.array([1.0, 0.5])
        y = _rk4(jax, field, start, simulation.LOTKA_DT, simulation.LOTKA_STEPS)
        return y[0] ** 2 + y[1]

    return f


def _orbit(jax: Any) -> Function:
    np = jax.numpy
    end, tolerance = simulation.ORBIT_END, simulation.ORBIT_TOLERANCE

    def f(p: Any) -> Any:
        def field(y: Any) -> Any:
            r2 = y[0] ** 2 + y[1] ** 2
            pull = -1.0 / (r2 * np.sqrt(r2))
            return np.array([y[2], y[3], pull * y[0] - p[1] * y[2], pull * y[1] - p[1] * y[3]])

        def step(state: Any) -> Any:
            t, h, y, k1 = state
            h = np.where(t + h > end, end - t + 1e-12, h)
            k2 = field(y + 0.5 * h * k1)
            k3 = field(y + 0.75 * h * k2)
            ahead = y + h * (2.0 * k1 + 3.0 * k2 + 4.0 * k3) / 9.0
            k4 = field(ahead)
            e = h * (-5.0 * k1 / 72.0 + k2 / 12.0 + k3 / 9.0 - k4 / 8.0)
            error = np.sqrt(np.sum(e * e)) + 1e-30
            taken = error <= tolerance
            factor = 0.9 * (tolerance / error) ** (1.0 / 3.0)
            return (
                np.where(taken, t + h, t),
                h * np.minimum(2.0, np.maximum(0.3, factor)),
                np.where(taken, ahead, y),
                np.where(taken, k4, k1),
            )

        y = np.array([1.0, 0.0, 0.0, p[0]])
        start = (np.float64(0.0), np.float64(0.01), y, field(y))
        y = jax.lax.while_loop(lambda s: s[0] < end, step, start)[2]
        return y[0] ** 2 + y[1] ** 2

    return f


def _soft_dtw(jax: Any) -> Function:
    np = jax.numpy

    def f(a: Any, b: Any) -> Any:
        def row(above: Any, x: Any) -> tuple[Any, None]:
            def cell(left: Any, column: Any) -> tuple[Any, Any]:
                corner, up, y = column
                low = np.minimum(corner, np.minimum(up, left))
                total = np.exp(low - corner) + np.exp(low - up) + np.exp(low - left)
                here = (x - y) ** 2 + low - np.log(total)
                return here, here

            first = np.float64(dynamic_programming.FAR)
            cells = jax.lax.scan(cell, first, (above[:-1], above[1:], b))[1]
            return np.concatenate((first[None], cells)), None

        top = np.full(b.size + 1, dynamic_programming.FAR).at[0].set(0.0)
        return jax.lax.scan(row, top, a)[0][-1]

    return f


def _jacobi2d(jax: Any) -> Function:
    def f(a: Any, b: Any, weights: Any) -> Any:
        def average(target: Any, x: Any) -> Any:
            near = x[1:-1, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:] + x[2:, 1:-1] + x[:-2, 1:-1]
            return target.at[1:-1, 1:-1].set(0.2 * near)

        def step(grids: Any, _: None) -> Any:
            a, b = grids
            b = average(b, a)
            return (average(a, b), b), None

        (a, b), _ = jax.lax.scan(step, (a, b), None, length=stencil.JACOBI_STEPS)
        return jax.numpy.sum(weights * a)

    return f


def _fdtd(jax: Any) -> Function:
    np = jax.numpy

    def f(ex: Any, ey: Any, hz: Any) -> Any:
        def step(fields: Any, t: Any) -> Any:
            ex, ey, hz = fields
            ey = ey.at[0, :].set(np.sin(0.2 * t))
            ey = ey.at[1:, :].add(-0.5 * (hz[1:, :] - hz[:-1, :]))
            ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
            turn = ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]
            return (ex, ey, hz.at[:-1, :-1].add(-0.7 * turn)), None

        times = np.arange(float(stencil.WAVE_STEPS))
        (ex, ey, hz), _ = jax.lax.scan(step, (ex, ey, hz), times)
        return np.sum(hz**2)

    return f


def _kepler(jax: Any) -> Function:
    np = jax.numpy

    def f(p: Any) -> Any:
        mean, e = p[0], p[1]

        def step(state: Any) -> Any:
            x, _ = state
            delta = (x - e * np.sin(x) - mean) / (1.0 - e * np.cos(x))
            return x - delta, delta

        start = (mean, np.float64(1.0))
        x, _ = jax.lax.while_loop(lambda s: np.abs(s[1]) > 1e-13, step, start)
        return 1.0 - e * np.cos(x)

    return f


def _implied(jax: Any) -> Function:
    np = jax.numpy

    def call_price(vol: Any, spot: Any, strike: Any, rate: Any) -> Any:
        d1 = (np.log(spot / strike) + rate) / vol + 0.5 * vol
        n1, n2 = (0.5 * (1.0 + jax.scipy.special.erf(d / np.sqrt(2.0))) for d in (d1, d1 - vol))
        return spot * n1 - strike * np.exp(-rate) * n2

    def f(p: Any) -> Any:
        price, spot, strike, rate = p

        def halve(ends: Any) -> Any:
            low, high = ends
            middle = 0.5 * (low + high)
            above = call_price(middle, spot, strike, rate) > price
            return np.where(above, low, middle), np.where(above, middle, high)

        start = np.float64(0.01), np.float64(3.0)
        low, high = jax.lax.while_loop(lambda ends: ends[1] - ends[0] > 1e-6, halve, start)
        vol = 0.5 * (low + high)
        for _ in range(2):
            d1 = (np.log(spot / strike) + rate) / vol + 0.5 * vol
            vega = spot * np.exp(-0.5 * d1 * d1) / np.sqrt(2.0 * np.pi)
            vol = vol - (call_price(vol, spot, strike, rate) - price) / vega
        return vol

    return f


def _descend(jax: Any, gradient: Function, f: Function, x: Any) -> Any:
    """``argmin`` of the descent with its state in one tuple."""
    np = jax.numpy

    def go_on(state: Any) -> Any:
        _, _, gx, _, _, near = state
        return (np.sqrt(np.sum(gx * gx)) > TOLERANCE) & ~near

    def attempt(state: Any) -> Any:
        x, fx, gx, rate, _, _ = state
        x2 = x - rate * gx
        near = np.sqrt(np.sum((x2 - x) ** 2)) <= TOLERANCE
        fx2 = f(x2)
        better = (x2, fx2, gradient(x2), rate, state[4] + 1, near)
        worse = (x, fx, gx, 0.5 * rate, 0, near)
        return jax.tree.map(lambda a, b: np.where((fx2 < fx) & ~near, a, b), better, worse)

    def step(state: Any) -> Any:
        x, fx, gx, rate, successes, near = state
        doubled = (x, fx, gx, 2.0 * rate, 0, near)
        return jax.lax.cond(successes == 10, lambda s: doubled, attempt, state)

    start = (x, f(x), gradient(x), np.float64(1e-5), 0, np.bool_(False))
    return jax.lax.while_loop(go_on, step, start)[0]


def _particle(inner: str) -> Callable[[Any], Function]:
    def write(jax: Any) -> Function:
        np = jax.numpy
        slope = {"f": jax.jacfwd, "r": jax.grad}[inner]
        potential = rebind(nested.potential, {numpy: np})

        def miss(w: Any) -> Any:
            pull = slope(lambda x: potential(x, w[0]))
            dt = 0.1

            def step(state: Any) -> Any:
                x, v = state
                return x + dt * v, v - dt * pull(x)

            start = np.array([0.0, 8.0]), np.array([0.75, 0.0])
            above = lambda s: s[0][1] + dt * s[1][1] > 0.0  # noqa: E731
            x, v = jax.lax.while_loop(above, step, start)
            return (x[0] - x[1] / v[1] * v[0]) ** 2

        return lambda w: _descend(jax, jax.jacfwd(miss), miss, w)

    return write


def _saddle(inner: str) -> Callable[[Any], Function]:
    def write(jax: Any) -> Function:
        np, height = jax.numpy, nested.height
        slope = {"f": jax.jacfwd, "r": jax.grad}[inner]

        def solve(start: Any) -> Any:
            def highest(x: Any) -> Any:
                fall = slope(lambda y: -height(x, y))
                return height(x, _descend(jax, fall, lambda y: -height(x, y), start))

            x = _descend(jax, jax.jacfwd(highest), highest, start)
            last = jax.jacfwd(lambda y: -height(x, y))
            return np.concatenate((x, _descend(jax, last, lambda y: -height(x, y), start)))

        return solve

    return write


VARIANTS: dict[str, Callable[[Any], Function]] = {
    "rk4_100": _neurons(simulation.SHORT),
    "rk4_100_long": _neurons(simulation.LONG),
    "lotka": _lotka,
    "orbit": _orbit,
    "dp_table": _soft_dtw,
    "jacobi2d": _jacobi2d,
    "fdtd": _fdtd,
    "newton": _kepler,
    "bisection": _implied,
    "particle_ff": _particle("f"),
    "particle_fr": _particle("r"),
    "saddle_ff": _saddle("f"),
    "saddle_fr": _saddle("r"),
}
