"""Complex numbers in branches, loops, memory and calls."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.call import routes

RNG = np.random.default_rng(11)
Z = RNG.standard_normal(4) + 1j * RNG.standard_normal(4)
OUTSIDE = RNG.standard_normal(4) + 1j


def escape(c: Any) -> Any:
    z, n = 0j, 0
    while abs(z) < 2 and n < 100:
        z = z * z + c
        n += 1
    return n, z


def iterated(c: Any) -> Any:
    z = 0.0
    for _ in range(60):
        z = 0.1 * z * z + c
    return z


def swapped(z: Any) -> Any:
    a, b = z[0], z[1]
    for _ in range(50):
        a, b = b, 0.5 * (a + b) * 1j
    return a


def filled(x: Any) -> Any:
    a = np.zeros(60, dtype=complex)
    for k in range(60):
        a[k] = np.exp(2j * np.pi * k * x)
    return a.sum()


def branch(z: Any) -> Any:
    if z.real > 0:
        return 2 * z
    return z - 1j


PROGRAMS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "escape": (escape, [0.4 + 0.4j, 2.0 + 0j, 0j]),
    "iterated": (iterated, [0.3j + 0.1]),
    "swapped": (swapped, [Z]),
    "filled": (filled, [0.31]),
    "branch": (branch, [1 + 2j, -1 + 2j]),
    "captured": (lambda z: z * OUTSIDE, [Z]),
    "single": (lambda z: np.exp(z) * 2, [Z.astype(np.complex64)]),
    "strided": (lambda z: z[::-1] * z, [np.stack([Z, Z], 1)[:, 0], Z[::-1]]),
    "Fortran": (lambda a: a.T @ a, [np.asfortranarray(np.outer(Z, Z))]),
    "nested": (lambda p: {"a": p[0] * 1j, "b": (p[1], p[0])}, [(Z, Z[:2])]),
    "no elements": (lambda z: (z * 2, z.sum()), [Z[:0]]),
    "0-d": (lambda z: z * z, [np.array(1 + 2j)]),
}


def agree(got: Any, want: Any) -> None:
    """Nested results are equal, of the same types."""
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        got, want = list(got.values()), list(want.values())
    if isinstance(want, (tuple, list)):
        for a, b in zip(got, want, strict=True):
            agree(a, b)
        return
    assert type(got) is type(want)
    tight = np.asarray(want).dtype != np.complex64
    np.testing.assert_allclose(got, want, rtol=1e-12 if tight else 1e-6)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_followed(name: str) -> None:
    f, points = PROGRAMS[name]
    kernel = tapec.compile(f)
    for x in points:
        agree(kernel(x), f(x))


def test_writes_reach_the_argument_and_its_parts() -> None:
    def f(z: Any) -> Any:
        z[0] = 1j * z[1]
        z *= 2
        z.real[1] = 7
        z.imag[2:] -= 1
        return z.sum()

    given, plain = Z.copy(), Z.copy()
    got, want = tapec.compile(f)(given), f(plain)
    np.testing.assert_allclose((got, *given), (want, *plain))


def test_results_share_memory_as_numpys_do() -> None:
    kernel = tapec.compile(lambda z: (z, z[1:], z.real, z * 2))
    whole, part, real, fresh = kernel(Z)
    assert whole is Z
    assert np.shares_memory(part, Z)
    assert np.shares_memory(real, Z)
    assert not np.shares_memory(fresh, Z)
    out = np.empty(4, complex)
    assert tapec.compile(lambda z: z * 2)(Z, out=out) is out
    np.testing.assert_array_equal(out, 2 * Z)


def test_captured_arrays_are_read_at_each_call() -> None:
    outside = Z.copy()
    kernel = tapec.compile(lambda z: z * outside)
    kernel(Z)
    outside[0] = 5
    np.testing.assert_allclose(kernel(Z), Z * outside)


def test_a_view_as_reals_shows_no_later_writes() -> None:
    def f(z: Any) -> Any:
        seen = z.view(float)
        z[0] = 1
        return seen.sum()

    with pytest.raises(tapec.TapecError, match=r"copy"):
        tapec.compile(f)(Z.copy())


def test_calls_go_to_native_code() -> None:
    kernel = tapec.compile(lambda z, c: (z * c, abs(c), c * 2))
    agree(kernel(Z, 1 + 2j), (Z * (1 + 2j), abs(1 + 2j), 2 + 4j))
    special = kernel.specialization(Z, 1 + 2j)
    if special.compiled is not None:
        assert routes.direct(special) is not None
        assert [a.dtype for a in special.abi().args] == ["c128", "c128"]


def f(z: Any) -> Any:
    return np.sum(z * np.exp(z))


def test_batches_pickles_and_the_interpreter() -> None:
    both = np.stack([Z, 2 * Z])
    agree(tapec.vmap(f)(both), np.array([f(Z), f(2 * Z)]))
    kernel = tapec.compile(f)
    agree(pickle.loads(pickle.dumps(kernel))(Z), f(Z))
    agree(tapec.compile(f, backend="numpy")(Z), f(Z))


WHOLE = RNG.standard_normal((2, 3)) + 1j * RNG.standard_normal((2, 3))
SHOWN: dict[str, Callable[[Any], Any]] = {
    "real": lambda z: z.real,
    "imag": lambda z: z.imag,
    "row": lambda z: z[1],
    "itself": lambda z: z,
    "transposed": lambda z: z.T,
    "real of a copy": lambda z: np.array(z).real,
    "imag of some rows": lambda z: z[[1, 0]].imag,
    "real of a column": lambda z: z[:, 1].real,
}
VIEWED: dict[str, Callable[[Any], Any]] = {
    "ravel": np.ravel,
    "flatten": lambda a: a.flatten(),
    "reshape": lambda a: a.reshape(-1),
    "ascontiguousarray": np.ascontiguousarray,
    "asarray": np.asarray,
    "asarray in order": lambda a: np.asarray(a, order="C"),
    "array": np.array,
    "array without need": lambda a: np.array(a, copy=None),
    "require": lambda a: np.require(a, requirements="C"),
    "squeeze": np.squeeze,
    "flip": np.flip,
    "astype": lambda a: a.astype(a.dtype, copy=False),
    "copy": np.copy,
}


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("viewed", VIEWED)
def test_views_and_copies_are_numpys(shown: str, viewed: str) -> None:
    def f(z: Any) -> Any:
        whole = SHOWN[shown](z)
        part = VIEWED[viewed](whole)
        part[...] = 7
        return z.copy(), whole.copy()

    for got, want in zip(
        tapec.compile(f, backend="numpy")(WHOLE.copy()), f(WHOLE.copy()), strict=True
    ):
        np.testing.assert_array_equal(got, want)


def test_kinds_of_values_are_numpys() -> None:
    def f(z: Any, c: Any) -> Any:
        kinds = (np.ndarray, complex, np.complex128, float)
        return [isinstance(x, k) for x in (z, z[0], c, z * 2) for k in kinds] + [
            type(z) is np.ndarray
        ]

    assert tapec.compile(f, backend="numpy")(Z, 1j) == f(Z, 1j)


Q = np.array([[1 + 2j, np.nan], [complex(3, np.nan), 4 - 1j]])
OPTIONS: dict[str, Callable[[Any], Any]] = {
    "sum from": lambda z: np.sum(z, initial=2.0) + z.sum(initial=1j),
    "padded": lambda z: np.pad(z, 1, constant_values=3.0),
    "padded with": lambda z: np.pad(z, 1, constant_values=2j),
    "diff behind": lambda z: np.diff(z, prepend=1.0),
    "prod by place": lambda z: np.prod(z, 0, None),
    "var by place": lambda z: np.var(z, 0, None, None, 1),
    "std kept": lambda z: np.std(z, axis=1, ddof=1, keepdims=True),
    "sum by place": lambda z: np.sum(z, 0, None, None, True),
    "mean kept": lambda z: z.mean(axis=1, keepdims=True),
    "appended": lambda z: np.append(z, 5.0),
    "inserted": lambda z: np.insert(z, 1, 7.0, axis=1),
    "summed with a mask": lambda z: np.sum(z, where=np.abs(z) > 1),
    "methods of ufuncs": lambda z: (
        np.add.reduce(z)
        + np.multiply.reduce(z)
        + np.add.reduce(z, axis=1)[0]
        + np.add.accumulate(z)[1] * np.multiply.accumulate(z, axis=1)[0]
    ),
    "flat": lambda z: np.stack([v * k for k, v in enumerate(z.flat)]) + z.flat[2],
    "any by place": lambda z: np.any(z > 1, 0) * np.all(z, axis=1)[0],
    "einsum": lambda z: np.einsum("ij,kj->ik", z, z.conj(), optimize=True),
    "tensordot": lambda z: np.tensordot(z, z, axes=([0, 1], [0, 1])),
    "ends": lambda z: np.ediff1d(z, to_begin=1.0, to_end=[2j]),
    "interpolated": lambda z: np.interp([-1.0, 0.5, 9.0], [0.0, 1.0, 2.0], z[0], left=1.0),
    "real weights": lambda z: np.average(z, axis=1, weights=np.array([1.0, 2.0, 3.0])),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_mean_what_numpys_mean(name: str) -> None:
    f = OPTIONS[name]
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(WHOLE), f(WHOLE), rtol=1e-12)


@pytest.mark.parametrize("f", [np.nansum, np.nanmean], ids=["nansum", "nanmean"])
def test_elements_with_a_part_that_is_nan_are_left_out(f: Any) -> None:
    for axis in (None, 0):
        got = tapec.compile(lambda z, axis=axis: f(z, axis=axis), backend="numpy")(Q)
        np.testing.assert_allclose(got, f(Q, axis=axis))


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.prod(z, initial=2.0),
        lambda z: np.var(z, where=np.abs(z) > 1),
        lambda z: np.average(z, weights=z),
    ],
)
def test_options_without_a_meaning_here_are_refused(f: Any) -> None:
    with pytest.raises((tapec.TapecError, TypeError)):
        tapec.compile(f, backend="numpy")(WHOLE)
