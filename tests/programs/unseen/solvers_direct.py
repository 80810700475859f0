"""Direct linear algebra by loops: factorisations, structured systems, functions of matrices."""

from __future__ import annotations

import math

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(101)


def well_conditioned(n):
    return rng.normal(size=(n, n)) + n * np.eye(n) * 0.4


def spd(n):
    b = rng.normal(size=(n, n))
    return b @ b.T + 0.5 * np.eye(n)


@kernel(rng.normal(size=(12, 12)), rng.normal(size=12))
def lu_partial_pivoting(a, b):
    """Rows are swapped by fancy assignment; the right hand side follows."""
    a = a.copy()
    x = b.copy()
    n = len(b)
    for k in range(n - 1):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
            x[[k, p]] = x[[p, k]]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            x[i] -= f * x[k]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - np.dot(a[i, i + 1 :], x[i + 1 :])) / a[i, i]
    return x


@kernel(rng.normal(size=(8, 8)), analytic=False)
def determinant_by_elimination(a):
    """Pivots chosen by scalar comparisons; the sign flips at every exchange."""
    m = np.array(a, dtype=float)
    n = m.shape[0]
    det = 1.0
    for c in range(n):
        best, row = 0.0, c
        for r in range(c, n):
            if abs(m[r, c]) > best:
                best = abs(m[r, c])
                row = r
        if best == 0.0:
            return 0.0
        if row != c:
            tmp = m[c].copy()
            m[c] = m[row]
            m[row] = tmp
            det = -det
        det *= m[c, c]
        for r in range(c + 1, n):
            m[r] -= m[c] * (m[r, c] / m[c, c])
    return det


@kernel(spd(14), rng.normal(size=14))
def cholesky_solve(a, b):
    n = a.shape[0]
    L = np.zeros_like(a)
    for j in range(n):
        s = a[j, j]
        for k in range(j):
            s -= L[j, k] ** 2
        L[j, j] = np.sqrt(s)
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = s / L[j, j]
    y = np.empty(n)
    for i in range(n):
        y[i] = (b[i] - L[i, :i] @ y[:i]) / L[i, i]
    x = np.empty(n)
    for i in reversed(range(n)):
        x[i] = (y[i] - L[i + 1 :, i] @ x[i + 1 :]) / L[i, i]
    return x, 2 * np.log(np.diag(L)).sum()


@kernel(rng.normal(size=(10, 6)), rng.normal(size=10))
def householder_least_squares(a, b):
    r = a.copy()
    y = b.copy()
    m, n = r.shape
    for k in range(n):
        x = r[k:, k]
        alpha = -np.sign(x[0]) * np.sqrt(np.sum(x * x))
        v = x.copy()
        v[0] -= alpha
        v = v / np.sqrt(np.sum(v * v))
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
        y[k:] -= 2.0 * v * (v @ y[k:])
    coef = np.zeros(n)
    for i in range(n - 1, -1, -1):
        coef[i] = (y[i] - r[i, i + 1 : n] @ coef[i + 1 :]) / r[i, i]
    return coef


def givens(a, b):
    if b == 0.0:
        return 1.0, 0.0
    if abs(b) > abs(a):
        t = -a / b
        s = 1.0 / np.sqrt(1.0 + t * t)
        return s * t, s
    t = -b / a
    c = 1.0 / np.sqrt(1.0 + t * t)
    return c, c * t


@kernel(rng.normal(size=(8, 5)), analytic=False)
def givens_qr(a):
    m, n = a.shape
    r = a.copy()
    q = np.eye(m)
    for j in range(n):
        for i in range(m - 1, j, -1):
            c, s = givens(r[i - 1, j], r[i, j])
            for k in range(n):
                t = r[i - 1, k]
                r[i - 1, k] = c * t - s * r[i, k]
                r[i, k] = s * t + c * r[i, k]
            for k in range(m):
                t = q[k, i - 1]
                q[k, i - 1] = c * t - s * q[k, i]
                q[k, i] = s * t + c * q[k, i]
    return q[:, :n], np.triu(r[:n])


@kernel(rng.normal(size=(9, 6)))
def modified_gram_schmidt_twice(a):
    """Columns in lists, orthogonalised a second time for safety."""
    q, coefficients = [], []
    for j in range(a.shape[1]):
        v = a[:, j]
        row = []
        for _ in range(2):
            for u in q:
                h = u @ v
                v = v - h * u
                row.append(h)
        norm = np.sqrt(v @ v)
        q.append(v / norm)
        coefficients.append(norm)
    return np.array(q).T, np.array(coefficients)


@kernel(rng.normal(size=40), 4 + rng.random(40), rng.normal(size=40), rng.normal(size=40))
def thomas(lower, diag, upper, rhs):
    n = len(diag)
    c = np.zeros(n)
    d = np.zeros(n)
    c[0] = upper[0] / diag[0]
    d[0] = rhs[0] / diag[0]
    for i in range(1, n):
        w = diag[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / w
        d[i] = (rhs[i] - lower[i] * d[i - 1]) / w
    x = np.zeros(n)
    x[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return x


def solve_small(a, b):
    """Gauss-Jordan without pivoting, for a few unknowns and several right hand sides."""
    n = a.shape[0]
    aug = np.concatenate([a, b], axis=1)
    for k in range(n):
        aug[k] = aug[k] / aug[k, k]
        for i in range(n):
            if i != k:
                aug[i] = aug[i] - aug[i, k] * aug[k]
    return aug[:, n:]


@kernel(
    rng.normal(size=(10, 3, 3)),
    rng.normal(size=(10, 3, 3)) + 6 * np.eye(3),
    rng.normal(size=(10, 3, 3)),
    rng.normal(size=(10, 3)),
)
def block_tridiagonal(A, B, C, f):
    n = B.shape[0]
    gamma = [None] * n
    beta = [None] * n
    gamma[0] = solve_small(B[0], C[0])
    beta[0] = solve_small(B[0], f[0][:, None])
    for k in range(1, n):
        m = B[k] - A[k] @ gamma[k - 1]
        gamma[k] = solve_small(m, C[k])
        beta[k] = solve_small(m, f[k][:, None] - A[k] @ beta[k - 1])
    x = np.zeros((n, 3))
    x[n - 1] = beta[n - 1][:, 0]
    for k in range(n - 2, -1, -1):
        x[k] = beta[k][:, 0] - gamma[k] @ x[k + 1]
    return x


@kernel(0.3 * rng.normal(size=(6, 6)))
def pade_exponential(a):
    """Scaling and squaring; the number of squarings is read off the norm."""
    n = a.shape[0]
    norm = np.max(np.sum(np.abs(a), axis=1))
    s = 0
    while norm > 0.5:
        norm = norm / 2.0
        s += 1
    x = a / 2.0**s
    q = 6
    c = 0.5
    ident = np.eye(n)
    power = x
    num = ident + c * x
    den = ident - c * x
    for k in range(2, q + 1):
        c = c * (q - k + 1) / (k * (2 * q - k + 1))
        power = x @ power
        num = num + c * power
        if k % 2 == 0:
            den = den + c * power
        else:
            den = den - c * power
    e = np.linalg.solve(den, num)
    for _ in range(s):
        e = e @ e
    return e


@kernel(spd(5) / 4)
def denman_beavers_root(a):
    y = a.copy()
    z = np.eye(len(a))
    for it in range(30):
        y_next = 0.5 * (y + np.linalg.inv(z))
        z = 0.5 * (z + np.linalg.inv(y))
        change = np.max(np.abs(y_next - y))
        y = y_next
        if change < 1e-13:
            break
    return y


@kernel(np.triu(well_conditioned(6)), np.triu(well_conditioned(5)), rng.normal(size=(6, 5)))
def sylvester_triangular(a, b, c):
    """a x + x b = c for triangular a and b, element by element."""
    m, n = c.shape
    x = np.zeros((m, n))
    for j in range(n):
        for i in range(m - 1, -1, -1):
            s = c[i, j]
            for k in range(i + 1, m):
                s = s - a[i, k] * x[k, j]
            for k in range(j):
                s = s - x[i, k] * b[k, j]
            x[i, j] = s / (a[i, i] + b[j, j])
    return x


@kernel(np.array([4.0, 1.2, -0.7, 0.4, 0.3, -0.2, 0.1, 0.05]), rng.normal(size=8))
def levinson(r, y):
    """Symmetric Toeplitz systems by growing forward vectors and solutions."""
    n = len(y)
    f = np.zeros(n)
    x = np.zeros(n)
    f[0] = 1.0 / r[0]
    x[0] = y[0] / r[0]
    for k in range(1, n):
        eps = 0.0
        err = 0.0
        for i in range(k):
            eps += r[k - i] * f[i]
            err += r[k - i] * x[i]
        shifted = np.zeros(n)
        shifted[1 : k + 1] = f[:k][::-1]
        f = (f - eps * shifted) / (1.0 - eps * eps)
        back = f[: k + 1][::-1]
        x[: k + 1] += (y[k] - err) * back
    return x


@kernel(rng.normal(size=(6, 6)), rng.normal(size=6), rng.normal(size=6))
def sherman_morrison_updates(a, u, v):
    """The inverse kept current under several changes of rank one."""
    inv = np.linalg.inv(a + 8 * np.eye(6))
    logdet = 0.0
    for k in range(5):
        w = np.roll(v, k)
        z = inv @ u
        d = 1.0 + w @ z
        inv = inv - np.outer(z, w @ inv) / d
        logdet += math.log(abs(float(d))) if isinstance(d, float) else np.log(np.abs(d))
    return inv, logdet


@kernel(well_conditioned(7))
def faddeev_leverrier(a):
    """Coefficients of the characteristic polynomial by traces."""
    n = a.shape[0]
    c = [1.0]
    m = np.zeros((n, n))
    for k in range(1, n + 1):
        m = a @ m + c[-1] * np.eye(n)
        c.append(-np.trace(a @ m) / k)
    return np.array(c[1:])


@kernel(spd(9))
def ldl(a):
    """Square-root free, in the lower triangle of a copy."""
    w = np.array(a)
    n = w.shape[0]
    for j in range(n):
        v = w[j, :j] * np.diag(w)[:j]
        w[j, j] -= w[j, :j] @ v
        if j + 1 < n:
            w[j + 1 :, j] -= w[j + 1 :, :j] @ v
            w[j + 1 :, j] /= w[j, j]
    return np.tril(w)
