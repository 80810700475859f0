"""Histograms find the bin of every number; counts and edges are NumPy's to the bit."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(5)
NAN, INF = np.nan, np.inf
NUMBERS: dict[str, Any] = {
    "normal": RNG.normal(size=60),
    "on edges": np.round(RNG.normal(size=60), 1),
    "integers": RNG.integers(-5, 9, 60),
    "singles": RNG.normal(size=60).astype(np.float32),
    "even": np.arange(60) / 7.0,
    "one number": np.full(60, 2.0),
    "not finite": np.array([NAN, 1.0, 2.0, -INF, 3.0, INF] + [0.5] * 54),
    "huge": np.array([-1e308, 1e308] + [0.0] * 58),
}
EDGES: list[Any] = [
    3,
    20,
    50,
    np.linspace(-2.0, 2.0, 30),
    np.array([-2.0, -1.0, 0.0, 0.0, 1.5, *range(2, 14)]),
    np.array([2.0, 1.0, *range(3, 20)]),
]
WEIGHTS: dict[str, Any] = {
    "none": None,
    "doubles": RNG.uniform(size=60),
    "integers": RNG.integers(0, 5, 60),
}


def same(function: Any, x: Any, *args: Any) -> None:
    """Results and their types, or the kind of error, are NumPy's."""
    f = tapec.compile(lambda x: function(x, *args), backend="numpy")
    try:
        want = function(x, *args)
    except ValueError as error:
        with pytest.raises(ValueError, match="range" if "range" in str(error) else "increase"):
            f(x)
        return
    for a, b in zip(want, f(x), strict=True):
        for given, made in zip(a, b, strict=True) if isinstance(a, list) else [(a, b)]:
            assert given.dtype == made.dtype
            digits = 6 if given.dtype == np.float32 else 13
            np.testing.assert_allclose(made, given, rtol=10.0**-digits, atol=1e-15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("bins", range(len(EDGES)))
def test_histograms_are_numpys(name: str, bins: int) -> None:
    for w, limits in itertools.product(WEIGHTS.values(), (None, (-2, 2))):
        same(np.histogram, NUMBERS[name], EDGES[bins], limits, None, w)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bins", [5, (4, 7), [np.linspace(-2.0, 2.0, 6), 3], EDGES[3]])
@pytest.mark.parametrize("w", WEIGHTS)
def test_histograms_of_the_plane(bins: Any, w: str) -> None:
    x, y = NUMBERS["on edges"], NUMBERS["normal"]
    for density in (None, True):
        same(np.histogram2d, x, y, bins, None, density, WEIGHTS[w])


def test_histograms_of_space() -> None:
    points = RNG.normal(size=(40, 3))
    limits = [(-1, 1), None, (0, 2)]
    same(np.histogramdd, points, (2, 3, 4), limits, True)
    same(lambda p: np.histogramdd([p[:, 0], p[:, 1]], 3), points)
    with pytest.raises(ValueError, match="dimension of bins"):
        tapec.compile(lambda p: np.histogramdd(p, (2, 3)))(points)


def test_traced_edges_must_increase() -> None:
    kernel = tapec.compile(lambda x, e: np.histogram(x, e)[0])
    x = NUMBERS["normal"]
    edges = np.linspace(-1.0, 1.0, 20)
    np.testing.assert_array_equal(kernel(x, edges), np.histogram(x, edges)[0])
    with pytest.raises(ValueError, match="increase monotonically"):
        kernel(x, edges[::-1].copy())


def test_sums_of_weights_have_gradients() -> None:
    x, w = NUMBERS["normal"], WEIGHTS["doubles"]
    scale = np.arange(20.0)
    gradient = tapec.grad(lambda w: np.sum(scale * np.histogram(x, 20, weights=w)[0] ** 2))
    sums, edges = np.histogram(x, 20, weights=w)
    slots = np.clip(np.searchsorted(edges, x, "right") - 1, 0, 19)
    np.testing.assert_allclose(gradient(w), (2.0 * scale * sums)[slots])


def test_a_number_is_added_where_it_belongs_and_not_compared_with_all_edges() -> None:
    f = tapec.compile(lambda x: np.histogram(x, 500, (-4.0, 4.0))[0])
    assert "[1000,500]" not in str(f.ir("trace", np.zeros(1000)))
