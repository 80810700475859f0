"""Solvers: loops that stop when they have converged, and loops around other derivatives."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

import tapec

PROGRAMS, program = programs()
SPD = np.array([[4.0, 1.0, 0.2], [1.0, 3.0, 0.5], [0.2, 0.5, 2.0]])
SIDE = np.array([1.0, -0.5, 2.0])


@program((2.0,), (10.0,), (0.3,))
def heron(a):
    x = a if a > 1 else 1.0
    while abs(x * x - a) > 1e-13 * a:
        x = 0.5 * (x + a / x)
    # One more step carries the derivative to the last digits.
    return 0.5 * (x + a / x)


@program((2.0, 3), (7.0, 5))
def newton(a, n):
    x = 1.0
    for _ in range(40):
        step = (x**n - a) / (n * x ** (n - 1))
        x = x - step
        if abs(step) < 1e-14:
            break
    return x


@program((0.6, 0.3), (2.5, 0.8), (5.9, 0.05))
def kepler(mean_anomaly, eccentricity):
    e = mean_anomaly
    for _ in range(50):
        delta = (e - eccentricity * np.sin(e) - mean_anomaly) / (1 - eccentricity * np.cos(e))
        e = e - delta
        if np.abs(delta) < 1e-13:
            break
    return np.cos(e) - eccentricity


@program((2.0,), (5.0,))
def bisection_polished(a):
    lower, upper = 0.0, 4.0
    while upper - lower > 1e-9:
        middle = 0.5 * (lower + upper)
        if middle**3 > a:
            upper = middle
        else:
            lower = middle
    x = 0.5 * (lower + upper)
    for _ in range(2):
        x = x - (x**3 - a) / (3 * x**2)
    return x


@program((0.5,), (2.0,))
def secant(a):
    x0, x1 = 0.0, 1.0
    f0, f1 = np.cos(x0) - a * x0, np.cos(x1) - a * x1
    while abs(x1 - x0) > 1e-12 and f1 != f0:
        x0, x1 = x1, x1 - f1 * (x1 - x0) / (f1 - f0)
        f0, f1 = f1, np.cos(x1) - a * x1
    return x1


@program((0.5, 1.0), (0.9, 0.3))
def fixed_point(a, x):
    for _ in range(500):
        new = np.cos(a * x)
        if abs(new - x) < 1e-14:
            return new
        x = new
    return x


@program((np.array([0.3, 0.1, -0.4]),), (np.array([1.0, 0.2, 0.6]),))
def anderson(b):
    x = np.zeros(3)
    g = 0.3 * np.tanh(x) + b
    r = g - x
    while np.sqrt(np.sum(r**2)) > 1e-10:
        old_r, old_g = r, g
        x = g
        g = 0.3 * np.tanh(x) + b
        r = g - x
        dr = r - old_r
        theta = np.dot(dr, r) / (np.dot(dr, dr) + 1e-30)
        g = g - theta * (g - old_g)
        r = g - x
    return g


@program((SIDE, 0.1), (SIDE * 2.0, 0.2))
def gradient_descent_by_hand(b, rate):
    x = np.zeros(3)
    for _ in range(60):
        x = x - rate * (SPD @ x - b)
    return 0.5 * x @ SPD @ x - b @ x


def objective(x, p):
    return np.sum((x - p) ** 4) + np.sum(x**2) + x[0] * p[1]


def gradient_descent_by_formula(p):
    x = np.zeros(2)
    for _ in range(25):
        x = x - 0.1 * (4 * (x - p) ** 3 + 2 * x + np.array([p[1], 0.0]))
    return np.sum(x**2)


@program((np.array([0.4, 1.1]),), (np.array([-0.7, 0.3]),), plain=gradient_descent_by_formula)
def gradient_descent_with_grad(p):
    slope = tapec.grad(objective)
    x = np.zeros(2)
    for _ in range(25):
        x = x - 0.1 * slope(x, p)
    return np.sum(x**2)


def newton_by_formula(a):
    x = a
    for _ in range(30):
        x = x - (np.exp(x) + x - 3.0 * a) / (np.exp(x) + 1.0)
    return x


@program((1.7,), (0.6,), plain=newton_by_formula)
def newton_with_grad(a):
    def residual(x):
        return np.exp(x) + x - 3.0 * a

    slope = tapec.grad(residual)
    x = a
    while abs(residual(x)) > 1e-12:
        x = x - residual(x) / slope(x)
    return x - residual(x) / slope(x)


def minimum_by_formula(p):
    y = 0.5
    for _ in range(15):
        x, slope = 0.0, 0.0
        for _ in range(30):
            slope = slope - 0.2 * (2 * (slope - p[0]) + 1.2 * x**2 * slope)
            x = x - 0.2 * (2 * (x - y * p[0]) + 0.4 * x**3)
        y = y - 0.3 * (2 * (x - p[1]) * slope + y)
    return y


@program((np.array([0.3, 1.0]),), (np.array([1.3, 2.0]),), plain=minimum_by_formula)
def minimum_of_an_inner_descent(p):
    def outer(y):
        def inner(x):
            return (x - y * p[0]) ** 2 + 0.1 * x**4

        x = 0.0
        for _ in range(30):
            x = x - 0.2 * tapec.grad(inner)(x)
        return (x - p[1]) ** 2 + 0.5 * y**2

    y = 0.5
    for _ in range(15):
        y = y - 0.3 * tapec.grad(outer)(y)
    return y


@program((0.4,), (1.8,))
def continued_fraction(x):
    value = 0.0
    for k in range(40, 0, -1):
        value = k * x / (1.0 + value)
    return 1.0 / (1.0 + value)


@program((np.arange(1.0, 9.0), 0.7), (np.linspace(2.0, -1.0, 8), -1.1))
def horner(coefficients, x):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


@program((3.2, 0.3), (2.7, 0.6))
def logistic_map(r, x):
    for _ in range(30):
        x = r * x * (1.0 - x)
    return x


@program((0.3,), (2.0,))
def series_until_small(x):
    term, total, n = x, x, 1
    while abs(term) > 1e-17:
        term = -term * x * x / ((2 * n) * (2 * n + 1))
        total = total + term
        n += 1
    return total


@program((1.0, 0.5), (2.0, 1.9), (24.0, 6.0))
def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-14 * a:
        a, b = 0.5 * (a + b), np.sqrt(a * b)
    return np.pi / (2.0 * 0.5 * (a + b))


@program((SPD,), (SPD + np.diag([0.0, 2.0, 5.0]),))
def power_iteration(a):
    v = np.ones(3)
    old = 0.0
    value = 1.0
    while abs(value - old) > 1e-15 * abs(value):
        w = a @ v
        v = w / np.sqrt(np.sum(w**2))
        old, value = value, v @ a @ v
    for _ in range(60):
        w = a @ v
        v = w / np.sqrt(np.sum(w**2))
    return v @ a @ v


@program((SPD, SIDE), (SPD + np.eye(3), SIDE[::-1].copy()), second=False)
def conjugate_gradient(a, b):
    a = 0.5 * (a + a.T)
    x = np.zeros_like(b)
    r = b - a @ x
    p = r
    rs = r @ r
    for _ in range(10):
        ap = a @ p
        alpha = rs / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        new = r @ r
        if np.sqrt(new) < 1e-6:
            break
        p = r + (new / rs) * p
        rs = new
    return x


@program((SPD, SIDE), (SPD + np.eye(3), -SIDE))
def jacobi_solver(a, b):
    d = np.diag(a)
    x = np.zeros(3)
    residual = 1.0
    while residual > 1e-12:
        x = x + (b - a @ x) / d
        residual = np.max(np.abs(b - a @ x))
    return x


@program((np.array([0.3, -0.2]),), (np.array([1.2, 0.7]),))
def line_search(x):
    f = (1 - x[0]) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2
    g = np.array([-2 * (1 - x[0]) - 40 * x[0] * (x[1] - x[0] ** 2), 20 * (x[1] - x[0] ** 2)])
    t = 1.0
    while True:
        y = x - t * g
        trial = (1 - y[0]) ** 2 + 10 * (y[1] - y[0] ** 2) ** 2
        if trial < f - 1e-4 * t * (g @ g):
            return trial
        t *= 0.5


@program((0.3, 0.8), (0.9, 0.6), (0.5, 0.99))
def geometric_until_converged(r, c):
    total, power = 0.0, c
    n = 0
    while power > 1e-12:
        total += power * np.cos(n * r)
        power *= c * 0.9
        n += 1
        if n >= 200:
            break
    return total


@program((1.5, 2.5), (3.2, 0.9), second=False)
def golden_section(a, b):
    ratio = 0.6180339887498949
    lower, upper = 0.0, 5.0
    for _ in range(20):
        c, d = upper - ratio * (upper - lower), lower + ratio * (upper - lower)
        if (c - a) ** 2 + b * c < (d - a) ** 2 + b * d:
            upper = d
        else:
            lower = c
    x = 0.5 * (lower + upper)
    return (x - a) ** 2 + b * x
