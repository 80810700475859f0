"""Linear algebra by loops, with scalars and with slices, in place."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(17)
N = 5
GENERAL = rng.normal(size=(N, N)) + 4.0 * np.eye(N)
ANOTHER = rng.normal(size=(N, N)) + 5.0 * np.eye(N)
SPD = GENERAL @ GENERAL.T
OTHER_SPD = ANOTHER @ ANOTHER.T
SIDE = rng.normal(size=N)
LOWER = np.tril(GENERAL)
BANDS = (rng.normal(size=N), 4.0 + rng.random(N), rng.normal(size=N))


@program((GENERAL,), (ANOTHER,), second=False)
def lu_scalars(a):
    a = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] = a[i, j] - a[i, k] * a[k, j]
    return a


@program((GENERAL,), (ANOTHER,), second=False)
def lu_slices(a):
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, a.shape[0]):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return a


@program((GENERAL,), (ANOTHER,), second=False)
def lu_outer(a):
    a = a.copy()
    n = len(a)
    for k in range(n - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return np.sum(np.log(np.abs(np.diag(a))))


@program((SPD,), (OTHER_SPD,), second=False)
def cholesky_scalars(a):
    n = a.shape[0]
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s = s - lower[i, k] * lower[j, k]
            if i == j:
                lower[i, j] = np.sqrt(s)
            else:
                lower[i, j] = s / lower[j, j]
    return lower


@program((SPD,), (OTHER_SPD,), second=False)
def cholesky_slices(a):
    a[0, 0] = np.sqrt(a[0, 0])
    for i in range(1, a.shape[0]):
        for j in range(i):
            a[i, j] -= np.dot(a[i, :j], a[j, :j])
            a[i, j] /= a[j, j]
        a[i, i] -= np.dot(a[i, :i], a[i, :i])
        a[i, i] = np.sqrt(a[i, i])
    return a


@program((LOWER, SIDE), (np.tril(ANOTHER), SIDE[::-1].copy()))
def forward_substitution(lower, b):
    x = np.zeros_like(b)
    for i in range(len(b)):
        x[i] = (b[i] - lower[i, :i] @ x[:i]) / lower[i, i]
    return x


@program((LOWER.T.copy(), SIDE), (np.triu(ANOTHER), SIDE[::-1].copy()))
def back_substitution(upper, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= upper[i, j] * x[j]
        x[i] = s / upper[i, i]
    return x


@program((GENERAL, SIDE), (ANOTHER[::-1].copy(), SIDE), second=False)
def gauss_with_pivoting(a, b):
    a, b = a.copy(), b.copy()
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if np.abs(a[i, k]) > np.abs(a[p, k]):
                p = i
        if p != k:
            row, item = a[k].copy(), b[k]
            a[k], b[k] = a[p], b[p]
            a[p], b[p] = row, item
        for i in range(k + 1, n):
            m = a[i, k] / a[k, k]
            a[i] -= m * a[k]
            b[i] -= m * b[k]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - np.sum(a[i] * x)) / a[i, i]
    return x


@program((GENERAL,), (ANOTHER,), second=False)
def gram_schmidt(a):
    q = np.zeros_like(a)
    r = np.zeros((N, N))
    for k in range(N):
        v = a[:, k].copy()
        for j in range(k):
            r[j, k] = q[:, j] @ a[:, k]
            v -= r[j, k] * q[:, j]
        r[k, k] = np.sqrt(np.dot(v, v))
        q[:, k] = v / r[k, k]
    return np.sum(q * np.arange(N)) + np.sum(r)


@program((GENERAL,), (ANOTHER,), second=False)
def householder(a):
    r = a.copy()
    for k in range(N - 1):
        x = r[k:, k].copy()
        norm = np.sqrt(np.sum(x**2))
        x[0] += norm if r[k, k] > 0 else -norm
        v = x / np.sqrt(np.sum(x**2))
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
    return np.triu(r)


@program((*BANDS, SIDE), (BANDS[2], 3.0 + BANDS[1], BANDS[0], -SIDE))
def tridiagonal_solve(lower, diagonal, upper, rhs):
    n = len(rhs)
    c, d = np.zeros(n), np.zeros(n)
    c[0] = upper[0] / diagonal[0]
    d[0] = rhs[0] / diagonal[0]
    for i in range(1, n):
        m = diagonal[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / m
        d[i] = (rhs[i] - lower[i] * d[i - 1]) / m
    x = np.zeros(n)
    x[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return x


@program((SIDE, 0.6), (SIDE[::-1].copy(), 2.3), (SIDE, 3.9))
def cubic_spline(y, t):
    n = len(y)
    m, c, d = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        w = 4.0 - c[i - 1]
        c[i] = 1.0 / w
        d[i] = (6.0 * (y[i + 1] - 2 * y[i] + y[i - 1]) - d[i - 1]) / w
    for i in range(n - 2, 0, -1):
        m[i] = d[i] - c[i] * m[i + 1]
    value = 0.0
    for i in range(n - 1):
        if i <= t and t < i + 1:
            u, v = i + 1 - t, t - i
            value = m[i] * u**3 / 6 + m[i + 1] * v**3 / 6
            value += (y[i] - m[i] / 6) * u + (y[i + 1] - m[i + 1] / 6) * v
            break
    return value


@program((SIDE * 0.2,), (SIDE[::-1] * 0.3,), second=False)
def durbin(r):
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


@program((GENERAL, SIDE), (ANOTHER, -SIDE), second=False)
def symmetric_product(a, b):
    out = np.zeros((N, N))
    for i in range(N):
        for j in range(i + 1):
            out[i, j] = a[i] @ a[j] + b[i] * b[j]
            out[j, i] = out[i, j]
    return out


@program((GENERAL,), (ANOTHER,), second=False)
def determinant_by_elimination(a):
    m = a.copy()
    det = 1.0
    for k in range(len(m)):
        det *= m[k, k]
        for i in range(k + 1, len(m)):
            m[i, k:] -= m[i, k] / m[k, k] * m[k, k:]
    return det
