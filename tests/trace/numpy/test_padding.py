"""All modes of `np.pad`, and `np.vectorize` with signatures, against NumPy and differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X = np.array([0.3, 1.2, -0.7, 2.1, 0.9])
MODES: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": ((1.0, 2.0),)},
    "edge": {},
    "empty": {},
    "linear_ramp": {"end_values": (1.0, -2.0)},
    "maximum": {"stat_length": 2},
    "mean": {"stat_length": (1, 3)},
    "median": {},
    "minimum": {},
    "reflect": {"reflect_type": "odd"},
    "symmetric": {"reflect_type": "odd"},
    "wrap": {},
}


def along_a_line(f: Callable[[Any], Any]) -> None:
    """Value and Jacobian, the latter by differences."""
    kernel = tapec.compile(f, backend="numpy")
    want = np.asarray(f(X))
    np.testing.assert_allclose(kernel(X), want, rtol=1e-13)
    jacobian, h = tapec.jacobian(kernel)(X), 1e-5
    for k, e in enumerate(np.eye(len(X))):
        slope = (np.asarray(f(X + h * e)) - np.asarray(f(X - h * e))) / (2 * h)
        np.testing.assert_allclose(jacobian[..., k], slope, atol=1e-8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ndim", [1, 2])
def test_modes(mode: str, ndim: int) -> None:
    def f(x: Any) -> Any:
        made = x if ndim == 1 else np.outer(x[:4], x)
        found = np.pad(made, 2 if ndim == 1 else ((1, 2), (0, 3)), mode=mode, **MODES[mode])
        return found[2:-2] if mode == "empty" else found  # type: ignore[index]

    if (mode, ndim) != ("empty", 2):
        along_a_line(f)


@pytest.mark.parametrize("mode", ["linear_ramp", "mean", "median", "edge"])
def test_integers_are_rounded_as_in_numpy(mode: Any) -> None:
    x = np.array([3, 8, -5, 7])
    f = lambda x: np.pad(x, 3, mode=mode)  # noqa: E731
    found = tapec.compile(f, backend="numpy")(x)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, f(x))


VECTORIZED: dict[str, Callable[[Any], Any]] = {
    "signature": lambda x: np.vectorize(np.dot, signature="(n),(n)->()")(np.outer(x, x), x),
    "two results": lambda x: np.vectorize(lambda a, b: (a * b.sum(), a.sum()),
                                          signature="(n),(m)->(n),()")(np.outer(x, x), x[:2])[0],
    "excluded": lambda x: np.vectorize(np.polyval, excluded=[0])(x, x[:3]),
    "excluded name": lambda x: np.vectorize(np.polyval, excluded=["p"])(p=x, x=x[:3]),
    "keyword": lambda x: np.vectorize(lambda a, k=2: a**k)(x, k=3),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORIZED)
def test_vectorize(name: str) -> None:
    along_a_line(VECTORIZED[name])
