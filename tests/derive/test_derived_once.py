"""A function whose derivative is taken at every tracing of a loop body is derived once."""

from __future__ import annotations

import numpy as np

import tapec


def energy(x, k):
    return 0.5 * k * np.sum(np.sin(x) ** 2)


def descent(x, k):
    slope = tapec.grad(energy)
    while np.sum(x * x) > 1.0:
        step = 0.1
        while np.sum(x * x) > 2.0:
            x = x - step * slope(x, k)
            step = step * 0.9
        x = x - 0.2 * slope(x, 2.0 * k)
    return x


def by_hand(x, k):
    def slope(x, k):
        return k * np.sin(x) * np.cos(x)

    while np.sum(x * x) > 1.0:
        step = 0.1
        while np.sum(x * x) > 2.0:
            x, step = x - step * slope(x, k), step * 0.9
        x = x - 0.2 * slope(x, 2.0 * k)
    return x


def derivations(kernel, *args):
    steps = str(kernel.explain(*args)).splitlines()
    return sum(line.split()[:1] == ["value_and_gradient"] for line in steps)


def test_a_derivative_inside_loops_is_derived_once():
    x, kernel = np.array([1.0, 1.2, 0.9]), tapec.compile(descent)
    np.testing.assert_allclose(kernel(x, 1.5), by_hand(x, 1.5), rtol=1e-13)
    assert derivations(kernel, x, 1.5) <= 2  # k is a number of Python's, or a traced one


def test_functions_that_differ_are_told_apart(rng):
    x = rng.normal(size=4)

    def several(x):
        found = [tapec.grad(lambda x, p=p: np.sum(x**p * x.sum()))(x) for p in (2, 3, 2.5, 2)]
        ordered = [tapec.grad(lambda a, b: np.sum(a * b * b), n)(x, x + 1.0) for n in (0, 1)]
        return found, ordered, tapec.hessian(lambda x: np.sum(x**3))(x), tapec.grad(np.sum)(x)

    found, ordered, hessian, ones = tapec.compile(several)(np.abs(x))
    x = np.abs(x)
    for slope, p in zip(found, (2, 3, 2.5, 2), strict=True):
        np.testing.assert_allclose(slope, p * x ** (p - 1) * x.sum() + np.sum(x**p), rtol=1e-13)
    np.testing.assert_allclose(ordered[0], (x + 1) ** 2, rtol=1e-14)
    np.testing.assert_allclose(ordered[1], 2 * x * (x + 1), rtol=1e-14)
    np.testing.assert_allclose(hessian, np.diag(6 * x), rtol=1e-14)
    np.testing.assert_allclose(ones, np.ones(4))


def test_the_number_of_values_counts(rng):
    """Same ops on constants that are equal as numbers, not as values."""
    x = rng.normal(size=3)

    def signs(x):
        return [tapec.grad(lambda x, z=z: np.sum(np.copysign(x, z)))(x) for z in (0.0, -0.0)]

    positive, negative = tapec.compile(signs)(x)
    np.testing.assert_array_equal(positive, -negative)
