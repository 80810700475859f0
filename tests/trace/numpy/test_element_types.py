"""Universal functions of every element type: NumPy's type and value, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special
from support.sampling import sampled

import tapec

TYPES = ("f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "f8")
PARTNERS = ("f8", "f4", "i4", "i8", "?")
CLOSE = {"f4": 3e-5, "c8": 3e-5}
# Other numbers than SciPy's in single precision, which overflows within its formulas.
OVERFLOWS = {"ber", "bei", "berp", "beip", "ker", "kei", "kerp", "keip"}
# Rounds halves like NumPy's function of that name, of integers to integers; complex at infinities.
OTHERS = {"round", "wofz"}


def sample(kind: str) -> Any:
    """Ordinary numbers and extreme ones."""
    if kind == "?":
        return np.array([True, False, True, True, False, True])
    if kind[0] in "iu":
        ends = np.iinfo(kind)
        return np.array([1, 2, 3, ends.max, ends.min, 0], kind)
    return np.array([1.5, -2.25, 0.0, np.inf, np.nan, 0.3], kind)


def named(module: Any, arity: int) -> list[Any]:
    found = [n for n in dir(module) if isinstance(getattr(module, n), np.ufunc)]
    outs = [getattr(module, n) for n in found]
    return [u for u, n in zip(outs, found, strict=True) if u.nin == arity and n not in OTHERS]


def outcome(f: Any, *args: Any) -> Any:
    with np.errstate(all="ignore"):
        try:
            return f(*args)
        except tapec.TapecError:
            return None
        except (TypeError, ValueError, OverflowError) as error:
            return error


def check(ufunc: Any, *args: Any) -> bool:
    """Compare one call; returns whether it was not refused."""
    got = outcome(tapec.compile(lambda *xs: ufunc(*xs), backend="numpy"), *args)
    if got is None or isinstance(got, Exception):  # which is loud
        return False
    want = outcome(ufunc, *args)
    assert not isinstance(want, Exception), (ufunc.__name__, want)
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for g, w in pairs:
        assert g.dtype == w.dtype, (ufunc.__name__, *(a.dtype for a in args))
        close = CLOSE.get(w.dtype.str[1:], 1e-9)
        finite = np.isfinite(w) if ufunc.__name__ in OVERFLOWS else np.ones(w.shape, bool)
        np.testing.assert_allclose(
            g[finite], w[finite], rtol=close, atol=1e-30, err_msg=f"{ufunc.__name__} {args}"
        )
    return True


UNARY = [*named(np, 1), *named(special, 1)]


@pytest.mark.parametrize("ufunc", sampled(UNARY, 12), ids=lambda u: u.__name__)
def test_functions_of_one_argument(ufunc: Any) -> None:
    for kind in TYPES:
        if kind != "?" or ufunc.nout == 1:  # several results of booleans are doubles
            check(ufunc, sample(kind))


@pytest.mark.parametrize("ufunc", sampled(named(np, 2), 9), ids=lambda u: u.__name__)
def test_functions_of_two_arguments(ufunc: Any) -> None:
    for kind in TYPES:
        if "shift" in ufunc.__name__ and kind[0] in "iu":
            continue  # by more bits than there are: undefined in C
        for other in (kind, *PARTNERS):
            check(ufunc, sample(kind), sample(other)[::-1])


@pytest.mark.filterwarnings("ignore:overflow")
def test_scaling_by_powers_of_two() -> None:
    x = np.array([0.0, 1e-300, 1.7, 1.7, 1.7 * 2.0**600, np.inf, 5e-324, 3.0])
    n = np.array([2**31 - 1, 1100, -1070, -2000, -1660, -5000, 2000, 2**40])
    assert np.array_equal(tapec.compile(np.ldexp)(x, n), np.ldexp(x, n))
    single = x.astype(np.float32)
    assert np.array_equal(tapec.compile(np.ldexp)(single, n), np.ldexp(single, n))


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_mantissas_and_exponents(kind: Any) -> None:
    powers = np.ldexp(np.ones(1), np.arange(-1074, 1024, 7)).astype(kind)
    x = np.concatenate([powers, -0.7 * powers, np.nextafter(powers, np.zeros(1, kind))])
    x = np.append(x[np.isfinite(x)], np.array([0.0, -0.0], kind))
    for got, want in zip(tapec.compile(np.frexp)(x), np.frexp(x), strict=True):
        assert got.dtype == want.dtype
        assert np.array_equal(got, want)


def test_elements_of_iterators_are_written() -> None:
    def f(x: Any) -> Any:
        y, z = x * 1.0, np.zeros((2, 3))
        for a, b in np.nditer([y, z], op_flags=[["readwrite"], ["writeonly"]]):
            b[...] = a + 1.0
            a[...] = 2.0 * a
        return y, z

    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(tapec.compile(f)(x), f(x))


def test_integers_do_not_wrap_around_in_functions_of_scipy() -> None:
    n = np.array([-(2**31), 2**31 - 1, 0], np.int32)
    for f in (special.log_expit, special.entr, special.logit, special.expit, special.spence):
        assert check(f, n)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_windows_of_convolutions_end_with_the_array(mode: Any) -> None:
    a, b = np.array([np.inf, 1.0, 2.0, 3.0, 4.0, 5.0]), np.array([1.0, np.nan, 0.5])
    f = tapec.compile(lambda a, b: np.convolve(a, b, mode), backend="numpy")
    for x, y in [(a, b), (b, a), (a[:2], b), (a[1:], b[1:]), (a > 2.0, b > 0.0)]:
        np.testing.assert_array_equal(f(x, y), np.convolve(x, y, mode))
