"""Nonlinear programs with published optima.

Hock, Schittkowski: Test Examples for Nonlinear Programming Codes. Springer, 1981: numbers, starts
and optima are those of the book.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

INF = np.inf
R2, R3 = np.sqrt(2.0), np.sqrt(3.0)


@dataclass(frozen=True)
class Program:
    """min f(*x) where inequalities are c(*x) >= 0, equations e(*x) = 0, and bounds hold."""

    number: int
    start: tuple[float, ...]
    optimum: float
    f: Callable[..., Any]
    at_least: Callable[..., Any] = lambda *x: ()
    equal: Callable[..., Any] = lambda *x: ()
    low: Any = -INF
    high: Any = INF

    def __str__(self) -> str:
        return f"HS{self.number}"

    def objective(self, x: Any) -> Any:
        return self.f(*x)

    def constraints(self, x: Any) -> Any:
        """Inequalities, then equations."""
        return (*self.at_least(*x), *self.equal(*x))

    @property
    def bounds(self) -> tuple[Any, Any]:
        return self.low, self.high

    @property
    def constraint_bounds(self) -> tuple[Any, Any]:
        m = len(self.at_least(*self.start))
        rest = len(self.equal(*self.start))
        return np.zeros(m + rest), np.array([INF] * m + [0.0] * rest)


def valley(a, b):
    return 100 * (b - a**2) ** 2 + (1 - a) ** 2


def hs50(a, b, c, d, e):
    return (a - b) ** 2 + (b - c) ** 2 + (c - d) ** 4 + (d - e) ** 2


def hs77(a, b, c, d, e):
    return (a - 1) ** 2 + (a - b) ** 2 + (c - 1) ** 2 + (d - 1) ** 4 + (e - 1) ** 6


def hs78(a, b, c, d, e):
    return a * a + b * b + c * c + d * d + e * e - 10, b * c - 5 * d * e, a**3 + b**3 + 1


def hs100(a, b, c, d, e, f, g):
    return ((a - 10) ** 2 + 5 * (b - 12) ** 2 + c**4 + 3 * (d - 11) ** 2 + 10 * e**6 + 7 * f**2
            + g**4 - 4 * f * g - 10 * f - 8 * g)  # fmt: skip


def hs100_at_least(a, b, c, d, e, f, g):
    return (127 - 2 * a**2 - 3 * b**4 - c - 4 * d**2 - 5 * e,
            282 - 7 * a - 3 * b - 10 * c**2 - d + e,
            196 - 23 * a - b**2 - 6 * f**2 + 8 * g,
            -4 * a**2 - b**2 + 3 * a * b - 2 * c**2 - 5 * f + 11 * g)  # fmt: skip


def hs113(a, b, c, d, e, f, g, h, i, j):
    return (a**2 + b**2 + a * b - 14 * a - 16 * b + (c - 10) ** 2 + 4 * (d - 5) ** 2 + (e - 3) ** 2
            + 2 * (f - 1) ** 2 + 5 * g**2 + 7 * (h - 11) ** 2 + 2 * (i - 10) ** 2 + (j - 7) ** 2
            + 45)  # fmt: skip


def hs113_at_least(a, b, c, d, e, f, g, h, i, j):
    return (105 - 4 * a - 5 * b + 3 * g - 9 * h,
            -10 * a + 8 * b + 17 * g - 2 * h,
            8 * a - 2 * b - 5 * i + 2 * j + 12,
            -3 * (a - 2) ** 2 - 4 * (b - 3) ** 2 - 2 * c**2 + 7 * d + 120,
            -5 * a**2 - 8 * b - (c - 6) ** 2 + 2 * d + 40,
            -0.5 * (a - 8) ** 2 - 2 * (b - 4) ** 2 - 3 * e**2 + f + 30,
            -(a**2) - 2 * (b - 2) ** 2 + 2 * a * b - 14 * e + 6 * f,
            3 * a - 6 * b - 12 * (i - 8) ** 2 + 7 * j)  # fmt: skip


def hs43(a, b, c, d):
    return a**2 + b**2 + 2 * c**2 + d**2 - 5 * a - 5 * b - 21 * c + 7 * d


def hs43_at_least(a, b, c, d):
    return (8 - a**2 - b**2 - c**2 - d**2 - a + b - c + d,
            10 - a**2 - 2 * b**2 - c**2 - 2 * d**2 + a + d,
            5 - 2 * a**2 - b**2 - c**2 - 2 * a + b + d)  # fmt: skip


def hs76(a, b, c, d):
    return a**2 + 0.5 * b**2 + c**2 + 0.5 * d**2 - a * c + c * d - a - 3 * b + c - d


def hs79(a, b, c, d, e):
    return (a - 1) ** 2 + (a - b) ** 2 + (b - c) ** 2 + (c - d) ** 4 + (d - e) ** 4


def hs51(a, b, c, d, e):
    return (a - b) ** 2 + (b + c - 2) ** 2 + (d - 1) ** 2 + (e - 1) ** 2


def hs52_equal(a, b, c, d, e):
    return a + 3 * b, c + d - 2 * e, b - e


P = Program
PROGRAMS = (
    P(6, (-1.2, 1), 0.0, lambda a, b: (1 - a) ** 2, equal=lambda a, b: (10 * (b - a**2),)),
    P(7, (2, 2), -R3, lambda a, b: np.log(1 + a**2) - b,
      equal=lambda a, b: ((1 + a**2) ** 2 + b**2 - 4,)),
    P(10, (-10, 10), -1.0, lambda a, b: a - b, lambda a, b: (-3 * a**2 + 2 * a * b - b**2 + 1,)),
    P(11, (4.9, 0.1), -8.498464223, lambda a, b: (a - 5) ** 2 + b**2 - 25,
      lambda a, b: (b - a**2,)),
    P(12, (0, 0), -30.0, lambda a, b: 0.5 * a**2 + b**2 - a * b - 7 * a - 7 * b,
      lambda a, b: (25 - 4 * a**2 - b**2,)),
    P(14, (2, 2), 9 - 2.875 * np.sqrt(7), lambda a, b: (a - 2) ** 2 + (b - 1) ** 2,
      lambda a, b: (1 - 0.25 * a**2 - b**2,), lambda a, b: (a - 2 * b + 1,)),
    P(15, (-2, 1), 306.5, valley, lambda a, b: (a * b - 1, a + b**2), high=(0.5, INF)),
    P(16, (-2, 1), 0.25, valley, lambda a, b: (a + b**2, a**2 + b), low=(-0.5, -INF),
      high=(0.5, 1)),
    P(17, (-2, 1), 1.0, valley, lambda a, b: (b**2 - a, a**2 - b), low=(-0.5, -INF), high=(0.5, 1)),
    P(18, (2, 2), 5.0, lambda a, b: 0.01 * a**2 + b**2,
      lambda a, b: (a * b - 25, a**2 + b**2 - 25), low=(2, 0), high=50),
    P(19, (20.1, 5.84), -6961.81381, lambda a, b: (a - 10) ** 3 + (b - 20) ** 3,
      lambda a, b: ((a - 5) ** 2 + (b - 5) ** 2 - 100, 82.81 - (a - 6) ** 2 - (b - 5) ** 2),
      low=(13, 0), high=100),
    P(21, (-1, -1), -99.96, lambda a, b: 0.01 * a**2 + b**2 - 100,
      lambda a, b: (10 * a - b - 10,), low=(2, -50), high=50),
    P(22, (2, 2), 1.0, lambda a, b: (a - 2) ** 2 + (b - 1) ** 2,
      lambda a, b: (2 - a - b, b - a**2)),
    P(23, (3, 1), 2.0, lambda a, b: a**2 + b**2,
      lambda a, b: (a + b - 1, a**2 + b**2 - 1, 9 * a**2 + b**2 - 9, a**2 - b, b**2 - a),
      low=-50, high=50),
    P(24, (1, 0.5), -1.0, lambda a, b: ((a - 3) ** 2 - 9) * b**3 / (27 * R3),
      lambda a, b: (a / R3 - b, a + R3 * b, 6 - a - R3 * b), low=0),
    P(26, (-2.6, 2, 2), 0.0, lambda a, b, c: (a - b) ** 2 + (b - c) ** 4,
      equal=lambda a, b, c: ((1 + b**2) * a + c**4 - 3,)),
    P(27, (2, 2, 2), 0.04, lambda a, b, c: 0.01 * (a - 1) ** 2 + (b - a**2) ** 2,
      equal=lambda a, b, c: (a + c**2 + 1,)),
    P(28, (-4, 1, 1), 0.0, lambda a, b, c: (a + b) ** 2 + (b + c) ** 2,
      equal=lambda a, b, c: (a + 2 * b + 3 * c - 1,)),
    P(29, (1, 1, 1), -16 * R2, lambda a, b, c: -a * b * c,
      lambda a, b, c: (48 - a**2 - 2 * b**2 - 4 * c**2,)),
    P(30, (1, 1, 1), 1.0, lambda a, b, c: a**2 + b**2 + c**2, lambda a, b, c: (a**2 + b**2 - 1,),
      low=(1, -10, -10), high=10),
    P(31, (1, 1, 1), 6.0, lambda a, b, c: 9 * a**2 + b**2 + 9 * c**2, lambda a, b, c: (a * b - 1,),
      low=(-10, 1, -10), high=(10, 10, 1)),
    P(32, (0.1, 0.7, 0.2), 1.0, lambda a, b, c: (a + 3 * b + c) ** 2 + 4 * (a - b) ** 2,
      lambda a, b, c: (6 * b + 4 * c - a**3 - 3,), lambda a, b, c: (1 - a - b - c,), low=0),
    P(34, (0, 1.05, 2.9), -np.log(np.log(10)), lambda a, b, c: -a,
      lambda a, b, c: (b - np.exp(a), c - np.exp(b)), low=0, high=(100, 100, 10)),
    P(35, (0.5, 0.5, 0.5), 1 / 9, lambda a, b, c: 9 - 8 * a - 6 * b - 4 * c + 2 * a**2 + 2 * b**2
      + c**2 + 2 * a * b + 2 * a * c, lambda a, b, c: (3 - a - b - 2 * c,), low=0),
    P(36, (10, 10, 10), -3300.0, lambda a, b, c: -a * b * c,
      lambda a, b, c: (72 - a - 2 * b - 2 * c,), low=0, high=(20, 11, 42)),
    P(37, (10, 10, 10), -3456.0, lambda a, b, c: -a * b * c,
      lambda a, b, c: (72 - a - 2 * b - 2 * c, a + 2 * b + 2 * c), low=0, high=42),
    P(39, (2, 2, 2, 2), -1.0, lambda a, b, c, d: -a,
      equal=lambda a, b, c, d: (b - a**3 - c**2, a**2 - b - d**2)),
    P(40, (0.8, 0.8, 0.8, 0.8), -0.25, lambda a, b, c, d: -a * b * c * d,
      equal=lambda a, b, c, d: (a**3 + b**2 - 1, a**2 * d - c, d**2 - b)),
    P(41, (2, 2, 2, 2), 52 / 27, lambda a, b, c, d: 2 - a * b * c,
      equal=lambda a, b, c, d: (a + 2 * b + 2 * c - d,), low=0, high=(1, 1, 1, 2)),
    P(42, (1, 1, 1, 1), 28 - 10 * R2,
      lambda a, b, c, d: (a - 1) ** 2 + (b - 2) ** 2 + (c - 3) ** 2 + (d - 4) ** 2,
      equal=lambda a, b, c, d: (a - 2, c**2 + d**2 - 2)),
    P(43, (0, 0, 0, 0), -44.0, hs43, hs43_at_least),
    P(46, (R2 / 2, 1.75, 0.5, 2, 2), 0.0,
      lambda a, b, c, d, e: (a - b) ** 2 + (c - 1) ** 2 + (d - 1) ** 4 + (e - 1) ** 6,
      equal=lambda a, b, c, d, e: (a**2 * d + np.sin(d - e) - 1, b + c**4 * d**2 - 2)),
    P(48, (3, 5, -3, 2, -2), 0.0, lambda a, b, c, d, e: (a - 1) ** 2 + (b - c) ** 2 + (d - e) ** 2,
      equal=lambda a, b, c, d, e: (a + b + c + d + e - 5, c - 2 * (d + e) + 3)),
    P(49, (10, 7, 2, -3, 0.8), 0.0,
      lambda a, b, c, d, e: (a - b) ** 2 + (c - 1) ** 2 + (d - 1) ** 4 + (e - 1) ** 6,
      equal=lambda a, b, c, d, e: (a + b + c + 4 * d - 7, c + 5 * e - 6)),
    P(50, (35, -31, 11, 5, -5), 0.0, hs50,
      equal=lambda a, b, c, d, e: (a + 2 * b + 3 * c - 6, b + 2 * c + 3 * d - 6,
                                   c + 2 * d + 3 * e - 6)),
    P(51, (2.5, 0.5, 2, -1, 0.5), 0.0, hs51,
      equal=lambda a, b, c, d, e: (a + 3 * b - 4, c + d - 2 * e, b - e)),
    P(52, (2, 2, 2, 2, 2), 1859 / 349,
      lambda a, b, c, d, e: (4 * a - b) ** 2 + (b + c - 2) ** 2 + (d - 1) ** 2 + (e - 1) ** 2,
      equal=hs52_equal),
    P(53, (2, 2, 2, 2, 2), 176 / 43, hs51, equal=hs52_equal, low=-10, high=10),
    P(60, (2, 2, 2), 0.03256820025, lambda a, b, c: (a - 1) ** 2 + (a - b) ** 2 + (b - c) ** 4,
      equal=lambda a, b, c: (a * (1 + b**2) + c**4 - 4 - 3 * R2,), low=-10, high=10),
    P(63, (2, 2, 2), 961.7151721, lambda a, b, c: 1000 - a**2 - 2 * b**2 - c**2 - a * b - a * c,
      equal=lambda a, b, c: (8 * a + 14 * b + 7 * c - 56, a**2 + b**2 + c**2 - 25), low=0),
    P(64, (1, 1, 1), 6299.842428,
      lambda a, b, c: 5 * a + 5e4 / a + 20 * b + 72e3 / b + 10 * c + 144e3 / c,
      lambda a, b, c: (1 - 4 / a - 32 / b - 120 / c,), low=1e-5),
    P(65, (-5, 5, 0), 0.9535288567,
      lambda a, b, c: (a - b) ** 2 + (a + b - 10) ** 2 / 9 + (c - 5) ** 2,
      lambda a, b, c: (48 - a**2 - b**2 - c**2,), low=(-4.5, -4.5, -5), high=(4.5, 4.5, 5)),
    P(66, (0, 1.05, 2.9), 0.5181632741, lambda a, b, c: 0.2 * c - 0.8 * a,
      lambda a, b, c: (b - np.exp(a), c - np.exp(b)), low=0, high=(100, 100, 10)),
    P(71, (1, 5, 5, 1), 17.0140173, lambda a, b, c, d: a * d * (a + b + c) + c,
      lambda a, b, c, d: (a * b * c * d - 25,),
      lambda a, b, c, d: (a**2 + b**2 + c**2 + d**2 - 40,), low=1, high=5),
    P(76, (0.5, 0.5, 0.5, 0.5), -4.681818181, hs76,
      lambda a, b, c, d: (5 - a - 2 * b - c - d, 4 - 3 * a - b - 2 * c + d, b + 4 * c - 1.5),
      low=0),
    P(77, (2, 2, 2, 2, 2), 0.24150513, hs77,
      equal=lambda a, b, c, d, e: (a**2 * d + np.sin(d - e) - 2 * R2, b + c**4 * d**2 - 8 - R2)),
    P(78, (-2, 1.5, 2, -1, -1), -2.91970041, lambda a, b, c, d, e: a * b * c * d * e, equal=hs78),
    P(79, (2, 2, 2, 2, 2), 0.0787768209, hs79,
      equal=lambda a, b, c, d, e: (a + b**2 + c**3 - 2 - 3 * R2, b - c**2 + d + 2 - 2 * R2,
                                   a * e - 2)),
    P(80, (-2, 2, 2, -1, -1), 0.0539498478, lambda a, b, c, d, e: np.exp(a * b * c * d * e),
      equal=hs78, low=(-2.3, -2.3, -3.2, -3.2, -3.2), high=(2.3, 2.3, 3.2, 3.2, 3.2)),
    P(81, (-2, 2, 2, -1, -1), 0.0539498478,
      lambda a, b, c, d, e: np.exp(a * b * c * d * e) - 0.5 * (a**3 + b**3 + 1) ** 2,
      equal=hs78, low=(-2.3, -2.3, -3.2, -3.2, -3.2), high=(2.3, 2.3, 3.2, 3.2, 3.2)),
    P(100, (1, 2, 0, 4, 0, 1, 1), 680.6300573, hs100, hs100_at_least),
    P(113, (2, 3, 5, 5, 1, 2, 7, 3, 6, 10), 24.3062091, hs113, hs113_at_least),
)  # fmt: skip
