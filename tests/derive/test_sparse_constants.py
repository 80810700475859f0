"""Nonzeros that are constants: one number over all places, few others, many, sums with entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.derive.sparse_direct import Directly

N = 700  # with so many the nonzeros are not written out as sums
X = np.linspace(0.2, 1.2, N)


def drawn(seed: int) -> tuple[Any, Any]:
    """A function with linear and other terms at random distances, and its Jacobian by hand.

    A term has one weight before a place and one after it."""
    rng = np.random.default_rng(seed)
    terms: list[tuple[int, int, float, float, bool]] = []
    for shift in rng.choice(np.arange(-4, 5), rng.integers(2, 5), replace=False).tolist():
        first, last = rng.choice([-1.0, 2.0, 0.0, 0.3], 2).tolist()
        cut = int(rng.choice([1, 3, 600]))
        terms.append((shift, cut, first, last, bool(rng.random() < 0.4)))
    if rng.random() < 0.5:  # a constant and an entry at one place
        shift, cut, _, _, curved = terms[0]
        terms.append((shift, cut, 0.5, 0.5, not curved))

    def f(x: Any) -> Any:
        total = 0.0 * x
        for shift, cut, first, last, curved in terms:
            y = np.roll(x, shift)
            y = np.sin(y) if curved else y
            total = total + np.concatenate([first * y[:cut], last * y[cut:]])
        return total

    dense = np.zeros((N, N))
    for shift, cut, first, last, curved in terms:
        columns = (np.arange(N) - shift) % N
        weights = np.where(np.arange(N) < cut, first, last)
        dense[np.arange(N), columns] += weights * (np.cos(X[columns]) if curved else 1.0)
    return f, dense


@pytest.mark.parametrize("seed", sampled(range(80), 20))
def test_constants_beside_entries(seed: int) -> None:
    f, dense = drawn(seed)
    for format in ("csr", "coo") if seed % 2 else ("csc",):
        derivative: Any = tapec.jacobian(f, sparse=True, route="direct", format=format)
        np.testing.assert_allclose(derivative(X).toarray(), dense, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(derivative(X).toarray(), dense, rtol=1e-12, atol=1e-14)


def test_one_number_is_written_and_few_others_over_it() -> None:
    def f(x: Any) -> Any:
        y = np.roll(x, 1)
        return np.sin(x) + np.concatenate([7.0 * y[:2], -y[2:]]) - np.roll(x, 2)

    derivative = tapec.jacobian(f, sparse=True, route="direct")
    plan, _ = derivative._prepared((X,), {})
    made: Any = plan.part.made
    assert isinstance(made, Directly)
    assert made.filled == (-1.0, 3 * N, "<f8")
    np.testing.assert_allclose(derivative(X).toarray(), tapec.jacobian(f)(X))
