"""Native loop nests against the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support.lowering_support import compare

from tapec.backends.llvm import available
from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Type

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


def run(body: Callable[..., Any], *arrays: Any) -> None:
    """Compile `body` on parameters like the arrays, and compare."""
    b = Builder()
    from tapec.ir import type_of

    params = [Expr(b, b.param(type_of(np.asarray(a)))) for a in arrays]
    results = body(*params)
    results = results if isinstance(results, tuple) else (results,)
    compare(b.func("f", [r.value for r in results]), *arrays)


RNG = np.random.default_rng(3)
A = RNG.normal(size=(37, 53))
B = RNG.normal(size=(53, 41))
V = RNG.normal(size=5003)
C = RNG.normal(size=(701, 4))
PICKS = RNG.integers(-701, 701, size=900)
T = RNG.normal(size=(9, 17, 21))
SMALL = RNG.normal(size=4)
FLAG = V > 0


def reduce(name: str, x: Any, *axes: int) -> Any:
    return P[name](x, axes=axes)


CASES: dict[str, tuple[Any, ...]] = {
    "map": (lambda x: P["exp"](x) * P["sin"](x) + 1.0, V),
    "several": (lambda x: (P["exp"](x), P["exp"](x) * 2.0, reduce("reduce_sum", x, 0)), V),
    "loss": (lambda x: reduce("reduce_sum", P["tanh"](x) * x, 0), V),
    "extremes": (lambda x: (reduce("reduce_max", x, 0), reduce("reduce_min", x, 0)), V),
    "prod": (lambda x: reduce("reduce_prod", P["cos"](x * 0.01), 0), V),
    "any": (lambda x: (reduce("reduce_any", x, 0), reduce("reduce_all", x, 0)), FLAG),
    "rows": (lambda x: reduce("reduce_sum", P["sin"](x), 1), A),
    "columns": (lambda x: reduce("reduce_sum", P["sin"](x), 0), A),
    "columns max": (lambda x: reduce("reduce_max", x, 0), A),
    "all": (lambda x: reduce("reduce_sum", x * x, 0, 1), A),
    "middle": (lambda x: reduce("reduce_sum", x, 1), T),
    "outer two": (lambda x: reduce("reduce_sum", x, 0, 2), T),
    "matmul": (lambda a, b: P["dot"](a, b, contract=((1, 0),), batch=()), A, B),
    "matmul tanh": (
        lambda a, b: P["dot"](P["tanh"](a), b * 2.0, contract=((1, 0),), batch=()),
        A,
        B,
    ),
    "aTb": (lambda a, b: P["dot"](a, b, contract=((0, 0),), batch=()), A, RNG.normal(size=(37, 9))),
    "matvec": (lambda a, x: P["dot"](a, x, contract=((1, 0),), batch=()), A, B[:, 0].copy()),
    "vecmat": (lambda a, x: P["dot"](x, a, contract=((0, 0),), batch=()), A, A[:, 0].copy()),
    "inner": (lambda x, y: P["dot"](x, y, contract=((0, 0),), batch=()), V, V + 1),
    "batched": (lambda x, y: P["dot"](x, y, contract=((2, 2),), batch=((0, 0),)), T, T + 1),
    "softmax": (
        lambda x: (lambda e: e / P["reshape"](reduce("reduce_sum", e, 1), shape=(37, 1)))(
            P["exp"](x - P["reshape"](reduce("reduce_max", x, 1), shape=(37, 1)))
        ),
        A,
    ),
    "normal": (lambda x: P["exp"](x) / reduce("reduce_sum", P["exp"](x), 0), V),
    "diff": (lambda x: P["index"](x, at=((1, 5002, 1),)) - P["index"](x, at=((0, 5002, 1),)), V),
    "flip": (lambda x: P["sin"](P["index"](x, at=((5002, 2501, -2),))), V),
    "place": (
        lambda x: P["place"](
            x, P["sin"](x), at=(((1, 5003, 1),), ((5002, 5003, -1),)), shape=(6000,)
        ),
        V,
    ),
    "place used": (
        lambda x: reduce(
            "reduce_sum", P["sin"](P["place"](x * x, at=(((3, 5003, 1),),), shape=(5010,))), 0
        ),
        V,
    ),
    "update": (lambda x: P["update"](x * 2.0, P["index"](x, at=((0, 9, 1),)), at=((9, 9, 2),)), V),
    "concatenate": (lambda x, y: P["sin"](P["concatenate"](x, y, axis=0)) + 1.0, V, V[:77]),
    "stack": (lambda x: P["stack"](x, x * x, axis=0), V),
    "stack last": (lambda x: P["stack"](x, P["sin"](x), axis=1), V),
    "transposed": (lambda x: P["transpose"](P["exp"](x), perm=(1, 0)) * 2.0, A),
    "reshaped": (lambda x: P["reshape"](P["exp"](x), shape=(53, 37)) + 1.0, A),
    "ravel": (lambda x: reduce("reduce_sum", P["reshape"](P["sin"](x), shape=(37 * 53,)), 0), A),
    "outer": (lambda x: P["reshape"](x, shape=(200, 1)) * x, V[:200]),
    "batch columns": (
        lambda x: P["index"](x, at=((0, 701, 1), 1)) * P["sin"](P["index"](x, at=((0, 701, 1), 3))),
        C,
    ),
    "batch place": (
        lambda x: P["place"](
            P["index"](x, at=((0, 701, 1), 1)),
            P["sin"](P["index"](x, at=((0, 701, 1), 3))),
            at=(((0, 701, 1), 0), ((0, 701, 1), 2)),
            shape=(701, 4),
        ),
        C,
    ),
    "batch sums": (lambda x: (reduce("reduce_sum", x * x, 1), reduce("reduce_sum", x, 0)), C),
    "weights": (lambda x, w: P["dot"](x, P["exp"](w), contract=((1, 0),), batch=()), C, SMALL),
    "weights grad": (lambda x, v: P["dot"](x, v, contract=((0, 0),), batch=()), C, C[:, 0].copy()),
    "gather": (lambda x, i: P["sin"](P["gather"](x, i)), C, PICKS),
    "scatter_add": (lambda x, i: P["scatter_add"](x, P["gather"](x * 2.0, i), i), C, PICKS),
    "scatter": (lambda x, i: P["scatter"](x, P["gather"](x * 2.0, i), i), C, PICKS),
    "cumsum": (lambda x: P["cumsum"](x, axis=0, reverse=False), V),
    "cumsum reverse": (lambda x: P["cumsum"](P["sin"](x), axis=1, reverse=True), A),
    "cumsum 0": (lambda x: P["cumsum"](P["sin"](x), axis=0, reverse=False), A),
    "recurrence": (lambda x: P["recurrence"](P["sin"](x), x, axis=0, reverse=True), V),
    "argmax": (lambda x: (P["argmax"](x, axis=1), P["argmin"](x, axis=0)), A),
    "argmax all": (lambda x: P["argmax"](x, axis=0), V),
    "select": (lambda f, x: P["select"](f, x, x * 2.0), FLAG, V),
    "masks": (lambda x: (x > 0.0, P["logical_not"](x > 0.5)), V),
    "f32": (lambda x: P["exp"](x) * x, V.astype(np.float32) / 64),
    "copy": (lambda x: (x, x), V),
    "constant": (lambda x: x * P["add"](x, 0.0).builder.expr(x.builder.const(V[::-1].copy())), V),
    "scalar chain": (lambda x: x * P["exp"](reduce("reduce_sum", x, 0) * 0.01), V),
    "empty": (lambda x, y: (reduce("reduce_sum", x, 0), P["sin"](y)), np.zeros((0, 3)), V),
}


@pytest.mark.parametrize("name", CASES)
def test_nest(name: str) -> None:
    body, *arrays = CASES[name]
    run(body, *arrays)


def test_gradient_like_program_with_many_nests() -> None:
    def body(x: Any) -> Any:
        h = x
        for _ in range(12):
            h = P["sin"](h) * h + P["index"](h, at=(0,))
        return h

    run(body, V / 10)


def test_types() -> None:
    b = Builder()
    x = Expr(b, b.param(Type("f64", (2000,))))
    y = P["convert"](P["floor"](x), dtype="i64")
    z = P["convert"](y, dtype="f32")
    compare(b.func("f", [y.value, z.value]), V[:2000] * 9)


def test_long_sums_round_in_blocks() -> None:
    x = RNG.uniform(size=300_001)
    run(lambda v: (reduce("reduce_sum", v, 0), reduce("reduce_max", P["sin"](v), 0)), x)
