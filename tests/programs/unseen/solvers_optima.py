"""Minimisers by loops, written out."""

from __future__ import annotations

from collections import deque

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(104)


def quartic(x, c):
    return np.sum((x - c) ** 4) / 4 + 0.5 * np.sum((x[1:] - x[:-1]) ** 2) + 0.5 * x @ x


def quartic_slope(x, c):
    g = (x - c) ** 3 + x
    d = x[1:] - x[:-1]
    g[1:] += d
    g[:-1] -= d
    return g


@kernel(rng.normal(size=5), analytic=False)
def descent_with_armijo(c):
    x = np.zeros(5)
    for it in range(60):
        g = quartic_slope(x, c)
        f = quartic(x, c)
        t = 1.0
        while quartic(x - t * g, c) > f - 0.3 * t * (g @ g):
            t *= 0.5
            if t < 1e-10:
                break
        x = x - t * g
        if np.sqrt(g @ g) < 1e-4:
            break
    return x


@kernel(rng.normal(size=6), 4)
def lbfgs_two_loops(c, memory):
    x = np.zeros(6)
    g = quartic_slope(x, c)
    pairs = deque(maxlen=memory)
    for k in range(25):
        q = g.copy()
        alphas = []
        for s, y in reversed(pairs):
            a = s @ q / (y @ s)
            q = q - a * y
            alphas.append(a)
        if pairs:
            s, y = pairs[-1]
            q = q * ((s @ y) / (y @ y))
        for (s, y), a in zip(pairs, reversed(alphas)):
            b = y @ q / (y @ s)
            q = q + (a - b) * s
        x_new = x - 0.7 * q
        g_new = quartic_slope(x_new, c)
        pairs.append((x_new - x, g_new - g))
        x, g = x_new, g_new
    return x


@kernel(rng.normal(size=5))
def bfgs(c):
    n = len(c)
    x = np.zeros(n)
    H = np.eye(n) * 0.3
    g = quartic_slope(x, c)
    for it in range(80):
        p = -H @ g
        t = 1.0
        while quartic(x + t * p, c) > quartic(x, c) + 1e-4 * t * (p @ g) and t > 1e-6:
            t /= 2
        s = t * p
        x = x + s
        new = quartic_slope(x, c)
        y = new - g
        g = new
        sy = s @ y
        if np.sqrt(np.sum(g**2)) < 1e-7:
            break
        rho = 1.0 / sy
        V = np.eye(n) - rho * np.outer(s, y)
        H = V @ H @ V.T + rho * np.outer(s, s)
    return x


@kernel(np.array([0.7, -0.3]), analytic=False)
def nelder_mead(c):
    """Ten rounds, the simplex sorted by insertion."""

    def f(p):
        return (p[0] - c[0]) ** 2 * (1 + c[1] ** 2) + (p[1] - c[1] * p[0]) ** 2 + 0.1 * p[0] ** 4

    pts = np.array([[0.0, 0.0], [1.0, 0.1], [0.2, 0.9]])
    vals = np.array([f(p) for p in pts])
    for it in range(12):
        for i in range(1, 3):
            j = i
            while j > 0 and vals[j] < vals[j - 1]:
                vals[j], vals[j - 1] = vals[j - 1], vals[j]
                tmp = pts[j].copy()
                pts[j] = pts[j - 1]
                pts[j - 1] = tmp
                j -= 1
        centre = (pts[0] + pts[1]) / 2
        refl = centre + (centre - pts[2])
        fr = f(refl)
        if fr < vals[0]:
            exp = centre + 2 * (centre - pts[2])
            fe = f(exp)
            if fe < fr:
                pts[2], vals[2] = exp, fe
            else:
                pts[2], vals[2] = refl, fr
        elif fr < vals[1]:
            pts[2], vals[2] = refl, fr
        else:
            con = centre + 0.5 * (pts[2] - centre)
            fc = f(con)
            if fc < vals[2]:
                pts[2], vals[2] = con, fc
            else:
                for i in (1, 2):
                    pts[i] = pts[0] + 0.5 * (pts[i] - pts[0])
                    vals[i] = f(pts[i])
    return pts, vals


T = np.linspace(0, 3, 20)


@kernel(np.exp(-0.8 * T) * 2 + 0.3 + 0.02 * rng.normal(size=20), np.array([1.0, 1.0, 0.0]))
def levenberg_marquardt(y, start):
    p = start.copy()
    lam = 1e-2
    cost = 1e30
    for it in range(40):
        e = np.exp(-p[1] * T)
        r = p[0] * e + p[2] - y
        J = np.column_stack([e, -p[0] * T * e, np.ones_like(T)])
        A = J.T @ J
        g = J.T @ r
        step = np.linalg.solve(A + lam * np.diag(np.diag(A)), -g)
        trial = p + step
        rt = trial[0] * np.exp(-trial[1] * T) + trial[2] - y
        new = rt @ rt
        if new < cost:
            p = trial
            lam = max(lam / 3, 1e-9)
            if np.abs(cost - new) < 1e-13:
                break
            cost = new
        else:
            lam *= 2
    return p


@kernel(rng.normal(size=(12, 4)), rng.normal(size=12))
def nonnegative_projected_gradient(A, b):
    x = np.zeros(4)
    step = 1.0 / np.sum(A * A)
    k = 0
    while k < 400:
        new = np.maximum(x - step * (A.T @ (A @ x - b)), 0.0)
        moved = np.sum(np.abs(new - x))
        x = new
        k += 1
        if moved < 1e-12:
            break
    return x


def soft(v, t):
    return np.sign(v) * np.maximum(np.abs(v) - t, 0.0)


@kernel(rng.normal(size=(15, 6)), rng.normal(size=15) * 3, 0.8)
def admm_lasso(A, b, lam):
    n = A.shape[1]
    rho = 2.0
    M = np.linalg.inv(A.T @ A + rho * np.eye(n))
    Atb = A.T @ b
    x = z = u = np.zeros(n)
    for k in range(150):
        x = M @ (Atb + rho * (z - u))
        z_old = z
        z = soft(x + u, lam / rho)
        u = u + x - z
        if np.max(np.abs(x - z)) < 1e-9 and np.max(np.abs(z - z_old)) < 1e-9:
            break
    return z


@kernel(np.diag([2.0, 1.0, 3.0]) + 0.2, rng.normal(size=3), rng.normal(size=(4, 3)), np.ones(4))
def interior_point_qp(Q, c, G, h):
    """Primal-dual with a fixed centring; min x'Qx/2 + c'x where G x <= h."""
    m, n = G.shape
    x = np.zeros(n)
    s = np.ones(m)
    z = np.ones(m)
    for it in range(30):
        mu = s @ z / m
        if mu < 1e-6:
            break
        rd = Q @ x + c + G.T @ z
        rp = G @ x + s - h
        W = z / s
        K = Q + G.T @ (W[:, None] * G)
        rc = z - 0.1 * mu / s
        dx = np.linalg.solve(K, -(rd + G.T @ (W * rp - rc)))
        ds = -rp - G @ dx
        dz = -rc - W * ds
        a = 1.0
        for i in range(m):
            if ds[i] < 0 and -0.95 * s[i] / ds[i] < a:
                a = -0.95 * s[i] / ds[i]
            if dz[i] < 0 and -0.95 * z[i] / dz[i] < a:
                a = -0.95 * z[i] / dz[i]
        x = x + a * dx
        s = s + a * ds
        z = z + a * dz
    return x, z


@kernel(rng.normal(size=(10, 4)), rng.normal(size=10), 0.5)
def coordinate_descent(A, b, lam):
    n = A.shape[1]
    x = np.zeros(n)
    r = b.copy()
    norms = np.sum(A**2, axis=0)
    for sweep in range(60):
        biggest = 0.0
        for j in range(n):
            old = x[j]
            rho = A[:, j] @ r + norms[j] * old
            if rho > lam:
                x[j] = (rho - lam) / norms[j]
            elif rho < -lam:
                x[j] = (rho + lam) / norms[j]
            else:
                x[j] = 0.0
            r += A[:, j] * (old - x[j])
            biggest = max(biggest, np.abs(x[j] - old))
        if biggest < 1e-12:
            break
    return x, r


@kernel(np.array([1.1, 0.4]))
def augmented_lagrangian(p):
    """min (x - p0)^2 + (y - p1)^2 where x^2 + y^2 = 1, Newton inside."""
    x = np.array([1.0, 0.2])
    lam, mu = 0.0, 5.0
    for outer in range(12):
        for inner in range(20):
            h = x @ x - 1
            g = 2 * (x - p) + (lam + mu * h) * 2 * x
            if np.max(np.abs(g)) < 1e-12:
                break
            H = 2 * np.eye(2) * (1 + lam + mu * h) + 4 * mu * np.outer(x, x)
            x = x - np.linalg.solve(H, g)
        lam = lam + mu * (x @ x - 1)
    return x, lam


@kernel(np.array([0.5, 2.0]), analytic=False)
def dogleg(c):
    x = np.array([-1.0, 1.0])
    radius = 0.5
    for k in range(60):
        g = np.array(
            [
                -2 * (c[0] - x[0]) - 4 * c[1] * x[0] * (x[1] - x[0] ** 2),
                2 * c[1] * (x[1] - x[0] ** 2),
            ]
        )
        if np.linalg.norm(g) < 1e-9:
            break
        H = np.array([
            [2 + 8 * c[1] * x[0] ** 2, -4 * c[1] * x[0]],
            [-4 * c[1] * x[0], 2 * c[1]],
        ])  # fmt: skip
        newton = np.linalg.solve(H, -g)
        if np.linalg.norm(newton) <= radius:
            p = newton
        else:
            cauchy = -(g @ g) / (g @ H @ g) * g
            if np.linalg.norm(cauchy) >= radius:
                p = -radius * g / np.linalg.norm(g)
            else:
                d = newton - cauchy
                a, b, e = d @ d, 2 * cauchy @ d, cauchy @ cauchy - radius**2
                p = cauchy + (-b + np.sqrt(b * b - 4 * a * e)) / (2 * a) * d

        def f(v):
            return (c[0] - v[0]) ** 2 + c[1] * (v[1] - v[0] ** 2) ** 2

        ratio = (f(x) - f(x + p)) / -(g @ p + 0.5 * p @ H @ p)
        if ratio < 0.25:
            radius /= 4
        elif ratio > 0.75:
            radius = min(2 * radius, 2.0)
        if ratio > 0.1:
            x = x + p
    return x


@kernel(1.3, 0.6)
def golden_section(a, b):
    inv = (np.sqrt(5) - 1) / 2
    lo, hi = 0.0, 3.0
    x1, x2 = hi - inv * (hi - lo), lo + inv * (hi - lo)

    def f(x):
        return (x - a) ** 2 + b * np.cos(x)

    f1, f2 = f(x1), f(x2)
    while hi - lo > 1e-6:
        if f1 < f2:
            hi, x2, f2 = x2, x1, f1
            x1 = hi - inv * (hi - lo)
            f1 = f(x1)
        else:
            lo, x1, f1 = x1, x2, f2
            x2 = lo + inv * (hi - lo)
            f2 = f(x2)
    x = 0.5 * (lo + hi)
    return x - (2 * (x - a) - b * np.sin(x)) / (2 - b * np.cos(x))


@kernel(np.array([0.4, -0.2, 0.9]), rng.normal(size=(15, 6, 3)))
def evolution_strategy(target, noise):
    """Given noise; weights by the ranks of the candidates, counted rather than sorted."""
    mean = np.zeros(3)
    sigma = 0.5
    generations, size, _ = noise.shape
    for g in range(generations):
        cand = np.zeros((size, 3))
        cost = np.zeros(size)
        for i in range(size):
            cand[i] = mean + sigma * noise[g, i]
            cost[i] = np.sum((cand[i] - target) ** 2)
        best = np.zeros(3)
        for i in range(size):
            rank = 0
            for j in range(size):
                if cost[j] < cost[i]:
                    rank += 1
            if rank < 3:
                best += cand[i] * 0.5 if rank == 0 else cand[i] * 0.25
        mean = best
        sigma *= 0.85
    return mean, np.sum((mean - target) ** 2)


@kernel(
    np.array([3.0, 2.0, 4.0]), np.array([[1.0, 1.0, 2.0], [2.0, 0.5, 1.0]]), np.array([10.0, 8.0])
)
def simplex_tableau(c, A, b):
    m, n = A.shape
    t = np.zeros((m + 1, n + m + 1))
    t[:m, :n] = A
    t[:m, n : n + m] = np.eye(m)
    t[:m, -1] = b
    t[m, :n] = -c
    while True:
        j = np.argmin(t[m, :-1])
        if t[m, j] > -1e-12:
            break
        best, row = 1e30, -1
        for i in range(m):
            if t[i, j] > 1e-12:
                ratio = t[i, -1] / t[i, j]
                if ratio < best:
                    best = ratio
                    row = i
        if row < 0:
            break
        t[row] = t[row] / t[row, j]
        for i in range(m + 1):
            if i != row:
                t[i] = t[i] - t[i, j] * t[row]
    return t[m, -1], t[m, n : n + m]


@kernel(rng.normal(size=(6, 4)), rng.normal(size=6))
def frank_wolfe(A, b):
    x = np.ones(4) / 4
    for k in range(30):
        g = A.T @ (A @ x - b)
        i = np.argmin(g)
        d = -x
        d[i] += 1.0
        Ad = A @ d
        q = Ad @ Ad
        if q < 1e-14:
            break
        gamma = min(max(-(g @ d) / q, 0.0), 1.0)
        x = x + gamma * d
    return x
