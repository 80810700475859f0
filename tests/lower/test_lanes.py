"""Reductions and products with few terms, whose lanes run along an axis of the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.backends.llvm import available

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])
RNG = np.random.default_rng(17)

# the expression, the shapes of its arguments
PROGRAMS: dict[str, tuple[Any, ...]] = {
    "lengths of rows": (lambda x: np.sum(x * x, axis=1), (70, 3)),
    "extremes of rows": (lambda x: np.max(x, axis=2) - np.min(x, axis=2), (5, 33, 4)),
    "products of rows": (lambda x: np.prod(x, axis=1), (40, 5)),
    "truth of rows": (lambda x: np.any(x > 0.5, axis=1), (40, 2)),
    "turned": (lambda x, r: x @ r.T, (61, 3), (3, 3)),
    "turned in stacks": (lambda q, m: np.einsum("bnj,bij->bni", q, m), (4, 50, 3), (4, 3, 3)),
    "a transpose": (lambda x, r: r @ x.T, (61, 3), (3, 3)),
    "each its own matrix": (lambda r, x: np.einsum("nij,nj->ni", r, x), (40, 2, 2), (40, 2)),
    "all pairs": (lambda x: np.sum((x[:, None] - x) ** 2, axis=2), (37, 3)),
    "two contracted axes": (lambda x, y: np.einsum("nij,ij->n", x, y), (50, 2, 3), (2, 3)),
    "one term": (lambda x, y: np.einsum("ni,mi->nm", x, y), (40, 1), (30, 1)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients(name: str) -> None:
    program, *shapes = PROGRAMS[name]
    arrays = [RNG.normal(size=shape) for shape in shapes]
    np.testing.assert_allclose(tapec.compile(program)(*arrays), program(*arrays), rtol=1e-13)
    if program(*arrays).dtype == bool:
        return

    def total(*xs: Any) -> Any:
        return np.sum(np.sin(program(*xs)))

    numbers = tuple(range(len(arrays)))
    slopes = tapec.grad(total, argnums=numbers)(*arrays)
    for k in numbers:
        step = RNG.normal(size=arrays[k].shape)
        ahead, behind = ([*arrays] for _ in range(2))
        ahead[k], behind[k] = arrays[k] + 1e-6 * step, arrays[k] - 1e-6 * step
        rise = (total(*ahead) - total(*behind)) / 2e-6
        np.testing.assert_allclose(np.sum(slopes[k] * step), rise, rtol=1e-6, atol=1e-6)


def test_lanes_run_along_points() -> None:
    """Not along the three coordinates."""
    text = str(tapec.compile(PROGRAMS["turned"][0]).ir("loops", np.ones((61, 3)), np.eye(3)))
    assert 'upper=61, kind="vector"' in text
    assert 'upper=3, kind="vector"' not in text
