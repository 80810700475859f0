"""Ops without loops of their own: formulas, functions of SciPy, calls of NumPy for one op alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import special
from support.lowering_support import compare, compiled

import tapec
from tapec.backends.llvm import available
from tapec.ir import PRIMITIVES, Builder, Expr, Func, Type
from tapec.ir.nested import every
from tapec.ir.primitive import FAMILIES, Primitive, elementwise, structured
from tapec.lower import lower

X = np.linspace(-2.0, 2.0, 7)
native = pytest.mark.skipif(not available()[0], reason=available()[1])


@pytest.fixture
def declared() -> Iterator[list[Primitive]]:
    """Ops that a test declares; they leave the table afterwards."""
    made: list[Primitive] = []
    yield made
    for primitive in made:
        del PRIMITIVES[primitive.name], FAMILIES[primitive.name]


def program(primitive: Primitive, size: int = 7, **attrs: Any) -> Func:
    """The op between two others."""
    b = Builder()
    x = Expr(b, b.param(Type("f64", (size,))))
    found = primitive(PRIMITIVES["sin"](x), **attrs)
    results = found if isinstance(found, tuple) else (found,)
    return b.func("f", [(r * 2.0).value for r in results])


def names(func: Func) -> set[str]:
    return {op.name for op in every(lower(func).ops)}


@native
@pytest.mark.parametrize("size", [7, 500])
def test_an_op_without_native_code_is_called_by_itself(
    declared: list[Primitive], size: int
) -> None:
    declared.append(elementwise("strange", lambda x: np.sinc(x), domain=((-3, 3),), doc="sinc"))
    func = program(declared[0], size)
    assert {"numpy", "sin"} <= names(func)
    compare(func, np.linspace(-2, 2, size))


@native
def test_a_formula_is_native_code(declared: list[Primitive]) -> None:
    inner = elementwise(
        "cube", lambda x: x**3, domain=((-3, 3),), expand=lambda x: x * x * x, doc="x^3"
    )
    outer = elementwise(
        "quintic", lambda x: x**5, domain=((-3, 3),), expand=lambda x: inner(x) * x * x, doc="x^5"
    )
    declared += [inner, outer]
    func = program(outer, 50)
    assert not {"numpy", "cube", "quintic"} & names(func)
    compare(func, np.linspace(-2, 2, 50))


@native
@pytest.mark.parametrize("size", [7, 500])
def test_several_results_without_native_code(declared: list[Primitive], size: int) -> None:
    declared.append(
        structured(
            "both_ends",
            lambda x: (x.with_shape(()), x),
            lambda x: (np.asarray(x[0]), x[::-1]),
            results=2,
            doc="First element, and all the other way round.",
        )
    )
    compare(program(declared[0], size), np.linspace(-2, 2, size))


@native
def test_what_the_call_raises_arrives(declared: list[Primitive]) -> None:
    def refuse(x: Any) -> Any:
        raise np.linalg.LinAlgError("no such matrix")

    declared.append(structured("refusing", lambda x: x, refuse, raises=True, doc="Raises."))
    with pytest.raises(np.linalg.LinAlgError, match="no such matrix"):
        compare(program(declared[0]), X)


@native
def test_inside_a_loop(declared: list[Primitive]) -> None:
    """Regions are rewritten too."""

    def f(x: Any) -> Any:
        return tapec.fori_loop(0, 5, lambda i, s: s + special.polygamma(1, s), x)

    def g(x: Any) -> Any:
        for _ in range(5):
            x = x + special.polygamma(1, x)
        return x

    kernel, x = tapec.compile(f), np.linspace(1, 3, 20)
    np.testing.assert_allclose(kernel(x), g(x), rtol=1e-14)
    assert "backend: native" in str(kernel.explain(x))


@native
@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_polygamma_natively(n: int, dtype: str) -> None:
    x = np.concatenate([np.linspace(0.05, 30, 200), -np.linspace(0.13, 6.2, 50)]).astype(dtype)
    kernel = tapec.compile(lambda x: special.polygamma(n, x))
    want = special.polygamma(n, x)
    assert kernel(x).dtype == want.dtype
    np.testing.assert_allclose(kernel(x), want, rtol=2e-13)
    assert "backend: native" in str(kernel.explain(x))


@native
@pytest.mark.parametrize("size", [1, 5, 300])
@pytest.mark.parametrize("name", ["iv", "ive"])
def test_functions_of_scipy_are_scipys_to_the_bit(name: str, size: int) -> None:
    x = np.linspace(-3.3, 20, size)
    b = Builder()
    found = PRIMITIVES[name](Expr(b, b.param(Type("f64", (size,)))), n=3)
    func = b.func("f", [found.value])
    assert "numpy" not in names(func)
    np.testing.assert_array_equal(compiled(func, x)[0], getattr(special, name)(3, x))


@native
@pytest.mark.parametrize("size", [1, 5, 300])
def test_digamma_natively(size: int) -> None:
    x = np.linspace(-3.3, 20, size)
    kernel = tapec.compile(special.digamma)
    np.testing.assert_allclose(kernel(x), special.digamma(x), rtol=1e-13, atol=1e-15)
    single = x.astype("f4")
    np.testing.assert_allclose(kernel(single), special.digamma(single), rtol=1e-6)
    assert "backend: native" in str(kernel.explain(x))
