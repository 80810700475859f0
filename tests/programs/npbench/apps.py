"""NPBench's small applications: masks, sparse rows, layers of networks, escape times."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(47)


@kernel(rng.random(200), rng.random(200), 12)
def azimint_naive(data, radius, npt):
    rmax = radius.max()
    res = np.zeros(npt, dtype=np.float64)
    for i in range(npt):
        r1 = rmax * i / npt
        r2 = rmax * (i + 1) / npt
        mask_r12 = np.logical_and((r1 <= radius), (radius < r2))
        values_r12 = data[mask_r12]
        res[i] = values_r12.mean()
    return res


@kernel(rng.random(200), rng.random(200), 12)
def azimint_by_sums(data, radius, npt):
    rmax = np.max(radius)
    res = np.zeros(npt)
    for i in range(npt):
        r1 = rmax * i / npt
        r2 = rmax * (i + 1) / npt
        mask = (r1 <= radius) & (radius < r2)
        res[i] = np.sum(np.where(mask, data, 0.0)) / np.sum(mask)
    return res


@kernel(*rng.random((4, 30)), analytic=False)
def arc_distance(theta_1, phi_1, theta_2, phi_2):
    temp = (
        np.sin((theta_2 - theta_1) / 2) ** 2
        + np.cos(theta_1) * np.cos(theta_2) * np.sin((phi_2 - phi_1) / 2) ** 2
    )
    return 2 * (np.arctan2(np.sqrt(temp), np.sqrt(1 - temp)))


@kernel(rng.normal(size=(30, 30)))
def go_fast(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    return a + trace


@kernel(rng.normal(size=(10, 12)) * 8, rng.normal(size=(10, 12)), 4.0, 3.0, 9.0, analytic=False)
def compute(array_1, array_2, a, b, c):
    return np.clip(array_1, 2, 10) * a + array_2 * b + c


@kernel(
    rng.integers(0, 1000, size=(10, 12)),
    rng.integers(0, 1000, size=(10, 12)),
    4,
    3,
    9,
    smooth=False,
)
def compute_integers(array_1, array_2, a, b, c):
    return np.clip(array_1, 2, 10) * a + array_2 * b + c


ROW = np.cumsum(np.r_[0, rng.integers(0, 5, size=20)])
COL = rng.integers(0, 15, size=ROW[-1])
VAL = rng.normal(size=ROW[-1])


@kernel(ROW, COL, VAL, rng.normal(size=15))
def spmv(a_row, a_col, a_val, x):
    y = np.empty(a_row.size - 1, a_val.dtype)
    for i in range(a_row.size - 1):
        cols = a_col[a_row[i] : a_row[i + 1]]
        vals = a_val[a_row[i] : a_row[i + 1]]
        y[i] = vals @ x[cols]
    return y


@kernel(ROW, COL, VAL, rng.normal(size=15))
def spmv_loops(row, col, val, x):
    n = len(row) - 1
    y = np.zeros(n)
    for i in range(n):
        s = 0.0
        for k in range(row[i], row[i + 1]):
            s += val[k] * x[col[k]]
        y[i] = s
    return y


@kernel(ROW, COL, VAL, rng.normal(size=20))
def spmv_transposed(row, col, val, x):
    y = np.zeros(15)
    for i in range(len(row) - 1):
        for k in range(row[i], row[i + 1]):
            y[col[k]] += val[k] * x[i]
    return y


@kernel(-2.0, 0.5, -1.2, 1.2, 9, 8, 20, 2.0)
def mandelbrot_arrays(xmin, xmax, ymin, ymax, xn, yn, maxiter, horizon):
    cx = np.broadcast_to(np.linspace(xmin, xmax, xn)[None, :], (yn, xn))
    cy = np.broadcast_to(np.linspace(ymin, ymax, yn)[:, None], (yn, xn))
    zx, zy = np.zeros((yn, xn)), np.zeros((yn, xn))
    n = np.zeros((yn, xn), dtype=np.int64)
    for _ in range(maxiter):
        inside = zx * zx + zy * zy < horizon**2
        n = np.where(inside, n + 1, n)
        nx = zx * zx - zy * zy + cx
        ny = 2 * zx * zy + cy
        zx = np.where(inside, nx, zx)
        zy = np.where(inside, ny, zy)
    return zx, zy, n


@kernel(-1.6, 0.4, -1.1, 1.1, 7, 6, 25)
def mandelbrot_loops(xmin, xmax, ymin, ymax, xn, yn, maxiter):
    out = np.zeros((yn, xn))
    for i in range(yn):
        for j in range(xn):
            cx = xmin + (xmax - xmin) * j / (xn - 1)
            cy = ymin + (ymax - ymin) * i / (yn - 1)
            x = y = 0.0
            k = 0
            while k < maxiter and x * x + y * y < 4.0:
                x, y = x * x - y * y + cx, 2 * x * y + cy
                k += 1
            out[i, j] = k + 0.01 * x
    return out


@kernel(
    np.frombuffer(b"tape-based autodiff", dtype=np.uint8).astype(np.int64), 0x8408, smooth=False
)
def crc16(data, poly):
    crc = 0xFFFF
    for b in data:
        cur_byte = 0xFF & b
        for _ in range(0, 8):
            if (crc & 0x0001) ^ (cur_byte & 0x0001):
                crc = (crc >> 1) ^ poly
            else:
                crc >>= 1
            cur_byte >>= 1
    crc = ~crc & 0xFFFF
    crc = (crc << 8) | ((crc >> 8) & 0xFF)
    return crc & 0xFFFF


def get_acc(pos, mass, g, softening):
    x = pos[:, 0:1]
    y = pos[:, 1:2]
    z = pos[:, 2:3]
    dx = x.T - x
    dy = y.T - y
    dz = z.T - z
    inv_r3 = dx**2 + dy**2 + dz**2 + softening**2
    inv_r3[inv_r3 > 0] = inv_r3[inv_r3 > 0] ** (-1.5)
    ax = g * (dx * inv_r3) @ mass
    ay = g * (dy * inv_r3) @ mass
    az = g * (dz * inv_r3) @ mass
    return np.hstack((ax, ay, az))


def get_energy(pos, vel, mass, g):
    ke = 0.5 * np.sum(mass * vel**2)
    x = pos[:, 0:1]
    y = pos[:, 1:2]
    z = pos[:, 2:3]
    dx = x.T - x
    dy = y.T - y
    dz = z.T - z
    inv_r = np.sqrt(dx**2 + dy**2 + dz**2)
    inv_r[inv_r > 0] = 1.0 / inv_r[inv_r > 0]
    pe = g * np.sum(np.triu(-(mass * mass.T) * inv_r, 1))
    return ke, pe


@kernel(
    20.0 * np.ones((6, 1)) / 6,
    rng.normal(size=(6, 3)),
    rng.normal(size=(6, 3)),
    6,
    20,
    0.01,
    1.0,
    0.1,
    inplace=(1, 2),
)
def nbody(mass, pos, vel, n, nt, dt, g, softening):
    vel -= np.mean(mass * vel, axis=0) / np.mean(mass)
    acc = get_acc(pos, mass, g, softening)
    ke = np.ndarray(nt + 1, dtype=pos.dtype)
    pe = np.ndarray(nt + 1, dtype=pos.dtype)
    ke[0], pe[0] = get_energy(pos, vel, mass, g)
    for i in range(nt):
        vel += acc * dt / 2.0
        pos += vel * dt
        acc = get_acc(pos, mass, g, softening)
        vel += acc * dt / 2.0
        ke[i + 1], pe[i + 1] = get_energy(pos, vel, mass, g)
    return ke, pe


@kernel(rng.random((20, 3)))
def pairwise_distances(x):
    m, n = x.shape[0], x.shape[1]
    d = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            s = 0.01
            for k in range(n):
                tmp = x[i, k] - x[j, k]
                s += tmp * tmp
            d[i, j] = np.sqrt(s)
    return d


@kernel(rng.random((15, 3)), rng.normal(size=15), rng.random((6, 3)), 0.7)
def rbf_interpolation(x, beta, targets, theta):
    out = np.zeros(len(targets))
    for t in range(len(targets)):
        for i in range(len(x)):
            r = 0.0
            for d in range(x.shape[1]):
                r += (x[i, d] - targets[t, d]) ** 2
            out[t] += beta[i] * np.exp(-((r * theta) ** 2))
    return out


@kernel(rng.random(30), rng.random(30), rng.random(30), rng.random(30) * 0.2)
def histogram_with_shares(x, y, w, width):
    table = np.zeros((4, 4))
    for k in range(len(x)):
        i = min(int(4 * x[k].real), 3)
        j = min(int(4 * y[k].real), 3)
        table[i, j] += w[k] * (1 + width[k])
    return table
