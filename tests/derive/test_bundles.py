"""Several derivatives by one kernel, beside those by kernels of their own."""

from __future__ import annotations

import pickle
from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp

import tapec
from tapec.call import routes
from tapec.errors import (
    DTypeError,
    NonDifferentiableError,
    ShapeError,
    SparsityError,
)
from tapec.tree import flatten

X = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
V, W = np.array([[1.0, 0, 2, -1, 0.5], [0, 1, 0, 3, 0]]), np.array([2.0, -1.0])


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def in_a_loop(x: Any) -> Any:
    s = 0.0
    for i in range(x.shape[0] - 1):
        s = np.sin(s) + x[i] * x[i + 1] if x[i] > 0.75 else s * x[i]
    return s


def until(x: Any) -> Any:
    y, n = x, 0
    while np.sum(y**2) > 0.5:
        y, n = 0.5 * np.sin(y), n + 1
    return np.sum(y * x) * n


def one_by_one(x: Any) -> Any:
    return x[0] * x[1] + np.exp(x[2])


SCALAR = [rosenbrock, in_a_loop, until, one_by_one, np.prod, np.linalg.norm]
NAMES = ("value", "grad", "jac", "hess", "diag_hess", "gn", "hvp", "gnvp", "jvp", "vjp")


def alone(f: Callable[..., Any], v: Any, w: Any) -> dict[str, Any]:
    """What a bundle must give, from one kernel each."""
    g, h = tapec.grad(f)(X), tapec.hessian(f)(X)
    return {
        "value": f(X), "grad": g, "jac": g, "hess": h, "diag_hess": np.diag(h), "hvp": v @ h,
        "gn": np.outer(g, g), "gnvp": np.multiply.outer(v @ g, g), "jvp": v @ g,
        "vjp": np.multiply.outer(w, g),
    }  # fmt: skip


def subsets() -> list[tuple[str, ...]]:
    """All names, each by itself, and pairs of which one may serve the other."""
    pairs = [(a, b) for a in ("hess", "jac", "grad") for b in NAMES if a != b]
    return [NAMES, *((name,) for name in NAMES), *pairs]


@pytest.mark.parametrize(
    ("f", "names"), [(until, NAMES), (rosenbrock, ("hvp", "gnvp", "jvp", "vjp", "value"))]
)
def test_what_each_gives_alone(f: Callable[..., Any], names: tuple[str, ...]) -> None:
    compare(f, names)


@pytest.mark.slow
@pytest.mark.parametrize("f", SCALAR)
@pytest.mark.parametrize("names", subsets(), ids="+".join)
def test_every_choice(f: Callable[..., Any], names: tuple[str, ...]) -> None:
    compare(f, names)


def compare(f: Callable[..., Any], names: tuple[str, ...]) -> None:
    kernel = tapec.derive(f, *names)
    for v, w in ((V, W), (V[0], np.float64(2.0)), (V[:1], W[:1])):
        seeds = [v] * bool({"hvp", "gnvp", "jvp"} & {*names}) + [w] * ("vjp" in names)
        found, wanted = kernel(X, *seeds), alone(f, v, w)
        assert found._fields == names
        for name in names:
            np.testing.assert_allclose(getattr(found, name), wanted[name], rtol=1e-12, atol=1e-12)


def test_the_bits_are_those_of_the_kernels_alone() -> None:
    found = tapec.derive(rosenbrock, "value", "grad", "hess")(X)
    assert found.value == tapec.compile(rosenbrock)(X)
    assert np.array_equal(found.grad, tapec.grad(rosenbrock)(X))
    # Products that the gradient reads too are not fused with the sums of the Hessian.
    np.testing.assert_allclose(found.hess, tapec.hessian(rosenbrock)(X), rtol=4e-16)


def nested(a: Any, b: Any, scale: Any = 2.0) -> Any:
    return {"u": a["p"] * b, "v": (np.sum(b**2) * a["q"] * scale, a["p"][0])}


ARGS = {"p": np.array([1.0, 2.0]), "q": 3.0}, np.array([0.5, 0.25])


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0), (-1,)], ids=str)
@pytest.mark.parametrize("sparse", [False, True])
def test_nested_arguments_and_results(argnums: Any, sparse: bool) -> None:
    kernel = tapec.derive(nested, "value", "jac", "gn", "jvp", "vjp", "gnvp",
                          argnums=argnums, sparse=sparse)  # fmt: skip
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    picked = tuple(ARGS[n] for n in numbers)
    direction = picked[0] if isinstance(argnums, int) else picked
    found = kernel(*ARGS, direction, nested(*ARGS))
    jacobian = tapec.jacobian(nested, argnums)(*ARGS)
    same(found.value, nested(*ARGS))
    matrix = rows(jacobian, flatten(direction)[0])
    flat, back = joined(direction), joined(nested(*ARGS))
    np.testing.assert_allclose(joined(found.jvp), matrix @ flat)
    np.testing.assert_allclose(joined(found.vjp), back @ matrix)
    np.testing.assert_allclose(joined(found.gnvp), matrix.T @ matrix @ flat)
    np.testing.assert_allclose(rows(found.gn, flatten(direction)[0]), matrix.T @ matrix)
    assert flatten(found.jac)[1] == flatten(jacobian)[1]
    np.testing.assert_allclose(rows(found.jac, flatten(direction)[0]), matrix)


def joined(parts: Any) -> Any:
    return np.concatenate([np.ravel(x) for x in flatten(parts)[0]])


def rows(blocks: Any, leaves: list[Any]) -> Any:
    """A nesting of blocks, one for each pair of leaves, as one matrix."""
    found = [x.toarray() if sp.issparse(x) else np.asarray(x) for x in flatten(blocks)[0]]
    widths = [np.size(x) for x in leaves]
    lines = [found[k : k + len(widths)] for k in range(0, len(found), len(widths))]
    return np.vstack([np.hstack([b.reshape(-1, n) for b, n in zip(line, widths, strict=True)])
                      for line in lines])  # fmt: skip


def same(found: Any, wanted: Any) -> None:
    (a, ta), (b, tb) = flatten(found), flatten(wanted)
    assert ta == tb
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y)


def tridiagonal(x: Any) -> Any:
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


@pytest.mark.parametrize(
    ("triangle", "format"), [(None, "csr"), ("lower", "csc"), ("upper", "coo")]
)
def test_sparse_ones_among_others(triangle: Any, format: Any) -> None:
    half = {None: np.asarray, "lower": np.tril, "upper": np.triu}[triangle]
    kernel = tapec.derive(rosenbrock, "value", "grad", "hess", "hvp", "diag_hess",
                          sparse=True, triangle=triangle, format=format)  # fmt: skip
    found, wanted = kernel(X, V), alone(rosenbrock, V, 1.0)
    assert found.hess.format == format
    np.testing.assert_allclose(found.hess.toarray(), half(wanted["hess"]))
    for name in ("value", "grad", "hvp", "diag_hess"):
        np.testing.assert_allclose(getattr(found, name), wanted[name])
    kernel = tapec.derive(tridiagonal, "gn", "jac", sparse=("gn",), triangle=triangle)
    found, matrix = kernel(X), tapec.jacobian(tridiagonal)(X)
    np.testing.assert_allclose(found.gn.toarray(), half(matrix.T @ matrix), rtol=1e-13)
    np.testing.assert_allclose(found.jac, matrix)
    assert kernel.sparsity(X)["gn"].nnz == 19


def test_directions_are_counted_by_the_call() -> None:
    kernel = tapec.hvp(rosenbrock)
    h = tapec.hessian(rosenbrock)(X)
    for v in (V[0], V, np.eye(5), V[:1]):
        np.testing.assert_allclose(kernel(X, v), v @ h)

    def f(a: Any, b: Any) -> Any:
        return a * b**2

    np.testing.assert_allclose(tapec.gnvp(f, 1)(3.0, np.array([1.0, 2.0]), 2.0), [144.0, 288.0])
    np.testing.assert_allclose(tapec.hvp(np.sin)(0.5, np.ones(3)), -np.sin(0.5) * np.ones(3))


def test_the_diagonal_needs_few_directions() -> None:
    text = str(tapec.derive(rosenbrock, "diag_hess").ir("optimized", np.ones(100)))
    assert "[2,100]" in text
    assert "[100,100]" not in text


def test_loops_are_run_once() -> None:
    text = str(tapec.derive(in_a_loop, "value", "grad", "hess").ir("optimized", np.ones(50)))
    assert text.count(" scan ") == 2  # forward and backward


def test_keywords_defaults_and_exceptions() -> None:
    def f(x: Any, power: Any = 2.0) -> Any:
        if x[0] > 5:
            raise ValueError("too far")
        return np.sum(x**power)

    for sparse in (False, True):
        kernel = tapec.derive(f, "grad", "hess", "hvp", sparse=sparse)
        for given in ({}, {"power": 3.0}):
            found = kernel(X, X, **given)
            h = tapec.hessian(f)(X, **given)
            np.testing.assert_allclose(found.hvp, h @ X)
            np.testing.assert_allclose(sp.csr_array(found.hess).toarray(), h)
        with pytest.raises(ValueError, match="too far"):
            kernel(X + 9, X)


def test_element_types_and_numbers() -> None:
    x = X.astype(np.float32)
    found = tapec.derive(rosenbrock, "value", "grad", "hess", "hvp", "diag_hess")(x, V)
    assert {np.asarray(y).dtype for y in found} == {np.dtype(np.float32)}
    found = tapec.derive(np.sin, "value", "grad", "hess", "diag_hess", "hvp")(1, 2.0)
    np.testing.assert_allclose(found, [np.sin(1), np.cos(1), *2 * [-np.sin(1)], -2 * np.sin(1)])


def test_inside_traced_code_and_in_transforms() -> None:
    def newton(x: Any) -> Any:
        d = tapec.derive(rosenbrock, "grad", "hess")(x)
        return x - np.linalg.solve(d.hess, d.grad)

    d = tapec.derive(rosenbrock, "grad", "hess")(X)
    np.testing.assert_allclose(tapec.compile(newton)(X), X - np.linalg.solve(d.hess, d.grad))
    many = tapec.vmap(tapec.derive(rosenbrock, "value", "grad"))(np.stack([X, 2 * X]))
    np.testing.assert_allclose(many.grad[1], tapec.grad(rosenbrock)(2 * X))


def test_pickled() -> None:
    for sparse in (False, True):
        kernel = tapec.derive(rosenbrock, "value", "hess", sparse=sparse)
        found = kernel(X)
        again = pickle.loads(pickle.dumps(kernel))(X)
        assert pickle.loads(pickle.dumps(found)).value == again.value == found.value
        assert type(again) is type(found)


def test_methods() -> None:
    class Model:
        weight = 3.0

        @tapec.compile
        def energy(self, x: Any) -> Any:
            return self.weight * np.sum(x**3)

    found = tapec.derive(Model().energy, "value", "grad", "diag_hess")(X)
    np.testing.assert_allclose(found.grad, 9 * X**2)
    np.testing.assert_allclose(found.diag_hess, 18 * X)


class Pair(NamedTuple):
    first: Any
    second: Any

    @property
    def total(self) -> Any:
        return self.first + self.second


Named = namedtuple("Named", "a b")


@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_named_tuples_are_made_natively(backend: Any) -> None:
    @tapec.compile(backend=backend)
    def f(x: Any) -> Any:
        return Pair(np.sum(x), Named(2 * x, (x[0], Pair(x[1], x[2]))))

    found = f(X)
    assert (type(found), type(found.second), type(found.second.b[1])) == (Pair, Named, Pair)
    assert found.second.b[1].total == X[1] + X[2]
    assert (routes.direct(f.specialization(X)) is not None) == (backend == "auto")
    assert type(f.bind(X)()) is Pair


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: tapec.derive(np.sum), NonDifferentiableError, "no derivative"),
        (lambda: tapec.derive(np.sum, "gradient"), NonDifferentiableError, "'grad'"),
        (lambda: tapec.derive(np.sum, "grad", "grad"), NonDifferentiableError, "twice"),
        (lambda: tapec.derive(np.sin, "grad")(X), NonDifferentiableError, "'grad' needs"),
        (lambda: tapec.derive(np.sin, "hess", sparse=True)(X), NonDifferentiableError, "one number"),
        (lambda: tapec.derive(np.argsort, "jac")(X), DTypeError, "i64"),
        (lambda: tapec.derive(np.sum, "hvp")(X), ShapeError, "a direction"),
        (lambda: tapec.derive(np.sum, "hvp")(X, X[1:]), ShapeError, "shape \\[4\\]"),
        (lambda: tapec.derive(np.sum, "vjp")(X, X[None]), ShapeError, "shape \\[1, 5\\]"),
        (lambda: tapec.derive(np.sum, "hvp")(X, (X,)), ShapeError, "nested"),
        (lambda: tapec.derive(np.sum, "hess", format="csc"), SparsityError, "sparse=True"),
        (lambda: tapec.derive(np.sum, "hess", sparse="jac"), SparsityError, "'jac'"),
        (lambda: tapec.derive(np.sum, "grad", sparse="grad"), SparsityError, "'grad'"),
    ],
)  # fmt: skip
def test_refusals(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
