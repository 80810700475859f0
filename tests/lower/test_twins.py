"""Functions that share most of their work are computed together, also for a later reader."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import tapec

POINTS = np.concatenate(
    [np.linspace(-4, 4, 41), [-400, -370, -30, -25, 1e-9, 1e-300, 0, 24.9, 26, 354, 371, 373, 900]]
)


def layer(x, a):
    return np.sum((np.tanh(x) @ a) ** 2)


def test_the_slope_of_a_stored_tanh_is_stored_with_it(rng):
    gradient, a = tapec.grad(layer), rng.random((len(POINTS), len(POINTS)))
    nests = str(gradient.ir("form_nests", POINTS, a)).split("nest {")
    assert not any("tanh_slope" in nest and "tanh %" not in nest for nest in nests)
    found = gradient(POINTS, a) / (2 * (a @ (np.tanh(POINTS) @ a)))
    with mpmath.workdps(40):
        slopes = [float(mpmath.sech(float(x)) ** 2) for x in POINTS]
    np.testing.assert_allclose(found, slopes, rtol=3e-15, atol=1e-320)


@pytest.mark.parametrize("f", [np.tanh, np.sin, np.cos])
def test_values_do_not_change_by_a_bit_beside_a_slope(f, rng):
    both = tapec.vmap(tapec.value_and_grad(f))(POINTS)
    np.testing.assert_array_equal(both[0], tapec.compile(f)(POINTS))


def test_infinities_and_nan():
    edges = np.array([np.inf, -np.inf, np.nan] + 13 * [0.0])
    value, slope = tapec.vmap(tapec.value_and_grad(np.tanh))(edges)
    np.testing.assert_array_equal(value, np.tanh(edges))
    np.testing.assert_array_equal(slope[:4], [0.0, 0.0, np.nan, 1.0])
