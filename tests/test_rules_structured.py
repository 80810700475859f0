"""Structured and linear primitives: values against NumPy, derivatives, batching, errors.

Every case is checked four ways: `evaluate` against NumPy, the adjoint (and `jvp`) against complex
steps of `evaluate`, inferred against actual types, and `batch` against a loop over points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest

from tapec.errors import DTypeError, ShapeError
from tapec.ir import PRIMITIVES, Builder, Func, Type, type_of
from tapec.ir.build import Expr

Array = Any


def run(func: Func, args: Sequence[Array]) -> list[Array]:
    """The program op by op, checking every inferred type on the way."""
    env = dict(zip(func.params, map(np.asarray, args), strict=True))
    for op in func.ops:
        assert op.primitive.evaluate is not None
        value = np.asarray(op.primitive.evaluate(*(env[v] for v in op.operands), **op.attrs))
        assert type_of(value) == op.result.type, op.name
        env[op.result] = value
    return [env[v] for v in func.results]


def program(arrays: Sequence[Array], make: Callable[[list[Expr]], Sequence[Expr]]) -> list[Array]:
    """Build `make` on parameters like the arrays and run it on them."""
    builder = Builder()
    params = [builder.expr(builder.param(type_of(np.asarray(a)))) for a in arrays]
    results = make(params)
    return run(builder.func("f", [r.value for r in results]), arrays)


@dataclass(frozen=True)
class Case:
    """A primitive on operands, and what NumPy says."""

    name: str
    operands: tuple[Array, ...]
    attrs: dict[str, Any]
    expected: Array
    label: str = ""
    exact: bool = True
    floats: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        kinds = [np.asarray(x).dtype.kind for x in self.operands]
        object.__setattr__(self, "floats", tuple(k for k, c in enumerate(kinds) if c == "f"))

    def __str__(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name

    def evaluate(self, *operands: Array) -> Array:
        evaluate = PRIMITIVES[self.name].evaluate
        assert evaluate is not None
        return np.asarray(evaluate(*operands, **self.attrs))


rng = np.random.default_rng(7)


def r(*shape: int) -> Array:
    return rng.standard_normal(shape)


def case(name: str, *operands: Array, expected: Array, label: str = "", **attrs: Any) -> Case:
    return Case(name, tuple(map(np.asarray, operands)), attrs, np.asarray(expected), label)


def loose(name: str, *operands: Array, expected: Array, label: str = "", **attrs: Any) -> Case:
    return Case(name, tuple(map(np.asarray, operands)), attrs, np.asarray(expected), label, False)


def added(shape: tuple[int, ...], *parts: tuple[Any, Array]) -> Array:
    out = np.zeros(shape)
    for where, part in parts:
        out[where] += part
    return out


def written(x: Array, where: Any, v: Array) -> Array:
    out = np.array(x)
    out[where] = v
    return out


def accumulated(x: Array, where: Any, v: Array) -> Array:
    out = np.array(x)
    np.add.at(out, where, v)
    return out


def recurred(a: Array, b: Array) -> Array:
    out, s = np.array(b), 0.0
    for i in range(len(b)):
        s = a[i] * s + b[i] if i else b[0]
        out[i] = s
    return out


def shape_cases() -> list[Case]:
    x, y, z, cube = r(3, 4), r(3, 2), r(3, 0), r(2, 3, 4)
    return [
        case("reshape", x, shape=(2, 6), expected=x.reshape(2, 6)),
        case("reshape", r(0, 3), shape=(3, 0, 2), expected=np.zeros((3, 0, 2)), label="empty"),
        case("reshape", np.array(2.5), shape=(1, 1), expected=[[2.5]], label="scalar"),
        case("transpose", cube, perm=(2, 0, 1), expected=cube.transpose(2, 0, 1)),
        case("transpose", cube, perm=(0, 1, 2), expected=cube, label="identity"),
        case("broadcast_to", y, shape=(5, 3, 2), expected=np.broadcast_to(y, (5, 3, 2))),
        case(
            "broadcast_to",
            x[:, :1],
            shape=(2, 3, 4),
            expected=np.broadcast_to(x[:, :1], (2, 3, 4)),
            label="stretched",
        ),
        case("broadcast_to", r(3, 1), shape=(3, 0), expected=z, label="empty"),
        case(
            "broadcast_to", np.array(1.5), shape=(2, 2), expected=np.full((2, 2), 1.5), label="0d"
        ),
        case("concatenate", x, y, z, x, axis=1, expected=np.concatenate([x, y, z, x], 1)),
        case("concatenate", x, axis=0, expected=x, label="one"),
        case("stack", x, -x, axis=0, expected=np.stack([x, -x])),
        case("stack", x, -x, x, axis=2, expected=np.stack([x, -x, x], 2), label="last"),
        case("stack", *map(np.float64, (1.0, 2.0)), axis=0, expected=[1.0, 2.0], label="scalars"),
    ]


def view_cases() -> list[Case]:
    x, v = r(5, 6), r(3)
    back = ((4, 5, -1), 2)
    return [
        case("index", x, at=(1, (0, 3, 2)), expected=x[1, ::2]),
        case("index", x, at=back, expected=x[::-1, 2], label="reversed"),
        case("index", x, at=((4, 3, -2), (5, 2, -3)), expected=x[4::-2, 5:1:-3], label="steps"),
        case("index", x, at=((0, 0, 1), 3), expected=x[:0, 3], label="empty"),
        case("index", x, at=(4, 5), expected=x[4, 5], label="element"),
        case("index", np.array(3.0), at=(), expected=3.0, label="0d"),
        case(
            "place",
            v,
            2 * v,
            np.array(7.0),
            at=(((0, 3, 1),), ((3, 3, -1),), (2,)),
            shape=(5,),
            expected=added((5,), (slice(0, 3), v), (slice(3, 0, -1), 2 * v), (slice(2, 3), [7.0])),
            label="overlap",
        ),
        case("place", r(0), at=(((0, 0, 1),),), shape=(2,), expected=[0.0, 0.0], label="empty"),
        case(
            "place",
            v,
            at=(((4, 3, -2), 1),),
            shape=(5, 2),
            expected=added((5, 2), ((slice(None, None, -2), 1), v)),
            label="one",
        ),
        case(
            "update", x, v, at=((4, 3, -2), 1), expected=written(x, (slice(None, None, -2), 1), v)
        ),
        case(
            "update", x, np.array(2.0), at=(0, 0), expected=written(x, (0, 0), 2.0), label="element"
        ),
        case("update", x, r(0, 6), at=((0, 0, 1), (0, 6, 1)), expected=x, label="empty"),
    ]


def index_array_cases() -> list[Case]:
    x, i, j = r(4, 5, 2), np.array([[0], [-1], [2]]), np.array([3, 3, -5])
    repeated = np.array([1, 3, 1, -1, 1])
    none = np.array([], np.int64)
    v, vv, w = r(5, 5, 2), r(3, 3, 2), r(5, 2)
    small = r(4, 2)
    return [
        case("gather", x, repeated, expected=x[repeated], label="repeated"),
        case("gather", x, i, j, expected=x[i, j], label="two"),
        case("gather", x, i, j, np.array(1), expected=x[i, j, 1], label="all"),
        case("gather", x, np.int32(2), expected=x[2], label="scalar"),
        case("gather", x, none, expected=x[none], label="empty"),
        case("scatter_add", x, v, repeated, expected=accumulated(x, repeated, v)),
        case("scatter_add", x, vv, i, j, expected=accumulated(x, (i, j), vv), label="two"),
        case("scatter_add", x, v[:0], none, expected=x, label="empty"),
        case("scatter", small, w, repeated, expected=written(small, repeated, w), label="repeated"),
        case("scatter", x, vv, i, j, expected=written(x, (i, j), vv), label="two"),
        case("scatter", x, v[:0], none, expected=x, label="empty"),
        case(
            "scatter", small, w[0], np.int64(-1), expected=written(small, -1, w[0]), label="scalar"
        ),
    ]


def reduction_cases() -> list[Case]:
    x, cube = r(3, 4), r(2, 3, 4)
    ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    zero, zeros = np.array([2.0, 0.0, 3.0]), np.array([[2.0, 0.0, 0.0], [1.0, 4.0, 0.0]])
    flags, whole = x > 0, np.array([[1, 5, 5], [5, 2, 0]])
    nan = np.array([1.0, np.nan, 3.0])
    found = [
        case("reduce_sum", cube, axes=(0, 2), expected=cube.sum((0, 2))),
        case("reduce_sum", x, axes=(), expected=x, label="none"),
        case("reduce_sum", r(2, 0), axes=(1,), expected=[0.0, 0.0], label="empty"),
        case(
            "reduce_sum",
            whole.astype(np.int32),
            axes=(0,),
            expected=whole.sum(0, np.int32),
            label="i32",
        ),
        case("reduce_prod", cube, axes=(0, 2), expected=cube.prod((0, 2))),
        case("reduce_prod", cube, axes=(1,), expected=cube.prod(1), label="middle"),
        case("reduce_prod", zero, axes=(0,), expected=0.0, label="zero"),
        case("reduce_prod", zeros, axes=(1,), expected=[0.0, 0.0], label="zeros"),
        case("reduce_prod", r(2, 0), axes=(1,), expected=[1.0, 1.0], label="empty"),
        case("reduce_prod", x, axes=(), expected=x, label="none"),
        case("reduce_max", cube, axes=(0, 2), expected=cube.max((0, 2))),
        case("reduce_min", cube, axes=(1,), expected=cube.min(1)),
        case("reduce_max", whole, axes=(1,), expected=whole.max(1), label="i64"),
        case("reduce_any", flags, axes=(1,), expected=flags.any(1)),
        case("reduce_all", flags, axes=(0, 1), expected=flags.all()),
        case("argmax", whole, axis=1, expected=[1, 0]),
        case("argmin", ties, axis=1, expected=[0, 0], label="ties"),
        case("argmax", nan, axis=0, expected=1, label="nan"),
        case("cumsum", x, axis=0, reverse=False, expected=x.cumsum(0)),
        case(
            "cumsum",
            x,
            axis=1,
            reverse=True,
            expected=x[:, ::-1].cumsum(1)[:, ::-1],
            label="reverse",
        ),
        case("cumsum", r(0), axis=0, reverse=True, expected=np.zeros(0), label="empty"),
    ]
    return [*found, *recurrence_cases()]


def recurrence_cases() -> list[Case]:
    a, b = r(4, 3), r(4, 3)
    rows = np.stack([recurred(p, q) for p, q in zip(a, b, strict=True)])
    back = recurred(a[::-1], b[::-1])[::-1]
    one = np.array([np.inf])
    return [
        loose("recurrence", a, b, axis=0, reverse=False, expected=recurred(a, b)),
        loose("recurrence", a, b, axis=1, reverse=False, expected=rows, label="rows"),
        loose("recurrence", a, b, axis=0, reverse=True, expected=back, label="reverse"),
        loose(
            "recurrence", r(1), np.array([2.0]), axis=0, reverse=True, expected=[2.0], label="one"
        ),
        loose("recurrence", r(0), r(0), axis=0, reverse=False, expected=np.zeros(0), label="empty"),
        loose(
            "recurrence",
            one,
            np.array([1.0]),
            axis=0,
            reverse=False,
            expected=[1.0],
            label="unused",
        ),
    ]


def dot_cases() -> list[Case]:
    a, b, c, v = r(3, 4), r(4, 5), r(2, 3, 4), r(4)
    d, e = r(2, 5, 3, 4), r(4, 3, 2, 6)
    general = np.einsum("abcd,dcae->abe", d, e)
    swapped = r(6, 3, 2, 4)
    return [
        loose("dot", a, b, contract=((1, 0),), batch=(), expected=a @ b),
        loose("dot", v, v + 1, contract=((0, 0),), batch=(), expected=v @ (v + 1), label="inner"),
        loose("dot", v, a, contract=((0, 1),), batch=(), expected=a @ v, label="vector"),
        loose("dot", v, r(2) * 0 + 2, contract=(), batch=(), expected=np.outer(v, [2, 2]), label="outer"),
        loose("dot", c, c, contract=((2, 2),), batch=((0, 0),), expected=c @ c.transpose(0, 2, 1), label="batch"),
        loose("dot", d, e, contract=((3, 0), (2, 1)), batch=((0, 2),), expected=general, label="general"),
        loose(
            "dot", d, swapped, contract=((2, 1), (3, 3)), batch=((0, 2),),
            expected=np.einsum("abcd,ecad->abe", d, swapped), label="order",
        ),
        loose("dot", r(3, 0), r(0, 2), contract=((1, 0),), batch=(), expected=np.zeros((3, 2)), label="empty"),
        loose("dot", c, np.ones((3, 2)), contract=(), batch=((0, 1), (1, 0)), expected=c, label="all-batch"),
    ]


CASES = [
    *shape_cases(),
    *view_cases(),
    *index_array_cases(),
    *reduction_cases(),
    *dot_cases(),
]
DIFFERENTIABLE = [
    c
    for c in CASES
    if c.floats
    and c.expected.dtype.kind == "f"
    and np.isfinite(np.hstack([x.ravel() for x in c.operands])).all()
]
STRUCTURED = [c for c in DIFFERENTIABLE if PRIMITIVES[c.name].kind == "structured"]


def directions(c: Case) -> list[Array]:
    own = np.random.default_rng(3)
    return [own.standard_normal(c.operands[k].shape) for k in c.floats]


def derivative(c: Case, tangents: Sequence[Array]) -> Array:
    """Directional derivative of NumPy's values: complex step, or differences where piecewise."""

    def at(h: complex) -> Array:
        operands = list(c.operands)
        for k, t in zip(c.floats, tangents, strict=True):
            operands[k] = np.asarray(operands[k] + h * t)
        return c.evaluate(*operands)

    if PRIMITIVES[c.name].analytic:
        return at(1e-30j).imag / 1e-30
    return (at(1e-6) - at(-1e-6)) / 2e-6


def pull_back(c: Case, ct: Array) -> list[Array]:
    """Cotangents of the float operands by the declared rule."""
    primitive = PRIMITIVES[c.name]

    def make(params: list[Expr]) -> list[Expr]:
        *operands, seed = params
        if primitive.kind == "linear":
            (rule,) = primitive.transpose
            found = [rule(k, seed, *operands, **c.attrs) for k in c.floats]
        else:
            result = primitive(*operands, **c.attrs)
            assert primitive.vjp is not None
            found = list(primitive.vjp(seed, result, tuple(operands), **c.attrs))
        assert [f.shape for f in found] == [c.operands[k].shape for k in c.floats]
        return found

    return program([*c.operands, ct], make)


@pytest.mark.parametrize("c", CASES, ids=str)
def test_values_and_types(c: Case) -> None:
    (y,) = program(c.operands, lambda xs: [PRIMITIVES[c.name](*xs, **c.attrs)])
    assert y.shape == c.expected.shape
    if c.exact:
        np.testing.assert_array_equal(y, c.expected)
    else:
        np.testing.assert_allclose(y, c.expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("c", DIFFERENTIABLE, ids=str)
def test_adjoint_is_the_transpose(c: Case) -> None:
    tangents = directions(c)
    moved = derivative(c, tangents)
    ct = np.random.default_rng(4).standard_normal(moved.shape)
    pulled = pull_back(c, ct)
    total = sum(np.vdot(p, t) for p, t in zip(pulled, tangents, strict=True))
    tolerance = 1e-12 if PRIMITIVES[c.name].analytic else 1e-8
    np.testing.assert_allclose(total, np.vdot(ct, moved), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("c", STRUCTURED, ids=str)
def test_jvp(c: Case) -> None:
    primitive, tangents, count = PRIMITIVES[c.name], directions(c), len(c.operands)
    assert primitive.jvp is not None
    jvp = primitive.jvp

    def make(params: list[Expr]) -> list[Expr]:
        operands = tuple(params[:count])
        return [jvp(operands, tuple(params[count:]), primitive(*operands, **c.attrs), **c.attrs)]

    (y,) = program([*c.operands, *tangents], make)
    tolerance = 1e-12 if primitive.analytic else 1e-8
    np.testing.assert_allclose(y, derivative(c, tangents), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("missing", [0, 1])
def test_recurrence_with_one_tangent(missing: int) -> None:
    c = recurrence_cases()[2]
    primitive = PRIMITIVES["recurrence"]
    tangents = directions(c)
    tangents[missing] = np.zeros_like(tangents[missing])

    def make(params: list[Expr]) -> list[Expr]:
        a, b, *ts = params
        given = [None if k == missing else t for k, t in enumerate(ts)]
        assert primitive.jvp is not None
        y = primitive(a, b, **c.attrs)
        assert primitive.jvp((a, b), (None, None), y, **c.attrs) is None
        return [primitive.jvp((a, b), tuple(given), y, **c.attrs)]

    (y,) = program([*c.operands, *tangents], make)
    np.testing.assert_allclose(y, derivative(c, tangents), rtol=1e-13)


def batched_operands(c: Case, flags: Sequence[bool], size: int) -> list[Array]:
    own = np.random.default_rng(5)
    found = []
    for x, flag in zip(c.operands, flags, strict=True):
        if not flag:
            found.append(x)
        elif x.dtype.kind == "f":
            found.append(own.standard_normal((size, *x.shape)))
        elif x.dtype.kind == "b":
            found.append(own.random((size, *x.shape)) > 0.5)
        else:  # permuted entries stay valid indices
            found.append(
                np.stack([own.permutation(x.ravel()).reshape(x.shape) for _ in range(size)])
            )
    return found


@pytest.mark.parametrize("c", CASES, ids=str)
def test_batch_is_a_loop(c: Case) -> None:
    size, count = 3, len(c.operands)
    primitive = PRIMITIVES[c.name]
    assert primitive.batch is not None
    batch = primitive.batch
    for flags in product((False, True), repeat=count):
        arrays = batched_operands(c, flags, size)
        (y,) = program(arrays, lambda xs, flags=flags: [batch(tuple(xs), flags, size, **c.attrs)])  # type: ignore[misc]
        points = [
            [a[i] if f else a for a, f in zip(arrays, flags, strict=True)] for i in range(size)
        ]
        expected = np.stack([c.evaluate(*p) for p in points])
        assert y.shape == expected.shape
        np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-14, err_msg=str(flags))


# --- conventions ---------------------------------------------------------------------------------


def test_ties_share_the_gradient() -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    for name in ("reduce_max", "reduce_min"):
        c = case(name, x, axes=(1,), expected=x.max(1))
        (g,) = pull_back(c, np.ones(2))
        np.testing.assert_allclose(g.sum(1), 1.0)
        np.testing.assert_allclose(g[1], 1 / 3)
    (g,) = pull_back(case("reduce_max", x, axes=(1,), expected=x.max(1)), np.ones(2))
    np.testing.assert_array_equal(g[0], [0.0, 0.5, 0.5])


def test_product_gradient_with_zeros_is_exact() -> None:
    for x, expected in (
        ([2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
        ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        ([2.0, 5.0, 3.0], [15.0, 6.0, 10.0]),
    ):
        c = case("reduce_prod", np.array(x), axes=(0,), expected=np.prod(x))
        np.testing.assert_array_equal(pull_back(c, np.array(1.0))[0], expected)


def test_overwritten_values_have_no_gradient() -> None:
    x, v, i = r(3), r(4), np.array([1, -1, 1, 2])
    ct_x, ct_v = pull_back(case("scatter", x, v, i, expected=x), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(ct_x, [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(ct_v, [0.0, 0.0, 2.0, 3.0])


def test_extremes_propagate_nan() -> None:
    x = np.array([1.0, np.nan, 3.0])
    for name in ("reduce_max", "reduce_min"):
        (y,) = program([x], lambda xs, name=name: [PRIMITIVES[name](*xs, axes=(0,))])  # type: ignore[misc]
        assert np.isnan(y)


# --- errors --------------------------------------------------------------------------------------

F = "f64"
BAD = [
    ("reshape", [(2, 3)], {"shape": (4,)}, "f64[2,3]"),
    ("transpose", [(2, 3)], {"perm": (0, 0)}, "f64[2,3]"),
    ("broadcast_to", [(2, 3)], {"shape": (2, 4)}, "[2, 4]"),
    ("broadcast_to", [(2, 3)], {"shape": (3,)}, "f64[2,3]"),
    ("concatenate", [(2, 3), (3, 3)], {"axis": 1}, "f64[3,3]"),
    ("concatenate", [()], {"axis": 0}, "axis 0"),
    ("stack", [(2,), (3,)], {"axis": 0}, "f64[3]"),
    ("index", [(3,)], {"at": (3,)}, "[3]"),
    ("index", [(3,)], {"at": ((0, 4, 1),)}, "[3]"),
    ("index", [(3,)], {"at": ((1, 3, -1),)}, "[3]"),
    ("index", [(3,)], {"at": ((1, 2, 0),)}, "[3]"),
    ("index", [(3,)], {"at": ()}, "[3]"),
    ("place", [(2,)], {"at": (((0, 3, 1),),), "shape": (3,)}, "f64[2]"),
    ("place", [(2,)], {"at": (), "shape": (3,)}, "1 contributions"),
    ("update", [(3,), (2,)], {"at": ((0, 3, 1),)}, "f64[2]"),
    ("reduce_sum", [(3,)], {"axes": (1,)}, "f64[3]"),
    ("reduce_sum", [(3,)], {"axes": (0, 0)}, "repeated"),
    ("reduce_max", [(2, 0)], {"axes": (1,)}, "f64[2,0]"),
    ("argmax", [(0,)], {"axis": 0}, "f64[0]"),
    ("cumsum", [()], {"axis": 0, "reverse": False}, "axis 0"),
    ("recurrence", [(2,), (3,)], {"axis": 0, "reverse": False}, "f64[3]"),
    ("dot", [(2, 3), (4, 5)], {"contract": ((1, 0),), "batch": ()}, "f64[4,5]"),
    ("dot", [(2, 2), (2, 2)], {"contract": ((1, 0), (1, 1)), "batch": ()}, "twice"),
]


@pytest.mark.parametrize(("name", "shapes", "attrs", "named"), BAD)
def test_errors_name_the_shapes(name: str, shapes: Any, attrs: Any, named: str) -> None:
    with pytest.raises(ShapeError) as caught:
        PRIMITIVES[name].infer(*(Type(F, s) for s in shapes), **attrs)
    assert named in str(caught.value)


def test_wrong_element_types() -> None:
    for name, types, attrs in (
        ("gather", (Type(F, (3,)), Type(F, (2,))), {}),
        ("scatter", (Type(F, (3,)), Type("f32", (2,)), Type("i64", (2,))), {}),
        ("concatenate", (Type(F, (3,)), Type("f32", (2,))), {"axis": 0}),
        ("reduce_any", (Type(F, (3,)),), {"axes": (0,)}),
    ):
        with pytest.raises(DTypeError):
            PRIMITIVES[name].infer(*types, **attrs)
    with pytest.raises(ShapeError, match="index arrays for"):
        PRIMITIVES["gather"].infer(Type(F, (3,)), Type("i64"), Type("i64"))
    with pytest.raises(ShapeError, match=r"f64\[2\] written"):
        PRIMITIVES["scatter_add"].infer(Type(F, (3,)), Type(F, (2,)), Type("i64", (4,)))


def test_out_of_range_index_arrays_raise() -> None:
    with pytest.raises(IndexError):
        case("gather", r(3), np.array([3]), expected=0).evaluate(r(3), np.array([3]))


def test_every_structured_primitive_is_covered() -> None:
    families = ("shape", "indexing", "reduce", "linalg")
    owned = {
        p.name
        for p in PRIMITIVES.values()
        if p.batch is not None and p.batch.__module__.rpartition(".")[2] in families
    }
    assert owned <= {c.name for c in CASES}
