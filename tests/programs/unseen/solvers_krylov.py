"""Iterative linear algebra: Krylov methods, relaxations, eigenvalues."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(102)


def spd(n, shift=1.0):
    b = rng.normal(size=(n, n))
    return b @ b.T / n + shift * np.eye(n)


def general(n):
    return 0.3 * rng.normal(size=(n, n)) + 2.0 * np.eye(n)


def norm(v):
    return np.sqrt(np.dot(v, v))


@kernel(spd(30), rng.normal(size=30))
def conjugate_gradients(a, b):
    x = np.zeros_like(b)
    r = b - a @ x
    p = r.copy()
    rs = r @ r
    k = 0
    while k < 12:
        ap = a @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        rs_new = r @ r
        if np.sqrt(rs_new) < 1e-9:
            break
        p = r + (rs_new / rs) * p
        rs = rs_new
        k += 1
    return x


@kernel(spd(20), rng.normal(size=20), np.abs(rng.normal(size=20)) + 1)
def preconditioned_cg(a, b, d):
    n = len(b)
    x = np.zeros(n)
    r = np.array(b)
    z = np.zeros(n)
    for i in range(n):
        z[i] = r[i] / d[i]
    p = z.copy()
    rz = np.sum(r * z)
    iterations = 0
    while np.sqrt(np.sum(r**2)) > 1e-4 and iterations < 10 * n:
        q = np.zeros(n)
        for i in range(n):
            for j in range(n):
                q[i] += a[i, j] * p[j]
        alpha = rz / np.sum(p * q)
        x = x + alpha * p
        r = r - alpha * q
        z = r / d
        rz, old = np.sum(r * z), rz
        p = z + rz / old * p
        iterations += 1
    return x


@kernel(general(16), rng.normal(size=16))
def bicgstab(A, b):
    x = np.zeros(len(b))
    r = b - A.dot(x)
    rhat = r.copy()
    rho = alpha = omega = 1.0
    v = p = np.zeros(len(b))
    for it in range(100):
        rho1 = rhat.dot(r)
        beta = (rho1 / rho) * (alpha / omega)
        rho = rho1
        p = r + beta * (p - omega * v)
        v = A.dot(p)
        alpha = rho / rhat.dot(v)
        s = r - alpha * v
        if norm(s) < 1e-13:
            x = x + alpha * p
            break
        t = A.dot(s)
        omega = t.dot(s) / t.dot(t)
        x = x + alpha * p + omega * s
        r = s - omega * t
        if norm(r) < 1e-13:
            break
    return x


@kernel(general(12), rng.normal(size=12), 6)
def restarted_gmres(A, b, m):
    """Hessenberg columns rotated as they come; three restarts."""
    n = b.shape[0]
    x = np.zeros(n)
    for restart in range(6):
        r = b - A @ x
        beta = norm(r)
        if beta < 1e-12:
            break
        V = np.zeros((n, m + 1))
        H = np.zeros((m + 1, m))
        cs = np.zeros(m)
        sn = np.zeros(m)
        e = np.zeros(m + 1)
        e[0] = beta
        V[:, 0] = r / beta
        k = 0
        for j in range(m):
            w = A @ V[:, j]
            for i in range(j + 1):
                H[i, j] = w @ V[:, i]
                w -= H[i, j] * V[:, i]
            H[j + 1, j] = norm(w)
            V[:, j + 1] = w / H[j + 1, j]
            for i in range(j):
                t = cs[i] * H[i, j] + sn[i] * H[i + 1, j]
                H[i + 1, j] = -sn[i] * H[i, j] + cs[i] * H[i + 1, j]
                H[i, j] = t
            d = np.sqrt(H[j, j] ** 2 + H[j + 1, j] ** 2)
            cs[j] = H[j, j] / d
            sn[j] = H[j + 1, j] / d
            H[j, j] = d
            H[j + 1, j] = 0.0
            e[j + 1] = -sn[j] * e[j]
            e[j] = cs[j] * e[j]
            k = j + 1
            if np.abs(e[j + 1]) < 1e-13:
                break
        y = np.zeros(m)
        for i in range(k - 1, -1, -1):
            y[i] = (e[i] - H[i, i + 1 : k] @ y[i + 1 : k]) / H[i, i]
        x = x + V[:, :m] @ y
    return x


@kernel(rng.normal(size=(15, 15)) * 0.1 + 3 * np.eye(15), rng.normal(size=15))
def jacobi_relaxation(a, b):
    d = np.diag(a)
    off = a - np.diagflat(d)
    x = np.zeros_like(b)
    while True:
        new = (b - off @ x) / d
        delta = np.max(np.abs(new - x))
        x = new
        if delta < 1e-14:
            return x


@kernel(rng.normal(size=(15, 15)) * 0.1 + 3 * np.eye(15), rng.normal(size=15), 1.1)
def sor(a, b, omega):
    n = len(b)
    x = np.zeros(n)
    for sweep in range(60):
        biggest = 0.0
        for i in range(n):
            sigma = 0.0
            for j in range(n):
                if j == i:
                    continue
                sigma += a[i, j] * x[j]
            step = omega * ((b[i] - sigma) / a[i, i] - x[i])
            x[i] += step
            biggest = max(biggest, np.abs(step))
        if biggest < 1e-14:
            break
    return x


@kernel(spd(18), rng.normal(size=18), 7)
def lanczos(a, v, m):
    """The tridiagonal matrix of m steps, orthogonalised against all vectors."""
    Q = [v / norm(v)]
    alphas, betas = [], []
    for j in range(m):
        w = a @ Q[-1]
        alphas.append(Q[-1] @ w)
        for q in Q:
            w = w - (q @ w) * q
        betas.append(norm(w))
        Q.append(w / betas[-1])
    return np.array(alphas), np.array(betas[:-1])


@kernel(spd(10, 2.0), rng.normal(size=10))
def power_iteration(a, x):
    lam = 0.0
    for _ in range(2000):
        y = a @ x
        new = (x @ y) / (x @ x)
        x = y / norm(y)
        if np.abs(new - lam) < 1e-14 * np.abs(new):
            lam = new
            break
        lam = new
    return lam


@kernel(spd(6), 1.1)
def inverse_iteration(a, shift):
    n = a.shape[0]
    m = a - shift * np.eye(n)
    v = np.ones(n) / np.sqrt(n)
    rayleigh = shift
    k = 0
    converged = False
    while not converged and k < 60:
        w = np.linalg.solve(m, v)
        v = w / norm(w)
        new = v @ a @ v
        converged = np.abs(new - rayleigh) < 1e-15
        rayleigh = new
        k += 1
    return rayleigh, np.outer(v, v)


@kernel(spd(6, 0.2))
def jacobi_eigenvalues(a):
    a = a.copy()
    n = len(a)
    for sweep in range(12):
        off = 0.0
        for p in range(n - 1):
            for q in range(p + 1, n):
                off += a[p, q] ** 2
        if off < 1e-26:
            break
        for p in range(n - 1):
            for q in range(p + 1, n):
                if a[p, q] == 0.0:
                    continue
                theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
                t = np.sign(theta) / (np.abs(theta) + np.sqrt(theta**2 + 1.0))
                c = 1.0 / np.sqrt(t**2 + 1.0)
                s = t * c
                row_p = a[p].copy()
                a[p] = c * row_p - s * a[q]
                a[q] = s * row_p + c * a[q]
                col_p = a[:, p].copy()
                a[:, p] = c * col_p - s * a[:, q]
                a[:, q] = s * col_p + c * a[:, q]
    return np.array([a[i, i] for i in range(n)])


@kernel(rng.normal(size=(8, 5)))
def golub_kahan(a):
    """Both diagonals of the bidiagonal form by Householder reflections."""
    m, n = a.shape
    b = a.copy()

    def reflector(x):
        v = x.copy()
        v[0] += np.sign(x[0]) * norm(x)
        return v / norm(v)

    for k in range(n):
        v = reflector(b[k:, k])
        b[k:, k:] -= 2 * np.outer(v, v @ b[k:, k:])
        if k < n - 2:
            u = reflector(b[k, k + 1 :])
            b[k:, k + 1 :] -= 2 * np.outer(b[k:, k + 1 :] @ u, u)
    return np.diag(b), np.diag(b, 1)


Basis = namedtuple("Basis", "vectors hessenberg")


@kernel(rng.normal(size=(12, 12)), rng.normal(size=12), 5)
def arnoldi(a, start, steps):
    n = len(start)
    basis = Basis(np.zeros((n, steps + 1)), np.zeros((steps + 1, steps)))
    basis.vectors[:, 0] = start / norm(start)
    for k in range(steps):
        w = a @ basis.vectors[:, k]
        h = basis.vectors[:, : k + 1].T @ w
        w = w - basis.vectors[:, : k + 1] @ h
        basis.hessenberg[: k + 1, k] = h
        basis.hessenberg[k + 1, k] = norm(w)
        basis.vectors[:, k + 1] = w / norm(w)
    return basis.hessenberg


@kernel(np.diag([5.0, 3.0, 2.0, 1.0]) + 0.1 * rng.normal(size=(4, 4)))
def unshifted_qr_eigenvalues(a):
    n = len(a)
    for it in range(300):
        q = np.zeros((n, n))
        r = np.zeros((n, n))
        for j in range(n):
            v = a[:, j].copy()
            for i in range(j):
                r[i, j] = q[:, i] @ a[:, j]
                v -= r[i, j] * q[:, i]
            r[j, j] = norm(v)
            q[:, j] = v / r[j, j]
        a = r @ q
        if np.max(np.abs(np.tril(a, -1))) < 1e-14:
            break
    return np.diag(a)


@kernel(spd(12, 0.3), rng.normal(size=12), 0.3, 3.2)
def chebyshev_iteration(a, b, low, high):
    d, c = (high + low) / 2, (high - low) / 2
    x = np.zeros(len(b))
    r = b - a @ x
    alpha = 0.0
    p = np.zeros(len(b))
    for k in range(40):
        if k == 0:
            p = r
            alpha = 1.0 / d
        elif k == 1:
            beta = 0.5 * (c * alpha) ** 2
            alpha = 1.0 / (d - beta / alpha)
            p = r + beta * p
        else:
            beta = (c * alpha / 2.0) ** 2
            alpha = 1.0 / (d - beta / alpha)
            p = r + beta * p
        x = x + alpha * p
        r = b - a @ x
    return x


@kernel(np.array([0.0, 2, 4, 7, 9, 12]).astype(np.int64),
        np.array([0, 1, 0, 1, 1, 2, 4, 2, 3, 0, 3, 4]).astype(np.int64),
        np.array([4.0, -1, -1, 4, -0.5, 3, -1, -0.7, 5, 0.3, -1, 6]), rng.normal(size=5))  # fmt: skip
def csr_gauss_seidel(indptr, indices, data, b):
    """A sparse matrix in compressed rows, of which rows may lack their diagonal."""
    n = len(b)
    x = np.zeros(n)
    for sweep in range(30):
        for i in range(n):
            s = b[i]
            diag = 1.0
            for jj in range(indptr[i], indptr[i + 1]):
                j = indices[jj]
                if j == i:
                    diag = data[jj]
                else:
                    s -= data[jj] * x[j]
            x[i] = 0.9 * s / diag + 0.1 * x[i]
    return x
