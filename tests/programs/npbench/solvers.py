"""Iterative solvers, eigenvalues, quadrature and roots, with their flags and stops."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(53)
N = 12
G = rng.normal(size=(N, N))
SPD = G @ G.T / N + np.eye(N) + np.diag(np.arange(N) * 0.5)
SIDE = rng.normal(size=N)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_slope(x):
    g = np.zeros_like(x)
    g[:-1] = -400.0 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200.0 * (x[1:] - x[:-1] ** 2)
    return g


@kernel(np.array([-1.2, 1.0, 0.5]), 12)
def bfgs(x, steps):
    n = len(x)
    h = np.eye(n)
    g = rosenbrock_slope(x)
    for _ in range(steps):
        p = -h @ g
        t = 1.0
        f0 = rosenbrock(x)
        slope = g @ p
        while rosenbrock(x + t * p) > f0 + 1e-4 * t * slope:
            t *= 0.5
        s = t * p
        x = x + s
        new = rosenbrock_slope(x)
        y = new - g
        g = new
        sy = s @ y
        if sy > 1e-10:
            rho = 1.0 / sy
            v = np.eye(n) - rho * np.outer(s, y)
            h = v @ h @ v.T + rho * np.outer(s, s)
        if np.sqrt(np.sum(g**2)) < 1e-8:
            break
    return x


TIMES = np.linspace(0, 3, 20)
DATA = 2.0 * np.exp(-0.7 * TIMES) + 0.3 + 0.02 * rng.normal(size=20)


def model(p, t):
    return p[0] * np.exp(-p[1] * t) + p[2]


def model_jacobian(p, t):
    j = np.empty((len(t), 3))
    j[:, 0] = np.exp(-p[1] * t)
    j[:, 1] = -p[0] * t * np.exp(-p[1] * t)
    j[:, 2] = 1.0
    return j


@kernel(np.array([1.5, 0.5, 0.0]), TIMES, DATA)
def gauss_newton(p, t, y):
    for _ in range(4):
        r = y - model(p, t)
        j = model_jacobian(p, t)
        p = p + np.linalg.solve(j.T @ j, j.T @ r)
    return p


@kernel(np.array([0.5, 2.0, 1.0]), TIMES, DATA, 0.01)
def levenberg_marquardt(p, t, y, damping):
    r = y - model(p, t)
    cost = np.sum(r**2)
    for _ in range(12):
        j = model_jacobian(p, t)
        a = j.T @ j
        step = np.linalg.solve(a + damping * np.diag(np.diag(a)), j.T @ r)
        trial = y - model(p + step, t)
        new_cost = np.sum(trial**2)
        if new_cost < cost:
            p = p + step
            r = trial
            cost = new_cost
            damping = damping / 3.0
        else:
            damping = damping * 2.0
    return p, cost


@kernel(SPD + 0.3 * G, SIDE)
def gmres(a, b):
    n = len(b)
    m = 8
    x = np.zeros(n)
    r = b - a @ x
    beta = np.sqrt(r @ r)
    q = np.zeros((n, m + 1))
    h = np.zeros((m + 1, m))
    q[:, 0] = r / beta
    cs, sn = np.zeros(m), np.zeros(m)
    e = np.zeros(m + 1)
    e[0] = beta
    for k in range(m):
        v = a @ q[:, k]
        for i in range(k + 1):
            h[i, k] = q[:, i] @ v
            v = v - h[i, k] * q[:, i]
        h[k + 1, k] = np.sqrt(v @ v)
        q[:, k + 1] = v / h[k + 1, k]
        for i in range(k):
            temp = cs[i] * h[i, k] + sn[i] * h[i + 1, k]
            h[i + 1, k] = -sn[i] * h[i, k] + cs[i] * h[i + 1, k]
            h[i, k] = temp
        t = np.sqrt(h[k, k] ** 2 + h[k + 1, k] ** 2)
        cs[k], sn[k] = h[k, k] / t, h[k + 1, k] / t
        h[k, k] = cs[k] * h[k, k] + sn[k] * h[k + 1, k]
        h[k + 1, k] = 0.0
        e[k + 1] = -sn[k] * e[k]
        e[k] = cs[k] * e[k]
    y = np.zeros(m)
    for i in range(m - 1, -1, -1):
        y[i] = (e[i] - h[i, i + 1 : m] @ y[i + 1 : m]) / h[i, i]
    return x + q[:, :m] @ y


@kernel(SPD, SIDE)
def lanczos(a, v):
    m = 6
    alpha, beta = np.zeros(m), np.zeros(m)
    v = v / np.sqrt(v @ v)
    old = np.zeros_like(v)
    for j in range(m):
        w = a @ v
        alpha[j] = w @ v
        w = w - alpha[j] * v - beta[j - 1] * old if j > 0 else w - alpha[j] * v
        beta[j] = np.sqrt(w @ w)
        old, v = v, w / beta[j]
    return alpha, beta[:-1]


def householder_qr(a):
    m, n = a.shape
    r = a.copy()
    q = np.eye(m)
    for k in range(n):
        x = r[k:, k]
        norm = np.sqrt(np.sum(x**2))
        sign = 1.0 if x[0] >= 0 else -1.0
        v = x.copy()
        v[0] += sign * norm
        v = v / np.sqrt(np.sum(v**2))
        r[k:, :] -= 2.0 * np.outer(v, v @ r[k:, :])
        q[:, k:] -= 2.0 * np.outer(q[:, k:] @ v, v)
    return q, r


@kernel(SPD[:6, :6].copy(), 10)
def qr_iteration(a, sweeps):
    for _ in range(sweeps):
        q, r = householder_qr(a)
        a = r @ q
    return np.diag(a)


@kernel(G[:8, :5].copy())
def householder_tall(a):
    q, r = householder_qr(a)
    return q[:, :5], r


@kernel(SPD[:6, :6].copy())
def jacobi_eigenvalues(a):
    a = 0.5 * (a + a.T)
    n = a.shape[0]
    for _ in range(5):
        for p in range(n - 1):
            for q in range(p + 1, n):
                if np.abs(a[p, q]) > 1e-12:
                    theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                    sign = 1.0 if theta >= 0 else -1.0
                    t = sign / (np.abs(theta) + np.sqrt(theta**2 + 1.0))
                    c = 1.0 / np.sqrt(t**2 + 1.0)
                    s = t * c
                    row_p, row_q = a[p, :].copy(), a[q, :].copy()
                    a[p, :] = c * row_p - s * row_q
                    a[q, :] = s * row_p + c * row_q
                    col_p, col_q = a[:, p].copy(), a[:, q].copy()
                    a[:, p] = c * col_p - s * col_q
                    a[:, q] = s * col_p + c * col_q
    return np.diag(a) ** 2


@kernel(SPD, SIDE, 1e-10)
def conjugate_gradient(a, b, tol):
    x = np.zeros_like(b)
    r = b - a @ x
    p = r.copy()
    rsold = r @ r
    for _ in range(len(b)):
        ap = a @ p
        alpha = rsold / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        rsnew = r @ r
        if np.sqrt(rsnew) < tol:
            break
        p = r + (rsnew / rsold) * p
        rsold = rsnew
    return x


@kernel(SPD + 0.2 * G, SIDE)
def bicgstab(a, b):
    x = np.zeros(len(b))
    r = b - a @ x
    r0 = r.copy()
    rho = alpha = omega = 1.0
    v, p = np.zeros(len(b)), np.zeros(len(b))
    k = 0
    while np.sqrt(r @ r) > 1e-6 and k < 40:
        rho_new = r0 @ r
        beta = (rho_new / rho) * (alpha / omega)
        p = r + beta * (p - omega * v)
        v = a @ p
        alpha = rho_new / (r0 @ v)
        s = r - alpha * v
        t = a @ s
        omega = (t @ s) / (t @ t)
        x = x + alpha * p + omega * s
        r = s - omega * t
        rho = rho_new
        k += 1
    return x


@kernel(SPD + np.diag(np.ones(N) * 8), SIDE)
def gauss_seidel(a, b):
    n = len(b)
    x = np.zeros(n)
    for _ in range(100):
        x_old = x.copy()
        for i in range(n):
            s = 0.0
            for j in range(n):
                if j != i:
                    s += a[i, j] * x[j]
            x[i] = (b[i] - s) / a[i, i]
        if np.max(np.abs(x - x_old)) < 1e-12:
            break
    return x
