"""Fluids, light and plasma in the plane: projections, lattices, Yee grids, particles in cells."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(113)

CX = [0, 1, 0, -1, 0, 1, -1, -1, 1]
CY = [0, 0, 1, 0, -1, 1, 1, -1, -1]
W = [4 / 9] + [1 / 9] * 4 + [1 / 36] * 4
BACK = [0, 3, 4, 1, 2, 7, 8, 5, 6]


def equilibrium(rho, u, v):
    feq = np.zeros((9, *rho.shape))
    usq = 1.5 * (u**2 + v**2)
    for q in range(9):
        cu = 3 * (CX[q] * u + CY[q] * v)
        feq[q] = W[q] * rho * (1 + cu + 0.5 * cu**2 - usq)
    return feq


OBSTACLE = np.zeros((8, 14), dtype=bool)
OBSTACLE[3:5, 4:6] = True


@kernel(0.05 * rng.normal(size=(8, 14)), np.array([0.8, 0.05]), 12, costly=True)
def lattice_boltzmann_with_obstacle(noise, params, steps):
    tau, inflow = params
    f = equilibrium(1.0 + noise, inflow * np.ones((8, 14)), np.zeros((8, 14)))
    drag = 0.0
    for _ in range(steps):
        for q in range(9):
            f[q] = np.roll(np.roll(f[q], CX[q], axis=1), CY[q], axis=0)
        bounced = f[:, OBSTACLE]
        rho = np.sum(f, axis=0)
        u = sum(CX[q] * f[q] for q in range(9)) / rho
        v = sum(CY[q] * f[q] for q in range(9)) / rho
        f += (equilibrium(rho, u, v) - f) / tau
        for q in range(9):
            f[q, OBSTACLE] = bounced[BACK[q]]
            drag += 2 * CX[q] * np.sum(bounced[q])
    return f, drag


@kernel(np.zeros((12, 12)) + 0.01 * rng.random((12, 12)), np.array([1.0, 0.1]), 6, 12, costly=True)
def projection_lid_driven(u, params, steps, sweeps):
    """Chorin's projection on a staggered grid, pressure by Gauss-Seidel."""
    lid, nu = params
    n = u.shape[0]
    v = np.zeros((n, n))
    p = np.zeros((n, n))
    h, dt = 1.0 / n, 0.005
    for _ in range(steps):
        us, vs = u.copy(), v.copy()
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                vc = 0.25 * (v[i, j] + v[i, j + 1] + v[i - 1, j] + v[i - 1, j + 1])
                adv = u[i, j] * (u[i, j + 1] - u[i, j - 1]) / (2 * h) + vc * (
                    u[i + 1, j] - u[i - 1, j]
                ) / (2 * h)
                lap = u[i, j + 1] + u[i, j - 1] + u[i + 1, j] + u[i - 1, j] - 4 * u[i, j]
                us[i, j] = u[i, j] + dt * (nu * lap / h**2 - adv)
                uc = 0.25 * (u[i, j] + u[i + 1, j] + u[i, j - 1] + u[i + 1, j - 1])
                adv = uc * (v[i, j + 1] - v[i, j - 1]) / (2 * h) + v[i, j] * (
                    v[i + 1, j] - v[i - 1, j]
                ) / (2 * h)
                lap = v[i, j + 1] + v[i, j - 1] + v[i + 1, j] + v[i - 1, j] - 4 * v[i, j]
                vs[i, j] = v[i, j] + dt * (nu * lap / h**2 - adv)
        us[-1, :] = 2 * lid - us[-2, :]
        us[0, :] = -us[1, :]
        div = np.zeros((n, n))
        div[1:-1, 1:-1] = (us[1:-1, 2:] - us[1:-1, 1:-1] + vs[2:, 1:-1] - vs[1:-1, 1:-1]) / h
        for _ in range(sweeps):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    p[i, j] = 0.25 * (
                        p[i + 1, j]
                        + p[i - 1, j]
                        + p[i, j + 1]
                        + p[i, j - 1]
                        - h * h * div[i, j] / dt
                    )
            p[0, :] = p[1, :]
            p[-1, :] = p[-2, :]
            p[:, 0] = p[:, 1]
            p[:, -1] = p[:, -2]
        us[1:-1, 1:-1] -= dt / h * (p[1:-1, 1:-1] - p[1:-1, :-2])
        vs[1:-1, 1:-1] -= dt / h * (p[1:-1, 1:-1] - p[:-2, 1:-1])
        u, v = us, vs
    return u, v, p


@kernel(1.0 + 2.0 * rng.random((14, 14)), 0.4, 30)
def maxwell_with_absorbing_layers(eps, courant, steps):
    """Transverse magnetic field, split field layers, a source in the middle."""
    n = eps.shape[0]
    ezx, ezy = np.zeros((n, n)), np.zeros((n, n))
    hx, hy = np.zeros((n, n)), np.zeros((n, n))
    width = 4
    sigma = np.zeros(n)
    for k in range(width):
        sigma[k] = ((width - k) / width) ** 3
        sigma[n - 1 - k] = sigma[k]
    damp = np.exp(-sigma)
    energy = 0.0
    for t in range(steps):
        ez = ezx + ezy
        hx[:, :-1] = damp[None, :-1] * hx[:, :-1] - courant * (ez[:, 1:] - ez[:, :-1])
        hy[:-1, :] = damp[:-1, None] * hy[:-1, :] + courant * (ez[1:, :] - ez[:-1, :])
        ezx[1:, :] = damp[1:, None] * ezx[1:, :] + courant / eps[1:, :] * (hy[1:, :] - hy[:-1, :])
        ezy[:, 1:] = damp[None, 1:] * ezy[:, 1:] - courant / eps[:, 1:] * (hx[:, 1:] - hx[:, :-1])
        ezx[n // 2, n // 2] += np.exp(-(((t - 8) / 3) ** 2))
        energy += np.sum(eps * (ezx + ezy) ** 2)
    return ezx + ezy, energy


@kernel(rng.random(40) * 8.0, 0.3 * rng.normal(size=40), 0.1, 12, analytic=False)
def electrons_in_cells(x, v, dt, steps):
    """One dimension: charge to the grid, field by integration, force from the grid."""
    cells, length = 16, 8.0
    dx = length / cells
    out = np.zeros(steps)
    for step in range(steps):
        rho = np.zeros(cells)
        for k in range(len(x)):
            s = x[k] / dx
            i = int(s)
            w = s - i
            rho[i % cells] += 1 - w
            rho[(i + 1) % cells] += w
        rho = rho / len(x) * cells - 1.0
        e = np.cumsum(rho) * dx
        e -= np.mean(e)
        for k in range(len(x)):
            s = x[k] / dx
            i = int(np.floor(s))
            w = s - i
            field = (1 - w) * e[i % cells] + w * e[(i + 1) % cells]
            v[k] -= dt * field
            x[k] = (x[k] + dt * v[k]) % length
        out[step] = 0.5 * dx * np.sum(e**2)
    return out


@kernel(rng.random((10, 10)), rng.normal(size=(10, 10)), 8, analytic=False)
def semi_lagrangian_vorticity(q, psi, steps):
    """Backtracked parcels, bilinear interpolation, periodic."""
    n = q.shape[0]
    u = -(np.roll(psi, -1, 0) - np.roll(psi, 1, 0)) * 0.5
    v = (np.roll(psi, -1, 1) - np.roll(psi, 1, 1)) * 0.5
    for _ in range(steps):
        new = np.zeros_like(q)
        for i in range(n):
            for j in range(n):
                y = i - 0.3 * v[i, j]
                x = j - 0.3 * u[i, j]
                i0 = int(np.floor(y))
                j0 = int(np.floor(x))
                fy = y - i0
                fx = x - j0
                new[i, j] = (1 - fy) * (
                    (1 - fx) * q[i0 % n, j0 % n] + fx * q[i0 % n, (j0 + 1) % n]
                ) + fy * ((1 - fx) * q[(i0 + 1) % n, j0 % n] + fx * q[(i0 + 1) % n, (j0 + 1) % n])
        q = new
    return q


@kernel(0.3 + 0.2 * rng.random((9, 9)), 0.1 * rng.random((9, 9)), np.array([2.0, 0.4]), 20)
def groundwater_and_overland_flow(head, bed, p, steps):
    conductivity, rain = p
    n, m = head.shape
    pond = np.zeros((n, m))
    dt = 0.05
    for t in range(steps):
        flux = np.zeros((n, m))
        for i in range(n):
            for j in range(m):
                for di, dj in [(0, 1), (1, 0)]:
                    a, b = i + di, j + dj
                    if a < n and b < m:
                        k = 2 * conductivity * head[i, j] * head[a, b] / (head[i, j] + head[a, b])
                        q = k * (head[i, j] + bed[i, j] - head[a, b] - bed[a, b])
                        flux[i, j] -= q
                        flux[a, b] += q
        intensity = rain if t < steps // 2 else 0.0
        infiltration = np.minimum(pond / dt + intensity, np.maximum(0.0, 1.0 - head) * 0.5)
        pond = np.maximum(pond + dt * (intensity - infiltration), 0.0)
        head = head + dt * (flux + infiltration)
    return head, pond


@kernel(1.0 + 0.1 * rng.random((10, 10)), 20, analytic=False)
def dam_break_2d(h, steps):
    """Lax-Friedrichs with Courant time steps; rows of a state array."""
    g = 9.81
    u = np.stack([h, np.zeros_like(h), np.zeros_like(h)])
    u[0, :5, :5] += 0.5
    t = 0.0
    for _ in range(steps):
        d, mx, my = u
        c = np.sqrt(g * d)
        lam = np.max(c + np.sqrt(mx**2 + my**2) / d)
        dt = 0.4 / lam
        fx = np.stack([mx, mx**2 / d + 0.5 * g * d**2, mx * my / d])
        fy = np.stack([my, mx * my / d, my**2 / d + 0.5 * g * d**2])
        avg = u.copy()
        avg[:, 1:-1, 1:-1] = 0.25 * (
            u[:, :-2, 1:-1] + u[:, 2:, 1:-1] + u[:, 1:-1, :-2] + u[:, 1:-1, 2:]
        )
        avg[:, 1:-1, 1:-1] -= (
            0.5 * dt * (fx[:, 1:-1, 2:] - fx[:, 1:-1, :-2] + fy[:, 2:, 1:-1] - fy[:, :-2, 1:-1])
        )
        u = avg
        u[:, 0, :] = u[:, 1, :]
        u[:, -1, :] = u[:, -2, :]
        u[2, 0, :] *= -1
        t += dt
    return u, t
