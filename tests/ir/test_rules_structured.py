"""Structured and linear primitives: values against NumPy, derivatives, batching, errors.

Every case is checked four ways: `evaluate` against NumPy, the adjoint (and `jvp`) against complex
steps of `evaluate`, inferred against actual types, and `batch` against a loop over points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from support.dynamic_cases import dynamic_cases
from support.structured_cases import CASES as STATIC
from support.structured_cases import Array, Case, case, flat, r, recurrence_cases

from tapec.ad.forward import tangent
from tapec.errors import DTypeError, ShapeError
from tapec.ir import PRIMITIVES, Builder, Func, Type, type_of
from tapec.ir import PRIMITIVES as P
from tapec.ir.build import Expr
from tapec.ir.primitive import FAMILIES

CASES = [*STATIC, *dynamic_cases()]


def run(func: Func, args: Sequence[Array]) -> list[Array]:
    """The program op by op, checking every inferred type on the way."""
    env = dict(zip(func.params, map(np.asarray, args), strict=True))
    for op in func.ops:
        assert op.primitive.evaluate is not None
        found = op.primitive.evaluate(*(env[v] for v in op.operands), **op.attrs)
        values = [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]
        assert [type_of(x) for x in values] == [v.type for v in op.results], op.name
        env.update(zip(op.results, values, strict=True))
    return [env[v] for v in func.results]


def program(arrays: Sequence[Array], make: Callable[[list[Expr]], Sequence[Expr]]) -> list[Array]:
    """Build `make` on parameters like the arrays and run it on them."""
    builder = Builder()
    params = [builder.expr(builder.param(type_of(np.asarray(a)))) for a in arrays]
    results = make(params)
    return run(builder.func("f", [r.value for r in results]), arrays)


def given(whole: Expr, like: Any) -> Any:
    """The other way round: what stands for a result like this one, or for several."""
    if not isinstance(like, tuple):
        return whole
    sizes = [prod(x.shape) for x in like]
    cuts = [P["index"](whole, at=((sum(sizes[:k]), n, 1),)) for k, n in enumerate(sizes)]
    return tuple(P["reshape"](x, shape=y.shape) for x, y in zip(cuts, like, strict=True))


def moving(found: Any, like: Any) -> Expr:
    """Tangents, zeros where there are none, joined as the results are."""
    tangents = found if isinstance(found, tuple) else (found,)
    results = like if isinstance(like, tuple) else (like,)
    pairs = zip(tangents, results, strict=True)
    made = tuple(y * 0.0 if t is None else t for t, y in pairs)
    return flat(made if isinstance(like, tuple) else made[0])


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
    return program([*c.operands, ct], pull_back_rule(c))


def pull_back_rule(c: Case) -> Callable[[list[Expr]], list[Expr]]:
    """The declared rule on the operands and the cotangent."""
    primitive = PRIMITIVES[c.name]

    def make(params: list[Expr]) -> list[Expr]:
        *operands, seed = params
        if primitive.kind == "linear":
            (rule,) = primitive.transpose
            found = [rule(k, seed, *operands, **c.attrs) for k in c.floats]
        else:
            result = primitive(*operands, **c.attrs)
            assert primitive.vjp is not None
            ct = given(seed, result)
            found = list(primitive.vjp(ct, result, tuple(operands), **c.attrs))
        assert [f.shape for f in found] == [c.operands[k].shape for k in c.floats]
        return found

    return make


@pytest.mark.parametrize("c", CASES, ids=str)
def test_values_and_types(c: Case) -> None:
    (y,) = program(c.operands, lambda xs: [flat(PRIMITIVES[c.name](*xs, **c.attrs))])
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
        y = primitive(*operands, **c.attrs)
        return [moving(jvp(operands, tuple(params[count:]), y, **c.attrs), y)]

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


@pytest.mark.parametrize("c", DIFFERENTIABLE, ids=str)
def test_second_derivatives(c: Case) -> None:
    """The tangent of the adjoint against differences of the adjoint."""
    ts, active = directions(c), [k in c.floats for k in range(len(c.operands))]
    ct = np.random.default_rng(4).standard_normal(c.expected.shape)
    builder = Builder()
    params = [builder.expr(builder.param(type_of(np.asarray(x)))) for x in (*c.operands, ct)]
    func = builder.func("adjoint", [g.value for g in pull_back_rule(c)(params)])
    found = run(tangent(func, [*active, False]), [*c.operands, ct, *ts])[len(c.floats) :]

    def at(h: float) -> list[Array]:
        operands = list(c.operands)
        for k, t in zip(c.floats, ts, strict=True):
            operands[k] = np.asarray(operands[k] + h * t)
        return run(func, [*operands, ct])

    if PRIMITIVES[c.name].kinks:  # piecewise constant gradients
        assert all((f == 0).all() for f in found)
        return
    for f, hi, lo in zip(found, at(1e-5), at(-1e-5), strict=True):
        np.testing.assert_allclose(f, (hi - lo) / 2e-5, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("c", DIFFERENTIABLE, ids=str)
def test_single_precision_stays_single(c: Case) -> None:
    single = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in c.operands]
    narrow = Case(c.name, tuple(single), c.attrs, c.expected.astype(np.float32), exact=False)
    ct = np.random.default_rng(4).standard_normal(c.expected.shape)
    for f, g in zip(pull_back(narrow, ct.astype(np.float32)), pull_back(c, ct), strict=True):
        assert f.dtype == np.float32
        np.testing.assert_allclose(f, g, rtol=1e-4, atol=1e-4)


def batched_operands(c: Case, flags: Sequence[bool], size: int) -> list[Array]:
    own = np.random.default_rng(5)
    found = []
    for x, flag in zip(c.operands, flags, strict=True):
        if not flag:
            found.append(x)
        elif x.dtype.kind == "f":
            found.append(x + 0.1 * own.standard_normal((size, *x.shape)))  # valid as x is
        elif x.dtype.kind == "b":
            found.append(own.random((size, *x.shape)) > 0.5)
        elif not x.ndim:  # what is valid here is valid nearer to zero
            low, high = sorted((int(x), 0 if x >= 0 else -1))
            found.append(own.integers(low, high + 1, size))
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
        (y,) = program(
            arrays, lambda xs, flags=flags: [flat(batch(tuple(xs), flags, size, **c.attrs), 1)]
        )  # type: ignore[misc]
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
    families = ("shape", "indexing", "dynamic", "reduce", "linalg", "solve", "decompose", "order")
    owned = {
        p.name for p in PRIMITIVES.values() if p.batch is not None and FAMILIES[p.name] in families
    }
    assert owned <= {c.name for c in CASES}
