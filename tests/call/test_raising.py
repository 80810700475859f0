"""What user code raises on traced conditions is raised by the kernel, and by its derivatives."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

BACKENDS = ("numpy", "llvm")
GOOD = np.array([2.0, 1.0])


class Refused(Exception):
    """An exception with more than a message."""

    def __init__(self, reason: str, number: int) -> None:
        super().__init__(reason, number)
        self.number = number


def root(x: Any, tol: float = 1e-10) -> Any:
    """A square root by Newton's method, with every way to fail."""
    if x[0] < 0:
        raise Refused("negative", 7)
    y = x[1]
    k = 0
    while abs(y * y - x[0]) > tol:
        y = 0.5 * (y + x[0] / y)
        k += 1
        if k > 30:
            raise RuntimeError("no convergence")
    if y > 3:
        z = y * 2
    elif y > 1:
        z = y
    else:
        raise ArithmeticError("small")
    assert z < 100, "large"
    return z


FAILING = [
    ([-1.0, 1.0], Refused, "negative"),
    ([0.25, 1.0], ArithmeticError, "small"),
    ([4.0, 1e-30], RuntimeError, "no convergence"),
    ([1e6, 1e3], AssertionError, "large"),
]


def ways(kernel: Any) -> list[Callable[[Any], Any]]:
    """Value and derivatives of every kind."""
    return [
        kernel,
        kernel.grad,
        kernel.hessian,
        lambda x: kernel.hvp(x, x),
        lambda x: tapec.vjp(kernel, x),
        lambda x: tapec.vmap(kernel)(np.stack([GOOD, x, GOOD])),
        lambda x: tapec.vmap(kernel.grad)(np.stack([GOOD, x])),
        tapec.compile(lambda x: 3 * kernel(x)),
        tapec.compile(lambda x: tapec.grad(kernel)(x)[0], backend="llvm"),
    ]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("start", "kind", "message"), FAILING)
def test_raised_by_values_and_derivatives(
    start: list[float], kind: type[Exception], message: str, backend: str
) -> None:
    for run in ways(tapec.compile(root, backend=backend)):
        with pytest.raises(kind, match=message):
            run(np.array(start))


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_is_raised_elsewhere(backend: str) -> None:
    kernel = tapec.compile(root, backend=backend)
    for x in (GOOD, np.array([16.0, 1.0])):
        assert kernel(x) == pytest.approx(root(x), abs=1e-12)
    assert kernel.grad(GOOD)[0] == pytest.approx(0.5 / np.sqrt(2.0), rel=1e-9)
    got = tapec.vmap(kernel)(np.array([[2.0, 1.0], [16.0, 1.0]]))
    np.testing.assert_allclose(got, [np.sqrt(2.0), 8.0], rtol=1e-11)


def test_the_object_itself_with_its_fields_and_no_shared_state() -> None:
    kernel = tapec.compile(root)
    found = []
    for _ in range(2):
        with pytest.raises(Refused) as info:
            kernel(np.array([-1.0, 1.0]))
        found.append(info.value)
    assert found[0].number == found[1].number == 7
    assert found[0] is not found[1]


def test_calls_that_fail_are_native_and_leak_nothing() -> None:
    def f(x: Any) -> Any:
        assert x[0] > 0, "positive"
        return x * 2, x[0]

    kernel = tapec.compile(f, backend="llvm")
    bound = kernel.bind(GOOD.copy())
    assert bound()[1] == 2.0
    x = np.array([-1.0, 1.0])
    with pytest.raises(AssertionError, match="positive"):
        kernel(x)
    alive = weakref.ref(x)
    del x
    gc.collect()
    assert alive() is None
    assert "backend: native" in kernel.explain(GOOD)


def test_bound_buffers() -> None:
    def f(x: Any) -> Any:
        if np.sum(x) > 10:
            raise OverflowError("too much")
        return x * 2

    x = np.ones(3)
    bound = tapec.compile(f, backend="llvm").bind(x)
    np.testing.assert_array_equal(bound(), 2 * np.ones(3))
    x[:] = 5.0
    with pytest.raises(OverflowError, match="too much"):
        bound()


def test_pickled_kernels_still_raise() -> None:
    kernel = tapec.compile(root)
    kernel(GOOD)
    again = pickle.loads(pickle.dumps(kernel))
    with pytest.raises(RuntimeError, match="no convergence"):
        again(np.array([4.0, 1e-30]))


def test_arguments_keep_what_was_written_before() -> None:
    def f(x: Any) -> Any:
        x[0] = 7.0
        if x[1] < 0:
            raise ValueError("second")
        return x[1]

    kernel = tapec.compile(f)
    x = np.array([1.0, -1.0])
    with pytest.raises(ValueError, match="second"):
        kernel(x)
    np.testing.assert_array_equal(x, [7.0, -1.0])


def test_the_first_of_several_is_raised() -> None:
    def f(x: Any) -> Any:
        total = 0.0
        for i in range(50):
            assert x[i] < 1, "large"
            assert x[i] > -1, "small"
            total += x[i] ** 2
        return total

    kernel = tapec.compile(f)
    x = np.zeros(50)
    x[[20, 30]] = 2.0, -2.0
    with pytest.raises(AssertionError, match="large"):
        kernel(x)
    x[10] = -2.0
    with pytest.raises(AssertionError, match="small"):
        kernel.grad(x)


def test_an_error_in_all_branches_is_raised_while_tracing() -> None:
    def f(x: Any) -> Any:
        if x > 0:
            raise ValueError("one")
        raise ValueError("two")

    with pytest.raises(ValueError, match=r"one|two"):
        tapec.compile(f)(1.0)


def test_errors_of_our_own_in_a_branch_are_told_at_once() -> None:
    def f(x: Any) -> Any:
        if x[0] > 0:
            return np.reshape(x, (3, 5))
        return x

    with pytest.raises((tapec.TapecError, ValueError)):
        tapec.compile(f)(GOOD)
