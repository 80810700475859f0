"""Arrays of few columns: loops along rows, or over columns that are told apart."""

from __future__ import annotations

import numpy as np
import pytest

import tapec


def scaled(x, w):
    return x * w + x


def activated(x, w):
    return np.exp(x) * w


def parted(x, w):
    return np.stack([x[:, k] * w[k] for k in range(x.shape[1])], axis=1) * w


def joined(x, w):
    return np.concatenate([x[:, :3] * 2.0, x[:, 3:]], axis=1) + w


def written(x, w):
    y = x * w
    y[:, 1] = 3.0
    return y * w


def flattened(x, w):
    return (x.reshape(-1, x.shape[1], 1) * w.reshape(1, -1, 1)).reshape(x.shape) + x


def total(x, w):
    return np.array([np.sum(x * w), np.max(x - w), np.sum(x**2)])


FUNCTIONS = [scaled, activated, parted, joined, written, flattened, total]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "columns", [9, *(pytest.param(n, marks=pytest.mark.slow) for n in (5, 8, 12, 20))]
)
def test_values_and_gradients(f, columns, rng):
    x, w = rng.normal(size=(70, columns)), rng.normal(size=columns)
    np.testing.assert_allclose(tapec.compile(f)(x, w), f(x, w), rtol=1e-13)
    found = tapec.grad(lambda x, w: np.sum(f(x, w) ** 2), (0, 1))(x, w)
    slow = tapec.compile(tapec.grad(lambda x, w: np.sum(f(x, w) ** 2), (0, 1)), backend="numpy")
    for a, b in zip(found, slow(x, w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("f", "columns", "along"),
    [(scaled, 12, True), (activated, 12, True), (scaled, 5, False), (activated, 9, False),
     (parted, 12, False)],
)  # fmt: skip
def test_loops_run_along_rows_where_they_can(f, columns, along, rng):
    x, w = rng.normal(size=(70, columns)), rng.normal(size=columns)
    loops = str(tapec.compile(f).ir("loops", x, w))
    assert (f'upper={columns}, kind="vector"' in loops) == along
