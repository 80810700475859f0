"""Flows: fluids in cavities and channels, waves, advection."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(73)
N = 14
U, V = rng.normal(size=(2, N, N))


def build_up_b(b, rho, dt, u, v, dx, dy):
    b[1:-1, 1:-1] = rho * (
        1
        / dt
        * ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx) + (v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy))
        - ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx)) ** 2
        - 2 * ((u[2:, 1:-1] - u[0:-2, 1:-1]) / (2 * dy) * (v[1:-1, 2:] - v[1:-1, 0:-2]) / (2 * dx))
        - ((v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy)) ** 2
    )


def pressure_poisson(nit, p, dx, dy, b):
    pn = np.empty_like(p)
    pn = p.copy()
    for _ in range(nit):
        pn = p.copy()
        p[1:-1, 1:-1] = (
            (pn[1:-1, 2:] + pn[1:-1, 0:-2]) * dy**2 + (pn[2:, 1:-1] + pn[0:-2, 1:-1]) * dx**2
        ) / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1]
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0


@kernel(
    11,
    11,
    20,
    8,
    0.1 * U[:11, :11].copy(),
    0.1 * V[:11, :11].copy(),
    0.01,
    0.2,
    0.2,
    0.1 * U[1:12, 1:12].copy(),
    1.0,
    0.1,
    inplace=(4, 5, 9),
)
def cavity_flow(nx, ny, nt, nit, u, v, dt, dx, dy, p, rho, nu):
    un = np.empty_like(u)
    vn = np.empty_like(v)
    b = np.zeros((ny, nx))
    for _ in range(nt):
        un = u.copy()
        vn = v.copy()
        build_up_b(b, rho, dt, u, v, dx, dy)
        pressure_poisson(nit, p, dx, dy, b)
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (un[1:-1, 1:-1] - un[0:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, 0:-2])
            + nu
            * (
                dt / dx**2 * (un[1:-1, 2:] - 2 * un[1:-1, 1:-1] + un[1:-1, 0:-2])
                + dt / dy**2 * (un[2:, 1:-1] - 2 * un[1:-1, 1:-1] + un[0:-2, 1:-1])
            )
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (vn[1:-1, 1:-1] - vn[0:-2, 1:-1])
            - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[0:-2, 1:-1])
            + nu
            * (
                dt / dx**2 * (vn[1:-1, 2:] - 2 * vn[1:-1, 1:-1] + vn[1:-1, 0:-2])
                + dt / dy**2 * (vn[2:, 1:-1] - 2 * vn[1:-1, 1:-1] + vn[0:-2, 1:-1])
            )
        )
        u[0, :] = 0
        u[:, 0] = 0
        u[:, -1] = 0
        u[-1, :] = 1
        v[0, :] = 0
        v[-1, :] = 0
        v[:, 0] = 0
        v[:, -1] = 0


def build_up_periodic(rho, dt, dx, dy, u, v):
    b = np.zeros_like(u)
    b[1:-1, 1:-1] = rho * (
        1
        / dt
        * ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx) + (v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy))
        - ((u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx)) ** 2
        - ((v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dy)) ** 2
    )
    b[1:-1, -1] = rho * (
        1 / dt * ((u[1:-1, 0] - u[1:-1, -2]) / (2 * dx) + (v[2:, -1] - v[0:-2, -1]) / (2 * dy))
        - ((u[1:-1, 0] - u[1:-1, -2]) / (2 * dx)) ** 2
    )
    b[1:-1, 0] = rho * (
        1 / dt * ((u[1:-1, 1] - u[1:-1, -1]) / (2 * dx) + (v[2:, 0] - v[0:-2, 0]) / (2 * dy))
        - ((u[1:-1, 1] - u[1:-1, -1]) / (2 * dx)) ** 2
    )
    return b


def pressure_periodic(nit, p, dx, dy, b):
    pn = np.empty_like(p)
    for _ in range(nit):
        pn = p.copy()
        p[1:-1, 1:-1] = (
            (pn[1:-1, 2:] + pn[1:-1, 0:-2]) * dy**2 + (pn[2:, 1:-1] + pn[0:-2, 1:-1]) * dx**2
        ) / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1]
        p[1:-1, -1] = (
            (pn[1:-1, 0] + pn[1:-1, -2]) * dy**2 + (pn[2:, -1] + pn[0:-2, -1]) * dx**2
        ) / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, -1]
        p[1:-1, 0] = ((pn[1:-1, 1] + pn[1:-1, -1]) * dy**2 + (pn[2:, 0] + pn[0:-2, 0]) * dx**2) / (
            2 * (dx**2 + dy**2)
        ) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 0]
        p[-1, :] = p[-2, :]
        p[0, :] = p[1, :]


@kernel(
    6,
    np.zeros((9, 9)),
    np.zeros((9, 9)),
    0.01,
    0.25,
    0.25,
    np.ones((9, 9)),
    1.0,
    0.1,
    1.0,
    inplace=(1, 2, 6),
)
def channel_flow(nit, u, v, dt, dx, dy, p, rho, nu, force):
    udiff = 1
    stepcount = 0
    while udiff > 0.05:
        un = u.copy()
        vn = v.copy()
        b = build_up_periodic(rho, dt, dx, dy, u, v)
        pressure_periodic(nit, p, dx, dy, b)
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dy * (un[1:-1, 1:-1] - un[0:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, 0:-2])
            + nu * (dt / dx**2 * (un[1:-1, 2:] - 2 * un[1:-1, 1:-1] + un[1:-1, 0:-2]))
            + force * dt
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, 0:-2])
            - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[0:-2, 1:-1])
        )
        u[1:-1, -1] = (
            un[1:-1, -1] - un[1:-1, -1] * dt / dx * (un[1:-1, -1] - un[1:-1, -2]) + force * dt
        )
        u[1:-1, 0] = un[1:-1, 0] - un[1:-1, 0] * dt / dx * (un[1:-1, 0] - un[1:-1, -1]) + force * dt
        u[0, :] = 0
        u[-1, :] = 0
        v[0, :] = 0
        v[-1, :] = 0
        udiff = (np.sum(u) - np.sum(un)) / np.sum(u)
        stepcount += 1
    return stepcount


@kernel(10, rng.random((12, 12)), rng.random((12, 12)), 0.02, 0.5, inplace=(1, 2))
def shallow_water_2d(steps, h, u, dt, g):
    v = np.zeros_like(u)
    for _ in range(steps):
        u[1:-1, 1:-1] -= dt * g * 0.5 * (h[1:-1, 2:] - h[1:-1, :-2])
        v[1:-1, 1:-1] -= dt * g * 0.5 * (h[2:, 1:-1] - h[:-2, 1:-1])
        h[1:-1, 1:-1] -= (
            dt
            * 0.5
            * (
                h[1:-1, 2:] * u[1:-1, 2:]
                - h[1:-1, :-2] * u[1:-1, :-2]
                + h[2:, 1:-1] * v[2:, 1:-1]
                - h[:-2, 1:-1] * v[:-2, 1:-1]
            )
        )
        h[0, :], h[-1, :] = h[1, :], h[-2, :]


@kernel(rng.normal(size=40), 0.02, 25)
def burgers_by_where(u, dt, steps):
    dx = 0.1
    for _ in range(steps):
        forward = (np.roll(u, -1) - u) / dx
        backward = (u - np.roll(u, 1)) / dx
        u = u - dt * np.where(u > 0, u * backward, u * forward)
    return u


@kernel(np.linspace(0, 1, 25) ** 2, 0.4, 15)
def crank_nicolson(u, r, steps):
    n = u.shape[0]
    a = np.eye(n) * (1 + r)
    b = np.eye(n) * (1 - r)
    for i in range(n - 1):
        a[i, i + 1] = a[i + 1, i] = -r / 2
        b[i, i + 1] = b[i + 1, i] = r / 2
    for _ in range(steps):
        u = np.linalg.solve(a, b @ u)
        u[0] = 0.0
        u[-1] = 1.0
    return u


@kernel(rng.random((10, 10)), 0.1, 20, inplace=(0,))
def game_of_diffusion(c, rate, steps):
    for _ in range(steps):
        padded = np.pad(c, 1, mode="edge")
        c += rate * (
            padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2] - 4 * c
        )


@kernel(rng.random(50), 0.3, 20)
def lax_wendroff_with_limiter(u, c, steps):
    for _ in range(steps):
        d = u[1:] - u[:-1]
        num = d[:-1]
        den = d[1:]
        r = num / np.where(np.abs(den) < 1e-12, 1e-12, den)
        phi = np.maximum(0.0, np.minimum(1.0, r))
        flux = u[1:-1] + 0.5 * (1 - c) * phi * den
        new = u.copy()
        new[2:-1] = u[2:-1] - c * (flux[1:] - flux[:-1])
        u = new
    return u


@kernel(rng.normal(size=30), rng.normal(size=30), 0.3, 40)
def string_with_damping(y, v, c, steps):
    lap = np.empty_like(y)
    for _ in range(steps):
        for i in range(1, len(y) - 1):
            lap[i] = y[i + 1] - 2 * y[i] + y[i - 1]
        lap[0] = lap[-1] = 0.0
        v += 0.1 * (c * lap - 0.05 * v)
        y += 0.1 * v
    return y, v
