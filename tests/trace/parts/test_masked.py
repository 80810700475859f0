"""Elements chosen by a mask that is computed from arguments."""

from __future__ import annotations

import numpy as np
import pytest

import tapec
from tapec.errors import ShapeError, TapecError

X = np.array([[0.5, -1.0, 2.0], [0.0, 3.0, -0.2]])


def both(f, *args):
    """The value and gradient of a sum, against plain NumPy and complex steps' stand-in."""
    kernel = tapec.compile(f)
    want = f(*[a.copy() for a in args])
    np.testing.assert_allclose(kernel(*[a.copy() for a in args]), want, rtol=1e-13)
    slope = tapec.compile(tapec.grad(lambda *a: np.sum(f(*a))))(*[a.copy() for a in args])
    moved = np.zeros_like(args[0])
    for at in np.ndindex(moved.shape):
        step = np.zeros_like(args[0])
        step[at] = 1e-6
        up, down = (np.sum(f(args[0] + s * step, *args[1:])) for s in (1, -1))
        moved[at] = (up - down) / 2e-6
    np.testing.assert_allclose(slope, moved, rtol=1e-6, atol=1e-8)


def test_mean_of_what_is_chosen():
    both(lambda x: x[x > 0.1].mean() + np.sum(x[x < 0.1] ** 2), X + 0.05)


def test_chosen_elements_are_replaced_by_a_function_of_themselves():
    def f(x):
        y = x + 0.01
        y[y > 0] = y[y > 0] ** (-1.5)
        y[y < 0] *= 3.0
        return y

    both(f, X)


def test_powers_that_are_infinite_elsewhere_leave_no_trace():
    def f(x):
        r = np.abs(x)
        r[r > 0] = 1.0 / r[r > 0]
        return np.sum(r)

    got = tapec.compile(tapec.grad(f))(X)
    want = np.where(X == 0, 0.0, -np.sign(X) / np.where(X == 0, 1.0, X) ** 2)
    np.testing.assert_allclose(got, want)


def test_rows_chosen_by_a_vector():
    both(lambda x, m: np.sum(x[m > 0] ** 2, axis=0), X, np.array([1.0, -1.0]))


def test_a_mask_with_another_array_of_its_shape():
    both(lambda x, w: np.sum(w[x > 0.1] * np.sqrt(x[x > 0.1])), X, X**2 + 1.0)


def test_how_many_there_are():
    assert tapec.compile(lambda x: x[x > 0].size)(X) == 3


def test_what_is_chosen_is_a_copy():
    def f(x):
        y = x[x > 0]
        y *= 2.0
        return np.sum(y) + np.sum(x)

    both(f, X + 0.05)


def test_in_a_loop():
    def f(data, radius):
        out = np.zeros(12)
        for i in range(12):
            ring = np.logical_and(i / 12 <= radius, radius < (i + 1) / 12)
            out[i] = data[ring].mean()
        return out

    rng = np.random.default_rng(0)
    both(f, rng.random(60), np.sort(rng.random(60)) * 0 + np.arange(60) / 60)


def test_other_masks_and_items_are_refused():
    with pytest.raises(ShapeError, match="provably"):
        tapec.compile(lambda x: x[x > 0] + x[x < 1])(X)
    with pytest.raises(TapecError):
        tapec.compile(lambda x: x[x > 0][0])(X)
    with pytest.raises(TapecError):
        tapec.compile(lambda x: np.argmax(x[x > 0]))(X)
    with pytest.raises(ShapeError, match="does not fit"):
        tapec.compile(lambda x, m: np.sum(x[m > 0]))(X, np.ones(3))


@pytest.mark.parametrize("name", ["flat", "strides", "flags", "base", "real"])
def test_attributes_that_are_not_known_are_refused(name: str) -> None:
    with pytest.raises(tapec.TapecError, match=rf"ndarray\.{name}"):
        tapec.compile(lambda x: getattr(x[x > 1], name))(np.array([1.0, 2.0]))
