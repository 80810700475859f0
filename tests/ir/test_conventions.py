"""Derivatives at kinks, zeros and infinities, where a convention decides and formulas cancel."""

from __future__ import annotations

import numpy as np
import pytest
from support.rules_support import case_id, partial

from tapec.backends import interpreter
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type

NAN, INF = np.nan, np.inf
CONVENTIONS = [
    # primitive, attrs, operands, partials ("-" is not checked)
    ("abs", {}, (0.0,), (0.0,)),
    ("abs", {}, (-0.0,), (0.0,)),
    ("sign", {}, (0.0,), (0.0,)),
    ("sqrt", {}, (0.0,), (INF,)),
    ("cbrt", {}, (0.0,), (INF,)),
    ("cbrt", {}, (-8.0,), (1.0 / 12.0,)),
    ("maximum", {}, (2.0, 2.0), (0.5, 0.5)),
    ("maximum", {}, (0.0, -0.0), (0.5, 0.5)),
    ("maximum", {}, (INF, INF), (0.5, 0.5)),
    ("maximum", {}, (3.0, 2.0), (1.0, 0.0)),
    ("minimum", {}, (2.0, 2.0), (0.5, 0.5)),
    ("minimum", {}, (3.0, 2.0), (0.0, 1.0)),
    ("fmax", {}, (NAN, 2.0), (0.0, 1.0)),
    ("fmax", {}, (2.0, NAN), (1.0, 0.0)),
    ("fmin", {}, (NAN, 2.0), (0.0, 1.0)),
    ("fmin", {}, (2.0, 2.0), (0.5, 0.5)),
    ("hypot", {}, (0.0, 0.0), (0.0, 0.0)),
    ("hypot", {}, (3e200, 4e200), (0.6, 0.8)),
    ("arctan2", {}, (1.0, -1.0), (-0.5, -0.5)),
    ("logaddexp", {}, (1000.0, 1000.0), (0.5, 0.5)),
    ("logaddexp", {}, (-INF, 0.0), (0.0, 1.0)),
    ("logaddexp", {}, (-INF, -INF), (0.5, 0.5)),
    ("logaddexp", {}, (-1e4, 1e4), (0.0, 1.0)),
    ("fmod", {}, (-7.5, 2.0), (1.0, 3.0)),
    ("remainder", {}, (-7.5, 2.0), (1.0, 4.0)),
    ("copysign", {}, (-3.0, -2.0), (1.0, 0.0)),
    ("copysign", {}, (3.0, -0.0), (-1.0, 0.0)),
    ("floor_divide", {}, (7.0, 2.0), (0.0, 0.0)),
    ("stop_gradient", {}, (2.0,), (0.0,)),
    # Powers: negative bases with whole exponents, and everything at 0.
    ("power", {}, (-2.0, 3.0), (12.0, "-")),
    ("power", {}, (-2.0, 2.0), (-4.0, "-")),
    ("power", {}, (-2.0, -1.0), (-0.25, "-")),
    ("power", {}, (-2.0, 1.0), (1.0, "-")),
    ("power", {}, (-2.0, 0.0), (0.0, "-")),
    ("power", {}, (0.0, 3.0), (0.0, 0.0)),
    ("power", {}, (0.0, 2.0), (0.0, 0.0)),
    ("power", {}, (0.0, 1.0), (1.0, 0.0)),
    ("power", {}, (-0.0, 1.0), (1.0, 0.0)),
    ("power", {}, (0.0, 0.0), (0.0, 0.0)),
    ("power", {}, (0.0, 1.5), (0.0, 0.0)),
    ("power", {}, (0.0, 0.5), (INF, 0.0)),
    ("power", {}, (2.0, 0.0), (0.0, np.log(2.0))),
    ("integer_pow", {"n": 0}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 1}, (0.0,), (1.0,)),
    ("integer_pow", {"n": 2}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 5}, (0.0,), (0.0,)),
    ("integer_pow", {"n": 3}, (-2.0,), (12.0,)),
    ("integer_pow", {"n": -2}, (-2.0,), (0.25,)),
    ("integer_pow", {"n": -1}, (2.0,), (-0.25,)),
]


@pytest.mark.parametrize(("name", "attrs", "point", "want"), CONVENTIONS, ids=case_id)
def test_conventions(name, attrs, point, want):
    arrays = [np.array(x) for x in point]
    for k, expected in enumerate(want):
        if expected != "-":
            got = partial(P[name], attrs, arrays, k)
            np.testing.assert_allclose(got, expected, rtol=1e-14, err_msg=f"operand {k}")


def test_small_differences_keep_their_digits():
    """Where a textbook formula would cancel."""
    x = np.array([1.0 - 1e-12])
    want = 1.0 / np.sqrt((1.0 - x) * (1.0 + x))
    np.testing.assert_allclose(partial(P["arcsin"], {}, [x], 0), want, rtol=1e-15)
    x = np.array([-60.0])
    np.testing.assert_allclose(partial(P["expm1"], {}, [x], 0), np.exp(x), rtol=1e-15)


@pytest.mark.parametrize("taken", [True, False])
def test_select_transposes_into_the_branch_taken(taken):
    builder = Builder()
    c, a, b, ct = (Expr(builder, builder.param(Type(d))) for d in ("bool", "f64", "f64", "f64"))
    _, into_a, into_b = P["select"].transpose
    func = builder.func("t", [into_a(ct, c, a, b).value, into_b(ct, c, a, b).value])
    args = [np.array(taken), np.array(1.0), np.array(2.0), np.array(np.inf)]
    got = [float(r) for r in interpreter.run(func, args)]
    assert got == ([np.inf, 0.0] if taken else [0.0, np.inf])


def test_convert_transposes_into_its_operands_type():
    builder = Builder()
    x, ct = Expr(builder, builder.param(Type("f32"))), Expr(builder, builder.param(Type("f64")))
    assert P["convert"].transpose[0](ct, x, dtype="f64").dtype == "f32"
