"""Kernels in the style of PolyBench: triangular loops, slices of run-time length, helpers."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(29)
A, B, C = rng.normal(size=(3, 5, 5))
TALL = rng.normal(size=(6, 4))
SIDE = rng.normal(size=5)
SPD = A @ A.T + 3.0 * np.eye(5)
IMAGE = rng.normal(size=(7, 8))
CUBE = rng.normal(size=(4, 5, 3))
ROWS = np.array([0, 2, 3, 3, 6, 8])
COLUMNS = np.array([0, 3, 1, 0, 2, 4, 1, 3])
VALUES = rng.normal(size=8)


@program((TALL,), (TALL[::-1] * 2.0,), second=False)
def correlation(data):
    mean = np.mean(data, axis=0)
    std = np.sqrt(np.mean((data - mean) ** 2, axis=0))
    data = (data - mean) / (np.sqrt(float(data.shape[0])) * std)
    m = data.shape[1]
    corr = np.eye(m)
    for i in range(m - 1):
        corr[i + 1 : m, i] = corr[i, i + 1 : m] = data[:, i] @ data[:, i + 1 : m]
    return corr


@program((TALL,), (TALL[::-1] * 2.0,), second=False)
def covariance(data):
    data -= np.mean(data, axis=0)
    m = data.shape[1]
    cov = np.zeros((m, m))
    for i in range(m):
        cov[i:m, i] = cov[i, i:m] = data[:, i] @ data[:, i:m] / (data.shape[0] - 1.0)
    return cov


@program((TALL,), (TALL[::-1] * 2.0,), second=False)
def gramschmidt(a):
    q = np.zeros_like(a)
    r = np.zeros((a.shape[1], a.shape[1]))
    for k in range(a.shape[1]):
        nrm = np.dot(a[:, k], a[:, k])
        r[k, k] = np.sqrt(nrm)
        q[:, k] = a[:, k] / r[k, k]
        for j in range(k + 1, a.shape[1]):
            r[k, j] = np.dot(q[:, k], a[:, j])
            a[:, j] -= q[:, k] * r[k, j]
    return np.sum(q * np.arange(4)) + np.sum(r**2)


@program((SPD, SIDE), (SPD + np.diag(np.arange(5.0)), SIDE[::-1].copy()), second=False)
def ludcmp(a, b):
    x, y = np.zeros_like(b), np.zeros_like(b)
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, a.shape[0]):
            a[i, j] -= a[i, :i] @ a[:i, j]
    for i in range(a.shape[0]):
        y[i] = b[i] - a[i, :i] @ y[:i]
    for i in range(a.shape[0] - 1, -1, -1):
        x[i] = (y[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


@program((A, B), (B, A), second=False)
def trmm(a, b):
    alpha = 1.5
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            b[i, j] += np.dot(a[i + 1 :, i], b[i + 1 :, j])
    b *= alpha
    return b


@program((C, A, B), (A, B, C), second=False)
def symm(c, a, b):
    c *= 0.7
    temp = np.empty((c.shape[1],))
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            c[:i, j] += 1.5 * b[i, j] * a[i, :i]
            temp[j] = b[:i, j] @ a[i, :i]
        c[i, :] += 1.5 * b[i, :] * a[i, i] + 1.5 * temp
    return c


@program((C, A), (A, C), second=False)
def syrk(c, a):
    for i in range(a.shape[0]):
        c[i, : i + 1] *= 0.7
        for k in range(a.shape[1]):
            c[i, : i + 1] += 1.5 * a[i, k] * a[: i + 1, k]
    return c


@program((C, A, B), (A, B, C), second=False)
def syr2k(c, a, b):
    for i in range(a.shape[0]):
        c[i, : i + 1] *= 0.7
        for k in range(a.shape[1]):
            c[i, : i + 1] += a[: i + 1, k] * 1.5 * b[i, k] + b[: i + 1, k] * 1.5 * a[i, k]
    return c


@program((A, C[:, :3].copy()), (B, A[:, :3].copy()), second=False)
def doitgen(c4, start):
    a = start[:, None, :] * np.ones((5, 2, 1))
    a = np.concatenate((a, a), axis=2)[:, :, :5]
    for r in range(a.shape[0]):
        for q in range(a.shape[1]):
            s = np.zeros(5)
            for p in range(5):
                s[p] = np.sum(a[r, q, :] * c4[:, p])
            a[r, q, :] = s
    return a


@program((IMAGE, 0.25), (IMAGE * 2.0, 0.4), second=False)
def deriche(image, alpha):
    e = np.exp(-alpha)
    k = (1.0 - e) ** 2 / (1.0 + 2.0 * alpha * e - np.exp(2.0 * -alpha))
    a1, a2, b1, b2 = k, k * e * (alpha - 1.0), 2.0**-alpha, -np.exp(-2.0 * alpha)
    y1 = np.empty_like(image)
    y1[:, 0] = a1 * image[:, 0]
    y1[:, 1] = a1 * image[:, 1] + a2 * image[:, 0] + b1 * y1[:, 0]
    for j in range(2, image.shape[1]):
        y1[:, j] = a1 * image[:, j] + a2 * image[:, j - 1] + b1 * y1[:, j - 1] + b2 * y1[:, j - 2]
    y2 = np.empty_like(image)
    y2[:, -1] = 0.0
    y2[:, -2] = a2 * image[:, -1]
    for j in range(image.shape[1] - 3, -1, -1):
        y2[:, j] = (
            a1 * image[:, j + 1] + a2 * image[:, j + 2] + b1 * y2[:, j + 1] + b2 * y2[:, j + 2]
        )
    return y1 + y2


@program((VALUES, SIDE), (VALUES[::-1].copy(), SIDE**2))
def sparse_product(values, x):
    y = np.empty(5)
    for i in range(len(ROWS) - 1):
        columns = COLUMNS[ROWS[i] : ROWS[i + 1]]
        y[i] = np.sum(values[ROWS[i] : ROWS[i + 1]] * x[columns])
    return y


@program((VALUES, SIDE, ROWS, COLUMNS), (VALUES**2, SIDE, ROWS, COLUMNS[::-1].copy()))
def sparse_product_by_items(values, x, rows, columns):
    y = np.zeros(5)
    for i in range(len(rows) - 1):
        for k in range(rows[i], rows[i + 1]):
            y[i] += values[k] * x[columns[k]]
    return y


@program((A,), (B,))
def trace_of_tanh(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    return a + trace


@program((IMAGE, 0.3), (IMAGE**2, 0.6), second=False)
def horizontal_diffusion(field, coefficient):
    lap = 4.0 * field[1:-1, 1:-1] - (
        field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2]
    )
    res = lap[1:, :] - lap[:-1, :]
    flx = np.where(res * (field[2:-1, 1:-1] - field[1:-2, 1:-1]) > 0, 0.0, res)
    return field[2:-2, 1:-1] - coefficient * (flx[1:, :] - flx[:-1, :])


@program((CUBE, 0.3), (CUBE**2, 0.1), second=False)
def vertical_advection(w, dt):
    k = w.shape[0]
    ccol, dcol = np.zeros_like(w), np.zeros_like(w)
    for i in range(k):
        gav = -0.25 * w[i]
        bcol = 1.0 / dt - gav
        if i > 0:
            divided = 1.0 / (bcol - ccol[i - 1] * gav)
            ccol[i] = gav * divided
            dcol[i] = (w[i] / dt - dcol[i - 1] * gav) * divided
        else:
            ccol[i] = gav / bcol
            dcol[i] = w[i] / bcol
    out = np.zeros_like(w)
    for i in range(k - 1, -1, -1):
        data = dcol[i] if i == k - 1 else dcol[i] - ccol[i] * out[i + 1]
        out[i] = data * dt
    return out


def pressure(p, b, dx):
    for _ in range(4):
        pn = p.copy()
        p[1:-1, 1:-1] = (
            0.25 * (pn[1:-1, 2:] + pn[1:-1, 0:-2] + pn[2:, 1:-1] + pn[0:-2, 1:-1])
            - 0.25 * dx**2 * b[1:-1, 1:-1]
        )
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0


@program((0.1, 1.0, 0.5), (0.3, 2.0, 1.5))
def cavity_flow(nu, rho, lid):
    n, dx, dt = 6, 0.2, 0.01
    u, v, p, b = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for _ in range(8):
        un, vn = u.copy(), v.copy()
        ux = (u[1:-1, 2:] - u[1:-1, 0:-2]) / (2 * dx)
        vy = (v[2:, 1:-1] - v[0:-2, 1:-1]) / (2 * dx)
        uy = (u[2:, 1:-1] - u[0:-2, 1:-1]) / (2 * dx)
        vx = (v[1:-1, 2:] - v[1:-1, 0:-2]) / (2 * dx)
        b[1:-1, 1:-1] = rho * ((ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2)
        pressure(p, b, dx)
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, 0:-2])
            - vn[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[0:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, 0:-2])
            + nu * dt / dx**2 * (un[1:-1, 2:] - 4 * un[1:-1, 1:-1] + un[1:-1, 0:-2])
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, 0:-2])
            - dt / (2 * rho * dx) * (p[2:, 1:-1] - p[0:-2, 1:-1])
            + nu * dt / dx**2 * (vn[2:, 1:-1] - 2 * vn[1:-1, 1:-1] + vn[0:-2, 1:-1])
        )
        u[0, :] = 0
        u[:, 0] = 0
        u[-1, :] = lid
        v[0, :] = 0
        v[:, -1] = 0
    return np.sum(u**2) + np.sum(v**2) + np.sum(p)


@program((IMAGE, C[:3, :3].copy()), (IMAGE**2, A[:3, :3].copy()), second=False)
def convolution_2d(image, kernel):
    k = kernel.shape[0]
    h, w = image.shape[0] - k + 1, image.shape[1] - k + 1
    out = np.empty((h, w))
    for i in range(h):
        for j in range(w):
            out[i, j] = np.sum(image[i : i + k, j : j + k] * kernel)
    return np.maximum(out, 0.0)


@program((np.array([-0.1, 0.3]),), (np.array([0.4, 0.4]),), (np.array([-1.0, 0.2]),))
def escape_time(c):
    x, y = 0.0, 0.0
    n = 0
    while x * x + y * y < 4.0 and n < 25:
        x, y = x * x - y * y + c[0], 2 * x * y + c[1]
        n += 1
    return n + np.log(1.0 + x * x + y * y)


@program((A, SIDE), (B, SIDE**2), second=False)
def arnoldi(a, b):
    m = 3
    q, h = np.zeros((5, m + 1)), np.zeros((m + 1, m))
    q[:, 0] = b / np.linalg.norm(b)
    for n in range(m):
        v = a @ q[:, n]
        for j in range(n + 1):
            h[j, n] = q[:, j] @ v
            v = v - h[j, n] * q[:, j]
        h[n + 1, n] = np.linalg.norm(v)
        q[:, n + 1] = v / h[n + 1, n]
    return h


@program((SPD, SIDE), (SPD + np.eye(5), SIDE**2), second=False)
def lanczos(a, b):
    alphas, betas = np.zeros(3), np.zeros(3)
    old, v, beta = np.zeros(5), b / np.linalg.norm(b), 0.0
    for j in range(3):
        w = a @ v - beta * old
        alphas[j] = w @ v
        w = w - alphas[j] * v
        beta = np.linalg.norm(w)
        betas[j] = beta
        old, v = v, w / beta
    return np.concatenate((alphas, betas))


@program((SPD + np.diag([0.0, 3.0, 7.0, 12.0, 18.0]),), second=False)
def qr_algorithm(a):
    for _ in range(3):
        q, r = np.zeros((5, 5)), np.zeros((5, 5))
        for k in range(5):
            v = a[:, k]
            for j in range(k):
                r[j, k] = q[:, j] @ a[:, k]
                v = v - r[j, k] * q[:, j]
            r[k, k] = np.sqrt(v @ v)
            q[:, k] = v / r[k, k]
        a = r @ q
    return np.diag(a)
