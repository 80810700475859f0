"""Random arrays put together of parts, along axes that are loops and along those written out."""

from __future__ import annotations

import numpy as np
import pytest
from support.lowering_regions import lowered, program
from support.sampling import sampled

from tapec.backends import interpreter
from tapec.ir import PRIMITIVES as P
from tapec.ir import Expr
from tapec.lower import lower


def same(values: list[Expr], shape: tuple[int, ...], axis: int) -> list[Expr]:
    """Those that differ from a shape on this axis alone."""
    rest = (*shape[:axis], *shape[axis + 1 :])
    return [
        v for v in values if len(v.shape) == len(shape)
        and (*v.shape[:axis], *v.shape[axis + 1 :]) == rest
    ]  # fmt: skip


def pieces(seed: int, x: Expr, y: Expr) -> Expr:
    """Parts of parts, most of them never in memory by themselves."""
    rng = np.random.default_rng(seed)
    values = [x, y, P["broadcast_to"](x, shape=(9, *x.shape))]
    for _ in range(int(rng.integers(3, 9))):
        v = values[int(rng.integers(len(values)))]
        axis, kind = int(rng.integers(len(v.shape))), int(rng.integers(6))
        if kind < 3:
            fitting = same(values, v.shape, axis)
            other = fitting[int(rng.integers(len(fitting)))]
            if v.type.size + other.type.size < 1500:
                values.append(P["concatenate"](other, v, axis=axis))
        elif kind == 3 and v.shape[axis] > 1:
            n = v.shape[axis]
            at = [(0, m, 1) for m in v.shape]
            at[axis] = (n // 2, n - n // 2, 1)
            values.append(P["index"](v, at=tuple(at)))
        elif kind == 4:
            order = (*range(len(v.shape) - 2), len(v.shape) - 1, len(v.shape) - 2)
            values.append(P["transpose"](v, perm=order))
        elif len(v.shape) < 4 and v.type.size < 400:
            values.append(P["stack"](v, P["sin"](v), axis=axis))
        values[-1] = P["sin"](values[-1]) if rng.random() < 0.3 else values[-1]
    return values[-1]


@pytest.mark.parametrize("seed", sampled((146, *range(240)), 8))
def test_parts_of_parts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    args = [rng.normal(size=(n, n)), rng.normal(size=(9, n, n))]
    func = program(lambda x, y: pieces(seed, x, y), *args)
    want = interpreter.run(func, args)
    lower(func)  # nothing is too intricate
    for got, expected in zip(lowered(func, *args), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)
