"""Time stepping of ordinary equations, oscillators, neurons, populations and queues."""

from __future__ import annotations

import numpy as np
from programs.npbench.program import kernels

KERNELS, kernel = kernels()
rng = np.random.default_rng(59)

C2, C3, C4, C5, C6 = 1 / 4, 3 / 8, 12 / 13, 1.0, 1 / 2


def van_der_pol(t, y, mu):
    return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0] + 0.1 * np.cos(t)])


@kernel(np.array([1.0, 0.2]), 1.2, 1e-6)
def fehlberg_with_event(y, mu, tol):
    t, h = 0.0, 0.05
    crossings = 0
    area = 0.0
    while t < 6.0 and crossings < 2:
        if t + h > 6.0:
            h = 6.0 - t
        k1 = van_der_pol(t, y, mu)
        k2 = van_der_pol(t + C2 * h, y + h * k1 / 4, mu)
        k3 = van_der_pol(t + C3 * h, y + h * (3 * k1 + 9 * k2) / 32, mu)
        k4 = van_der_pol(t + C4 * h, y + h * (1932 * k1 - 7200 * k2 + 7296 * k3) / 2197, mu)
        k5 = van_der_pol(
            t + h, y + h * (439 / 216 * k1 - 8 * k2 + 3680 / 513 * k3 - 845 / 4104 * k4), mu
        )
        k6 = van_der_pol(
            t + C6 * h,
            y + h * (-8 / 27 * k1 + 2 * k2 - 3544 / 2565 * k3 + 1859 / 4104 * k4 - 11 / 40 * k5),
            mu,
        )
        y4 = y + h * (25 / 216 * k1 + 1408 / 2565 * k3 + 2197 / 4104 * k4 - k5 / 5)
        y5 = y + h * (
            16 / 135 * k1 + 6656 / 12825 * k3 + 28561 / 56430 * k4 - 9 / 50 * k5 + 2 / 55 * k6
        )
        err = np.max(np.abs(y5 - y4))
        if err < tol:
            if y[0] > 0 and y5[0] <= 0:
                crossings += 1
                s = y[0] / (y[0] - y5[0])
                area += s * h * y[0]
            t = t + h
            y = y5
        h = h * np.minimum(4.0, np.maximum(0.1, 0.84 * (tol / (err + 1e-15)) ** 0.25))
    return np.array([t, area, y[0], y[1]])


@kernel(np.array([1.0, 0.5]), np.array([1.1, 0.4, 0.1, 0.4]), 30)
def adams_bashforth_4(y0, p, n):
    h = 0.05

    def f(y):
        return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    y = np.zeros((n + 1, 2))
    d = np.zeros((n + 1, 2))
    y[0] = y0
    d[0] = f(y0)
    for i in range(3):
        k1 = f(y[i])
        k2 = f(y[i] + 0.5 * h * k1)
        k3 = f(y[i] + 0.5 * h * k2)
        k4 = f(y[i] + h * k3)
        y[i + 1] = y[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        d[i + 1] = f(y[i + 1])
    for i in range(3, n):
        y[i + 1] = y[i] + h / 24 * (55 * d[i] - 59 * d[i - 1] + 37 * d[i - 2] - 9 * d[i - 3])
        d[i + 1] = f(y[i + 1])
    return y


@kernel(np.array([1.0, 0.0]), np.array([0.0, 0.9]), 0.05, 100)
def yoshida_orbit(q, p, dt, steps):
    w1 = 1.0 / (2.0 - 2.0 ** (1 / 3))
    w0 = -(2.0 ** (1 / 3)) * w1
    energies = []
    for _ in range(steps):
        for w in (w1, w0, w1):
            q = q + 0.5 * w * dt * p
            r3 = (q[0] ** 2 + q[1] ** 2) ** 1.5
            p = p - w * dt * q / r3
            q = q + 0.5 * w * dt * p
    energies.append(0.5 * (p @ p) - 1.0 / np.sqrt(q @ q))
    return q, p, energies[0]


@kernel(rng.random(8) * 6, rng.normal(size=8), 1.5, 0.05, 60)
def kuramoto(theta, omega, coupling, dt, steps):
    n = len(theta)
    order = np.zeros(steps)
    for t in range(steps):
        d = np.zeros(n)
        for i in range(n):
            s = 0.0
            for j in range(n):
                s += np.sin(theta[j] - theta[i])
            d[i] = omega[i] + coupling / n * s
        theta = theta + dt * d
        order[t] = np.sqrt(np.sum(np.cos(theta)) ** 2 + np.sum(np.sin(theta)) ** 2) / n
    return theta, order


def alpha_n(v):
    return 0.01 * (v + 55.0) / (1.0 - np.exp(-(v + 55.0) / 10.0))


def beta_n(v):
    return 0.125 * np.exp(-(v + 65.0) / 80.0)


def alpha_m(v):
    return 0.1 * (v + 40.0) / (1.0 - np.exp(-(v + 40.0) / 10.0))


def beta_m(v):
    return 4.0 * np.exp(-(v + 65.0) / 18.0)


def alpha_h(v):
    return 0.07 * np.exp(-(v + 65.0) / 20.0)


def beta_h(v):
    return 1.0 / (1.0 + np.exp(-(v + 35.0) / 10.0))


@kernel(120.0, 36.0, 0.3, 10.0)
def hodgkin_huxley(g_na, g_k, g_l, current):
    v, n, m, h = -64.9, 0.3177, 0.0529, 0.5961
    dt = 0.02
    trace = np.zeros(500)
    for t in range(500):
        i_in = current if 50 < t < 400 else 0.0
        i_na = g_na * m**3 * h * (v - 50.0)
        i_k = g_k * n**4 * (v + 77.0)
        i_l = g_l * (v + 54.387)
        v = v + dt * (i_in - i_na - i_k - i_l)
        n += dt * (alpha_n(v) * (1 - n) - beta_n(v) * n)
        m += dt * (alpha_m(v) * (1 - m) - beta_m(v) * m)
        h += dt * (alpha_h(v) * (1 - h) - beta_h(v) * h)
        trace[t] = v
    return trace[::50], np.mean(trace)


@kernel(1.0, 0.3, 0.05, 60)
def shallow_water_1d(amplitude, width, dt, steps):
    n = 40
    dx = 0.25
    x = np.arange(n) * dx
    h = np.ones(n) + amplitude * np.exp(-(((x - 5.0) / (1 + width)) ** 2))
    hu = np.zeros(n)
    for _ in range(steps):
        u = hu / h
        c = np.abs(u) + np.sqrt(9.81 * h)
        step = dt * 0.1
        a = np.maximum(c[1:], c[:-1])
        f1 = 0.5 * (hu[1:] + hu[:-1]) - 0.5 * a * (h[1:] - h[:-1])
        g = hu * u + 0.5 * 9.81 * h**2
        f2 = 0.5 * (g[1:] + g[:-1]) - 0.5 * a * (hu[1:] - hu[:-1])
        h[1:-1] -= step / dx * (f1[1:] - f1[:-1])
        hu[1:-1] -= step / dx * (f2[1:] - f2[:-1])
        h[0], h[-1] = h[1], h[-2]
        hu[0], hu[-1] = -hu[1], -hu[-2]
    return h, hu


@kernel(np.array([1.0, 0.0, 0.0]), 0.04, 1e4, 3e7)
def robertson_by_implicit_euler(y, k1, k2, k3):
    h = 1e-4
    for _ in range(30):
        x = y.copy()
        for _ in range(8):
            r = np.array(
                [
                    x[0] - y[0] - h * (-k1 * x[0] + k2 * x[1] * x[2]),
                    x[1] - y[1] - h * (k1 * x[0] - k2 * x[1] * x[2] - k3 * x[1] ** 2),
                    x[2] - y[2] - h * k3 * x[1] ** 2,
                ]
            )
            j = np.array(
                [
                    [1 + h * k1, -h * k2 * x[2], -h * k2 * x[1]],
                    [-h * k1, 1 + h * (k2 * x[2] + 2 * k3 * x[1]), h * k2 * x[1]],
                    [0.0, -2 * h * k3 * x[1], 1.0],
                ]
            )
            d = np.linalg.solve(j, r)
            x = x - d
            if np.max(np.abs(d)) < 1e-13:
                break
        y = x
        h = min(h * 1.5, 10.0)
    return y
