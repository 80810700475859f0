"""The code of a program does not grow with its arrays where a loop, or an address, does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tapec.ir import PRIMITIVES as P
from tapec.ir import Builder, Expr, Func, Type
from tapec.ir.nested import every
from tapec.lower import lower

SMALLER, LARGER = 2_000, 300_000


def _program(body: Any, size: int) -> Func:
    b = Builder()
    params = [Expr(b, b.param(Type("f64", (size,)))) for _ in range(2)]
    return b.func("f", [r.value if isinstance(r, Expr) else r for r in body(*params)])


def _chosen(x: Expr) -> Expr:
    places = Expr(x.builder, x.builder.const(np.array([0, 5, 7])))
    found: Expr = P["gather"](x, places)
    return found


PROGRAMS = {
    "input": lambda x, y: [x],
    "inputs-exchanged": lambda x, y: [y, x],
    "last": lambda x, y: [P["index"](x, at=(x.shape[0] - 1,))],
    "first-and-last": lambda x, y: [
        P["add"](P["index"](x, at=(0,)), P["index"](x, at=(x.shape[0] - 1,)))
    ],
    "head": lambda x, y: [P["index"](x, at=((0, 2, 1),))],
    "chosen": lambda x, y: [_chosen(x)],
    "seed-times-vector": lambda x, y: [
        P["mul"](P["broadcast_to"](P["index"](x, at=(0,)), shape=x.shape), y)
    ],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_code_has_one_size(name: str) -> None:
    sizes = [len(list(every(lower(_program(PROGRAMS[name], n)).ops))) for n in (SMALLER, LARGER)]
    assert sizes[0] == sizes[1] < 60
