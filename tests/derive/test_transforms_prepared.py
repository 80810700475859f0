"""Transforms prepare the function they derive, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tapec

X, V = np.array([0.4, 1.3]), np.array([0.2, -1.0])


def written_out(x):
    """A list of traced numbers in an array, and a branch: only a prepared function can do that."""
    if x[0] > 0.0:
        return np.array([x[0] * x[1], np.sin(x[1])])
    return np.array([x[1], x[0]])


J = np.array([[1.3, 0.4], [0.0, np.cos(1.3)]])
FORMS: dict[str, Callable[[], Any]] = {
    "gnvp": lambda: (tapec.gnvp(written_out)(X, V), J.T @ J @ V),
    "jacobian": lambda: (tapec.jacobian(written_out)(X), J),
    "jvp": lambda: (tapec.jvp(written_out, (X,), (V,))[1], J @ V),
    "vjp": lambda: (tapec.vjp(written_out, X)[1](V)[0], J.T @ V),
    "linearize": lambda: (tapec.linearize(written_out, X)[1](V), J @ V),
    "vmap": lambda: (tapec.vmap(written_out)(X[None])[0], written_out(X)),
    "hvp": lambda: (
        tapec.hvp(lambda x: np.sum(written_out(x)))(X, V),
        np.array([[0.0, 1.0], [1.0, -np.sin(1.3)]]) @ V,
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_it_is_prepared(name: str) -> None:
    found, wanted = FORMS[name]()
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
