"""Rows that are read alone are computed alone: random programs of row-wise ops, and their cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tapec.ir.core import Op
from tapec.tools.differences import ridders

Array = Any
ROWS = 40
RNG = np.random.default_rng(41)
MIX, WIDE, TENSOR = RNG.normal(size=(4, 4)), RNG.normal(size=(ROWS, 4)), RNG.normal(size=(4, 4, 4))
# Row-wise steps from (rows, 4) to (rows, 4); the last three only with ops of larger kinds.
STEPS: dict[str, Any] = {
    "product": lambda x: x @ MIX,
    "product from the left": lambda x: (MIX.T @ x.T).T,
    "sines": np.sin,
    "scaled": lambda x: x * WIDE + MIX[0],
    "shifted": lambda x: x - x.mean(axis=1, keepdims=True),
    "chosen": lambda x: np.where(x > 0, x, 0.1 * x),
    "softmax": lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True),
    "batch": lambda x: np.einsum("vi,vij->vj", x, np.tanh(x[:, :, None] * MIX)),
    "blended": lambda x: np.einsum("vj,vj->v", np.tensordot(x, TENSOR, 1)[:, :, 0], x)[:, None] * x,
    "extreme": lambda x: x - np.max(x, axis=1)[:, None] + np.min(x, axis=1)[:, None],
}
READS: dict[str, Any] = {
    "gather": lambda x: x[np.array([3, 1, 39, 3])],
    "table": lambda x: x[np.array([[0, -1], [5, 20]])],
    "slice": lambda x: x[4:20:3],
    "backwards": lambda x: x[10:4:-1],
    "row": lambda x: x[-2],
    "element": lambda x: x[7, 2],
    "columns": lambda x: x[:, 1],
    "both": lambda x: x[5:8, 1:3],
}


def programs(count: int) -> list[Any]:
    made = []
    for k in range(count):
        names = RNG.choice([*STEPS], size=RNG.integers(1, 5)).tolist()
        made.append(pytest.param(names, [*READS][k % len(READS)], id=f"{k}"))
    return made


def composed(names: list[str], read: str) -> Any:
    def f(x: Array) -> Array:
        for name in names:
            x = STEPS[name](x)
        return READS[read](x)

    return f


@pytest.mark.parametrize(("names", "read"), programs(24))
def test_random_chains(names: list[str], read: str) -> None:
    f, x = composed(names, read), 0.5 * RNG.normal(size=(ROWS, 4))
    np.testing.assert_allclose(tapec.compile(f)(x), f(x), rtol=1e-12, atol=1e-13)

    def loss(x: Array) -> Any:
        return np.sum(f(x) ** 2)

    along = RNG.normal(size=x.shape)
    want, noise = ridders(lambda t: loss(x + t * along), step=1e-3)
    assert np.sum(tapec.grad(loss)(x) * along) == pytest.approx(
        want, rel=1e-6, abs=4 * noise + 1e-9
    )


def largest(f: Any, *args: Array) -> int:
    """Elements of the largest product or sum of the cleaned program."""
    ops: tuple[Op, ...] = tapec.compile(f).specialization(*args).func.ops
    return max(op.result.type.size for op in ops if op.name in ("dot", "reduce_sum"))


def test_only_what_is_read_is_computed() -> None:
    x, b, rows = np.ones((1000, 5)), np.ones((5, 7)), np.array([1, 2, 3])
    assert largest(lambda x, b, rows: np.tanh(x @ b)[rows], x, b, rows) == 21
    assert largest(lambda x, b: np.tanh(x @ b)[10:20], x, b) == 70
    assert largest(lambda x, b: (x @ b)[-1, 2], x, b) == 1
    assert largest(lambda x: np.sum(x**2, axis=1)[500], x) == 1


def test_what_is_read_elsewhere_stays() -> None:
    x, b = np.ones((1000, 5)), np.ones((5, 7))
    assert largest(lambda x, b: ((x @ b)[:2], (x @ b)[5:7]), x, b) == 7000
    assert largest(lambda x, b: (x @ b)[:2] + np.sum(x @ b), x, b) == 7000


def test_indices_out_of_bounds_still_raise() -> None:
    f = tapec.compile(lambda x, b, rows: np.sin(x @ b)[rows])
    with pytest.raises(IndexError):
        f(np.ones((100, 3)), np.ones((3, 2)), np.array([100]))


def test_rows_of_a_jacobian_cost_what_they_are() -> None:
    """Derivatives are taken of the narrow program."""
    x, b, rows = RNG.normal(size=(1000, 5)), RNG.normal(size=(5, 7)), np.array([1, 2, 3])
    jacobian = tapec.jacobian(lambda b, x, rows: np.sin(x @ b)[rows])
    made = jacobian(b, x, rows)
    want = np.cos(x @ b)[rows][:, :, None, None] * np.einsum("ri,jk->rjik", x[rows], np.eye(7))
    np.testing.assert_allclose(made, want, atol=1e-13)
    sizes = [v.type.size for op in jacobian.specialization(b, x, rows).func.ops for v in op.results]
    assert max(sizes) <= made.size
