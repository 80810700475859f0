"""Kernels as objects: pickling, threads, methods, outputs, specialisation."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.errors import (
    ControlFlowError,
    DTypeError,
    MutationError,
    NonDifferentiableError,
    TapecError,
)

X = np.array([0.3, -0.2, 0.7])


def energy(x: Any, a: float = 1.0) -> Any:
    y = np.zeros(3)
    y[0] = np.exp(-x @ x)
    y[1:] = np.sin(x[:2]) * a
    return np.sum(y**2)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_all_derivatives_agree(backend: Any) -> None:
    f = tapec.compile(energy, backend=backend)
    step = np.array([np.imag(_complex(X + 1e-30j * e)) / 1e-30 for e in np.eye(3)])
    np.testing.assert_allclose(f(X), energy(X), rtol=1e-14)
    np.testing.assert_allclose(f.grad(X), step, rtol=1e-13)
    value, gradient = f.value_and_grad(X)
    assert value == f(X)
    np.testing.assert_array_equal(gradient, f.grad(X))
    np.testing.assert_allclose(f.jacobian(X), step, rtol=1e-13)
    hessian = f.hessian(X)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-13)
    np.testing.assert_allclose(f.hvp(X, X), hessian @ X, rtol=1e-13)
    np.testing.assert_allclose(f.jvp((X,), (X,))[1], gradient @ X, rtol=1e-13)
    y, pull = f.vjp(X)
    np.testing.assert_allclose(pull(2.0)[0], 2 * gradient, rtol=1e-13)
    assert y == value


def _complex(x: Any) -> Any:
    return np.exp(-x @ x) ** 2 + np.sum(np.sin(x[:2]) ** 2)


def test_a_lambda_travels_as_its_programs() -> None:
    k = tapec.compile(lambda x: np.sum(x * x))
    k(X)
    again = pickle.loads(pickle.dumps(k))
    assert again(X) == k(X)
    with pytest.raises(TapecError, match="without its Python function"):
        again(np.ones(4))


def test_a_module_function_travels_as_itself() -> None:
    k = pickle.loads(pickle.dumps(tapec.compile(np.linalg.norm)))
    assert k(X) == pytest.approx(np.linalg.norm(X))
    assert copy.copy(k)(X) == k(X)


def test_a_kernel_never_called_whose_function_does_not_pickle_is_refused() -> None:
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(tapec.compile(lambda x: x))


def test_out_and_bind() -> None:
    f = tapec.compile(energy)
    out = np.empty(3)
    assert f.grad(X, out=out) is out
    np.testing.assert_array_equal(out, f.grad(X))
    x = X.copy()
    run = f.grad.bind(x, out=out)
    x[:] = 0.1
    run()
    np.testing.assert_array_equal(out, f.grad(x))


def test_other_layouts_and_dtypes() -> None:
    f = tapec.compile(lambda x: np.sum(x * x))
    wide = np.arange(12.0).reshape(3, 4)
    for x in (wide, wide[:, ::2], wide.T, wide.astype("f4"), wide.astype("i8")):
        assert f(x) == np.sum(x * x)
        assert type(f(x)) is type(np.sum(x * x))
    with pytest.raises(DTypeError):
        f(wide.astype("u2"))


def test_writes_into_arguments_reach_the_caller_only_from_the_value() -> None:
    def push(a: Any, b: Any) -> Any:
        a[1:] += b[0] * a[:-1]
        return np.sum(a)

    want = X.copy()
    total = push(want, X)
    got = X.copy()
    k = tapec.compile(push)
    assert k(got, X) == pytest.approx(total)
    np.testing.assert_allclose(got, want)
    before = got.copy()
    k.grad(got, X)
    np.testing.assert_array_equal(got, before)
    got.flags.writeable = False
    with pytest.raises(MutationError):
        k(got, X)


def test_python_integers_become_static_where_python_needs_them() -> None:
    def partial(x: Any, n: int) -> Any:
        return sum(x[i] for i in range(n))

    g = tapec.grad(partial)
    np.testing.assert_array_equal(g(X, 2), [1, 1, 0])
    np.testing.assert_array_equal(g(X, 3), [1, 1, 1])
    assert tapec.grad(lambda t: t**3)(2) == 12.0


def test_refusals_name_the_line_and_a_cure() -> None:
    def chosen(x: Any) -> Any:
        return sum([v for v in x if v > 0])

    with pytest.raises(ControlFlowError, match=r"test_kernel.py:\d+:.*if v > 0(.|\n)*np.where"):
        tapec.grad(chosen)(X)
    with pytest.raises(NonDifferentiableError, match="jacobian"):
        tapec.grad(lambda x: x * 2)(X)
    with pytest.raises(DTypeError):
        tapec.grad(lambda x: np.sum(x * 2))(np.arange(3))


def test_threads_share_a_kernel() -> None:
    f = tapec.compile(energy)
    found: list[Any] = []

    def work() -> None:
        found.extend(f.grad(np.full(3, 0.1 * (i % 5))) for i in range(300))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(found) == 1200
    np.testing.assert_array_equal(found[1], f.grad(np.full(3, 0.1)))


def test_kernels_are_collected() -> None:
    f = tapec.compile(lambda x: np.sum(x))
    f(X)
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None


def test_nesting() -> None:
    def inner(x: Any) -> Any:
        g = tapec.grad(lambda y: np.sum(y * y * x))(x)
        return np.sum(g * g)

    np.testing.assert_allclose(tapec.grad(inner)(X), 16 * X**3, rtol=1e-13)
    stacked = np.stack([X, 2 * X])
    each = np.stack([tapec.hessian(energy)(x) for x in stacked])
    np.testing.assert_allclose(tapec.vmap(tapec.hessian(energy))(stacked), each, rtol=1e-13)


def test_fork() -> None:
    import os

    f = tapec.compile(energy)
    want = f(X)
    pid = os.fork()
    if pid == 0:
        ok = f(X) == want and tapec.compile(lambda x: x[0] * 2.0)(X) == 2 * X[0]
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_debug_settings_print_and_write(tmp_path: Any) -> None:
    import subprocess
    import sys

    code = "import numpy as np, tapec; tapec.compile(lambda x: np.sum(x * x))(np.ones(3))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"TAPEC_DEBUG": "4", "TAPEC_DUMP": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tapec: compiled f(f64[3]) in" in done.stderr
    assert "func @f" in done.stderr
    assert sorted(p.name for p in tmp_path.rglob("*.tape"))[0] == "00-trace.tape"


def test_a_pullback_keeps_its_run() -> None:
    calls: list[int] = []

    def f(A: Any, x: Any) -> Any:
        calls.append(1)
        h = np.tanh(A @ x)
        return np.sum(np.exp(-h * h) * np.sin(h)), h

    A, x = np.arange(9.0).reshape(3, 3) / 9, X.copy()
    (value, h), pull = tapec.vjp(f, A, x)
    expected = tapec.grad(lambda A, x: f(A, x)[0] + 2 * np.sum(f(A, x)[1]), (0, 1))(A, x)
    traced = len(calls)
    A_kept, x_kept = A.copy(), x.copy()
    A[...] = x[...] = np.nan  # the map belongs to the point, not to the caller's arrays
    for scale in (1.0, 3.0):
        found = pull((scale, 2 * scale * np.ones(3)))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, scale * b, rtol=1e-13)
    assert len(calls) == traced
    np.testing.assert_allclose(value, f(A_kept, x_kept)[0], rtol=1e-14)
    with pytest.raises(TapecError, match="direction of shape"):
        pull((1.0, np.ones(2)))
    y, push = tapec.linearize(f, A_kept, x_kept)
    np.testing.assert_allclose(y[1], h)
    along = tapec.jvp(f, (A_kept, x_kept), (A_kept, x_kept))[1]
    np.testing.assert_allclose(push(A_kept, x_kept)[0], along[0], rtol=1e-13)


def test_a_pullback_inside_traced_code_is_differentiated() -> None:
    def g(x: Any) -> Any:
        _, pull = tapec.vjp(lambda z: np.sum(z**3), x)
        return np.sum(pull(1.0)[0] ** 2)

    np.testing.assert_allclose(tapec.grad(g)(X), 36 * X**3, rtol=1e-13)


def test_nested_tuples_return_from_native_code() -> None:
    def f(x: Any, y: Any) -> Any:
        return (x, y + x), (x * y, (np.sum(x - y),)), 2.0

    k = tapec.compile(f, backend="llvm")
    for _ in range(2):
        (a, b), (c, (d,)), e = k(X, 2 * X)
        for found, wanted in zip(
            (a, b, c, d, e), (X, 3 * X, 2 * X * X, -np.sum(X), 2.0), strict=True
        ):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
    assert k.bind(X, X)()[0][1] == pytest.approx(2 * X)
    value, (gx, gy) = tapec.value_and_grad(lambda x, y: np.sum(x * x * y), (0, 1))(X, 2 * X)
    assert value == pytest.approx(2 * np.sum(X**3))
    np.testing.assert_allclose(gx, 4 * X * X)
    np.testing.assert_allclose(gy, X * X)


def test_linear_maps_through_loops() -> None:
    def f(x: Any) -> Any:
        s = 0.0
        for i in range(1000):
            s = s + np.sin(0.001 * s * x[1] + i)
        while x[0] < 5:
            x = x * x
        return np.sum(x) + s, x

    x = np.array([1.3, 1.2])
    y, push = tapec.linearize(f, x)
    expected = tapec.jvp(f, (x,), (x,))[1]
    np.testing.assert_allclose(y[0], f(x)[0], rtol=1e-12)
    np.testing.assert_allclose(push(x)[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(push(x)[1], expected[1], rtol=1e-12)
    _, pull = tapec.vjp(lambda x: f(x)[0], x)
    np.testing.assert_allclose(pull(1.0)[0] @ x, expected[0], rtol=1e-12)
