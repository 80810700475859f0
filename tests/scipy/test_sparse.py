"""Sparse matrices made outside, or of traced values on a fixed pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import linalg
from support.kernel_support import close, without_fallback
from support.sampling import sampled
from support.scipy_cases import check

import tapec

RNG = np.random.default_rng(5)
N = 6
DENSE = np.where(RNG.random((N, N)) < 0.35, RNG.normal(size=(N, N)), 0.0) + 3.0 * np.eye(N)
WIDE = np.where(RNG.random((4, N)) < 0.5, RNG.normal(size=(4, N)), 0.0)
V, W, MANY = RNG.normal(size=N), RNG.normal(size=4), RNG.normal(size=(N, 3))
CSR = sparse.csr_array(DENSE)
OTHER = sparse.csc_array(np.where(RNG.random((N, N)) < 0.4, RNG.normal(size=(N, N)), 0.0))
FORMATS = ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"]

PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "A @ x": lambda a, x: a @ x,
    "x @ A": lambda a, x: x @ a,
    "A.T @ x": lambda a, x: a.T @ x,
    "A.dot(x)": lambda a, x: a.dot(x),
    "x A x": lambda a, x: x @ (a @ x),
    "A.multiply(x)": lambda a, x: a.multiply(x).sum(axis=0),
    "A + A.T": lambda a, x: (a + a.T) @ x - 2.0 * (a @ x),
    "A @ A": lambda a, x: (a @ a) @ x,
    "slice": lambda a, x: a[1:4, ::2] @ x[::2],
    "row": lambda a, x: a[[2], :] @ x + a[0, 0],
    "scaled": lambda a, x: (x[0] * a / 2.0 - a * x[1]) @ x,
    "formats": lambda a, x: a.tocsc().tocoo().tocsr() @ x,
    "diagonal": lambda a, x: a.diagonal() * x + a.trace(),
    "array": lambda a, x: (a.toarray() + x) @ x,
    "of x": lambda a, x: sparse.diags(x) @ x + sparse.diags([x, x[1:]], [0, 1]) @ (a @ x),
    "sums": lambda a, x: np.ravel((sparse.diags(x) @ a).sum(axis=1)) + a.mean(),
    "blocks": lambda a, x: sparse.vstack([a, 2.0 * a]) @ x,
    "grid": lambda a, x: sparse.bmat([[a, None], [sparse.eye(N), x[0] * a]]) @ np.concatenate([x, x]),
    "kron": lambda a, x: sparse.kron(a, sparse.diags(x[:2])) @ np.concatenate([x, x]),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(PRODUCTS, 9))
@pytest.mark.parametrize("kind", ["array", "matrix"])
def test_products_with_traced_vectors(name: str, kind: str) -> None:
    if kind == "matrix" and name == "scaled":
        pytest.skip("* of matrices is their product")
    a = getattr(sparse, f"csr_{kind}")(CSR)
    check(lambda x: PRODUCTS[name](a, x), V)


@pytest.mark.parametrize("format", sampled(FORMATS, 7))
def test_formats(format: str) -> None:
    for kind in ("array", "matrix"):
        a = getattr(sparse, f"{format}_{kind}")(WIDE)
        check(lambda x, a=a: a @ x, V, second=False)
        check(lambda x, a=a: x @ a, W, second=False)
        check(lambda x, a=a: a @ x, MANY, second=False)


def test_stars_of_matrices_are_products() -> None:
    a = sparse.csr_matrix(WIDE)
    check(lambda x: a * x, V)
    check(lambda x: x * a, W)


COO = CSR.tocoo()
MAKERS: dict[str, Callable[[Any], Any]] = {
    "csr": lambda d: sparse.csr_array((d, CSR.indices, CSR.indptr), shape=CSR.shape),
    "csr_matrix": lambda d: sparse.csr_matrix((d, CSR.indices, CSR.indptr), shape=CSR.shape),
    "csc": lambda d: sparse.csc_array((d, CSR.indices, CSR.indptr), shape=CSR.shape),
    "coo": lambda d: sparse.coo_array((d, (COO.row, COO.col)), shape=(N, N)).tocsr(),
    "twice": lambda d: sparse.coo_array(
        (np.concatenate([d, d]), (np.r_[COO.row, COO.row], np.r_[COO.col, COO.col])), shape=(N, N)
    ).tocsc(),
    "copy": lambda d: CSR * 0.5 + CSR.multiply(sparse.csr_array(
        (d, CSR.indices, CSR.indptr), shape=CSR.shape)),
    "elementwise": lambda d: abs(
        sparse.csr_array((d, CSR.indices, CSR.indptr), shape=CSR.shape).power(2).sqrt()
    ),
}  # fmt: skip
PLUS = 5.0 * sparse.eye_array(N, format="csr")


@pytest.mark.parametrize("name", sampled(MAKERS, 5))
def test_values_are_traced(name: str) -> None:
    make = MAKERS[name]
    check(lambda d: make(d) @ V, CSR.data)
    check(lambda d: linalg.spsolve((make(d) + PLUS).tocsc(), V), CSR.data)


SOLVERS: dict[str, Callable[[Any], Any]] = {
    "spsolve": lambda b: linalg.spsolve(CSR.tocsc(), b),
    "csr": lambda b: linalg.spsolve(CSR, b),
    "splu inside": lambda b: linalg.splu(CSR.tocsc()).solve(b),
    "factorized inside": lambda b: linalg.factorized(CSR.tocsc())(b),
    "cg": lambda b: linalg.gmres(CSR, b)[0],
}
LU, SOLVE = linalg.splu(CSR.tocsc()), linalg.factorized(CSR.tocsc())


@pytest.mark.parametrize("name", sampled(SOLVERS, 5))
def test_right_sides_are_traced(name: str) -> None:
    check(SOLVERS[name], V, values=1e-4 if name == "cg" else 1e-10, tolerance=1e-4, second=False)


def test_factors_made_outside() -> None:
    check(lambda b: LU.solve(b), V)
    check(lambda b: LU.solve(b, "T"), V)
    check(lambda b: SOLVE(b) * b[0], V)
    check(lambda b: LU.solve(b), MANY, second=False)
    complexes = tapec.compile(lambda b: np.abs(LU.solve(b + 1j * b[::-1])))
    close(complexes(V), np.abs(LU.solve(V) + 1j * LU.solve(V[::-1])), 1e-10)


@pytest.mark.slow
def test_solutions_in_lanes_and_second_derivatives() -> None:
    def f(d: Any) -> Any:
        a = sparse.csc_array((d, CSR.indices, CSR.indptr), shape=CSR.shape)
        return np.sum(linalg.spsolve(a, V) ** 2)

    data = np.stack([CSR.data, 1.1 * CSR.data])
    slopes = tapec.vmap(tapec.grad(f))(data)
    close(slopes[1], tapec.grad(f)(data[1]), 1e-10)
    check(lambda d: tapec.grad(f)(d), CSR.data, second=False)


class Model:
    """A matrix as an attribute, as users keep it."""

    def __init__(self) -> None:
        self.stiffness = CSR.copy()
        self.solve = linalg.factorized(CSR.tocsc())

    def energy(self, x: Any) -> Any:
        return 0.5 * x @ (self.stiffness @ x) + np.sum(self.solve(x))


def test_matrices_in_objects_and_changes() -> None:
    model = Model()
    check(model.energy, V, second=False)
    f = tapec.compile(model.energy)
    f(V)
    model.stiffness.data *= 2.0
    close(f(V), model.energy(V), 1e-12)
    model.stiffness.indices[:2] = model.stiffness.indices[:2][::-1].copy()
    close(f(V), model.energy(V), 1e-12)


def test_a_large_product_is_native() -> None:
    n = 2000
    a = sparse.diags([np.ones(n - 1), -2.0 * np.ones(n), np.ones(n - 1)], [-1, 0, 1]).tocsr()
    x = RNG.normal(size=n)
    with without_fallback():
        close(tapec.compile(lambda x: a @ x)(x), a @ x, 1e-13)
        close(tapec.grad(lambda x: 0.5 * x @ (a @ x))(x), a @ x, 1e-13)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: linalg.eigsh(sparse.diags(x), k=1)[0], "eigh"),
        (lambda x: linalg.expm(sparse.diags(x)).diagonal(), "expm"),
        (lambda x: sparse.csr_array((x, (x.astype(int), x.astype(int))), shape=(9, 9)) @ x, "pattern"),
    ],
)  # fmt: skip
def test_refusals_have_a_cure(f: Any, said: str) -> None:
    with pytest.raises(tapec.TapecError, match=said):
        tapec.compile(f)(np.abs(V))


def test_singular_matrices_warn_as_scipy_does() -> None:
    f = tapec.compile(lambda d: linalg.spsolve(sparse.diags(d).tocsc(), V))
    with pytest.warns(linalg.MatrixRankWarning):
        assert np.isnan(f(np.zeros(N))).all()
