"""Loops that are cut where conditions on their counter change: snapshots every so many steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([0.3, -0.4, 0.9])


def step(x: Any, k: Any) -> Any:
    return x + 0.01 * np.sin(x[::-1] + 0.1 * k) * np.cos(x) + 1e-3 * x**2


def snapshots(x: Any, n: int) -> Any:
    saved, times = [x], [0.0]
    for k in range(n):
        x = step(x, k)
        if (k + 1) % 100 == 0:
            saved.append(x)
            times.append(0.1 * k)
    return np.array(saved), np.array(times)


def frames_in_place(x: Any, n: int) -> Any:
    frames = []
    for k in range(n):
        x[1:] += 0.01 * np.sin(x[:-1])
        x[0] *= 0.999
        if k % 150 == 0:
            frames.append(x.copy())
    return np.stack(frames)


def phases(x: Any, n: int) -> Any:
    """Several conditions, in each other, one with a remainder."""
    log: dict[str, list[Any]] = {"early": [], "late": []}
    for k in range(n):
        x = step(x, k)
        if k < n // 2:
            if k % 100 == 7 and k > 10:
                log["early"].append(x[0])
        elif k == n - 3 or k == n - 2:
            log["late"].append(x[1] * k)
        else:
            x = 0.999 * x
    return np.array(log["early"]), np.array(log["late"]), x


def backwards(x: Any, n: int) -> Any:
    seen = []
    for k in range(n, 0, -2):
        x = step(x, k)
        if k * 0.5 < 20.0 and k % 16 == 0:
            seen.append((k, x[2]))
    return [s * k for k, s in seen]


def with_a_break(x: Any, n: int) -> Any:
    """Lists that grow end by a counter; the loop ends by a value."""
    total = 0.0
    kept = []
    for k in range(n):
        x = step(x, k)
        if k == 5 or k == n // 2:
            kept.append(x[0])
    for k in range(n):
        x = step(x, k)
        if x[2] > 1.5:
            break
        total += x[1]
    return np.array(kept), total, k


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize(
    "f", [snapshots, frames_in_place, phases, backwards, with_a_break], ids=lambda f: f.__name__
)
def test_results_and_slopes(f: Any, backend: Any) -> None:
    def flat(x: Any) -> Any:
        made = f(x, 600)
        return sum(np.sum(np.asarray(p) * (1.0 + j)) for j, p in enumerate(made))

    kernel = tapec.compile(f, backend=backend)
    for got, want in zip(kernel(X.copy(), 600), f(X.copy(), 600), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)
    assert "loop of" in kernel.explain(X, 600)
    slope = tapec.compile(tapec.grad(flat), backend=backend)(X)
    for k, unit in enumerate(1e-6 * np.eye(3)):
        want = (flat(X + unit) - flat(X - unit)) / 2e-6
        assert slope[k] == pytest.approx(want, rel=1e-5, abs=1e-5)


def test_ten_times_the_steps_between_two_snapshots_are_the_same_program() -> None:
    def f(x: Any, n: int) -> Any:
        saved = []
        for k in range(n):
            x = step(x, k)
            if (k + 1) % (n // 5) == 0:
                saved.append(x)
        return np.array(saved)

    kernel = tapec.compile(f)
    counts = [len(list(kernel.specialization(X, n).func.ops)) for n in (500, 50_000)]
    assert counts[0] == counts[1]
