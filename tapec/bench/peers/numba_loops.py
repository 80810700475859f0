"""Values by ``njit`` of plain loops, and adjoints of dynamic programs written by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.bench.case import Array, Task
from tapec.bench.cases import dynamic_programming, simulation, stencil

FAR = dynamic_programming.FAR
LOTKA_STEPS, LOTKA_DT = simulation.LOTKA_STEPS, simulation.LOTKA_DT
JACOBI_STEPS, WAVE_STEPS = stencil.JACOBI_STEPS, stencil.WAVE_STEPS
SEIDEL_SWEEPS = stencil.SEIDEL_SWEEPS


def soft_dtw_value(a: Array, b: Array) -> float:
    """The table row by row."""
    n, m = a.size, b.size
    r = np.full((n + 1, m + 1), FAR)
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x, y, z = r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]
            low = min(x, min(y, z))
            total = math.exp(low - x) + math.exp(low - y) + math.exp(low - z)
            r[i, j] = (a[i - 1] - b[j - 1]) ** 2 + low - math.log(total)
    return float(r[n, m])


def soft_dtw_gradient(a: Array, b: Array) -> tuple[Array, Array]:
    """The weights of the soft minimum are stored: the reverse sweep needs no exponential."""
    n, m = a.size, b.size
    r = np.full((n + 1, m + 1), FAR)
    weights = np.empty((n + 1, m + 1, 3))
    r[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x, y, z = r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]
            low = min(x, min(y, z))
            p, q, s = math.exp(low - x), math.exp(low - y), math.exp(low - z)
            total = p + q + s
            r[i, j] = (a[i - 1] - b[j - 1]) ** 2 + low - math.log(total)
            weights[i, j, 0], weights[i, j, 1], weights[i, j, 2] = p / total, q / total, s / total
    ct = np.zeros((n + 1, m + 1))
    ct[n, m] = 1.0
    da, db = np.zeros(n), np.zeros(m)
    for i in range(n, 0, -1):
        for j in range(m, 0, -1):
            here = ct[i, j]
            ct[i - 1, j - 1] += here * weights[i, j, 0]
            ct[i - 1, j] += here * weights[i, j, 1]
            ct[i, j - 1] += here * weights[i, j, 2]
            pull = 2.0 * here * (a[i - 1] - b[j - 1])
            da[i - 1] += pull
            db[j - 1] -= pull
    return da, db


def edit_value(gap: Array, change: Array, s: Array, t: Array) -> float:
    """The table row by row."""
    n, m = s.size, t.size
    d = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        d[i, 0] = d[i - 1, 0] + gap[0]
    for j in range(1, m + 1):
        d[0, j] = d[0, j - 1] + gap[1]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = d[i - 1, j - 1] + change[s[i - 1], t[j - 1]]
            d[i, j] = min(swap, min(d[i - 1, j] + gap[0], d[i, j - 1] + gap[1]))
    return float(d[n, m])


def edit_gradient(gap: Array, change: Array, s: Array, t: Array) -> tuple[Array, Array]:
    """The optimal path is stored and followed back: no table of cotangents is needed."""
    n, m = s.size, t.size
    d = np.zeros((n + 1, m + 1))
    way = np.zeros((n + 1, m + 1), dtype=np.int8)
    for i in range(1, n + 1):
        d[i, 0], way[i, 0] = d[i - 1, 0] + gap[0], 1
    for j in range(1, m + 1):
        d[0, j], way[0, j] = d[0, j - 1] + gap[1], 2
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            best, taken = d[i - 1, j - 1] + change[s[i - 1], t[j - 1]], 0
            if d[i - 1, j] + gap[0] < best:
                best, taken = d[i - 1, j] + gap[0], 1
            if d[i, j - 1] + gap[1] < best:
                best, taken = d[i, j - 1] + gap[1], 2
            d[i, j], way[i, j] = best, taken
    gaps, changes = np.zeros(2), np.zeros_like(change)
    i, j = n, m
    while i > 0 or j > 0:
        taken = way[i, j]
        if taken == 0:
            changes[s[i - 1], t[j - 1]] += 1.0
            i, j = i - 1, j - 1
        elif taken == 1:
            gaps[0] += 1.0
            i -= 1
        else:
            gaps[1] += 1.0
            j -= 1
    return gaps, changes


def lotka_value(p: Array) -> float:
    """Scalars throughout: no array is made in the loop."""
    a, b, c, d = p[0], p[1], p[2], p[3]
    x, y, h = 1.0, 0.5, LOTKA_DT
    for _ in range(LOTKA_STEPS):
        x1, y1 = a * x - b * x * y, c * x * y - d * y
        u, v = x + 0.5 * h * x1, y + 0.5 * h * y1
        x2, y2 = a * u - b * u * v, c * u * v - d * v
        u, v = x + 0.5 * h * x2, y + 0.5 * h * y2
        x3, y3 = a * u - b * u * v, c * u * v - d * v
        u, v = x + h * x3, y + h * y3
        x4, y4 = a * u - b * u * v, c * u * v - d * v
        x += h / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
        y += h / 6.0 * (y1 + 2.0 * y2 + 2.0 * y3 + y4)
    return float(x * x + y)


def jacobi2d_value(a: Array, b: Array, weights: Array) -> float:
    """Both sweeps as loops, on copies."""
    a, b = a.copy(), b.copy()
    n, m = a.shape
    for _ in range(JACOBI_STEPS):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (b[i, j] + b[i, j - 1] + b[i, j + 1] + b[i + 1, j] + b[i - 1, j])
    return float(np.sum(weights * a))


def fdtd_value(ex: Array, ey: Array, hz: Array) -> float:
    """All four updates as loops, on copies."""
    ex, ey, hz = ex.copy(), ey.copy(), hz.copy()
    n, m = hz.shape
    for t in range(WAVE_STEPS):
        for j in range(m):
            ey[0, j] = math.sin(0.2 * t)
        for i in range(1, n):
            for j in range(m):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(n):
            for j in range(1, m):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(n - 1):
            for j in range(m - 1):
                hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
    return float(np.sum(hz**2))


def seidel_value(a: Array) -> float:
    """The sweeps on a copy."""
    a = a.copy()
    n, m = a.shape
    for _ in range(SEIDEL_SWEEPS):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return float(np.sum(a**2))


def seidel_gradient(a: Array) -> Array:
    """Every update transposed, in reverse order; nothing is stored, as updates are linear."""
    a = a.copy()
    n, m = a.shape
    for _ in range(SEIDEL_SWEEPS):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    ct = 2.0 * a
    for _ in range(SEIDEL_SWEEPS):
        for i in range(n - 2, 0, -1):
            for j in range(m - 2, 0, -1):
                pull = 0.2 * ct[i, j]
                ct[i, j] = pull
                ct[i - 1, j] += pull
                ct[i + 1, j] += pull
                ct[i, j - 1] += pull
                ct[i, j + 1] += pull
    return ct


VARIANTS: dict[tuple[str, Task], Callable[..., Any]] = {
    ("dp_table", Task.VALUE): soft_dtw_value,
    ("dp_table", Task.GRADIENT): soft_dtw_gradient,
    ("edit_distance", Task.VALUE): edit_value,
    ("edit_distance", Task.GRADIENT): edit_gradient,
    ("lotka", Task.VALUE): lotka_value,
    ("jacobi2d", Task.VALUE): jacobi2d_value,
    ("fdtd", Task.VALUE): fdtd_value,
    ("seidel", Task.VALUE): seidel_value,
    ("seidel", Task.GRADIENT): seidel_gradient,
}
