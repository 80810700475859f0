"""Sparse Jacobians and Hessians beside dense ones."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from support.sampling import sampled

import tapec
from tapec.derive import sparse_direct
from tapec.errors import DTypeError, NonDifferentiableError, SparsityError

X = np.linspace(0.1, 2.0, 10)
MODES = ("auto", "fwd", "rev", "both")
FORMATS = {"csr": sp.csr_array, "csc": sp.csc_array, "coo": sp.coo_array}


def same(found: Any, dense: Any) -> None:
    np.testing.assert_allclose(
        found.toarray(), np.reshape(dense, found.shape), rtol=1e-13, atol=1e-14
    )


def tridiagonal(x: Any) -> Any:
    y = (3 - 2 * x) * x + 1
    y[1:] -= x[:-1]
    y[:-1] -= 2 * x[1:]
    return y


def arrow(x: Any) -> Any:
    y = x**2
    y[1:] *= x[0]
    y[0] = np.sum(x)
    return y


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("f", [tridiagonal, arrow, np.sin])
def test_jacobian(f: Callable[..., Any], mode: Any, format: Any) -> None:
    found = tapec.jacobian(f, sparse=True, mode=mode, format=format)(X)
    assert isinstance(found, FORMATS[format])
    assert found.dtype == float
    same(found, tapec.jacobian(f)(X))


@pytest.mark.parametrize("triangle", [None, "lower", "upper"])
@pytest.mark.parametrize("format", FORMATS)
def test_hessian(triangle: Any, format: Any) -> None:
    part = {None: np.asarray, "lower": np.tril, "upper": np.triu}[triangle]
    found = tapec.hessian(rosenbrock, sparse=True, triangle=triangle, format=format)(X)
    assert isinstance(found, FORMATS[format])
    same(found, part(tapec.hessian(rosenbrock)(X)))


def by_index(x: Any) -> Any:
    i, j = np.array([0, 3, 3, 7]), np.array([1, 4, 5, 0])
    flow = x[i] * np.cos(x[j])
    out = np.zeros(8)
    np.add.at(out, i, flow)
    np.subtract.at(out, j, flow * x[0])
    return np.sqrt(1 + out**2) * x[:8]


def of_sums(x: Any) -> Any:
    pairs = x.reshape(5, 2)
    return np.concatenate([pairs.sum(axis=1) ** 2, [np.sum(x[2:4] * x[5])], pairs.sum(axis=0)[:1]])


def of_choices(x: Any) -> Any:
    return np.where(x > 1, x * x[::-1], np.sum(x[:2])) + np.maximum(x, 0.5)


def of_numbers(x: Any) -> Any:
    out = np.zeros(4)
    out[0] = x[0] * x[1]
    out[1] = out[0] * np.sin(x[2])
    out[2:] = np.stack([x[3] / x[0], out[1] - x[4]])
    return out


def of_zeros(x: Any) -> Any:
    root = np.sqrt(x - 0.1)
    root[0] = x[1]
    return root


ROUTES = [tridiagonal, arrow, by_index, of_sums, of_choices, of_numbers, of_zeros, np.tanh]


@pytest.mark.parametrize("kind", ["direct", "collected", "compressed"])
@pytest.mark.parametrize("f", ROUTES)
def test_routes(f: Callable[..., Any], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "direct":  # as if these were too many to be written out
        monkeypatch.setattr(sparse_direct, "MOST_COLLECTED", 0)
    route: Any = "compressed" if kind == "compressed" else "direct"
    kernel = tapec.jacobian(f, sparse=True, route=route)
    same(kernel(X), tapec.jacobian(f)(X))
    assert kernel.kernel(X).__name__.endswith(kind)


def gradient_of_squares(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: np.sum(f(x) ** 2)


@pytest.mark.parametrize("route", ["direct", "compressed"])
@pytest.mark.parametrize("f", sampled(ROUTES[:-2], 2))
def test_routes_of_hessians(f: Callable[..., Any], route: Any) -> None:
    total = gradient_of_squares(f)
    for triangle, part in ((None, np.asarray), ("lower", np.tril)):
        kernel = tapec.hessian(total, sparse=True, route=route, triangle=triangle)
        same(kernel(X), part(tapec.hessian(total)(X)))


def test_the_cheaper_route() -> None:
    def in_a_loop(x: Any) -> Any:
        y = np.zeros(10)
        for i in tapec.rolled(range(1, 10)):
            y[i] = y[i - 1] * 0.5 + x[i]
        return y

    def name(f: Any, **options: Any) -> str:
        return str(tapec.jacobian(f, sparse=True, **options).kernel(X).__name__)

    assert name(tridiagonal).endswith("collected")
    assert name(tridiagonal, mode="fwd").endswith("compressed")
    assert name(in_a_loop).endswith("compressed")
    assert name(np.cumsum).endswith("compressed")
    with pytest.raises(SparsityError, match="cumsum"):
        tapec.jacobian(np.cumsum, sparse=True, route="direct")(X)


def test_exceptions_of_the_function() -> None:
    def f(x: Any) -> Any:
        if x[0] > 5:
            raise ValueError("too far")
        return x * x[0]

    kernel = tapec.jacobian(f, sparse=True)
    same(kernel(X), tapec.jacobian(f)(X))
    with pytest.raises(ValueError, match="too far"):
        kernel(X + 9)


def test_blocks_of_results_and_arguments() -> None:
    def f(a: Any, b: Any) -> Any:
        return {"u": a["p"][1:] * b[:-1], "v": (np.sum(a["q"]) * b[0], a["p"] * a["q"])}

    args = {"p": X, "q": X[::-1].copy()}, 2 * X
    for argnums in (0, 1, (1, 0), (0, -1)):
        found = tapec.jacobian(f, argnums, sparse=True)(*args)
        dense = tapec.jacobian(f, argnums)(*args)
        pairs = zip(leaves(found), leaves(dense), strict=True)
        for one, other in pairs:
            same(one, other)


def leaves(nested: Any) -> list[Any]:
    if isinstance(nested, dict):
        return [x for k in nested for x in leaves(nested[k])]
    if isinstance(nested, tuple):
        return [x for part in nested for x in leaves(part)]
    return [nested]


def test_hessian_blocks() -> None:
    def f(a: Any, b: Any) -> Any:
        return np.sum(a["p"] * b**2) + a["q"] * b[0]

    args = {"p": X, "q": 0.5}, 2 * X
    for argnums in (0, 1, (0, 1), (1, 0)):
        found, dense = (tapec.hessian(f, argnums, **kind)(*args) for kind in ({"sparse": True}, {}))
        for one, other in zip(leaves(found), leaves(dense), strict=True):
            same(one, other)


def test_calls_share_index_arrays() -> None:
    kernel = tapec.jacobian(tridiagonal, sparse=True)
    a, b = kernel(X), kernel(2 * X)
    assert a.indices is b.indices
    assert a.indptr is b.indptr
    assert not np.shares_memory(a.data, b.data)
    same(a, tapec.jacobian(tridiagonal)(X))


def test_structure_follows_integer_arguments() -> None:
    def f(x: Any, i: Any) -> Any:
        return x[i] * 3.0

    kernel = tapec.jacobian(f, sparse=True)
    for i in (np.array([0, 4]), np.array([7, 2]), np.array([0, 4])):
        same(kernel(X, i), 3.0 * np.eye(10)[i])


def test_structure_follows_captured_arrays() -> None:
    places = np.array([0, 4])
    kernel = tapec.jacobian(lambda x: x[places] ** 2, sparse=True)
    for first in (0, 5, 9):
        places[0] = first
        same(kernel(X), np.diag(2 * X)[places])


def test_sparsity() -> None:
    found = tapec.jacobian(tridiagonal, sparse=True).sparsity(X)
    assert found.pattern.dtype == bool
    assert (found.nnz, found.colours, found.lower_bound) == (28, 3, 3)
    assert "28 nonzeros, 3 tangents" in repr(found)
    assert tapec.compile(tridiagonal).sparsity(X).nnz == 28
    assert tapec.compile(rosenbrock).grad.sparsity(X).nnz == 28
    assert tapec.hessian(rosenbrock, sparse=True, triangle="lower").sparsity(X).nnz == 28


def test_the_picture() -> None:
    pytest.importorskip("matplotlib").use("agg")
    axes = tapec.jacobian(tridiagonal, sparse=True).sparsity(X).spy()
    assert len(axes.collections[0].get_offsets()) == 28


def test_methods_and_keywords() -> None:
    class Model:
        def __init__(self) -> None:
            self.weight = np.linspace(1, 2, 9)

        @tapec.compile
        def residual(self, x: Any, *, power: Any = 2.0) -> Any:
            return self.weight * (x[1:] - x[:-1]) ** power

    model = Model()
    same(tapec.jacobian(model.residual, sparse=True)(X), tapec.jacobian(model.residual)(X))
    model.weight = model.weight * 3
    same(tapec.jacobian(model.residual, sparse=True)(X, power=3.0),
         tapec.jacobian(model.residual)(X, power=3.0))  # fmt: skip


def test_pickled() -> None:
    for kernel in (tapec.jacobian(tridiagonal, sparse=True, format="csc"),
                   tapec.hessian(rosenbrock, sparse=True, triangle="lower")):  # fmt: skip
        before = kernel(X)
        after = pickle.loads(pickle.dumps(kernel))(X)
        assert type(after) is type(before)
        same(after, before.toarray())


def test_no_nonzeros() -> None:
    found = tapec.jacobian(lambda x: np.round(x), sparse=True)(X)
    assert found.nnz == 0
    assert found.shape == (10, 10)
    assert tapec.hessian(lambda x: np.sum(x), sparse=True)(X).nnz == 0


def test_interpreter() -> None:
    f = tapec.compile(tridiagonal, backend="numpy")
    same(tapec.jacobian(f, sparse=True)(X), tapec.jacobian(tridiagonal)(X))


SEEN: list[Any] = []


def storing(x: Any) -> Any:
    SEEN.append(x[0])
    return x * 2


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: tapec.jacobian(np.sin, sparse=True, format="dia"), SparsityError, "'csr'"),
        (lambda: tapec.jacobian(np.sin, sparse=True, mode="back"), SparsityError, "'fwd'"),
        (lambda: tapec.hessian(np.sum, sparse=True, triangle="left"), SparsityError, "'lower'"),
        (lambda: tapec.jacobian(np.sin, mode="both"), SparsityError, "dense"),
        (lambda: tapec.hessian(np.sin, sparse=True)(X), NonDifferentiableError, "one number"),
        (lambda: tapec.jacobian(storing, sparse=True)(X), SparsityError, "outside"),
        (lambda: tapec.jacobian(np.argsort, sparse=True)(X), DTypeError, "i64"),
        (lambda: tapec.jacobian(np.sin, 3, sparse=True)(X), NonDifferentiableError, "argument 3"),
        (lambda: tapec.grad(lambda x: tapec.jacobian(np.sin, sparse=True)(x)[0, 0])(X),
         SparsityError, "traced"),
    ],
)  # fmt: skip
def test_refusals(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
