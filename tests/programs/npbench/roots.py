"""Quadrature, roots, eigenvalues and constrained minima by loops."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(71)


def f(x, a):
    return np.exp(-a * x) - np.sin(3 * x) * x


@kernel(0.7, 2.0)
def adaptive_simpson(a, b):
    # An explicit stack: intervals wait until they are fine enough.
    lows, highs, tols = np.zeros(64), np.zeros(64), np.zeros(64)
    lows[0], highs[0], tols[0] = 0.0, b, 1e-7
    top = 1
    total = 0.0
    while top > 0:
        top -= 1
        lo, hi, tol = lows[top], highs[top], tols[top]
        mid = 0.5 * (lo + hi)
        h = hi - lo
        one = h / 6.0 * (f(lo, a) + 4.0 * f(mid, a) + f(hi, a))
        left = h / 12.0 * (f(lo, a) + 4.0 * f(0.5 * (lo + mid), a) + f(mid, a))
        right = h / 12.0 * (f(mid, a) + 4.0 * f(0.5 * (mid + hi), a) + f(hi, a))
        if np.abs(left + right - one) < 15.0 * tol or top > 60:
            total += left + right + (left + right - one) / 15.0
        else:
            lows[top], highs[top], tols[top] = lo, mid, 0.5 * tol
            lows[top + 1], highs[top + 1], tols[top + 1] = mid, hi, 0.5 * tol
            top += 2
    return total


@kernel(0.7, 2.0, 8)
def romberg(a, b, n):
    r = np.zeros((n, n))
    h = b
    r[0, 0] = 0.5 * h * (f(0.0, a) + f(b, a))
    for i in range(1, n):
        h = h / 2.0
        s = 0.0
        for k in range(1, 2**i, 2):
            s += f(k * h, a)
        r[i, 0] = 0.5 * r[i - 1, 0] + h * s
        for j in range(1, i + 1):
            r[i, j] = r[i, j - 1] + (r[i, j - 1] - r[i - 1, j - 1]) / (4.0**j - 1.0)
    return r[n - 1, n - 1]


@kernel(0.7, 1.1)
def secant(a, c):
    x0, x1 = 0.1, 0.4
    f0, f1 = f(x0, a) - 0.1 * c, f(x1, a) - 0.1 * c
    for _ in range(50):
        x2 = x1 - f1 * (x1 - x0) / (f1 - f0)
        x0, f0 = x1, f1
        x1, f1 = x2, f(x2, a) - 0.1 * c
        if abs(x1 - x0) < 1e-12:
            break
    return x1


@kernel(0.7, 1.1)
def brent(p, c):
    a, b = 0.0, 1.5
    fa, fb = f(a, p) - 0.1 * c, f(b, p) - 0.1 * c
    if abs(fa) < abs(fb):
        a, b = b, a
        fa, fb = fb, fa
    cc, fc = a, fa
    d = 0.0
    mflag = True
    n = 0
    while abs(b - a) > 1e-12 and n < 60 and fb != 0.0:
        if fa != fc and fb != fc:
            s = (
                a * fb * fc / ((fa - fb) * (fa - fc))
                + b * fa * fc / ((fb - fa) * (fb - fc))
                + cc * fa * fb / ((fc - fa) * (fc - fb))
            )
        else:
            s = b - fb * (b - a) / (fb - fa)
        low, high = (3 * a + b) / 4, b
        if low > high:
            low, high = high, low
        if (
            not (low < s < high)
            or (mflag and abs(s - b) >= abs(b - cc) / 2)
            or (not mflag and abs(s - b) >= abs(cc - d) / 2)
        ):
            s = (a + b) / 2
            mflag = True
        else:
            mflag = False
        fs = f(s, p) - 0.1 * c
        d, cc, fc = cc, b, fb
        if fa * fs < 0:
            b, fb = s, fs
        else:
            a, fa = s, fs
        if abs(fa) < abs(fb):
            a, b = b, a
            fa, fb = fb, fa
        n += 1
    return b - (f(b, p) - 0.1 * c) / (-p * np.exp(-p * b) - 3 * np.cos(3 * b) * b - np.sin(3 * b))


@kernel(rng.random(6), 4.0, 1.5)
def newton_sqrt_each(x, a, start):
    out = np.empty_like(x)
    for i in range(len(x)):
        y = start
        while True:
            new = 0.5 * (y + a * x[i] / y)
            done = np.abs(new - y) < 1e-13
            y = new
            if done:
                break
        out[i] = 0.5 * (y + a * x[i] / y)
    return out


@kernel(np.array([0.5, 0.8, -0.3]), 0.1)
def broyden(x, c):
    def residual(x):
        return np.array(
            [
                3 * x[0] - np.cos(x[1] * x[2]) - 0.5 - c,
                x[0] ** 2 - 81 * (x[1] + 0.1) ** 2 + np.sin(x[2]) + 1.06,
                np.exp(-x[0] * x[1]) + 20 * x[2] + (10 * np.pi - 3) / 3,
            ]
        )

    j = np.array([[3.0, 0.0, 0.0], [1.0, -100.0, 1.0], [0.0, 0.0, 20.0]])
    b = np.linalg.solve(j, np.eye(3))
    r = residual(x)
    for _ in range(15):
        dx = -b @ r
        x = x + dx
        new = residual(x)
        dr = new - r
        r = new
        if np.sqrt(r @ r) < 1e-10:
            break
        u = dx @ b
        b = b + np.outer((dx - b @ dr) / (u @ dr), u)
    return x


@kernel(rng.random((5, 5)) + 0.1, 30)
def power_and_deflate(a, steps):
    a = a @ a.T
    found = np.zeros(2)
    for k in range(2):
        v = np.ones(5)
        for _ in range(steps):
            v = a @ v
            v /= np.sqrt(v @ v)
        found[k] = v @ a @ v
        a = a - found[k] * np.outer(v, v)
    return found


@kernel(rng.normal(size=(10, 4)), rng.normal(size=10), 0.3, 40)
def lasso_by_coordinates(x, y, penalty, sweeps):
    d = x.shape[1]
    w = np.zeros(d)
    for _ in range(sweeps):
        for j in range(d):
            r = y - x @ w + x[:, j] * w[j]
            rho = x[:, j] @ r
            z = x[:, j] @ x[:, j]
            if rho < -penalty:
                w[j] = (rho + penalty) / z
            elif rho > penalty:
                w[j] = (rho - penalty) / z
            else:
                w[j] = 0.0
    return w


@kernel(rng.normal(size=(10, 4)), rng.normal(size=10), 0.3, 60)
def fista(x, y, penalty, steps):
    step = 0.02
    w = np.zeros(x.shape[1])
    z, t = w.copy(), 1.0
    for _ in range(steps):
        g = x.T @ (x @ z - y)
        u = z - step * g
        new = np.sign(u) * np.maximum(np.abs(u) - step * penalty, 0.0)
        t_new = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        z = new + (t - 1.0) / t_new * (new - w)
        w, t = new, t_new
    return w


@kernel(np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, 1.0]))
def augmented_lagrangian(x, q, c):
    lam, mu = 0.0, 10.0
    for _ in range(8):
        for _ in range(40):
            h = c @ x - 1.0
            g = q @ x + (lam + mu * h) * c
            x = x - 0.04 * g
        lam = lam + mu * (c @ x - 1.0)
        mu = min(mu * 1.2, 20.0)
    return x, lam
