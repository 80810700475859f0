"""Windows, spacings and parts of numbers that depend on traced values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, signal, stats
from support.scipy_cases import check

import tapec

X = np.array([0.3, -1.8, 0.55, 6.2])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda b: np.kaiser(7, b), np.array(5.0)),
        (lambda d: np.fft.rfftfreq(8, d) + np.fft.fftfreq(5, d), np.array(0.3)),
        (lambda x: np.frexp(x)[0], X),
        (lambda x: np.histogram_bin_edges(x, 4), X),
        (lambda x: np.digitize(X, x) * x[0], np.array([0.0, 0.4, 1.0])),
        (lambda x: np.digitize(X, x) * x[0], np.array([1.0, 0.4, 0.0])),
        (lambda x: np.real(np.sort_complex(x - 1j * x)), X),
        (lambda x: np.extract(x > 0.4, x).sum(), X),
        (lambda x: x[:, None][optimize.linear_sum_assignment(np.outer(x, X))[0]].sum(), X),
        (lambda x: np.stack([stats.kstat(x, n) for n in (1, 2, 3, 4)]), X),
        (lambda x: stats.kstatvar(np.outer(x, [1.0, 2.0, x[0]]), axis=0), X),
        (lambda x: signal.stft(X, x, nperseg=2)[0], np.array(1.5)),
    ],
)
def test_values_and_derivatives(f: Any, x: Any) -> None:
    check(f, x, step=1e-4, tolerance=1e-6, second=False)


def test_mantissas_and_powers() -> None:
    x = np.array([0.0, -0.0, 1.0, -0.75, 8.0, 5e-324, -2.5e-310, 1.7e308, np.inf, -np.inf])
    x = np.concatenate(
        [x, np.random.default_rng(1).standard_normal(50) * 10.0 ** np.arange(-25, 25)]
    )
    for made, want in zip(tapec.compile(np.frexp)(x), np.frexp(x), strict=True):
        np.testing.assert_array_equal(made[:-50], want[:-50])
        np.testing.assert_array_equal(made, want)
        assert made.dtype == want.dtype


def test_assignments_are_constants_of_derivatives() -> None:
    costs = np.random.default_rng(2).random((4, 5))

    def total(c: Any) -> Any:
        return np.sum(c[optimize.linear_sum_assignment(c)] ** 2)

    assert tapec.compile(total)(costs) == pytest.approx(total(costs))
    rows, columns = optimize.linear_sum_assignment(costs)
    want = np.zeros_like(costs)
    want[rows, columns] = 2.0 * costs[rows, columns]
    np.testing.assert_allclose(tapec.grad(total)(costs), want)


def test_values_in_turn_at_a_traced_mask() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        np.place(y, y > 0.4, [x[0], 2.0, 3.0])
        return y

    x = np.array([0.3, 1.8, 0.55, -0.2, 0.9, 0.7, 0.6])
    np.testing.assert_array_equal(tapec.compile(f)(x), f(x))
    assert tapec.grad(lambda x: np.sum(f(x)))(x).tolist() == [3.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
