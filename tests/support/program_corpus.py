"""Plain NumPy programs, as users write them, with a point to try each at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Program:
    """A function of one vector and a point; `analytic` when it also runs on complex numbers."""

    f: Callable[[Array], Array]
    point: Array
    analytic: bool = True

    @property
    def name(self) -> str:
        return self.f.__name__

    def scalar(self) -> Callable[[Array], Array]:
        """The function itself, or a fixed combination of its results."""
        shape = np.shape(self.f(self.point.copy()))
        if not shape:
            return self.f
        weights, f = np.random.default_rng(5).normal(size=shape), self.f
        return lambda x: np.sum(weights * f(x))


PROGRAMS: list[Program] = []
rng = np.random.default_rng(2)
DATA = rng.normal(size=(7, 3))
TABLE = rng.normal(size=(4, 4))
LABELS = (rng.random(7) > 0.5).astype(float)


def program(*point: float, analytic: bool = True) -> Callable[[Any], Any]:
    def add(f: Any) -> Any:
        PROGRAMS.append(Program(f, np.array(point), analytic))
        return f

    return add


# --- optimisation --------------------------------------------------------------------------------


@program(-1.2, 1.0, 0.7, 1.3, -0.4)
def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@program(3.0, -1.0, 0.5, 1.0)
def powell(x):
    a, b, c, d = x
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


@program(1.0, 0.8)
def beale(x):
    total = 0.0
    for k, y in enumerate([1.5, 2.25, 2.625], start=1):
        total += (y - x[0] * (1 - x[1] ** k)) ** 2
    return total


@program(-3.0, -1.0, -3.0, -1.0)
def wood(x):
    a, b, c, d = x[0], x[1], x[2], x[3]
    return (
        100 * (a**2 - b) ** 2
        + (a - 1) ** 2
        + (c - 1) ** 2
        + 90 * (c**2 - d) ** 2
        + 10.1 * ((b - 1) ** 2 + (d - 1) ** 2)
        + 19.8 * (b - 1) * (d - 1)
    )


@program(1.1, 0.9)
def brown(x):
    residuals = np.array([x[0] - 2.0, x[1] - 0.5, x[0] * x[1] - 2])
    return residuals @ residuals


@program(0.2, 0.25, 0.3, 0.1)
def trigonometric(x):
    n = len(x)
    i = np.arange(1, n + 1)
    return np.sum((n - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)) ** 2)


@program(1.0, 2.0, 3.0, 4.0)
def penalty(x):
    return 1e-2 * np.sum((x - 1) ** 2) + (np.dot(x, x) - 0.25) ** 2


@program(-1.0, 0.4, 0.3, analytic=False)
def helical_valley(x):
    theta = np.arctan2(x[1], x[0]) / (2 * np.pi)
    theta = np.where(theta < 0, theta + 1.0, theta)
    r = np.sqrt(x[0] ** 2 + x[1] ** 2)
    return 100 * ((x[2] - 10 * theta) ** 2 + (r - 1) ** 2) + x[2] ** 2


@program(0.3, -0.2, 0.9)
def ackley(x):
    n = x.size
    first = -20 * np.exp(-0.2 * np.sqrt(np.sum(x**2) / n))
    return first - np.exp(np.sum(np.cos(2 * np.pi * x)) / n) + 20 + np.e


# --- densities -----------------------------------------------------------------------------------


@program(0.3, -0.4)
def normal_logpdf(p):
    mu, log_sigma = p
    z = (DATA[:, 0] - mu) / np.exp(log_sigma)
    return -0.5 * np.sum(z**2) - DATA.shape[0] * (log_sigma + 0.5 * np.log(2 * np.pi))


@program(0.2, 0.1, 1.3)
def student_t(p):
    z = (DATA - p[0]) * np.exp(-p[1])
    return np.sum(-0.5 * (p[2] + 1) * np.log1p(z * z / p[2])) - DATA.size * p[1]


@program(0.2, -0.3, 0.8, -0.5, 0.1, 0.4, analytic=False)
def mixture(p):
    weights, means, scales = p.reshape(3, 2)
    z = (DATA.ravel()[:, None] - means) / np.exp(scales)
    terms = weights - scales - 0.5 * z**2
    top = np.max(terms, axis=1, keepdims=True)
    return np.sum(top[:, 0] + np.log(np.sum(np.exp(terms - top), axis=-1)))


@program(0.5, -0.3, 0.2, 0.1, analytic=False)
def logistic(w):
    scores = DATA @ w[:3] + w[3]
    return np.mean(np.logaddexp(0.0, scores) - LABELS * scores) + 0.1 * np.linalg.norm(w)


@program(0.4, -0.2, 0.6)
def softmax(x):
    e = np.exp(x - x.mean())
    return e / e.sum()


# --- simulation ----------------------------------------------------------------------------------


@program(0.9, 0.1, 9.81)
def pendulum(p):
    angle, speed, g = p
    path = []
    for _ in range(12):
        speed = speed - 0.05 * g * np.sin(angle)
        angle = angle + 0.05 * speed
        path.append(angle)
    return np.array(path)


@program(1.0, 0.3, 0.5, -0.2)
def heat(u):
    u = u.copy()
    for _ in range(6):
        u[1:-1] += 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[1]
    return u


@program(0.8, 0.4)
def lotka_volterra(state):
    for _ in range(10):
        prey, hunters = state
        state = state + 0.1 * np.stack([prey - prey * hunters, prey * hunters - hunters])
    return np.sum(state**2)


# --- arrays --------------------------------------------------------------------------------------


@program(0.3, 1.2, -0.7, 2.0)
def assignment(x):
    y = np.zeros_like(x)
    y[0] = x[-1] ** 2
    y[1:3] = np.sin(x[::-2])
    y[-1] += y[0] * y[1]
    y[::3] *= 2.0
    return y


@program(0.3, 1.2, -0.7, 2.0, 0.5, -1.1)
def views(x):
    y = x * 1.0
    grid = y.reshape(2, 3)
    row, column = grid[0], grid[:, 1]
    row *= 3.0
    column += row[:2] ** 2
    grid.T[2, ::-1] = grid[:, 0] * 0.5
    return y


@program(0.3, 1.2, -0.7, 2.0, 0.5, -1.1)
def slices(x):
    return x[::2] * x[::-2] + np.sum(x[-2:0:-3]) * x[1:4]


@program(0.3, 1.2, -0.7, 2.0, 0.5, -1.1)
def einsums(x):
    a, b = x.reshape(2, 3), x.reshape(3, 2)
    return np.einsum("ij,jk,ik->i", a, b, a @ b) + np.einsum("ij,ji", a, b)


@program(0.3, 1.2, -0.7, 2.0)
def cumulative(x):
    return np.cumsum(x**2) * np.cumprod(x) + np.cumprod(x[::-1])


@program(0.3, 1.2, -0.7, 2.0)
def padded(x):
    y = np.pad(x, (2, 1)) + np.pad(np.sin(x), (1, 2), mode="edge")
    return np.diff(np.roll(y, 2)) * np.roll(y, -1)[1:]


@program(0.4, -1.2, -0.3, 2.0, analytic=False)
def guarded(x):
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, np.log(safe) * np.sqrt(safe), np.exp(x) - 1.0)


@program(0.3, 1.2, -0.7)
def broadcasting(x):
    outer = x[:, None] - x[None, :] ** 2
    return np.sum(np.exp(-(outer**2)) * DATA[:, None, :3], axis=(0, 2))


@program(0.3, 1.2)
def listed(x):
    rotation = np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]])
    return rotation @ np.array([x[1], 1.0]) + np.asarray([x[0], x[1] ** 3])


@program(0.3, 1.2, -0.7, 2.0)
def closure(x):
    return x @ TABLE @ x + np.trace(np.outer(x, TABLE[0])) + TABLE[1:3, ::2].sum() * x[-1]


@program(0.3, 1.2, -0.7, 2.0)
def own_argument(x):
    x[1] *= x[0]
    x[2:] -= x[:2]
    return x**3


@program(0.3, 1.2, -0.7, 2.0)
def picked(x):
    order = np.array([3, 0, 0, -2])
    return x[order] * x[np.array([1, 1, 2, 3])] ** 2


@program(0.3, 1.2, -0.7, 2.0, analytic=False)
def extremes(x):
    return np.max(x) * np.min(x) + np.sum(np.clip(x, -0.5, 1.5) ** 2) + np.abs(x).sum() ** 2


@program(0.3, 1.2, -0.7, 2.0, analytic=False)  # np.var takes moduli
def joined(x):
    y = np.concatenate([x[2:], np.tanh(x), np.ones(2)])
    return np.prod(y) + np.var(y) * np.tile(x, 2)[1::3] @ np.repeat(x[:1], 3)


@program(0.3, 1.2, 0.7, analytic=False)
def filled(x):
    lower = np.zeros((3, 3))
    lower[np.tril_indices(3)] = np.concatenate([x, x**2])
    return np.sum((lower @ lower.T) ** 2)


@program(2.0, 0.3, 0.4)
def newton(x):
    root = x[0]
    for _ in range(6):
        root = root - (root**2 - x[0] - x[1]) / (2 * root)
    return root * x[2]
