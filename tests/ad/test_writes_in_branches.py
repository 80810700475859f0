"""Arrays written in place in branches and read in inner loops: what one step costs on the way back
does not grow with the array."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tapec

N = 300


def conditional(x: Any, a: Any) -> Any:
    for i in range(1, N):
        if x[i] > 0:
            a[i] = x[i] * a[i - 1]
    return np.sum(a)


def nested(x: Any, a: Any) -> Any:
    for i in range(1, N):
        if x[i] > 0:
            if x[i] > 1:
                a[i] = x[i] * a[i - 1]
            else:
                a[i] = x[i] / (1 + a[i - 1] ** 2)
                a[i - 1] = 0.5
    return np.sum(a)


def jumping(x: Any, a: Any) -> Any:
    i = 1
    while i < N:
        s = a[i - 1]
        if x[i] > 0:
            a[i] = x[i] * s
            i += 2
        else:
            i += 1
    return np.sum(a)


def queued(x: Any, a: Any) -> Any:
    t, waiting = 0.0, np.zeros(N)
    head = tail = 0
    for i in range(N):
        t += a[i]
        if x[i] > 0:
            waiting[tail] = t * x[i]
            tail += 1
        elif head < tail:
            t += 0.1 * waiting[head]
            head += 1
    return t


def shifted_rows(x: Any, a: Any) -> Any:
    h = np.ones((N, 4))
    for i in range(1, N):
        if x[i] > 0:
            h[i] = np.array([x[i], h[i - 1, 0], h[i - 1, 1], h[i - 1, 2]]) * a[i]
        else:
            h[i, 1:] = h[i - 1, :3] * 0.5
    return np.sum(h)


def sparse_sweep(x: Any, a: Any) -> Any:
    first = np.arange(0, 3 * N + 1, 3)
    column = np.stack([(np.arange(N) + k) % N for k in (-1, 0, 1)], 1).ravel()
    for i in range(N):
        s, d = a[i], 4.0
        for k in range(first[i], first[i + 1]):
            if column[k] == i:
                d = 3.0 + x[i]
            else:
                s += 0.5 * a[column[k]]
        a[i] = s / d
    return np.sum(a)


def largest_so_far(x: Any, a: Any) -> Any:
    best = 0.0
    for i in range(1, N):
        h = a[i - 1] + x[i]
        if a[i] - 0.7 > h:
            h = a[i] - 0.7
        a[i] = h if h > 0 else 0.0
        if a[i] > best:
            best = a[i]
    return best


def clipped(x: Any, a: Any) -> Any:
    for i in range(1, N):
        v = a[i - 1] * 0.9 + x[i] if x[i] > 0 else a[i - 1]
        a[i] = min(max(v, -2.0), 2.0)
    return np.sum(a)


def clipped_roots(x: Any, a: Any) -> Any:
    for i in range(1, N):
        v = np.sqrt(a[i - 1] * x[i]) if x[i] > 0 else a[i - 1]
        a[i] = max(v, 0.3) + 0.1 * a[i]
    return np.sum(a)


PROGRAMS = [
    *(conditional, nested, jumping, queued, shifted_rows, sparse_sweep),
    *(largest_so_far, clipped, clipped_roots),
]
X = np.random.default_rng(3).normal(size=N)
A = 1.0 + 0.3 * np.random.default_rng(4).normal(size=N)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_what_a_step_costs(f: Any) -> None:
    gradient = tapec.grad(f, (0, 1))
    stored = [e for e in tapec.compile(f).tape(X, A.copy()) if e.kind == "stored"]
    assert stored
    assert all(e.type.size <= 8 for e in stored)
    program = str(gradient.ir("optimized", X, A))
    loops = [line for line in program.splitlines() if line.startswith("    ")]
    assert not [line for line in loops if re.search(rf" = add .*: f64\[{N}", line)]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_gradients(f: Any) -> None:
    found = tapec.grad(f, (0, 1))(X, A)
    h = 1e-6
    step = np.random.default_rng(7).normal(size=(2, N))
    for ct, (dx, da) in zip(found, [(step[0], 0.0), (0.0, step[1])], strict=True):
        want = (f(X + h * dx, A + h * da) - f(X - h * dx, A - h * da)) / (2 * h)
        assert np.sum(ct * (dx + da)) == pytest.approx(want, rel=1e-6, abs=1e-6)


def test_roots_that_are_not_used_leak_nothing() -> None:
    def f(x: Any, a: Any) -> Any:
        for i in range(1, N):
            # The root of zero has an infinite slope; where the sum is negative nobody uses it.
            v = np.sqrt(np.abs(x[i])) * a[i - 1] if a[i] > 0 else 2 * a[i - 1]
            a[i] = np.where(x[i] != 0, v, a[i - 1])
        return np.sum(a)

    x = np.where(X > 0, X, 0.0)
    ct, _ = tapec.grad(f, (0, 1))(x, A)
    assert np.isfinite(ct).all()
    assert not ct[x == 0].any()
