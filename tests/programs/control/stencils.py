"""Time stepping on grids: whole arrays and slices updated in place."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(23)
LINE = rng.normal(size=14)
GRID = rng.normal(size=(6, 7))
OTHER = rng.normal(size=(6, 7))
CUBE = rng.normal(size=(5, 5, 5))


@program((LINE,), (LINE[::-1].copy(),), second=False)
def jacobi_1d(a):
    b = np.zeros_like(a)
    for _ in range(1, 20):
        b[1:-1] = 0.33333 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.33333 * (b[:-2] + b[1:-1] + b[2:])
    return a


@program((GRID, OTHER), (OTHER, GRID), second=False)
def jacobi_2d(a, b):
    for _ in range(1, 12):
        b[1:-1, 1:-1] = 0.2 * (
            a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1]
        )
        a[1:-1, 1:-1] = 0.2 * (
            b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1]
        )
    return a


@program((GRID,), (OTHER,), second=False)
def gauss_seidel_2d(a):
    n, m = a.shape
    for _ in range(4):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return a


@program((GRID,), (OTHER,), second=False)
def seidel_rows(a):
    n = a.shape[0]
    for _ in range(0, 3):
        for i in range(1, n - 1):
            a[i, 1:-1] += a[i - 1, 1:-1] + a[i, 2:] + a[i + 1, 1:-1]
            for j in range(1, a.shape[1] - 1):
                a[i, j] += a[i, j - 1]
                a[i, j] /= 9.0
    return a


@program((LINE, 1.5), (LINE[::-1].copy(), 0.7), second=False)
def successive_over_relaxation(f, omega):
    u = np.zeros_like(f)
    change = 1.0
    sweeps = 0
    while change > 1e-6 and sweeps < 60:
        change = 0.0
        for i in range(1, len(u) - 1):
            new = (1 - omega) * u[i] + omega * 0.5 * (u[i - 1] + u[i + 1] + 0.1 * f[i])
            change = max(change, np.abs(new - u[i]))
            u[i] = new
        sweeps += 1
    return u


@program((LINE, 0.3), (LINE[::-1].copy(), 0.1), second=False)
def heat_1d(u, alpha):
    for _ in range(40):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[1]
        u[-1] = 0.0
    return u


@program((CUBE,), (CUBE[::-1].copy(),), second=False)
def heat_3d(a):
    b = np.zeros_like(a)
    c = slice(1, -1)
    for _ in range(4):
        b[c, c, c] = (
            0.125 * (a[2:, c, c] - 2.0 * a[c, c, c] + a[:-2, c, c])
            + 0.125 * (a[c, 2:, c] - 2.0 * a[c, c, c] + a[c, :-2, c])
            + 0.125 * (a[c, c, 2:] - 2.0 * a[c, c, c] + a[c, c, :-2])
            + a[c, c, c]
        )
        a[:] = b
    return a


@program((GRID, OTHER, GRID * OTHER), (OTHER, GRID, GRID - OTHER), second=False)
def fdtd_2d(ex, ey, hz):
    for t in range(10):
        ey[0, :] = np.sin(0.3 * t)
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return hz


@program((GRID[:6, :6].copy(),), (OTHER[:6, :6].copy(),), second=False)
def alternating_directions(u):
    n = u.shape[0]
    v, p, q = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    a, b, c = -0.3, 1.6, -0.3
    for _ in range(2):
        v[0, 1 : n - 1] = 1.0
        p[1 : n - 1, 0] = 0.0
        q[1 : n - 1, 0] = v[0, 1 : n - 1]
        for j in range(1, n - 1):
            p[1 : n - 1, j] = -c / (a * p[1 : n - 1, j - 1] + b)
            q[1 : n - 1, j] = (
                0.3 * u[j, 0 : n - 2]
                + 0.4 * u[j, 1 : n - 1]
                + 0.3 * u[j, 2:n]
                - a * q[1 : n - 1, j - 1]
            ) / (a * p[1 : n - 1, j - 1] + b)
        v[n - 1, 1 : n - 1] = 1.0
        for j in range(n - 2, 0, -1):
            v[j, 1 : n - 1] = p[1 : n - 1, j] * v[j + 1, 1 : n - 1] + q[1 : n - 1, j]
        u[1 : n - 1, 1 : n - 1] = v[1 : n - 1, 1 : n - 1]
    return u


@program((LINE, 0.4), (LINE[::-1].copy(), 0.9), second=False)
def wave_equation(u, c):
    previous = u.copy()
    for _ in range(30):
        following = np.zeros_like(u)
        following[1:-1] = 2 * u[1:-1] - previous[1:-1] + c**2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        previous, u = u, following
    return u


@program((GRID, 0.02), (OTHER, 0.05), second=False)
def reaction_diffusion(u, feed):
    v = 0.25 * np.ones_like(u)
    for _ in range(15):
        lu = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u
        lv = np.roll(v, 1, 0) + np.roll(v, -1, 0) + np.roll(v, 1, 1) + np.roll(v, -1, 1) - 4 * v
        uvv = np.tanh(u) * v * v
        u += 0.16 * lu - uvv + feed * (1 - u)
        v += 0.08 * lv + uvv - (feed + 0.06) * v
    return np.sum(u * v)


@program((LINE, 0.05), (np.abs(LINE), 0.02), second=False)
def burgers_upwind(u, dt):
    u = u.copy()
    for _ in range(10):
        old = u.copy()
        for i in range(1, len(u) - 1):
            if old[i] > 0:
                u[i] = old[i] - dt * old[i] * (old[i] - old[i - 1])
            else:
                u[i] = old[i] - dt * old[i] * (old[i + 1] - old[i])
    return u


@program((GRID, 1e-2), (OTHER, 1e-3), second=False)
def poisson_until_converged(source, tolerance):
    p = np.zeros((6, 7))
    error = 1.0
    while error > 1e-2:
        old = p.copy()
        p[1:-1, 1:-1] = (
            0.25 * (old[1:-1, 2:] + old[1:-1, :-2] + old[2:, 1:-1] + old[:-2, 1:-1])
            - 0.1 * source[1:-1, 1:-1]
        )
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        error = np.max(np.abs(p - old)).real
    return p * (1 + tolerance)
