"""Loops in every form Python has: break, continue, else, enumerate, zip, lists, dicts, objects."""

from __future__ import annotations

import numpy as np
from programs.control.program import programs

PROGRAMS, program = programs()
VECTOR = np.array([0.4, -1.3, 2.2, 0.1, 0.9])
LONG = np.linspace(-1.0, 2.1, 40)
MATRIX = np.random.default_rng(3).normal(size=(12, 3))


@program((LONG,), (LONG - 1.5,), (LONG + 5.0,))
def break_out(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            break
        total = total + x[i] ** 2
    return total


@program((LONG,), (LONG**2,))
def skip_some(x):
    total = 0.0
    for i in range(x.size):
        if x[i] < 0.2:
            continue
        total += np.log(x[i]) * i
    return total


@program((LONG, 0.5), (LONG, 100.0))
def for_else(x, limit):
    total = 0.0
    for i in range(len(x)):
        total = total + x[i] ** 2
        if total > limit:
            total = total * 2.0
            break
    else:
        total = total - limit
    return total


@program((2.0,), (0.3,), (50.0,))
def while_break_else(x):
    y = x
    n = 0
    while n < 20:
        if y < 0.5:
            break
        y = y * 0.7
        n += 1
    else:
        y = y + 100.0
    return y * x


@program((LONG, 0.3), (LONG[::-1].copy(), 1.0))
def enumerated(x, a):
    total = 0.0
    for i, v in enumerate(x):
        total += v * np.exp(-a * i / 10.0)
    return total


@program((LONG, 1.0 + LONG**2), (LONG**2, 2.0 - LONG))
def zipped(x, y):
    total = 1.0
    for a, b in zip(x, y):
        total = 0.9 * total + a * b if a < b else total - a
    return total


@program((MATRIX, np.array([0.3, -0.2, 0.5])), (MATRIX + 0.5, np.array([1.3, 0.2, -0.5])))
def rows(a, w):
    total = 0.0
    for row in a:
        z = row @ w
        if z > 0:
            total += z
        else:
            total += 0.1 * z**2
    return total


@program((VECTOR,), (VECTOR * 0.1,))
def list_of_values(x):
    history = [x[0]]
    for i in range(1, 5):
        history.append(0.5 * history[-1] + x[i] ** 2)
    return np.sum(np.array(history) ** 2)


@program((LONG,), (LONG * 0.1,))
def list_comprehension(x):
    return np.array([v**2 if v > 0 else -v for v in x[::8]])


@program((0.7, 1.5), (0.2, 4.0))
def dict_of_state(a, b):
    state = {"x": a, "v": b, "t": 0.0}
    for _ in range(30):
        state["v"] = state["v"] - 0.1 * np.sin(state["x"])
        state["x"] = state["x"] + 0.1 * state["v"]
        state["t"] += 0.1
    return state["x"] ** 2 + state["v"] * state["t"]


@program((0.3, 1.2), (1.3, -0.2))
def fibonacci_swap(a, b):
    for _ in range(50):
        a, b = 0.9 * b, 0.5 * (a + b)
    return a * b


class Oscillator:
    """A user's class with state."""

    def __init__(self, stiffness, damping):
        self.stiffness = stiffness
        self.damping = damping
        self.x, self.v = 1.0, 0.0

    def force(self):
        if self.x > 0:
            return -self.stiffness * self.x
        return -2.0 * self.stiffness * self.x

    def step(self, dt):
        self.v = self.v + dt * (self.force() - self.damping * self.v)
        self.x = self.x + dt * self.v


@program((1.5, 0.3), (4.0, 0.1), analytic=False)
def object_with_state(stiffness, damping):
    oscillator = Oscillator(stiffness, damping)
    energy = 0.0
    for _ in range(60):
        oscillator.step(0.05)
        energy += 0.05 * oscillator.v**2
    return energy + oscillator.x


@program((LONG, 7), (LONG, 23), (LONG, 0))
def count_given_as_an_integer(x, n):
    total = 1.0
    for i in range(n):
        total = total * 0.9 + x[i]
    return total


@program((LONG, np.array([3, 11])), (LONG, np.array([0, 40])), (LONG, np.array([7, 8])))
def counts_from_an_array(x, span):
    total = 0.0
    for i in range(span[0], span[1]):
        total = np.sin(total) + x[i]
    return total


@program((0.3, np.array([5])), (0.3, np.array([0])), (0.7, np.array([90])))
def trip_count_from_an_array(x, n):
    y = x
    for _ in range(n[0]):
        y = y + 0.1 * np.cos(y)
    return y


@program((0.5,), (0.9,))
def thousands_of_steps(x):
    y = x
    for k in range(5000):
        y = y + 0.001 * np.sin(k * 0.01) * x
    return y


@program((VECTOR,), (VECTOR + 1.0,))
def countdown(x):
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        total = total * x[i] + i
    return total


@program((LONG,), (LONG * 2.0,))
def strided_range(x):
    total = 0.0
    for i in range(3, 40, 7):
        total += x[i] * x[i - 3]
    for v in reversed(x):
        total = 0.5 * total + v
    return total


@program((VECTOR,), (VECTOR[::-1].copy(),))
def triangular(x):
    total = 0.0
    n = len(x)
    for i in range(n):
        for j in range(i + 1, n):
            d = x[i] - x[j]
            if d > 0:
                total += d**2
            for k in range(i):
                total += 0.1 * x[k] * d
    return total


@program((np.array([3.0, 1.0, 2.5, -1.0, 0.7]),), (np.array([1.0, 2.0, 3.0, 4.0, 3.5]),))
def bubble_sort(x):
    y = x.copy()
    n = len(y)
    for i in range(n):
        for j in range(0, n - i - 1):
            if y[j] > y[j + 1]:
                y[j], y[j + 1] = y[j + 1], y[j]
    return y


@program((LONG,), (LONG[::-1] * 2,))
def running_maximum(x):
    best, where = x[0], 0
    for i in range(1, len(x)):
        if x[i] > best:
            best, where = x[i], i
    return best**2 + where


@program((np.array([0.3, -0.8, 0.2]),), (np.array([1.3, 0.8, -1.2]),))
def nested_functions(x):
    scale = x[0]

    def inner(v):
        if v > 0:
            return scale * v
        return v**2

    total = 0.0
    for i in range(3):
        total += inner(x[i])
    return total


@program((1.7, 3), (0.4, 5))
def recursion(x, n):
    if n == 0:
        return 1.0
    return x * recursion(x, n - 1) + (1.0 if x > 1 else 0.5)


@program((6.0,), (27.0,), (1.5,))
def collatz_like(x):
    steps = 0
    while x > 1.0 and steps < 100:
        x = x / 2.0 if steps % 2 == 0 else 1.2 * x + 0.1
        steps += 1
    return x * steps


@program((LONG, 0.8), (LONG * 3, -0.4))
def two_loops_in_a_row(x, a):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = a * x[i] ** 2
    s = 0.0
    for i in range(len(x)):
        s = s + 0.1 * y[i] * np.cos(s)
    return s
