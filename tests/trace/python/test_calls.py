"""Functions that only objects know (attributes, containers, parameters) are traced through."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from support.called_objects import FORMS, POINTS, SPACE, Array, Late, flip, make

import tapec
from tapec.backends.llvm import available
from tapec.errors import UnsupportedOperation
from tapec.tools.differences import ridders
from tapec.trace.arrays.session import Session, running
from tapec.trace.python.prepare import prepare

NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
each = pytest.mark.parametrize("name", FORMS)


def derivative(f: Callable[[Array], Array], x: Array) -> Array:
    columns = [ridders(lambda t, e=e: np.asarray(f(x + t * e)))[0] for e in np.eye(3)]  # type: ignore[misc]
    return np.stack(columns, axis=-1)


@each
def test_the_same_on_plain_values(name: str) -> None:
    f = FORMS[name]
    if name == "loop":
        pytest.skip("asks for a loop of the program")
    for x in POINTS:
        with running(Session()) as session:
            got = np.asarray(prepare(f, session)(x.copy()))
        np.testing.assert_array_equal(got, f(x.copy()))


@pytest.mark.parametrize("backend", ["numpy", pytest.param("llvm", marks=NATIVE)])
@each
def test_values_and_gradients(name: str, backend: Any) -> None:
    f = FORMS[name]

    def loss(x: Array) -> Array:
        return np.sum(f(x) * np.array([0.3, -1.1, 0.7]))

    value = tapec.compile(f, backend="numpy") if backend == "numpy" else None
    gradient = tapec.compile(tapec.grad(loss), backend=backend)
    for x in POINTS:
        if value is not None:
            np.testing.assert_allclose(value(x.copy()), f(x.copy()), rtol=1e-13)
        np.testing.assert_allclose(gradient(x.copy()), derivative(loss, x), rtol=1e-7, atol=1e-8)


def test_what_is_not_the_users_is_called_as_it_is() -> None:
    seen: list[Any] = []
    held = types.SimpleNamespace(append=seen.append, text="a b".split, kernel=tapec.grad(np.sum))

    def f(x: Array) -> Array:
        held.append(len(held.text()))
        return held.kernel(x) * x.sum() + x.copy().reshape(3, 1).dot(np.ones(1))

    x = POINTS[0]
    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(x), x.sum() + x)
    assert seen == [2]


def test_callees_are_evaluated_once_and_before_their_arguments() -> None:
    seen: list[str] = []

    def note(name: str, value: Any) -> Any:
        seen.append(name)
        return value

    def f(x: Array) -> Array:
        return note("callee", SPACE).f(note("argument", x))

    np.testing.assert_allclose(tapec.compile(f, backend="numpy")(POINTS[0]), flip(POINTS[0]))
    assert seen == ["callee", "argument"]


def test_objects_keep_what_methods_store_in_them() -> None:
    late, x = Late(), POINTS[0]
    kept = [late]
    got = tapec.compile(lambda x: kept[0].function(2)(x), backend="numpy")(x)
    np.testing.assert_allclose(got, make(2)(x))
    assert late.made == 1
    assert kept[0] is late


@pytest.mark.parametrize("bad", [3, None, SPACE])
def test_what_cannot_be_called_says_what_python_says(bad: Any) -> None:
    held = [bad]
    with pytest.raises(TypeError, match="object is not callable"):
        tapec.compile(lambda x: held[0](x), backend="numpy")(POINTS[0])


def test_errors_inside_name_the_line_of_the_function() -> None:
    def broken(x: Array) -> Array:
        if x[0] > 0:
            x = np.unique(x)
        return x

    held = types.SimpleNamespace(f=broken)
    with pytest.raises(UnsupportedOperation, match=r"test_calls\.py:\d+:  x = np\.unique"):
        tapec.compile(lambda x: held.f(x), backend="numpy")(POINTS[0])


def test_sorting_and_reducing_call_what_objects_hold() -> None:
    held = types.SimpleNamespace(key=lambda i: -i if i > 1 else i, step=lambda a, v: a + flip(v))

    def f(x: Array) -> Array:
        order = sorted(range(3), key=held.key)
        return functools.reduce(held.step, [x * i for i in order], x)

    for x in POINTS:
        np.testing.assert_allclose(tapec.compile(f, backend="numpy")(x), f(x), rtol=1e-14)


def test_objects_of_packages_are_called_as_they_are() -> None:
    held = [CubicSpline(np.arange(5.0), np.arange(5.0) ** 2)]
    got = tapec.compile(lambda x: x * held[0](1.5), backend="numpy")(POINTS[0])
    np.testing.assert_allclose(got, POINTS[0] * held[0](1.5))
