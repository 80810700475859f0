"""Fields in two dimensions: reactions, interfaces, potentials, elements, grids of grids."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(109)


@kernel(
    1.0 - 0.5 * rng.random((12, 12)),
    0.25 * rng.random((12, 12)),
    np.array([0.16, 0.08, 0.035, 0.06]),
    30,
)
def gray_scott(u, v, p, steps):
    du, dv, feed, kill = p

    def lap(z):
        return (
            np.roll(z, 1, axis=0)
            + np.roll(z, -1, axis=0)
            + np.roll(z, 1, 1)
            + np.roll(z, -1, 1)
            - 4 * z
        )

    for _ in range(steps):
        uvv = u * v * v
        u, v = u + du * lap(u) - uvv + feed * (1 - u), v + dv * lap(v) + uvv - (feed + kill) * v
    return u, v


@kernel(rng.random((9, 11)), 0.3, 6)
def peaceman_rachford(u, r, steps):
    ny, nx = u.shape

    def sweep(rhs, n):
        """Constant coefficients: (1 + 2r) on the diagonal, -r beside it."""
        c = np.zeros(n)
        d = np.zeros(n)
        c[0] = -r / (1 + 2 * r)
        d[0] = rhs[0] / (1 + 2 * r)
        for i in range(1, n):
            den = 1 + 2 * r + r * c[i - 1]
            c[i] = -r / den
            d[i] = (rhs[i] + r * d[i - 1]) / den
        for i in range(n - 2, -1, -1):
            d[i] -= c[i] * d[i + 1]
        return d

    for _ in range(steps):
        half = np.zeros((ny, nx))
        for j in range(ny):
            up = u[j + 1, :] if j + 1 < ny else np.zeros(nx)
            down = u[j - 1, :] if j > 0 else np.zeros(nx)
            half[j, :] = sweep(u[j, :] + r * (up - 2 * u[j, :] + down), nx)
        for i in range(nx):
            right = half[:, i + 1] if i + 1 < nx else np.zeros(ny)
            left = half[:, i - 1] if i > 0 else np.zeros(ny)
            u[:, i] = sweep(half[:, i] + r * (right - 2 * half[:, i] + left), ny)
    return u


@kernel(rng.normal(size=(17, 17)), 1.0, 3, costly=True)
def multigrid_poisson(f, scale, cycles):
    def smooth(u, f, h, sweeps):
        n = u.shape[0]
        for _ in range(sweeps):
            for colour in (0, 1):
                for i in range(1, n - 1):
                    start = 1 + (i + colour) % 2
                    u[i, start : n - 1 : 2] = 0.25 * (
                        u[i - 1, start : n - 1 : 2]
                        + u[i + 1, start : n - 1 : 2]
                        + u[i, start - 1 : n - 2 : 2]
                        + u[i, start + 1 : n : 2]
                        + h * h * f[i, start : n - 1 : 2]
                    )
        return u

    def residual(u, f, h):
        r = np.zeros_like(u)
        r[1:-1, 1:-1] = (
            f[1:-1, 1:-1]
            + (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]) / h**2
        )
        return r

    def cycle(u, f, h):
        n = u.shape[0]
        if n <= 3:
            u[1, 1] = 0.25 * h * h * f[1, 1]
            return u
        u = smooth(u, f, h, 2)
        r = residual(u, f, h)
        coarse = np.zeros((n // 2 + 1, n // 2 + 1))
        coarse[1:-1, 1:-1] = (
            0.25 * r[2:-2:2, 2:-2:2]
            + 0.125
            * (r[1:-3:2, 2:-2:2] + r[3:-1:2, 2:-2:2] + r[2:-2:2, 1:-3:2] + r[2:-2:2, 3:-1:2])
            + 0.0625
            * (r[1:-3:2, 1:-3:2] + r[3:-1:2, 1:-3:2] + r[1:-3:2, 3:-1:2] + r[3:-1:2, 3:-1:2])
        )
        e = cycle(np.zeros_like(coarse), coarse, 2 * h)
        fine = np.zeros_like(u)
        fine[::2, ::2] = e
        fine[1::2, ::2] = 0.5 * (e[:-1] + e[1:])
        fine[:, 1::2] = 0.5 * (fine[:, :-1:2] + fine[:, 2::2])
        return smooth(u + fine, f, h, 2)

    u = np.zeros_like(f)
    for _ in range(cycles):
        u = cycle(u, scale * f, 1.0 / (f.shape[0] - 1))
    return u


@kernel(rng.random((10, 10)) - 0.4, 25)
def level_set_reinitialised(phi0, steps):
    phi = phi0.copy()
    sign = phi0 / np.sqrt(phi0**2 + 0.01)
    for _ in range(steps):
        p = np.pad(phi, 1, mode="edge")
        a = phi - p[:-2, 1:-1]
        b = p[2:, 1:-1] - phi
        c = phi - p[1:-1, :-2]
        d = p[1:-1, 2:] - phi
        pos = np.sqrt(
            np.maximum(np.maximum(a, 0) ** 2, np.minimum(b, 0) ** 2)
            + np.maximum(np.maximum(c, 0) ** 2, np.minimum(d, 0) ** 2)
            + 1e-12
        )
        neg = np.sqrt(
            np.maximum(np.minimum(a, 0) ** 2, np.maximum(b, 0) ** 2)
            + np.maximum(np.minimum(c, 0) ** 2, np.maximum(d, 0) ** 2)
            + 1e-12
        )
        grad = np.where(phi0 > 0, pos - 1, neg - 1)
        phi -= 0.3 * sign * grad
    return phi


@kernel(0.4 + rng.random(15), 0.2 * rng.normal(size=16), 1.5)
def elements_1d_and_cg(stiffness, load, bc):
    """Linear elements assembled into a dense matrix, solved by conjugate gradients."""
    nodes = len(stiffness) + 1
    k = np.zeros((nodes, nodes))
    for e in range(nodes - 1):
        ke = stiffness[e] * np.array([[1.0, -1.0], [-1.0, 1.0]])
        dofs = (e, e + 1)
        for a in range(2):
            for b in range(2):
                k[dofs[a], dofs[b]] += ke[a, b]
    f = load.copy()
    k[0, :] = 0.0
    k[:, 0] = 0.0
    k[0, 0] = 1.0
    f[0] = 0.0
    k[-1, -1] += bc
    x = np.zeros(nodes)
    r = f - k @ x
    p = r.copy()
    rr = r @ r
    iterations = 0
    while np.sqrt(rr) > 1e-11 and iterations < 100:
        q = k @ p
        alpha = rr / (p @ q)
        x += alpha * p
        r -= alpha * q
        new = r @ r
        p = r + new / rr * p
        rr = new
        iterations += 1
    return x, np.max(stiffness * np.diff(x))


def mesh(n):
    nodes, triangles = [], []
    for j in range(n + 1):
        for i in range(n + 1):
            nodes.append((i / n, j / n))
    for j in range(n):
        for i in range(n):
            a = j * (n + 1) + i
            triangles += [(a, a + 1, a + n + 2), (a, a + n + 2, a + n + 1)]
    return np.array(nodes), triangles


NODES, TRIANGLES = mesh(3)


@kernel(
    NODES + 0.03 * rng.normal(size=NODES.shape),
    0.5 + rng.random(len(TRIANGLES)),
    2.0,
    analytic=False,
    costly=True,
)
def triangles_heat(xy, kappa, source):
    """Shape derivative of a heat problem: the nodes' positions are arguments."""
    n = len(xy)
    k = np.zeros((n, n))
    f = np.zeros(n)
    for e, tri in enumerate(TRIANGLES):
        x = xy[list(tri), 0]
        y = xy[list(tri), 1]
        b = np.array([y[1] - y[2], y[2] - y[0], y[0] - y[1]])
        c = np.array([x[2] - x[1], x[0] - x[2], x[1] - x[0]])
        area = 0.5 * abs(x[0] * b[0] + x[1] * b[1] + x[2] * b[2])
        ke = kappa[e] * (np.outer(b, b) + np.outer(c, c)) / (4 * area)
        for i in range(3):
            for j in range(3):
                k[tri[i], tri[j]] += ke[i, j]
            f[tri[i]] += source * area / 3
    for i in range(4):
        k[i, i] += 1e3
    u = np.linalg.solve(k, f)
    return u, f @ u


@kernel(rng.random((12, 12)), np.array([1.0, 0.3, 0.8]), 20)
def solidification(phi, p, steps):
    tau, latent, width = p
    ny, nx = phi.shape
    temp = np.zeros((ny, nx)) - 0.5
    dt = 0.05
    for _ in range(steps):
        old = phi.copy()
        for i in range(1, ny - 1):
            for j in range(1, nx - 1):
                lap = old[i + 1, j] + old[i - 1, j] + old[i, j + 1] + old[i, j - 1] - 4 * old[i, j]
                m = 0.9 / np.pi * np.arctan(10.0 * (-temp[i, j]))
                phi[i, j] = old[i, j] + dt / tau * (
                    width**2 * lap + old[i, j] * (1 - old[i, j]) * (old[i, j] - 0.5 + m)
                )
        lt = np.zeros_like(temp)
        lt[1:-1, 1:-1] = (
            temp[2:, 1:-1]
            + temp[:-2, 1:-1]
            + temp[1:-1, 2:]
            + temp[1:-1, :-2]
            - 4 * temp[1:-1, 1:-1]
        )
        temp = temp + dt * lt + latent * (phi - old)
    return phi, temp


@kernel(rng.random((10, 10)), 0.3 + rng.random((10, 10)), 1.7, 1e-6)
def sor_until_converged(v, eps, omega, tol):
    """Poisson with a varying permittivity, swept in place until nothing moves."""
    n = v.shape[0]
    sweeps = 0
    while sweeps < 400:
        change = 0.0
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                en = 0.5 * (eps[i, j] + eps[i - 1, j])
                es = 0.5 * (eps[i, j] + eps[i + 1, j])
                ew = 0.5 * (eps[i, j] + eps[i, j - 1])
                ee = 0.5 * (eps[i, j] + eps[i, j + 1])
                star = (
                    en * v[i - 1, j] + es * v[i + 1, j] + ew * v[i, j - 1] + ee * v[i, j + 1]
                ) / (en + es + ew + ee)
                delta = omega * (star - v[i, j])
                v[i, j] += delta
                if abs(delta) > change:
                    change = abs(delta)
        sweeps += 1
        if change < tol:
            break
    return v, sweeps


@kernel(rng.random((9, 9)) * 8.0, 4.0, analytic=False)
def sandpile_with_real_grains(z, threshold):
    n = z.shape[0]
    topplings = 0
    lost = 0.0
    unstable = True
    while unstable and topplings < 2000:
        unstable = False
        for i in range(n):
            for j in range(n):
                if z[i, j] >= threshold:
                    unstable = True
                    topplings += 1
                    share = z[i, j] / 5
                    z[i, j] = share
                    for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                        a, b = i + di, j + dj
                        if 0 <= a < n and 0 <= b < n:
                            z[a, b] += share
                        else:
                            lost += share
    return z, lost, topplings


@kernel(0.2 * rng.normal(size=(10, 10)), rng.normal(size=(3, 3)), 12)
def neural_cellular_automaton(grid, weights, steps):
    n, m = grid.shape
    for _ in range(steps):
        new = np.zeros((n, m))
        for i in range(n):
            for j in range(m):
                s = 0.0
                for a in range(3):
                    for b in range(3):
                        s += weights[a, b] * grid[(i + a - 1) % n, (j + b - 1) % m]
                new[i, j] = np.tanh(s)
        grid = 0.7 * grid + 0.3 * new
    return grid
