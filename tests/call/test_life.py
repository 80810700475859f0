"""Kernels through the life of a process: finalizers, exit, forks, functions made anew."""

from __future__ import annotations

import functools
import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

# What is called in each situation: known and new signatures, all ways into and out of native code.
KINDS = """
import atexit, gc, os, threading, time, weakref
import numpy as np, tapec

root = tapec.opaque(lambda a: np.array([a[0] * 2.0]), like=np.zeros(1))
def raising(x):
    if x[0] > 0:
        raise ValueError("positive")
    return x
def kinds():
    x = np.ones(3)
    f = tapec.compile(lambda x: np.sum(x * 3))
    kernels = [
        (f, (x,)), (f, (np.ones(4),)), (f, (1,)), (f.grad, (x,)), (f.bind(x), ()),
        (tapec.compile(lambda x: root(x) * 2.0), (x,)),
        (tapec.compile(raising), (x,)), (tapec.compile(lambda d: d["a"] * 2), ({"a": x},)),
        (tapec.vjp(lambda x: np.sin(x), x)[1], (x,)),
        (tapec.compile(lambda x: np.linalg.solve(x, x[0])), (np.zeros((3, 3)),)),
    ]
    for k, args in kernels:
        call(k, args)
    kernels += [(f, (np.ones((2, 7)),)), (tapec.compile(lambda x: x - 1), (x,))]  # to be compiled
    return kernels
def call(k, args):
    try:
        k(*args)
    except Exception:
        pass
class Closing:
    def __init__(self):
        self.kernels, self.call, self.me = kinds(), call, self
    def __del__(self, write=os.write):
        for k, args in self.kernels:
            self.call(k, args)
        write(1, b"closed")
"""
SITUATIONS = {
    "collected": "c = Closing(); del c; gc.collect()",
    "freed": "c = Closing(); c.me = None; del c",
    "at exit, a global": "c = Closing()",
    "at exit, no global": "Closing().me.other = atexit",
    "at exit, a class": "class Model:\n    c = Closing()",
    "atexit": "c = Closing(); atexit.register(c.__del__)",
    "finalize": "c = Closing(); weakref.finalize(c, call, *c.kernels[0])",
    "generator": "def g(c=Closing()):\n    try: yield\n    finally: c.__del__()\nheld = g(); next(held)",
    "daemon thread": "c = Closing()\nthreading.Thread(target=lambda: [c.__del__() "
    "for _ in range(10**6)], daemon=True).start(); time.sleep(0.3)",
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_calls_never_crash(situation: str) -> None:
    code = KINDS + SITUATIONS[situation]
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    assert b"closed" in run.stdout


FORKING = """
import gc, multiprocessing, sys, threading
import numpy as np, tapec

x, stop = np.ones(3), False
shared = tapec.compile(lambda x: np.sum(x))
def child():
    assert gc.isenabled()
    shared(np.ones((2, 2)))
    tapec.grad(lambda x: np.sum(np.exp(x) * 3))(x)
    tapec.jvp(np.sin, (x,), (x,))
def compiling():
    i = 0
    while not stop:
        i += 1
        shared(np.ones(i % 50 + 1))
        tapec.compile(lambda x: np.sum(np.exp(x) * i))(x)
threads = [threading.Thread(target=compiling) for _ in range(2)]
for t in threads:
    t.start()
failed = 0
for _ in range(6):
    p = multiprocessing.get_context("fork").Process(target=child)
    p.start(); p.join(30)
    failed += p.exitcode != 0
    p.kill()
stop = True
sys.exit(failed)
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_fork_while_threads_compile() -> None:
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING], timeout=200)
    assert run.returncode == 0


X = np.array([0.5, 1.0])
DERIVED: dict[str, Callable[[Any], Any]] = {
    "compile": lambda f: tapec.compile(f)(X),
    "grad": lambda f: tapec.grad(lambda x: np.sum(f(x)))(X),
    "jvp": lambda f: tapec.jvp(f, (X,), (X,)),
    "vjp": lambda f: tapec.vjp(f, X)[1](X),
    "linearize": lambda f: tapec.linearize(f, X)[1](X),
    "vmap": lambda f: tapec.vmap(f)(X[:, None]),
}


@pytest.mark.parametrize("name", DERIVED)
def test_functions_made_anew_are_freed(name: str) -> None:
    held = np.ones(2)
    gone = []
    for k in range(3):
        f = lambda x: x * x * held[0] + k  # noqa: B023, E731
        DERIVED[name](f)
        gone.append(weakref.ref(f))
    del f
    gc.collect()
    assert [g() for g in gone] == [None] * 3


class Scaled:
    def __init__(self, by: float) -> None:
        self.by = by

    def run(self, x: Any) -> Any:
        return x * x * self.by

    def __call__(self, x: Any) -> Any:
        return x * x * self.by


class Slotted:
    __slots__ = ("by",)

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, x: Any) -> Any:
        return x * x * self.by


def square(x: Any, by: float = 1.0) -> Any:
    return x * x * by


FUNCTIONS: dict[str, Any] = {
    "ufunc": (np.square, 1.0),
    "NumPy function": (np.square.__call__, 1.0),
    "array function": (lambda x: np.multiply(x, x), 1.0),
    "partial": (functools.partial(square, by=3.0), 3.0),
    "method": (Scaled(3.0).run, 3.0),
    "other method": (Scaled(5.0).run, 5.0),
    "object": (Scaled(3.0), 3.0),
    "other object": (Scaled(5.0), 5.0),
    "object with slots": (Slotted(3.0), 3.0),
    "kernel": (tapec.compile(square), 1.0),
    "wrapped": (functools.wraps(square)(lambda x: square(x) * 7.0), 7.0),
}


@pytest.mark.parametrize("name", [k for k in FUNCTIONS if k != "NumPy function"])
@pytest.mark.parametrize("repeat", [1, 2])
def test_everything_callable_has_derivatives(name: str, repeat: int) -> None:
    f, by = FUNCTIONS[name]
    for _ in range(repeat):
        tapec.jvp(square, (X,), (X,))  # whose kernels a wrapper must not take for its own
        assert np.allclose(tapec.jvp(f, (X,), (X,))[1], 2 * X * X * by)
        assert np.allclose(tapec.vjp(f, X)[1](X)[0], 2 * X * X * by)
        assert np.allclose(tapec.linearize(f, X)[1](X), 2 * X * X * by)


class Model:
    def __init__(self, scale: float) -> None:
        self.scale = scale

    @tapec.compile
    def loss(self, w: Any) -> Any:
        """The loss."""
        return self.scale * np.sum(w**3)


def test_methods_have_what_kernels_have() -> None:
    for m in (Model(2.0), Model(4.0)):
        s = m.scale
        assert m.loss(X) == s * np.sum(X**3)
        assert np.allclose(m.loss.grad(X), 3 * s * X**2)
        assert np.allclose(m.loss.grad.jacobian(X), np.diag(6 * s * X))
        assert np.allclose(m.loss.value_and_grad(X)[1], 3 * s * X**2)
        assert np.allclose(m.loss.jacobian(X), 3 * s * X**2)
        assert np.allclose(m.loss.hessian(X), np.diag(6 * s * X))
        assert np.allclose(m.loss.hvp(X, X), 6 * s * X**2)
        assert np.allclose(m.loss.jvp((X,), (X,))[1], 3 * s * np.sum(X**3))
        assert np.allclose(m.loss.vjp(X)[1](1.0)[0], 3 * s * X**2)
        assert np.allclose(tapec.grad(m.loss)(X), 3 * s * X**2)
        assert "native" in m.loss.explain(X)
        assert "func" in str(m.loss.ir("trace", X)) or str(m.loss.ir("trace", X))
        assert m.loss.bind(X)() == s * np.sum(X**3)
        assert m.loss == m.loss
    assert Model.loss.__doc__ == "The loss."


WEIGHTS = np.ones((3, 3))


def _decaying(x: Any) -> Any:
    while np.sum(x * x) > 1e-3:
        x = 0.5 * x
    return x[0]


def _limited(x: Any) -> Any:
    if x[0] > 1e9:
        raise ValueError("too large")
    return np.sum(WEIGHTS @ x)


def _filled(x: Any) -> Any:
    x[0] = 2.0
    return np.sum(np.linalg.solve(WEIGHTS + np.diag(x), x))


@pytest.mark.parametrize("function", [_decaying, _limited, _filled, np.sum])
@pytest.mark.parametrize("kind", [tapec.compile, tapec.value_and_grad, tapec.hessian])
def test_kernels_are_freed_without_the_collector(function: Any, kind: Any) -> None:
    x = np.arange(1.0, 4.0)
    kernel = kind(lambda x: function(x.copy()))
    kernel(x)
    held = weakref.ref(kernel.specialization(x))
    gc.disable()
    try:
        del kernel
        assert held() is None
    finally:
        gc.enable()
