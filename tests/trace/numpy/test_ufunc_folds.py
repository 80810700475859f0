"""``accumulate`` and ``reduce`` of ufuncs that have no running form of their own, as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.tools.differences import ridders
from tapec.trace.numpy.ufunc_folds import FOLDS

Array = Any
RNG = np.random.default_rng(17)
WIDE = RNG.uniform(0.5, 2.0, (3, 40))
INPUTS = {
    "wide": WIDE, "narrow": WIDE[:, :4], "one": np.array([-3.0]), "column": -WIDE[:, :1],
    "float32": WIDE.astype(np.float32), "int": np.arange(1, 30),
}  # fmt: skip
CASES = [(n, m, i) for n in sorted(FOLDS) for m in ("accumulate", "reduce") for i in INPUTS]


@pytest.mark.parametrize("case", sampled(CASES, 5), ids=lambda c: "-".join(c))
def test_values_and_types(case: tuple[str, str, str]) -> None:
    name, method, which = case
    x, fold = INPUTS[which], getattr(getattr(np, name), method)
    for axis in {0, x.ndim - 1, -1}:
        got, want = tapec.compile(lambda x, axis=axis: fold(x, axis=axis))(x), fold(x, axis=axis)  # type: ignore[misc]
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-6 if got.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("method", ["accumulate", "reduce"])
@pytest.mark.parametrize("name", sampled(sorted(FOLDS), 3))
def test_gradients(name: str, method: str) -> None:
    fold = getattr(getattr(np, name), method)
    for x in (WIDE[0], WIDE[0, :3]):

        def f(x: Array) -> Any:
            return np.sum(fold(x) ** 2)

        along = RNG.normal(size=x.shape)
        want, noise = ridders(lambda t, x=x, f=f, d=along: f(x + t * d), step=1e-3)  # type: ignore[misc]
        got = tapec.grad(f)(x) @ along
        assert got == pytest.approx(want, rel=1e-7, abs=4 * noise + 1e-9)


AXES = [None, 0, -1, (0,), (0, 1), (1, 0), (-1, 0), ()]


@pytest.mark.parametrize("shape", sampled([(3, 4, 2), (0, 3), (), (3, 0), (4,)], 2), ids=str)
@pytest.mark.parametrize("name", sorted(FOLDS))
def test_axes_of_reductions(name: str, shape: tuple[int, ...]) -> None:
    """One axis, several, none: the same results, shapes and errors."""
    x, reduce = np.random.default_rng(5).uniform(0.5, 2.0, shape), getattr(np, name).reduce
    for axis in AXES:
        for keepdims in (False, True):

            def f(x: Array, axis: Any = axis, keepdims: bool = keepdims) -> Any:
                return reduce(x, axis=axis, keepdims=keepdims)

            try:
                want = f(x)
            except ValueError as error:
                with pytest.raises(type(error)):
                    tapec.compile(f)(x)
                continue
            got = tapec.compile(f)(x)
            assert np.shape(got) == np.shape(want)
            np.testing.assert_allclose(got, want, rtol=1e-13)


def test_options() -> None:
    x = WIDE[:, :5]
    for options in ({"keepdims": True}, {"dtype": np.float32}):
        got = tapec.compile(lambda x, o=options: np.subtract.reduce(x, axis=1, **o))(x)  # type: ignore[misc]
        want = np.subtract.reduce(x, axis=1, **options)
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=1e-6)
    with pytest.raises(tapec.errors.UnsupportedOperation, match="where"):
        tapec.compile(lambda x: np.subtract.reduce(x, where=x > 0))(x)
