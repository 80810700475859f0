"""Decisions are the same both ways: what they rest on is not computed again in other rounding."""

from __future__ import annotations

import numpy as np

import tapec
from tapec.ad.decisions import feeding_decisions
from tapec.ir.build import Builder
from tapec.ir.core import Op
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


def steps_by_largest_change(y):
    t, h = 0.0, 0.05
    while t < 2.0:
        new = y + h * np.array([y[1], 1.2 * (1 - y[0] ** 2) * y[1] - y[0]])
        t = t + h
        h = h * np.sqrt(0.1 / (np.max(np.abs(new - y)) + 1e-15))
        y = new
    return y[0] + h


def test_the_largest_element_is_the_same_both_ways():
    """A fused multiply-add on the way back only would make it equal to none: 0 / 0."""
    y = np.array([1.0, 0.2])
    got = tapec.compile(tapec.grad(steps_by_largest_change))(y)
    want = tapec.compile(tapec.grad(steps_by_largest_change), backend="numpy")(y)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_what_an_equality_rests_on_is_fixed_through_ops_that_do_not_round():
    b = Builder()
    x = b.param(Type("f64", (3,)))
    y = b.param(Type("f64", (3,)))

    def emit(name, *operands, **attrs):
        return b.emit(PRIMITIVES[name], operands, attrs).result

    product = emit("mul", x, y)
    chosen = emit("abs", product)
    other = emit("add", x, y)
    mask = emit("equal", chosen, y)
    needed = [mask, other]
    defs: dict[object, Op] = {v: op for op in b.ops for v in op.results}
    assert feeding_decisions(needed, defs, ()) == {defs[product]}
    assert feeding_decisions([other], defs, ()) == set()
