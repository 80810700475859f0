"""Calls with keywords, containers and `out` go to native code, and give what Python gives."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.collection import no_collection

import tapec
from tapec.backends import fastcall
from tapec.backends.llvm import available
from tapec.errors import DTypeError, ShapeError
from tapec.tree import flatten

pytestmark = [
    pytest.mark.skipif(not available()[0], reason=available()[1]),
    pytest.mark.skipif(not fastcall.SUPPORTED, reason="no vectorcall on this interpreter"),
]


class Pair(NamedTuple):
    first: Any
    second: Any


def same(a: Any, b: Any) -> None:
    """Equal in structure, types and bits."""
    (ours, tree), (theirs, other) = flatten(a), flatten(b)
    assert tree == other
    for x, y in zip(ours, theirs, strict=True):
        assert type(x) is type(y)
        np.testing.assert_array_equal(x, y, strict=True)


LEAVES = st.one_of(
    st.sampled_from([(), (1,), (2, 3), (0,)]).map(lambda shape: np.full(shape, 1.5)),
    st.floats(-2, 2),
    st.booleans(),
    st.integers(-5, 5),
    st.none(),
)
NESTINGS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        st.tuples(inner, inner).map(lambda parts: Pair(*parts)),
    ),
    max_leaves=6,
)


def doubled(tree: Any) -> Any:
    """The same nesting with its numbers doubled; no None, as results have it in no place."""
    leaves, shape = flatten((tree,))
    return shape.unflatten([leaf + leaf for leaf in leaves])[0]


@given(NESTINGS, st.dictionaries(st.sampled_from("xyz"), NESTINGS, max_size=2))
@settings(max_examples=15, deadline=None)
def test_any_nesting_in_and_out(argument: Any, named: dict[str, Any]) -> None:
    def f(a: Any, **named: Any) -> Any:
        return doubled([a, named])

    kernel = tapec.compile(f)
    wanted = f(argument, **named)
    for _ in range(3):
        same(kernel(argument, **named), wanted)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {"a": np.ones(3), "b": 2.0}),
        ((np.ones(3),), {"b": 2.0}),
        (((np.ones(3), 2.0),), {}),
        (([np.ones(3), (2.0, True)],), {}),
        (({"a": np.ones(3), "b": {"c": 2.0}},), {}),
        ((Pair(np.ones(3), Pair(1.0, 2.0)),), {}),
        (({"a": np.ones(2) + 1j, "b": None},), {}),
        ((np.ones(3), "text"), {"flag": "other"}),
    ],
)
def test_python_is_not_asked(args: Any, kwargs: Any, python_calls: list[Any]) -> None:
    def f(*args: Any, **kwargs: Any) -> Any:
        leaves = [x for x in flatten((args, kwargs))[0] if not isinstance(x, str)]
        return {"sums": [np.sum(x) for x in leaves], "pair": Pair(leaves[0] * 2, (leaves[0] + 1,))}

    kernel = tapec.compile(f)
    same(kernel(*args, **kwargs), f(*args, **kwargs))
    del python_calls[:]
    for _ in range(2):
        same(kernel(*args, **kwargs), f(*args, **kwargs))
    assert python_calls == []


def test_keys_and_names_made_at_run_time(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda p, **named: p["weight"] * named["scale"])
    wanted = kernel({"weight": np.ones(2)}, scale=3.0)
    del python_calls[:]
    weight, scale = ("".join(list(word)) for word in ("weight", "scale"))
    assert weight is not sys.intern(weight)
    same(kernel({weight: np.ones(2)}, **{scale: 3.0}), wanted)
    assert python_calls == []


# What differs from what was compiled, in each way that native code must notice.
CHANGED: list[Callable[[Any], Any]] = [
    lambda p: [*p["list"], 1.0],
    lambda p: p["list"][:1],
    lambda p: tuple(p["list"]),
    lambda p: {"x": p["list"][0], "y": p["list"][1]},
    lambda p: [p["list"][1], p["list"][0]],
    lambda p: [p["list"][0], 2],
    lambda p: None,
]


@pytest.mark.parametrize("change", CHANGED)
def test_other_nestings_are_other_programs(change: Callable[[Any], Any]) -> None:
    def f(p: Any) -> Any:
        total = 0.0
        for k, x in enumerate(flatten(p)[0], 1):
            total = total + k * np.sum(x)
        return total, {**p, "type": 0.0}

    kernel = tapec.compile(f)
    plain = {"list": [np.ones(3), 2.0]}
    other = {"list": change(plain)}
    for p in (plain, other, plain, other):
        same(kernel(p), tapec.compile(f)(p))


def test_the_order_of_keys_counts() -> None:
    def f(p: Any) -> Any:
        first, second = p.values()
        return first - 2 * second, next(iter(p)) == "a"

    kernel = tapec.compile(f)
    for p in ({"a": 1.0, "b": 5.0}, {"b": 5.0, "a": 1.0}) * 2:
        same(kernel(p), f(p))


def test_many_programs_with_names_and_containers(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda p, k=1.0: [k * np.sum(x) for x in p])
    calls: list[tuple[Any, dict[str, Any]]] = [
        ([np.ones(n)] * m, named) for n in range(1, 5) for m in (1, 2) for named in ({}, {"k": 3.0})
    ]
    wanted = [kernel(p, **named) for p, named in calls]
    del python_calls[:]
    for (p, named), value in zip(calls, wanted, strict=True):
        same(kernel(p, **named), value)
    assert python_calls == []


def test_references_are_given_back() -> None:
    kernel = tapec.compile(lambda p: {"sum": p["x"] + p["y"][0], "list": [p["x"] * 2]})
    x, y = np.ones(3), np.ones(3)
    p = {"x": x, "y": [y]}
    kernel(p)
    with no_collection():
        before = [sys.getrefcount(thing) for thing in (x, y, p, "sum")]
        for _ in range(100):
            kernel(p)
        assert [sys.getrefcount(thing) for thing in (x, y, p, "sum")] == before
    made = kernel(p)
    assert [sys.getrefcount(made["sum"]), sys.getrefcount(made["list"])] == [2, 2]
    del made
    gc.collect()


def test_errors_leave_nothing_behind() -> None:
    def f(p: Any) -> Any:
        if p["x"][0] < 0:
            raise ValueError("negative")
        return {"root": np.sqrt(p["x"])}

    def failed() -> int:
        """One failing call; the references to its argument after it."""
        try:
            kernel(bad)
        except ValueError:
            return sys.getrefcount(bad["x"])
        pytest.fail("no error")

    kernel = tapec.compile(f)
    bad = {"x": -np.ones(3)}
    kernel({"x": np.ones(3)})
    with no_collection():
        first = failed()
        assert [failed() for _ in range(20)] == [first] * 20


# --- out ------------------------------------------------------------------------------------------


def test_out_takes_no_python_after_the_first_call(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda x, k=2.0: {"y": k * x, "s": [np.sum(x)]})
    x, out = np.arange(3.0), {"y": np.empty(3), "s": [np.empty(())]}
    assert kernel(x, out=out) is out
    assert kernel(x, k=3.0, out=out) is out
    del python_calls[:]
    for k in (2.0, 3.0):
        x += 1
        named = {} if k == 2.0 else {"k": k}
        assert kernel(x, **named, out=out) is out
        np.testing.assert_array_equal(out["y"], k * x)
        assert out["s"][0] == np.sum(x)
    assert python_calls == []


def test_out_that_shares_memory() -> None:
    kernel = tapec.compile(lambda x: np.cumsum(x) + x[::-1])
    x = np.arange(6.0)
    kernel(x[:3], out=np.empty(3))
    for out in (x[:3], x[1:4], x[3:]):
        x[...] = np.arange(6.0)
        wanted = np.cumsum(x[:3]) + x[:3][::-1]
        assert kernel(x[:3], out=out) is out
        np.testing.assert_array_equal(out, wanted)
    both = tapec.compile(lambda x: (x + 1, x + 2))
    y = np.zeros(3)
    both(x[:3], out=(np.empty(3), np.empty(3)))
    assert both(x[:3], out=(y, y))[1] is y
    np.testing.assert_array_equal(y, x[:3] + 2)


def test_out_that_is_captured() -> None:
    captured = np.ones(3)
    kernel = tapec.compile(lambda x: x + np.sum(captured) * captured)
    for _ in range(3):
        wanted = np.zeros(3) + np.sum(captured) * captured
        kernel(np.zeros(3), out=captured)
        np.testing.assert_array_equal(captured, wanted)


@pytest.mark.parametrize(
    "out", [np.empty(2), np.empty(3, np.float32), np.empty((3, 1)), [np.empty(3), np.empty(3)]]
)
def test_out_that_does_not_fit(out: Any) -> None:
    kernel = tapec.compile(lambda x: x + 1)
    kernel(np.ones(3), out=np.empty(3))
    with pytest.raises(ShapeError):
        kernel(np.ones(3), out=out)


def test_out_with_gaps_or_another_order() -> None:
    kernel = tapec.compile(lambda x: x * 2)
    x = np.arange(6.0).reshape(2, 3)
    kernel(x, out=np.empty((2, 3)))
    for out in (np.empty((2, 6))[:, ::2], np.empty((3, 2)).T, np.empty((2, 3))[::-1]):
        assert kernel(x, out=out) is out
        np.testing.assert_array_equal(out, x * 2)


def test_out_that_may_not_be_written() -> None:
    kernel = tapec.compile(lambda x: x * 2)
    kernel(np.ones(3), out=np.empty(3))
    out = np.zeros(3)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        kernel(np.ones(3), out=out)


# --- arrays in other orders and with gaps ---------------------------------------------------------


def layouts(shape: tuple[int, ...]) -> list[Any]:
    """Arrays of one shape and content that lie in memory in different ways."""
    content = np.arange(float(np.prod(shape))).reshape(shape)
    wide = np.zeros([2 * n + 1 for n in shape])
    made = [content, np.full(shape, content[(0,) * len(shape)])]
    for axes in itertools.permutations(range(len(shape))):
        back = np.argsort(axes)
        made.append(np.ascontiguousarray(content.transpose(axes)).transpose(back))
        for step in (1, 2, -1):
            base = wide.transpose(axes).copy().transpose(back)
            made.append(base[tuple(slice(None, None, step) for _ in shape)])
            made[-1] = made[-1][tuple(slice(0, n) for n in shape)]
            made[-1][...] = content
    made.append(np.broadcast_to(content[..., :1], shape))
    return made


def kinds(results: Any) -> list[Any]:
    """Values, dtypes and memory orders."""
    return [(np.asarray(r).tolist(), r.dtype, r.strides, r.flags.c_contiguous) for r in results]


@pytest.mark.parametrize("shape", [(4,), (2, 3), (3, 1), (2, 3, 2)], ids=str)
def test_any_layout(shape: tuple[int, ...]) -> None:
    def f(x: Any, k: Any) -> Any:
        return x * k, np.cumsum(x), x.ravel() + 1, x.T * 2, np.asarray(np.sum(x[0]))

    kernel = tapec.compile(f)
    for _ in range(2):
        for x in layouts(shape):
            assert kinds(kernel(x, 2.0)) == kinds(f(x, 2.0))
            np.testing.assert_array_equal(tapec.grad(lambda x: np.sum(x * x))(x), 2 * x)


def test_other_orders_and_gaps_take_no_python(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda x, p: np.sum(x * p["y"]))
    x = np.arange(24.0).reshape(4, 6)
    given = [x, np.asfortranarray(x), x[::2], x[:, :3], x[:, ::-1], np.asfortranarray(x)[:, 1:3]]
    wanted = [kernel(a, {"y": a}) for a in given]
    del python_calls[:]
    for a, value in zip(given, wanted, strict=True):
        with no_collection():
            before = sys.getrefcount(a)
            assert kernel(a, {"y": a}) == value == np.sum(a * a)
            assert sys.getrefcount(a) == before
    assert python_calls == []


def test_programs_that_ask_for_gaps() -> None:
    def f(x: Any) -> Any:
        return x * 2 if x.flags.c_contiguous else x * 3

    kernel = tapec.compile(f)
    x = np.arange(12.0).reshape(3, 4)
    for a in (x, x[:, ::2], x[::2], np.asfortranarray(x), x[:1], x[:, :1]) * 2:
        np.testing.assert_array_equal(kernel(a), f(a))


def test_bound_to_arrays_with_gaps() -> None:
    x, out = np.arange(12.0).reshape(3, 4), np.empty(3)
    run = tapec.compile(lambda a: 2 * a).bind(x[:, 1], out=out)
    run()
    np.testing.assert_array_equal(out, 2 * x[:, 1])
    x += 1
    run()
    np.testing.assert_array_equal(out, 2 * x[:, 1])


# --- numbers of NumPy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["float64", "float32", "int64", "int32", "bool", "complex128", "complex64"]
)
def test_scalars_of_numpy_take_no_python(kind: str, python_calls: list[Any]) -> None:
    dtype = np.dtype(kind)
    kernel = tapec.compile(lambda a, x: (a + x, [abs(a)]))
    x, calls = np.ones(2), [dtype.type(1), np.array(0, dtype), dtype.type(0), np.array(1, dtype)]
    wanted = [kernel(a, x) for a in calls]
    del python_calls[:]
    for a, value in zip(calls, wanted, strict=True):
        same(kernel(a, x), value)
        np.testing.assert_array_equal(value[0], a + x)
    assert python_calls == []


@pytest.mark.parametrize(
    "first", [2.0, np.float64(2.0), 2, np.int64(2), 2j, np.complex128(2j), True]
)
def test_numbers_of_python_and_of_numpy_are_told_apart(first: Any) -> None:
    """Python's numbers take the types of arrays, NumPy's have their own."""

    def f(a: Any, x: Any) -> Any:
        return a * x, a * 2, a + np.float32(1)

    kernel, x = tapec.compile(f), np.ones(2, np.float32)
    kernel(first, x)
    for a in (2.0, np.float64(2.0), 2, np.int64(2), 2j, np.complex128(2j), True, np.True_):
        for _ in range(2):
            got, wanted = kernel(a, x), f(a, x)
            assert [np.asarray(g).dtype for g in got] == [np.asarray(w).dtype for w in wanted]
            assert [type(g) for g in got] == [type(w) for w in wanted]
            for g, w in zip(got, wanted, strict=True):
                np.testing.assert_array_equal(g, w)


# --- arguments that are written, or returned -------------------------------------------------------


def heat(u: Any) -> None:
    u[1:-1] += 0.1 * (u[2:] + u[:-2] - 2 * u[1:-1])


def kick(state: Any, force: Any, *, dt: float) -> Any:
    state["v"] += dt * force
    state["x"] += dt * state["v"]
    return state["x"], np.sum(state["v"] ** 2), None


def swapped(a: Any, b: Any) -> Any:
    a[...], b[...] = b.copy(), a.copy()
    return b, a, b


def clipped(x: Any, low: float) -> Any:
    np.maximum(x, low, out=x)
    return x


CHANGING: list[tuple[Callable[..., Any], Callable[[], Any]]] = [
    (heat, lambda: ((np.arange(5.0) ** 2,), {})),
    (kick, lambda: (({"x": np.ones(3), "v": np.zeros(3)}, np.arange(3.0)), {"dt": 0.1})),
    (swapped, lambda: ((np.arange(3.0), np.ones(3)), {})),
    (clipped, lambda: ((np.arange(3.0), 1.5), {})),
    (clipped, lambda: ((np.arange(3), 2), {})),
    (lambda x, k: (x, k * x, [x]), lambda: ((np.arange(3.0), 2.0), {})),
    (lambda x: x, lambda: ((np.arange(3.0),), {})),
]


@pytest.mark.parametrize(("f", "make"), CHANGING)
def test_arguments_are_written_and_returned(
    f: Callable[..., Any], make: Callable[[], Any], python_calls: list[Any]
) -> None:
    kernel = tapec.compile(f)
    for _ in range(2):
        args, kwargs = make()
        kernel(*args, **kwargs)
    del python_calls[:]
    (args, kwargs), (others, named) = make(), make()
    arrays = [x for x in flatten((args, kwargs))[0] if isinstance(x, np.ndarray)]
    for _ in range(3):
        with no_collection():
            before = [sys.getrefcount(x) for x in arrays]
            got = kernel(*args, **kwargs)
            found = [any(x is r for r in flatten(got)[0]) for x in arrays]
            wanted = f(*others, **named)
            del got
            assert [sys.getrefcount(x) for x in arrays] == before
        same((args, kwargs), (others, named))
        mine = [x for x in flatten((others, named))[0] if isinstance(x, np.ndarray)]
        assert found == [any(x is r for r in flatten(wanted)[0]) for x in mine]
    same(kernel(*args, **kwargs), f(*others, **named))
    assert python_calls == []


def test_failing_calls_leave_what_python_leaves() -> None:
    def f(x: Any, k: Any) -> Any:
        x += 1
        if np.sum(x) > 10:
            raise ValueError("too large")
        x[k] *= 2
        return x

    kernel = tapec.compile(f)
    kernel(np.ones(3), 0)
    for start, k in ((1.0, 0), (9.0, 0), (1.0, 7), (1.0, 2)):
        x, other = np.full(3, start), np.full(3, start)
        outcomes = []
        for call, array in ((kernel, x), (f, other)):
            try:
                outcomes.append(call(array, k).tolist())
            except (ValueError, IndexError) as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]
        np.testing.assert_array_equal(x, other)


def test_arguments_that_may_not_be_written_together() -> None:
    def f(x: Any, y: Any) -> None:
        x += 2 * y

    kernel, memory = tapec.compile(f), np.arange(6.0)
    kernel(np.ones(3), np.ones(3))
    for x, y in ((memory[:3], memory[2:5]), (memory[:3], memory[:3])):
        with pytest.raises(tapec.errors.MutationError):
            kernel(x, y)
    fixed = np.ones(3)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        kernel(fixed, np.ones(3))
    kernel(memory[::2], memory[1::2])
    np.testing.assert_array_equal(memory, [2, 1, 8, 3, 14, 5])


@pytest.mark.parametrize("kind", ["int8", "int16", "uint8", "uint16", "uint32"])
def test_arrays_of_narrow_integers_take_no_python(kind: str, python_calls: list[Any]) -> None:
    """They are widened in native code, whatever their strides."""
    kernel = tapec.compile(lambda x, i, s: (x[i] * s, [i.astype(float) + 1]))
    x, places = np.linspace(0.0, 1.0, 5), np.array([[3, 0, 1], [2, 2, 4]], kind)
    calls = [places, places.copy(order="F"), places[:, ::-1], places[::-1], places]
    wanted = [kernel(x, i, 2.0) for i in calls]
    del python_calls[:]
    for i, value in zip(calls, wanted, strict=True):
        same(kernel(x, i, 2.0), value)
        np.testing.assert_array_equal(value[0], x[i] * 2.0)
    assert python_calls == []
    with pytest.raises(IndexError):
        kernel(x, np.full_like(places, 5), 2.0)


def test_unsigned_integers_of_64_bits_are_looked_at() -> None:
    kernel = tapec.compile(lambda x, i: x[i])
    x = np.arange(4.0)
    for _ in range(2):
        np.testing.assert_array_equal(kernel(x, np.array([3, 1], np.uint64)), [3.0, 1.0])
    with pytest.raises(DTypeError, match="uint64"):
        kernel(x, np.array([2**63, 1], np.uint64))
