"""`dtype=` and `casting=` of complex arrays: NumPy's value and element type, or a refusal."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

RNG = np.random.default_rng(3)
Z = RNG.uniform(0.5, 2, (3, 4)) + 1j * RNG.uniform(-1, 1, (3, 4))
TYPES = ["c8", "c16", "f4", "f8", "i4", "?", None]
Form = Callable[[Any, Any], Any]

REDUCED = "sum prod cumsum cumprod mean var std trace".split()
JOINED = "concatenate stack vstack hstack".split()
BINARY = "add subtract multiply divide power float_power equal less logical_and".split()
UNARY = "exp log sqrt sin square negative conjugate absolute reciprocal isnan sign".split()
RULES = ["no", "equiv", "safe", "same_kind", "unsafe"]

FORMS: dict[str, Form] = {
    **{n: lambda z, d, n=n: getattr(np, n)(z, dtype=d) for n in REDUCED},
    **{f"z.{n}": lambda z, d, n=n: getattr(z, n)(dtype=d) for n in REDUCED},
    **{f"z.{n}(1, d)": lambda z, d, n=n: getattr(z, n)(1, d) for n in REDUCED[:-1]},
    **{
        n: lambda z, d, n=n: getattr(np, n)(z, 1, dtype=d)
        for n in ["nansum", "nanmean", "cumulative_sum", "cumulative_prod"]
    },
    **{
        f"{n} {c}": lambda z, d, n=n, c=c: getattr(np, n)([z, z.real], dtype=d, casting=c)
        for n in JOINED
        for c in RULES
    },
    **{
        f"{n} {c}": lambda z, d, n=n, c=c: getattr(np, n)(z, z.real, dtype=d, casting=c)
        for n in BINARY
        for c in RULES
    },
    **{
        f"{n} {c}": lambda z, d, n=n, c=c: getattr(np, n)(z, dtype=d, casting=c)
        for n in UNARY
        for c in RULES
    },
    **{
        f"{n}.{m}": lambda z, d, n=n, m=m: getattr(getattr(np, n), m)(z, dtype=d)
        for n in ["add", "multiply"]
        for m in ["reduce", "accumulate"]
    },
    **{f"{n}.outer": lambda z, d, n=n: getattr(np, n).outer(z, z, dtype=d) for n in BINARY[:2]},
    **{f"astype {c}": lambda z, d, c=c: z.astype(d or "c8", casting=c) for c in RULES},
    "ascontiguousarray": lambda z, d: np.ascontiguousarray(z, d),
    "asfortranarray": lambda z, d: np.asfortranarray(z, dtype=d),
    "require": lambda z, d: np.require(z, d, "C"),
    "linspace": lambda z, d: np.linspace(z[0], z[1], 3, dtype=d),
    "full": lambda z, d: np.full(2, z[0, 0], dtype=d),
    "matmul": lambda z, d: np.matmul(z, z.T, dtype=d),
    "of real": lambda z, d: np.std(z.real, dtype=d),
    "out": lambda z, d: np.add(z, 1, out=np.zeros((3, 4), d), dtype="c16"),
    "mean out": lambda z, d: z.mean(0, out=np.zeros(4, d)),
    "number": lambda z, d: z ** np.dtype(d).type(2),
    "list": lambda z, d: np.array([z[0, 0], np.dtype(d).type(2), 1]),
}


def outcome(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:
        return error


@pytest.mark.parametrize("form", FORMS)
def test_types_are_numpys(form: str) -> None:
    function = FORMS[form]
    compiled = tapec.compile(function, static_argnums=1, backend="numpy")
    for own in ("c8", "c16"):
        z = Z.astype(own)
        for dtype in TYPES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                want, got = outcome(function, z, dtype), outcome(compiled, z.copy(), dtype)
            compare(want, got, (own, dtype))


def compare(want: Any, got: Any, what: Any) -> None:
    if isinstance(got, tapec.TapecError):
        return
    if isinstance(want, Exception) or isinstance(got, Exception):
        assert isinstance(want, type(got)), (what, want, got)
        return
    assert np.asarray(got).dtype == np.asarray(want).dtype, what
    close = 1e-4 if "c8" in what or "f4" in what else 1e-12
    np.testing.assert_allclose(got, want, rtol=close, atol=close, err_msg=str(what))


@pytest.mark.parametrize("name", REDUCED)
def test_complex_types_are_not_refused(name: str) -> None:
    made = tapec.compile(lambda z: getattr(np, name)(z, dtype=np.complex128))(Z.astype("c8"))
    assert np.asarray(made).dtype == np.complex128
