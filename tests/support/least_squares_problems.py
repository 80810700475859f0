"""Sums of squares with published optima.

Moré, Garbow, Hillstrom: Testing Unconstrained Optimization Software. ACM Transactions on
Mathematical Software 7 (1981): numbers, starts and optima are those of the paper, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Squares:
    """min sum(residuals(x)**2) from a start; `optima` has its local minima."""

    number: int
    residuals: Callable[..., Any]
    start: Any
    optima: tuple[float, ...] = (0.0,)

    def __str__(self) -> str:
        return f"MGH{self.number}"


def upto(n: int) -> Any:
    return np.arange(1.0, n + 1)


def rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def freudenstein_roth(x):
    a, b = x
    return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def powell_badly_scaled(x):
    return np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x).sum() - 1.0001])


def brown_badly_scaled(x):
    return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def beale(x):
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** upto(3))


def jennrich_sampson(x):
    i = upto(10)
    return 2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    a, b, c = x
    turn = np.arctan(b / a) / (2 * np.pi) + (0.5 if a < 0 else 0.0)
    return np.array([10 * (c - 10 * turn), 10 * (np.sqrt(a**2 + b**2) - 1), c])


BARD = np.array([.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.1, 4.39])  # fmt: skip


def bard(x):
    u = upto(15)
    v = 16 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSSIAN = np.array([.0009, .0044, .0175, .054, .1295, .242, .3521, .3989])  # fmt: skip


def gaussian(x):
    t = (8 - upto(15)) / 2
    y = np.concatenate([GAUSSIAN, GAUSSIAN[-2::-1]])
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


MEYER = np.array([34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
                  8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872])  # fmt: skip


def meyer(x):
    return x[0] * np.exp(x[1] / (45 + 5 * upto(16) + x[2])) - MEYER


def gulf(x):
    t = upto(99) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x):
    t = 0.1 * upto(10)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def powell_singular(x):
    a, b, c, d = x.reshape(-1, 4).T
    parts = [a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2]
    return np.ravel(parts)


def wood(x):
    a, b, c, d = x
    return np.array([10 * (b - a**2), 1 - a, np.sqrt(90) * (d - c**2), 1 - c,
                     np.sqrt(10) * (b + d - 2), (b - d) / np.sqrt(10)])  # fmt: skip


KOWALIK = np.array([.1957, .1947, .1735, .16, .0844, .0627, .0456, .0342, .0323, .0235, .0246])  # fmt: skip
DOSES = np.array([4, 2, 1, .5, .25, .167, .125, .1, .0833, .0714, .0625])  # fmt: skip


def kowalik_osborne(x):
    return KOWALIK - x[0] * (DOSES**2 + DOSES * x[1]) / (DOSES**2 + DOSES * x[2] + x[3])


def brown_dennis(x):
    t = upto(20) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


DECAY = np.array([
    .844, .908, .932, .936, .925, .908, .881, .85, .818, .784, .751, .718, .685, .658, .628, .603,
    .58, .558, .538, .522, .506, .49, .478, .467, .457, .448, .438, .431, .424, .42, .414, .411,
    .406])  # fmt: skip


def osborne1(x):
    t = 10 * (upto(33) - 1)
    return DECAY - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x):
    t = 0.1 * upto(13)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


PEAKS = np.array([
    1.366, 1.191, 1.112, 1.013, .991, .885, .831, .847, .786, .725, .746, .679, .608, .655, .616,
    .606, .602, .626, .651, .724, .649, .649, .694, .644, .624, .661, .612, .558, .533, .495, .5,
    .423, .395, .375, .372, .391, .396, .405, .428, .429, .523, .562, .607, .653, .672, .708, .633,
    .668, .645, .632, .591, .559, .597, .625, .739, .71, .729, .72, .636, .581, .428, .292, .162,
    .098, .054])  # fmt: skip


def osborne2(x):
    t = (upto(65) - 1) / 10
    y = x[0] * np.exp(-t * x[4])
    for k in range(1, 4):
        y = y + x[k] * np.exp(-((t - x[7 + k]) ** 2) * x[4 + k])
    return PEAKS - y


def watson(x):
    n = len(x)
    t = upto(29)[:, None] / 29
    powers = t ** np.arange(n)
    slopes = np.arange(1, n) * powers[:, :-1] @ x[1:]
    return np.concatenate([slopes - (powers @ x) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def penalty1(x):
    return np.append(np.sqrt(1e-5) * (x - 1), x @ x - 0.25)


def penalty2(x):
    n = len(x)
    e = np.exp(x / 10)
    known = np.exp(upto(n) / 10)
    pairs = e[1:] + e[:-1] - (known[1:] + known[:-1])
    rest = np.sqrt(1e-5) * np.concatenate([pairs, e[1:] - np.exp(-0.1)])
    return np.concatenate([[x[0] - 0.2], rest, [upto(n)[::-1] @ x**2 - 1]])


def variably_dimensioned(x):
    total = upto(len(x)) @ (x - 1)
    return np.hstack([x - 1, total, total**2])


def trigonometric(x):
    return len(x) - np.cos(x).sum() + upto(len(x)) * (1 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    y = x + x.sum() - (len(x) + 1)
    y[-1] = np.prod(x) - 1
    return y


def boundary_value(x):
    h = 1 / (len(x) + 1)
    inner = np.pad(x, 1)
    return 2 * x - inner[:-2] - inner[2:] + h**2 * (x + h * upto(len(x)) + 1) ** 3 / 2


def integral_equation(x):
    h = 1 / (len(x) + 1)
    t = h * upto(len(x))
    cubes = (x + t + 1) ** 3
    below = np.cumsum(t * cubes)
    weighted = (1 - t) * cubes
    return x + h * ((1 - t) * below + t * (weighted.sum() - np.cumsum(weighted))) / 2


def broyden_tridiagonal(x):
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def broyden_banded(x):
    y = x * (2 + 5 * x**2) + 1
    for i in range(len(x)):
        near = x[max(0, i - 5) : i + 2]
        y[i] -= np.sum(near * (1 + near)) - x[i] * (1 + x[i])
    return y


def full_rank(x):
    m = 2 * len(x)
    y = np.full(m, -2 / m * x.sum() - 1)
    y[: len(x)] += x
    return y


def rank_one(x):
    return upto(2 * len(x)) * (upto(len(x)) @ x) - 1


def rank_one_with_zeros(x):
    m, n = 2 * len(x), len(x)
    inner = np.arange(1, m - 1) * (upto(n)[1:-1] @ x[1:-1]) - 1
    return np.r_[-1.0, inner, -1.0]


def chebyquad(x):
    n = len(x)
    y = 2 * x - 1
    before, now = np.ones(n), y
    sums = []
    for i in range(1, n + 1):
        sums.append(now.mean() + (1 / (i * i - 1) if i % 2 == 0 else 0.0))
        before, now = now, 2 * y * now - before
    return np.array(sums)


def grid(n: int) -> Any:
    t = upto(n) / (n + 1)
    return t * (t - 1)


S = Squares
PROBLEMS = (
    S(1, rosenbrock, [-1.2, 1]),
    S(2, freudenstein_roth, [0.5, -2], (0.0, 48.9842)),
    S(3, powell_badly_scaled, [0, 1]),
    S(4, brown_badly_scaled, [1, 1]),
    S(5, beale, [1, 1]),
    S(6, jennrich_sampson, [0.3, 0.4], (124.362,)),
    S(7, helical_valley, [-1, 0, 0]),
    S(8, bard, [1, 1, 1], (8.21487e-3,)),
    S(9, gaussian, [0.4, 1, 0], (1.12793e-8,)),
    S(10, meyer, [0.02, 4000, 250], (87.9458,)),
    S(11, gulf, [5, 2.5, 0.15]),
    S(12, box, [0, 10, 20]),
    S(13, powell_singular, [3, -1, 0, 1]),
    S(14, wood, [-3, -1, -3, -1]),
    S(15, kowalik_osborne, [0.25, 0.39, 0.415, 0.39], (3.07505e-4,)),
    S(16, brown_dennis, [25, 5, -5, -1], (85822.2,)),
    S(17, osborne1, [0.5, 1.5, -1, 0.01, 0.02], (5.46489e-5,)),
    S(18, biggs, [1, 2, 1, 1, 1, 1], (0.0, 5.65565e-3)),
    S(19, osborne2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], (4.01377e-2,)),
    S(20, watson, np.zeros(6), (2.28767e-3,)),
    S(21, rosenbrock, np.tile([-1.2, 1], 10)),
    S(22, powell_singular, np.tile([3, -1, 0, 1], 5)),
    S(23, penalty1, upto(10), (7.08765e-5,)),
    S(24, penalty2, np.full(4, 0.5), (9.37629e-6,)),
    S(25, variably_dimensioned, 1 - upto(10) / 10),
    S(26, trigonometric, np.full(10, 0.1), (0.0, 2.79506e-5)),
    S(27, brown_almost_linear, np.full(10, 0.5), (0.0, 1.0)),
    S(28, boundary_value, grid(30)),
    S(29, integral_equation, grid(30)),
    S(30, broyden_tridiagonal, np.full(30, -1.0)),
    S(31, broyden_banded, np.full(30, -1.0)),
    S(32, full_rank, np.ones(10), (10.0,)),
    S(33, rank_one, np.ones(10), (20 * 19 / (2 * 41),)),
    S(34, rank_one_with_zeros, np.ones(10), ((20**2 + 3 * 20 - 6) / (2 * 37),)),
    S(35, chebyquad, upto(8) / 9, (3.51687e-3,)),
)  # fmt: skip
