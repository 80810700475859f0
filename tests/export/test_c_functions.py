"""Kernels as C functions in this process: addresses, ctypes, numba, threads, SciPy's callbacks."""

from __future__ import annotations

import ctypes
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy import integrate, ndimage

import tapec
from tapec.errors import ExportError

X = np.array([0.3, -0.2, 0.7])
IMAGE = np.random.default_rng(0).normal(size=(12, 12))
FILTER = "int (double *, npy_intp, double *, void *)"
LINE = "int (double *, npy_intp, double *, npy_intp, void *)"
MAPPING = "int (npy_intp *, double *, int, int, void *)"


def square_mean(x: Any) -> Any:
    return np.sqrt(np.mean(x**2))


def test_numbers_by_value() -> None:
    f = tapec.compile(lambda x, n, flag: np.where(flag, np.exp(-x) * n, 0.0))
    function = f.ctypes(0.5, 3, True)
    assert function.restype is ctypes.c_double
    assert function.argtypes == (ctypes.c_double, ctypes.c_int64, ctypes.c_bool)
    assert function(0.25, 2, True) == f(0.25, 2, True)
    assert function(0.25, 2, False) == 0.0
    prototype = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_int64, ctypes.c_bool)
    assert prototype(f.address(0.5, 3, True))(0.25, 2, True) == f(0.25, 2, True)
    assert f.address(0.5, 3, True) == f.address(0.7, 4, False)


@pytest.mark.parametrize("name", ["grad", "jacobian", "hessian", "value_and_grad"])
def test_derivatives_by_pointer(name: str) -> None:
    kernel = getattr(tapec.compile(square_mean), name)
    wanted = kernel(X)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    outs = [np.empty(np.shape(w)) for w in wanted]
    assert kernel.ctypes(X)(X, *outs) == 0
    assert all(np.array_equal(a, b) for a, b in zip(outs, wanted, strict=True))


def test_pointers_are_checked_where_they_are_arrays() -> None:
    function = tapec.grad(square_mean).ctypes(X)
    out = (ctypes.c_double * 3)()
    assert function(X, out) == 0
    assert list(out) == list(tapec.grad(square_mean)(X))
    for wrong in (X[:2], X.astype(np.float32), np.zeros(6)[::2]):
        with pytest.raises(ctypes.ArgumentError, match="is wanted"):
            function(wrong, out)


def test_the_function_keeps_its_code() -> None:
    function = tapec.compile(lambda x: np.sin(x) * 2.0).ctypes(0.5)
    gc.collect()
    assert function(0.0) == 0.0


def test_statuses_and_nan() -> None:
    def f(x: Any) -> Any:
        if x < 0.0:
            raise ValueError("negative")
        return np.sqrt(x)

    assert np.isnan(tapec.compile(f).ctypes(1.0)(-1.0))
    inverse, out = tapec.compile(np.linalg.inv).ctypes(np.eye(2)), np.empty((2, 2))
    assert inverse(np.zeros((2, 2)), out) == 3
    assert inverse(np.eye(2), out) == 0


def test_captured_values_are_those_of_now() -> None:
    weights = np.arange(100.0)
    kernel = tapec.compile(lambda x: np.sum(weights * x))
    x = np.ones(100)
    first = kernel.ctypes(x)
    assert first is kernel.ctypes(x)
    weights[0] = 7.0
    second = kernel.ctypes(x)
    assert (first(x), second(x)) == (4950.0, 4957.0)


def test_threads() -> None:
    a = np.random.default_rng(1).normal(size=(40, 40))  # work memory on the heap
    kernel = tapec.compile(lambda a: np.sum(np.linalg.inv(a)))
    function, wanted = kernel.ctypes(a), kernel(a)
    with ThreadPoolExecutor(4) as pool:
        assert {*pool.map(lambda _: function(a), range(40))} == {wanted}


@pytest.mark.slow
def test_numba_calls_without_the_interpreter_lock() -> None:
    numba = pytest.importorskip("numba", reason="numba is among the peers, not the tests")
    kernel, slope = tapec.compile(lambda x: np.exp(-x * x)), tapec.grad(square_mean)
    value, gradient = kernel.ctypes(1.0), slope.ctypes(X)

    @numba.njit(nogil=True)
    def total(n: int) -> float:
        s = 0.0
        for k in range(n):
            s += value(0.1 * k)
        return s

    @numba.njit(nogil=True)
    def filled(x: Any) -> Any:
        out = np.empty_like(x)
        return gradient(x.ctypes, out.ctypes), out

    @numba.cfunc("float64(float64)")
    def twice(x: float) -> float:
        return 2.0 * value(x)

    assert total(20) == sum(kernel(0.1 * k) for k in range(20))
    status, found = filled(X)
    assert status == 0
    assert np.array_equal(found, slope(X))
    assert twice.ctypes(0.5) == 2.0 * kernel(0.5)
    with ThreadPoolExecutor(4) as pool:
        assert len({*pool.map(total, [1000] * 16)}) == 1


# ---- SciPy's callbacks ---------------------------------------------------------------------------


def test_quad() -> None:
    f = tapec.compile(lambda x: np.exp(-x * x))
    assert integrate.quad(f.low_level_callable("double (double)"), 0, 1) == integrate.quad(f, 0, 1)
    parameters = np.array([2.0, 3.0])
    line = tapec.compile(lambda x, p: p[0] * x + p[1])
    callback = line.low_level_callable("double(double, void*)", 0.0, parameters)
    assert integrate.quad(callback, 0, 1)[0] == 4.0
    parameters[1] = 5.0
    assert integrate.quad(callback, 0, 1)[0] == 6.0


def test_quad_of_a_derivative() -> None:
    slope = tapec.grad(lambda x: np.sin(x))
    found = integrate.quad(slope.low_level_callable(), 0, 1)[0]
    assert np.isclose(found, np.sin(1.0), rtol=1e-14)


def test_nquad() -> None:
    ranges = [[0, 1], [0, 2]]
    f = tapec.compile(lambda x, y: x * y**2)
    wanted = integrate.nquad(f, ranges)[0]
    assert integrate.nquad(f.low_level_callable("double (int, double *)"), ranges)[0] == wanted
    vector = tapec.compile(lambda v: v[0] * v[1] ** 2)
    callback = vector.low_level_callable("double (int, double *)", np.zeros(2))
    assert integrate.nquad(callback, ranges)[0] == wanted
    scaled = tapec.compile(lambda x, y, s: x * y**2 * s[0])
    callback = scaled.low_level_callable("double (int, double *, void *)", 0, 0, np.array([2.0]))
    assert np.isclose(integrate.nquad(callback, ranges)[0], 2 * wanted)


def test_a_wrong_number_of_variables_is_nan() -> None:
    callback = tapec.compile(lambda x, y: x * y).low_level_callable("double (int, double *)")
    assert callback.function(2, (ctypes.c_double * 2)(3.0, 4.0)) == 12.0
    assert np.isnan(callback.function(3, (ctypes.c_double * 3)()))


def test_generic_filter() -> None:
    kernel = tapec.compile(square_mean)
    callback = kernel.low_level_callable("int (double *, intptr_t, double *, void *)", np.zeros(9))
    assert np.array_equal(
        ndimage.generic_filter(IMAGE, callback, size=3),
        ndimage.generic_filter(IMAGE, kernel, size=3),
    )
    with pytest.raises(RuntimeError):
        ndimage.generic_filter(IMAGE, callback, size=5)


def written(line: Any, out: Any) -> None:
    out[...] = line[:-2] - 2.0 * line[1:-1] + line[2:]


def returned(line: Any) -> Any:
    return line[:-2] - 2.0 * line[1:-1] + line[2:]


@pytest.mark.parametrize(("f", "args"), [(written, (14, 12)), (returned, (14,))])
def test_generic_filter1d(f: Any, args: Any) -> None:
    callback = tapec.compile(f).low_level_callable(LINE, *map(np.zeros, args))
    assert np.array_equal(
        ndimage.generic_filter1d(IMAGE, callback, 3), ndimage.generic_filter1d(IMAGE, written, 3)
    )


def test_geometric_transform() -> None:
    def moved(c: Any, by: Any) -> Any:
        return c[0] - by[0], c[1] * by[1]

    by = np.array([0.5, 0.9])
    callback = tapec.compile(moved).low_level_callable(MAPPING, (0, 0), by)
    assert np.array_equal(
        ndimage.geometric_transform(IMAGE, callback),
        ndimage.geometric_transform(IMAGE, moved, extra_arguments=(by,)),
    )


@pytest.mark.parametrize(
    ("signature", "args", "match"),
    [
        ("double (float)", (), "SciPy calls no"),
        ("double (double)", (X,), "which is no"),
        ("double (double)", (0.5, X), "which is no"),
        (FILTER, (), "needs arguments like those"),
        (FILTER, (np.zeros(3, np.int64),), "which is no"),
        (LINE, (np.zeros(3),), "which is no"),
    ],
)
def test_functions_that_do_not_fit(signature: str, args: Any, match: str) -> None:
    def f(x: Any, *rest: Any) -> Any:
        return np.sum(x) if signature in (FILTER, "double (double)") else np.sum(x) > 0.0

    with pytest.raises(ExportError, match=match):
        tapec.compile(f).low_level_callable(signature, *args)
