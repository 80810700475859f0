"""Taylor coefficients of every elementwise op along curves, against mpmath."""

from __future__ import annotations

import numpy as np
import pytest
from support.lowering_support import compiled
from support.rules_support import attribute_sets, case_id, sample
from support.taylor_references import REFERENCES, SLOW, expansion

from tapec.ad.taylor import taylor
from tapec.backends import interpreter
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type
from tapec.ir.primitive import Primitive

# Functions of floats that give floats; `stop_gradient` has coefficients that are zero on purpose.
ELEMENTWISE = [
    p
    for p in PRIMITIVES.values()
    if p.kind == "elementwise" and any(p.partials) and p.name != "stop_gradient"
]
CASES = [
    (p, attrs)
    for p in ELEMENTWISE
    for attrs in attribute_sets(p)
    if attrs.get("dtype", "f64") == "f64"
]


def program(primitive: Primitive, attrs: dict, shape: tuple[int, ...] = ()) -> Func:
    types = [Type("f64", shape) for _ in primitive.domain]
    if primitive.name == "select":
        types[0] = Type("bool", shape)
    builder = Builder()
    xs = [Expr(builder, builder.param(t)) for t in types]
    return builder.func(primitive.name, [primitive(*xs, **attrs).value])


def flags(func: Func) -> list[bool]:
    return [p.type.is_float for p in func.params]


def curve(x: np.ndarray, degree: int, seed: int) -> np.ndarray:
    """Coefficients of a curve through x that stays near it for |t| < 1."""
    rng = np.random.default_rng(seed)
    sizes = 0.25 * 0.5 ** np.arange(degree)
    moving = rng.uniform(-1, 1, (degree, *np.shape(x))) * sizes.reshape(-1, *(1,) * np.ndim(x))
    return np.concatenate([np.asarray(x)[None], moving])


def operands(primitive: Primitive, func: Func, degree: int) -> list[np.ndarray]:
    points = sample(primitive, tuple(p.type.dtype for p in func.params), [()] * len(func.params))
    pairs = zip(points, flags(func), strict=True)
    return [curve(x, degree, k) if flag else x for k, (x, flag) in enumerate(pairs)]


def error(primitive: Primitive, attrs: dict, degree: int, digits: int = 20) -> float:
    """The largest error, relative to the coefficient or a thousandth of the largest one."""
    func = program(primitive, attrs)
    given = operands(primitive, func, degree)
    (found,) = interpreter.run(taylor(func, flags(func), degree), given)
    curves = [x for x, flag in zip(given, flags(func), strict=True) if flag]
    fixed = [bool(x) for x, flag in zip(given, flags(func), strict=True) if not flag]
    reference = REFERENCES[primitive.name]
    exact = expansion(lambda *xs: reference(*fixed, *xs, **attrs), curves, degree, digits)
    size = np.abs(exact) + 1e-3 * np.max(np.abs(exact)) + 1e-300
    return float(np.max(np.abs(found - exact) / size))


def test_every_elementwise_op_has_a_reference() -> None:
    assert {p.name for p in ELEMENTWISE} == set(REFERENCES)


@pytest.mark.parametrize(("primitive", "attrs"), CASES, ids=case_id)
def test_coefficients_are_those_of_mpmath(primitive: Primitive, attrs: dict) -> None:
    degree = 2 if (primitive.name, attrs.get("n")) in SLOW else 6
    assert error(primitive, attrs, degree) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("primitive", "attrs"), CASES, ids=case_id)
def test_coefficients_of_high_degree(primitive: Primitive, attrs: dict) -> None:
    slow = (primitive.name, attrs.get("n")) in SLOW
    assert error(primitive, attrs, 5 if slow else 16, 20 if slow else 60) < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize(("primitive", "attrs"), CASES, ids=case_id)
def test_native_code_gives_what_the_interpreter_gives(primitive: Primitive, attrs: dict) -> None:
    func = program(primitive, attrs, (5,))
    types = tuple(p.type.dtype for p in func.params)
    points = sample(primitive, types, [(5,)] * len(func.params))
    pairs = zip(points, flags(func), strict=True)
    given = [curve(x, 6, k) if flag else x for k, (x, flag) in enumerate(pairs)]
    expanded = taylor(func, flags(func), 6)
    (wanted,) = interpreter.run(expanded, given)
    (found,) = compiled(expanded, *given)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13 * np.max(np.abs(wanted)))


def test_a_gradient_that_is_stopped_has_no_further_coefficients() -> None:
    func = program(PRIMITIVES["stop_gradient"], {})
    (found,) = interpreter.run(taylor(func, [True], 3), [np.array([2.0, 1.0, 1.0, 1.0])])
    assert found.tolist() == [2.0, 0.0, 0.0, 0.0]
