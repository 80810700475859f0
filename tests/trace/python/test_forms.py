"""cond, switch, while_loop, fori_loop, scan, map: compiled, and on plain values, as NumPy does."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tapec
from tapec.errors import ControlFlowError
from tapec.tree import flatten

V = np.array([0.3, 0.7, 0.2, 0.9])


class Point(NamedTuple):
    """A carried structure."""

    x: Any
    v: Any


def program(f: Callable[..., Any], *args: Any) -> list[str]:
    """The names of the region ops, after the results were compared with a plain run."""
    kernel = tapec.compile(f, backend="numpy")
    got, want = flatten(kernel(*args)), flatten(f(*args))
    assert got[1] == want[1]
    for a, b in zip(got[0], want[0], strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-13)
    raw = kernel.specialization(*args).program.raw
    return [op.name for op in raw.ops if op.regions]


FORMS: dict[str, tuple[list[str], Callable[..., Any], tuple[Any, ...]]] = {
    "cond": (
        ["cond"],
        lambda x: tapec.cond(
            x[0] > 0.1, lambda y: (y * 2, {"a": y[0]}), lambda y: (y - x, {"a": y[1]}), x
        ),
        (V,),
    ),
    "cond, known": ([], lambda x: tapec.cond(x.ndim == 1, np.sum, np.max, x), (V,)),
    "switch": (
        ["switch"],
        lambda x: tapec.switch(np.argmax(x), [lambda y: y, lambda y: y * 2, lambda y: y * x], x),
        (V,),
    ),
    "switch, known": ([], lambda x: tapec.switch(-3, [np.sum, np.max], x), (V,)),
    "while_loop": (
        ["while_loop"],
        lambda x: tapec.while_loop(lambda s: s.x < 10, lambda s: Point(s.x + 1, s.v * x),
                                   Point(0, np.ones(4))),
        (V,),
    ),
    "fori_loop": (
        ["scan"],
        lambda x: tapec.fori_loop(0, 10, lambda i, s: [s[0] + np.sin(x * i), s[1] * 2],
                                  [np.zeros(4), 1]),
        (V,),
    ),
    "fori_loop, run-time bounds": (
        ["fori_loop"],
        lambda x, n: tapec.fori_loop(n - 4, n, lambda i, s: s + x[i - 2] * i, 0.0),
        (V, 5),
    ),
    "scan": (
        ["scan"],
        lambda x: tapec.scan(lambda c, y: (c * y, c + y), 1.0, x),
        (V,),
    ),
    "scan, nested and backwards": (
        ["scan"],
        lambda x: tapec.scan(
            lambda c, y: ((c[0] * y["a"], c[1] + 1), {"s": c[0] + y["b"].sum()}),
            (1.0, 0), {"a": x, "b": np.outer(x, x)}, reverse=True),
        (V,),
    ),
    "scan, length only": (
        ["scan"],
        lambda x: tapec.scan(lambda c, _: (np.sin(c), None), x, length=50, checkpoint=True),
        (V,),
    ),
    "scan, no elements": (
        ["scan"],
        lambda x: tapec.scan(lambda c, y: (c * y, {"a": (c + y, None), "n": 1}), 1.0, x[:0]),
        (V,),
    ),
    "scan, no elements to unroll": (
        ["scan"],
        lambda x: tapec.scan(lambda c, _: (c * 2, c), x, length=0, unroll=True),
        (V,),
    ),
    "map, no elements": (["scan"], lambda x: tapec.map(lambda y: np.outer(y, y), x[:0]), (V,)),
    "switch, one branch": ([], lambda x: tapec.switch(np.argmax(x), [lambda y: y * 2], x), (V,)),
    "cond, by name": (
        ["cond"],
        lambda x: tapec.cond(x[0] > 0, true_fun=lambda: x, false_fun=lambda: -x),
        (V,),
    ),
    "fori_loop, unrolled": (
        [],
        lambda x: tapec.fori_loop(0, 4, lambda i, s: s * x[i], 1.0, unroll=True),
        (V,),
    ),
    "scan, unrolled": (
        [],
        lambda x: tapec.scan(lambda c, y: (c * y, c + y), 1.0, x, reverse=True, unroll=True),
        (V,),
    ),
    "map": (["scan"], lambda x: tapec.map(lambda y: (y**2 + x[0], -y), x), (V,)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str) -> None:
    wanted, f, args = FORMS[name]
    assert program(f, *args) == wanted


def test_numbers_known_at_run_time_do_not_compile_again() -> None:
    f = tapec.compile(lambda x, n: tapec.fori_loop(0, n, lambda i, s: s * x, 1.0), backend="numpy")
    assert [float(f(2.0, n)) for n in (3, 5, 0)] == [8.0, 32.0, 1.0]
    assert f.specialization(2.0, 3) is f.specialization(2.0, 7)


def test_kernels_and_transforms_in_bodies() -> None:
    loss = tapec.compile(lambda y, x: ((y - x) ** 2).sum() + (y**4).sum(), backend="numpy")

    def f(x: Any) -> Any:
        step = tapec.grad(loss)
        return tapec.fori_loop(0, 200, lambda i, y: y - 0.1 * step(y, x), np.zeros(4))

    y = tapec.compile(f, backend="numpy")(V)
    np.testing.assert_allclose(2 * (y - V) + 4 * y**3, 0.0, atol=1e-12)
    slope = tapec.jacobian(tapec.compile(f, backend="numpy"))(V)
    np.testing.assert_allclose(slope, np.diag(2 / (2 + 12 * y**2)), atol=1e-10)


def test_writes_in_bodies_reach_the_arrays_around() -> None:
    def f(x: Any) -> Any:
        log = np.zeros(10)

        def body(i: Any, s: Any) -> Any:
            log[i] = s
            return s * x[0]

        return tapec.fori_loop(0, 10, body, 1.0), log

    assert program(f, V) == ["scan"]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (
            lambda x: tapec.fori_loop(0, 9, lambda i, s: (s[0], s[1][:2]), (x, x)),
            r"carries init_val\[1\], which is f64\[4\] before an iteration and f64\[2\] after it",
        ),
        (
            lambda x: tapec.scan(lambda c, y: ({"p": c["p"].astype(int)}, y), {"p": x}, x),
            r"carries init\['p'\], which is f64\[4\] before an iteration and i64\[4\] after it",
        ),
        (
            lambda x: tapec.while_loop(lambda s: s.sum() < 9, lambda s: (s, s), x),
            r"carries init_val, which is f64\[4\] before an iteration and tuple\(f64\[4\], f64",
        ),
        (
            lambda x: tapec.cond(x[0] > 0, lambda y: (y, y[0]), lambda y: (y[:2], y[0]), x),
            r"result\[0\] is f64\[4\] or f64\[2\]",
        ),
        (lambda x: tapec.scan(lambda c, y: c, x[0], x), "must return a pair"),
        (lambda x: tapec.scan(lambda c, y: (c, y), 0.0, (x, x[:2])), "leading axes of one length"),
        (lambda x: tapec.scan(lambda c, _: (c, c), x, length=-1), "length -1"),
        (lambda x: tapec.switch(np.argmax(x), [], x), "no branches"),
        (lambda x: tapec.while_loop(lambda s: True, lambda s: s + 1, x), "does not depend"),
    ],
)
def test_errors(f: Any, message: str) -> None:
    with pytest.raises(ControlFlowError, match=message) as caught:
        tapec.compile(f, backend="numpy")(V)
    assert "test_forms.py" in str(caught.value)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: tapec.fori_loop(0, 5.0, lambda i, s: s + i, x),
        lambda x: tapec.switch(x[0], [lambda y: y, lambda y: -y], x),
        lambda x: tapec.switch(1.0, [lambda y: y, lambda y: -y], x),
    ],
)
def test_counts_are_integers(f: Any) -> None:
    for run in (f, tapec.compile(f, backend="numpy")):
        with pytest.raises(TypeError):
            run(V)


def test_forms_are_what_jax_calls_them() -> None:
    jax = pytest.importorskip("jax")
    for name in ("cond", "switch", "while_loop", "fori_loop", "scan", "map"):
        ours = inspect.signature(getattr(tapec, name)).parameters
        known = [p for p in inspect.signature(getattr(jax.lax, name)).parameters if p in ours]
        assert [*ours][: len(known)] == known
        assert set(ours) - {*known} <= {"checkpoint"}
