"""Rows of sparse derivatives are counted as the caller sees results, however these lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.sampling import sampled

import tapec
from tapec.tree import flatten

X = np.linspace(0.3, 1.2, 12)


def with_views(x: Any) -> Any:
    y = (x * x).reshape(3, 4)
    return y.T, {"row": y[1], "whole": y, "number": np.sum(y)}


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda x: np.sin(x).reshape(3, 4).T,
    "argument transposed": lambda x: x.reshape(3, 4).T,
    "argument": lambda x: x,
    "argument backwards": lambda x: x[::-2],
    "part of transposed": lambda x: (x * x).reshape(3, 4).T[1:, ::-1],
    "axes": lambda x: (x * x).reshape(3, 2, 2).transpose(2, 0, 1),
    "fortran": lambda x: np.asfortranarray((x * x[0]).reshape(3, 4)),
    "joined": lambda x: np.concatenate([x.reshape(6, 2), np.cos(x).reshape(6, 2)], axis=1)[1:].T,
    "solved": lambda x: np.linalg.solve(2.0 * np.eye(3), x.reshape(3, 4)).T,
    "column by column": lambda x: (x * x).reshape((3, 4), order="F"),
    "diagonal": lambda x: np.diagonal((x[:9] * x[1]).reshape(3, 3)),
    "views of one": with_views,
}


def stacked(found: Any) -> Any:
    return np.concatenate([np.reshape(j, (-1, X.size)) for j in flatten(found)[0]])


def dense(matrices: Any) -> Any:
    return np.concatenate([m.toarray() for m in flatten(matrices)[0]])


@pytest.mark.parametrize("name", sampled(list(LAYOUTS), 6))
def test_rows_are_those_of_the_result(name: str) -> None:
    f = LAYOUTS[name]
    wanted = stacked(tapec.jacobian(f)(X))
    for mode in ("auto", "rev"):
        found = tapec.jacobian(f, sparse=True, mode=mode)(X)
        np.testing.assert_allclose(dense(found), wanted, rtol=1e-13, atol=1e-14)
    leaves, tree = flatten(f(X))
    weights = [np.cos(np.arange(np.size(v), dtype=float)).reshape(np.shape(v)) for v in leaves]
    bundle = tapec.derive(f, "value", "jac", "jvp", "vjp", sparse=True)(
        X, np.ones(X.size), tree.unflatten([w if w.ndim else float(w) for w in weights])
    )
    np.testing.assert_allclose(dense(bundle.jac), wanted, rtol=1e-13, atol=1e-14)
    for value, leaf in zip(flatten(bundle.value)[0], leaves, strict=True):
        np.testing.assert_allclose(value, leaf, rtol=1e-15)
    row = np.concatenate([np.ravel(w) for w in weights])
    np.testing.assert_allclose(bundle.vjp, row @ wanted, rtol=1e-12, atol=1e-13)
    tangents = np.concatenate([np.ravel(t) for t in flatten(bundle.jvp)[0]])
    np.testing.assert_allclose(tangents, wanted.sum(axis=1), rtol=1e-12, atol=1e-13)
