"""Numerical methods: fits, systems of equations, quadrature, recurrences."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
rng = np.random.default_rng(31)
DATA_X = np.linspace(0.0, 2.0, 9)
DATA_Y = 1.7 * np.exp(-0.8 * DATA_X) + 0.3
POINTS = rng.normal(size=(10, 2)) + np.array([2.0, 0.0]) * (np.arange(10) % 2)[:, None]
LINK = rng.random((4, 4)) + 0.1


@program((0.8, 1.3, 0.2), (1.2, 0.4, 0.5))
def levenberg_marquardt(a, b, c):
    p = np.array([a, b, c])
    damping = 0.01
    r = p[0] * np.exp(-p[1] * DATA_X) + p[2] - DATA_Y
    cost = r @ r
    for _ in range(5):
        e = np.exp(-p[1] * DATA_X)
        j = np.stack((e, -p[0] * DATA_X * e, np.ones(9)), axis=1)
        step = np.linalg.solve(j.T @ j + damping * np.eye(3), -(j.T @ r))
        trial = p + step
        r2 = trial[0] * np.exp(-trial[1] * DATA_X) + trial[2] - DATA_Y
        if r2 @ r2 < cost:
            p, r, cost = trial, r2, r2 @ r2
            damping = damping * 0.3
        else:
            damping = damping * 4.0
    return p


@program((np.array([0.5, 0.8]),), (np.array([1.5, 0.3]),))
def newton_system(p):
    x = np.array([1.0, 1.0])
    for _ in range(30):
        f = np.array([x[0] ** 2 + x[1] ** 2 - 4 * p[0], np.exp(x[0]) + x[1] - 3 * p[1] - 1])
        j = np.array([[2 * x[0], 2 * x[1]], [np.exp(x[0]), 1.0]])
        dx = np.linalg.solve(j, -f)
        x = x + dx
        if np.max(np.abs(dx)) < 1e-13:
            break
    return x


@program((np.array([0.04, 3.0, 1.0]),), (np.array([0.1, 1.0, 2.0]),))
def implicit_euler(k):
    y = np.array([1.0, 0.0, 0.0])
    dt = 0.1
    for _ in range(10):
        new = y
        for _ in range(4):
            r1, r2 = k[0] * new[0], k[1] * new[1] * new[2] + k[2] * new[1] ** 2
            f = new - y - dt * np.array([-r1 + r2, r1 - r2 - new[1], new[1]])
            j21, j23 = k[1] * new[2] + 2 * k[2] * new[1], k[1] * new[1]
            jac = np.eye(3) - dt * np.array(
                [[-k[0], j21, j23], [k[0], -j21 - 1.0, -j23], [0.0, 1.0, 0.0]]
            )
            new = new - np.linalg.solve(jac, f)
        y = new
    return y


@program((np.array([0.1, 0.9]), 1.0), (np.array([0.01, 0.99]), 2.0))
def adam(p, curvature):
    x, m, v = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2)
    for t in range(1, 31):
        g = curvature * x + 0.1 * np.sin(3 * x)
        m = p[1] * m + (1 - p[1]) * g
        v = 0.99 * v + 0.01 * g**2
        x = x - p[0] * (m / (1 - p[1] ** t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return np.sum(x**2)


@program((np.array([0.0, 0.1, -3.0]), 1.0), (np.array([0.3, -0.2, -4.0]), 1.5))
def sphere_tracing(origin, radius):
    direction = np.array([0.1, 0.05, 1.0])
    direction = direction / np.sqrt(np.sum(direction**2))
    t = 0.0
    for _ in range(60):
        at = origin + t * direction
        d = np.sqrt(np.sum(at**2)) - radius
        if np.abs(d) < 1e-9:
            break
        t = t + d
    return t


@program((POINTS,), (POINTS[::-1] * 1.5,), second=False)
def lloyd_iterations(points):
    centers = points[:2].copy()
    for _ in range(4):
        sums, counts = np.zeros((2, 2)), np.zeros(2)
        for i in range(len(points)):
            distances = np.sum((points[i] - centers) ** 2, axis=1)
            k = np.argmin(distances)
            sums[k] += points[i]
            counts[k] += 1.0
        for k in range(2):
            if counts[k] > 0:
                centers[k] = sums[k] / counts[k]
    return centers


@program((LINK, 0.85), (LINK.T.copy(), 0.6), second=False)
def page_rank(link, damping):
    m = link / np.sum(link, axis=0)
    r = np.ones(4) / 4
    change = 1.0
    while change > 1e-14:
        new = (1 - damping) / 4 + damping * (m @ r)
        change = np.sum(np.abs(new - r)).real
        r = new
    return r


@program((0.6, 4), (1.3, 7))
def legendre_polynomial(x, n):
    before, now = 1.0, x
    for k in range(1, n):
        before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
    return now


@program((0.6, np.array([0.3, 1.0, -0.2, 0.5])), (0.1, np.arange(4.0)))
def clenshaw(x, c):
    b1, b2 = 0.0, 0.0
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = 2 * x * b1 - b2 + c[k], b1
    return x * b1 - b2 + c[0]


@program((np.array([0.0, 1.0, 3.0, 2.0]), 0.3), (np.array([1.0, -1.0, 0.5, 2.0]), 0.8))
def de_casteljau(control, t):
    p = control.copy()
    for level in range(1, len(p)):
        for i in range(len(p) - level):
            p[i] = (1 - t) * p[i] + t * p[i + 1]
    return p[0]


@program((0.5, 2.0), (1.5, 3.0))
def romberg(a, b):
    r = np.zeros((5, 5))
    h = b - a
    r[0, 0] = 0.5 * h * (np.exp(-a * a) + np.exp(-b * b))
    for i in range(1, 5):
        h = h / 2
        total = 0.0
        for k in range(1, 2**i, 2):
            x = a + k * h
            total += np.exp(-x * x)
        r[i, 0] = 0.5 * r[i - 1, 0] + h * total
        for j in range(1, i + 1):
            r[i, j] = r[i, j - 1] + (r[i, j - 1] - r[i - 1, j - 1]) / (4**j - 1)
    return r[4, 4]


@program((1.0, 0.3), (2.5, 0.1))
def simpson_until_converged(a, c):
    old, n = 0.0, 2
    while n < 512:
        h = a / n
        total = 1.0 + np.exp(-c * a * a)
        for i in range(1, n):
            x = i * h
            total += (4.0 if i % 2 == 1 else 2.0) * np.exp(-c * x * x)
        new = total * h / 3.0
        if np.abs(new - old) < 1e-10:
            return new
        old = new
        n *= 2
    return old


@program((0.1, 1.0), (0.5, 2.0))
def shooting(p, q):
    low, high = -2.0, 2.0
    y = 0.0
    for _ in range(12):
        slope = 0.5 * (low + high)
        y, v = p, slope
        for i in range(20):
            v = v + 0.05 * (-q * np.sin(y) + 0.1 * i * 0.05)
            y = y + 0.05 * v
        if y > 0.5:
            high = slope
        else:
            low = slope
    return y
