"""Loops that keep few carries: values, memory and the number of iterations run again."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
import pytest
from support.region_programs import INT, P, const, func, scan, sin, total, vec

from tapec.ad import gradient, tangent
from tapec.ad.revolve import advances, repetitions, stretch, stretches
from tapec.backends.interpreter import Machine, run
from tapec.ir.core import Func
from tapec.ir.verify import verify
from tests.ad.test_regions_special import every_op


def decay(length: int, checkpoint: int, reverse: bool = False) -> Func:
    """A loop with constants, a vector and a number carried, slices, and results per iteration."""

    def body(x: Any, rows: Any) -> Any:
        def step(i: Any, x: Any, u: Any, s: Any, n: Any, d: Any) -> Any:
            u = P["tanh"](u * x + d)
            return u, s * 0.9 + total(u * u) * d, n + 1, total(u) * s

        u, s, n, ys = scan(length, [x], [x, const(x, 0.5), const(x, 0, INT)], [rows], step,
                           checkpoint=checkpoint, reverse=reverse)  # fmt: skip
        return total(u) * s + total(sin(ys)) + P["convert"](n, dtype="f64") * s

    return func([vec(2), vec(length)], body)


def inputs(length: int) -> list[np.ndarray]:
    return [np.array([0.8, -0.6]), np.cos(np.arange(length))]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("snapshots", [1, 2, 3, 5, 40])
@pytest.mark.parametrize("length", [2, 3, 11, 24])
def test_the_same_gradient(length: int, snapshots: int, reverse: bool) -> None:
    flags = [True, True]
    plain = gradient(decay(length, 0, reverse), flags)
    few = gradient(decay(length, snapshots, reverse), flags)
    verify(few)
    args = inputs(length)
    for found, want in zip(run(few, args), run(plain, args), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-14)


def test_second_order() -> None:
    args = inputs(7)
    found = []
    for snapshots in (0, 2):
        f = decay(7, snapshots)
        hvp = tangent(gradient(f, [True, False]), [True, False])
        twice = gradient(gradient_sum(f), [True, False])
        found.append(run(hvp, [*args, np.array([0.3, -0.2])])[1:] + run(twice, args))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11)


def gradient_sum(f: Func) -> Func:
    g = gradient(f, [True, False])
    return func([p.type for p in f.params], lambda *xs: total(_inlined(g, xs)))


def _inlined(g: Func, xs: Any) -> Any:
    from tapec.ir import Expr
    from tapec.ir.rewrite import replay

    b = xs[0].builder
    return Expr(b, replay(g, b, [x.value for x in xs])[0])


class Counter(Machine):
    """Counts the tanh that are computed: the iterations run, forward or to be reversed."""

    runs = 0

    def op(self, op: Any, env: Any) -> Any:
        self.runs += op.name == "tanh"
        return super().op(op, env)


@pytest.mark.parametrize(("length", "snapshots"), [(10, 1), (10, 2), (56, 5), (57, 5), (120, 3)])
def test_iterations_run_are_those_of_the_formula(length: int, snapshots: int) -> None:
    g = gradient(decay(length, snapshots), [True, False])
    machine = Counter()
    machine.block(g.block, dict(zip(g.params, inputs(length), strict=True)))
    # The way there goes to the end: one more than the schedule's. Every iteration is then run
    # once as it is reversed.
    assert machine.runs == advances(length, snapshots) + 1 + length


def test_what_is_kept_is_bounded() -> None:
    length, snapshots = 1000, 7
    g = gradient(decay(length, snapshots), [True, False])
    given = length * 8
    values = [v for op in every_op(g) for v in op.results]
    large = {v.type.shape for v in values if v.type.size * 8 > given}
    assert large == set()
    # The function's own results per iteration, their cotangents and the slices'; no carries.
    assert {v.type.shape for v in values if v.type.shape[:1] == (length,)} == {(length,)}
    assert (snapshots + 1, 2) in {v.type.shape for v in values}


def test_the_program_does_not_grow_with_the_loop() -> None:
    sizes = {len(every_op(gradient(decay(n, 10), [True, False]))) for n in (100, 10**6)}
    assert len(sizes) == 1


@pytest.mark.parametrize("snapshots", range(1, 6))
@pytest.mark.parametrize("length", [1, 2, 3, 5, 17, 40, 100])
def test_the_schedule_is_optimal(length: int, snapshots: int) -> None:
    """Against the recursion over all places of the next snapshot."""
    best = {(1, s): 0 for s in range(1, 6)}

    def cost(n: int, s: int) -> int:
        if s == 1:
            return n * (n - 1) // 2
        if (n, s) not in best:
            best[n, s] = min(m + cost(n - m, s - 1) + cost(m, s) for m in range(1, n))
        return best[n, s]

    assert advances(length, snapshots) == cost(length, snapshots)
    if length > 1 and snapshots > 1:
        m = stretch(length, snapshots)
        assert m + cost(length - m, snapshots - 1) + cost(m, snapshots) == cost(length, snapshots)
    assert sum(stretches(length, snapshots)) == length
    assert len(stretches(length, snapshots)) <= snapshots + 1
    assert comb(snapshots + repetitions(length, snapshots), snapshots) >= length
