"""``np.pad`` in every mode, by every width, against NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled_tuples

import tapec

X = np.random.default_rng(3).random((4, 5))
MODES: dict[str, list[dict[str, Any]]] = {
    "constant": [{}, {"constant_values": 2.0}, {"constant_values": ((1.0, 2.0), (3.0, 4.0))}],
    "edge": [{}],
    "wrap": [{}],
    "reflect": [{}, {"reflect_type": "odd"}],
    "symmetric": [{}, {"reflect_type": "odd"}],
    "linear_ramp": [{}, {"end_values": ((1.0, 2.0), (3.0, 4.0))}],
    **{
        name: [{}, {"stat_length": 2}, {"stat_length": ((1, 9), (2, 3))}]
        for name in ("maximum", "minimum", "mean", "median")
    },
}
WIDTHS: list[Any] = [1, (2, 1), ((1, 2), (0, 3)), ((9, 0), (1, 11)), {-1: (1, 2)}, {0: 2}]
CASES = [
    (mode, options, width)
    for mode, more in MODES.items()
    for options, width in product(more, WIDTHS)
]


@pytest.mark.parametrize(("mode", "options", "width"), sampled_tuples(CASES, 5))
def test_mode(mode: str, options: dict[str, Any], width: Any) -> None:
    f = lambda x: np.pad(x, width, mode=mode, **options)  # type: ignore[call-overload]  # noqa: E731
    want = f(X)
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(X), want, rtol=1e-14)
    direction = np.cos(np.arange(20.0)).reshape(4, 5)
    weights = np.sin(np.arange(want.size)).reshape(want.shape)
    slope = np.sum(weights * (f(X + 1e-6 * direction) - f(X - 1e-6 * direction))) / 2e-6
    gradient = tapec.grad(tapec.compile(lambda x: np.sum(weights * f(x)), backend="numpy"))(X)
    assert np.sum(gradient * direction) == pytest.approx(slope, abs=1e-7)


def test_a_function_fills_the_ends() -> None:
    def fill(row: Any, width: Any, axis: int, options: Any) -> None:
        row[: width[0]] = options["by"] * row[width[0]] + axis
        row[row.shape[0] - width[1] :] = 0.5

    f = lambda x: np.pad(x, ((1, 2), (2, 0)), fill, by=3.0)  # type: ignore[call-overload]  # noqa: E731
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(X), f(X), rtol=1e-15)


def test_numbers_beside_complex_ones() -> None:
    f = lambda x: np.abs(np.pad(x + 1j, 2, mode="mean") * np.pad(1j * x, 2, constant_values=1j))  # noqa: E731
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(X), f(X), rtol=1e-14)


@pytest.mark.parametrize("options", [{"mode": "cubic"}, {"mode": "edge", "end_values": 1}])
def test_what_numpy_refuses(options: Any) -> None:
    with pytest.raises(ValueError, match="supported"):
        tapec.compile(lambda x: np.pad(x, 1, **options), backend="numpy")(X)
