"""Branches on data: every form of `if`, conditions joined and chained, early returns."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
VECTOR = np.array([0.4, -1.3, 2.2, 0.1])


@program((0.5,), (-0.5,), (3.0,), (10.0,))
def piecewise(x):
    if x < 0:
        y = x**2
    elif x < 1:
        y = np.sin(x)
    elif x < 5:
        y = np.exp(-x) * x
    else:
        y = 1.0 / x
    return y


@program((1.0, 2.0), (1.0, -2.0), (-1.0, 0.5), (-2.0, -0.7))
def nested_ifs(a, b):
    r = a * b
    if a > 0:
        if b > 0:
            r = r + a**2
        else:
            r = r - b**3
            if a * b < -1:
                r = r * 2.0
    else:
        s = np.cos(a)
        if b > 0:
            r = s * r
    return r * a


@program((0.3,), (1.7,), (-2.0,))
def early_return(x):
    if x < 0:
        return x * x
    y = np.sqrt(x)
    if y > 1:
        return y**3
    return y + np.log(x)


@program((VECTOR,), (-VECTOR,), (0.1 * VECTOR,))
def return_from_a_loop(x):
    total = 0.0
    for v in x:
        total = total + v**2
        if total > 1.0:
            return total * v
    return total


@program((0.5, 0.2), (2.0, 0.2), (0.5, 2.0), (-3.0, -1.0))
def joined_conditions(a, b):
    y = a * b
    if a > 1 and b < 1:
        y = y + np.exp(b)
    if a < 0 or b > 1:
        y = y * 3.0
    if not (a > 0.3 and b > 0.1):
        y = y - a**2
    return y


@program((0.5,), (1.5,), (-1.0,), (2.5,))
def chained_comparison(x):
    if 0 < x < 1:
        return x**2
    if 1 <= x <= 2:
        return 2 * x - 1
    return np.tanh(x)


@program((0.3, 1.4), (1.4, 0.3), (-0.3, 0.2))
def conditional_expressions(a, b):
    big = a if a > b else b
    small = b if a > b else a
    sign = 1.0 if a * b > 0 else (-1.0 if a < 0 else 0.5)
    return sign * big**2 / (1.0 + small**2)


def huber(r, delta=1.0):
    if abs(r) <= delta:
        return 0.5 * r**2
    if r > 0:
        return delta * (r - 0.5 * delta)
    return delta * (-r - 0.5 * delta)


@program((np.array([0.3, 1.2]), np.array([0.1, 2.0, 5.0])), (np.array([1.0, -2.2]), np.arange(3.0)))
def helper_with_branches(p, t):
    total = 0.0
    for k in range(3):
        total += huber(p[0] * t[k] + p[1] - 1.0)
    return total


@program((0.2,), (0.7,), (1.4,))
def assignment_in_one_branch(x):
    y = x**2
    if x > 0.5:
        y = np.array([x, 2 * x]).sum()
        if x > 1:
            y *= x
    return y


@program((VECTOR, 0.5), (VECTOR, -0.5))
def branch_on_arrays(x, s):
    if s > 0:
        y = np.cumsum(x) * s
    else:
        y = x[::-1] ** 2
    return y


@program((np.array([0.2, 0.3]),), (np.array([1.4, -1.3]),))
def writes_in_branches(x):
    out = np.zeros(3)
    if x[0] > 1:
        out[0] = x[0]
        out[1:] = x[0] * x[1]
    else:
        out[2] = x[1] ** 3
    out += x[0]
    return out


@program((0.5,), (-0.5,))
def safe_branch(x):
    # The derivative of the side not taken is infinite or NaN.
    if x > 0:
        y = np.sqrt(x) + np.log(x)
    else:
        y = 0.0 * x
    return y


@program((np.array([3.0, 1.0, 2.0]),), (np.array([-1.0, 5.0, 0.5]),), (np.array([0.0, 1.0, 2.0]),))
def sort_three(x):
    a, b, c = x
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    return a + 2 * b**2 + 3 * c**3


@program((300.0, 1.0), (600.0, 2.0), (1500.0, 1.1))
def heat_capacity(temperature, scale):
    t = temperature / 1000.0
    if temperature < 500:
        a, b, c = 28.98641, 1.853978, -9.647459
    elif temperature < 1000:
        a, b, c = 19.50583, 19.88705, -8.598535
    else:
        a, b, c = 35.51872, 1.128728, -0.196103
    return scale * (a + b * t + c * t**2)


@program((45_000.0,), (8_000.0,), (120_000.0,))
def income_tax(income):
    tax = 0.0
    brackets = [(10_000.0, 0.1), (40_000.0, 0.2), (90_000.0, 0.35)]
    lower = 0.0
    for upper, rate in brackets:
        if income <= upper:
            return tax + rate * (income - lower)
        tax += rate * (upper - lower)
        lower = upper
    return tax + 0.45 * (income - lower)


@program((0.5, 0.2), (0.5, 2.0), (5.0, 0.2))
def asserted(x, y):
    assert x > 0, "x must be positive"
    if y > 1:
        assert y < 10
        return np.log(x) * y
    return x**y


@program((np.array([0.5, 2.5, -1.5]),), (np.array([3.5, 0.1, 1.0]),))
def mixed_static_and_traced(x):
    y = 0.0
    for k in range(len(x)):
        if k % 2 == 0:  # known while tracing
            y += x[k] ** 2
        elif x[k] > 1:
            y += np.exp(-x[k])
        else:
            y -= x[k]
    return y


@program((np.array([1.0, 2.0]), 1), (np.array([1.0, 2.0]), 7), (np.array([1.0, 2.0]), 3))
def dispatch_on_an_integer(x, mode):
    if mode == 1:
        return np.sum(x)
    if mode == 3:
        return np.prod(x)
    return np.sum(x**2)


@program((0.3, 0.7), (-0.3, 0.7), (0.3, -0.7))
def coefficients_chosen(a, b):
    low, high = (1.0, 2.0 * a) if a > 0 else (b, 3.0)
    return np.sin(low * b) + high * a


@program((1.3,), (0.2,), (4.0,))
def match_like_chain(x):
    kind = 0 if x < 1 else (1 if x < 3 else 2)
    if kind == 0:
        return x**3
    if kind == 1:
        return x + 2.0
    return np.log(x)
