"""What users are promised of loops: no unrolling, no recompilation, no surprise."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from programs.control import PROGRAMS
from programs.control.program import copied

import tapec
from tapec.backends.llvm import available
from tapec.bench.cases import select
from tapec.bench.cases.simulation import neurons

Array = Any
NATIVE = pytest.mark.skipif(not available()[0], reason=available()[1])
BY_NAME = {p.name: p for p in PROGRAMS}
ELIMINATIONS = "lu_scalars lu_slices cholesky_scalars".split()


@pytest.mark.parametrize(
    "name", ["trip_count_from_an_array", "counts_from_an_array", "segment_between_data"]
)
def test_trip_counts_in_arrays_do_not_recompile(name: str) -> None:
    p = BY_NAME[name]
    kernel = tapec.compile(tapec.grad(p.f), backend="numpy")
    first = kernel.specialization(*copied(p.points[0]))
    for point in p.points:
        assert kernel.specialization(*copied(point)) is first


@pytest.mark.parametrize("stage", ["optimized", "loops"])
def test_programs_do_not_grow_with_the_steps(stage: str) -> None:
    (case,) = select(("rk4_100",))
    y, rates, weights = case.draw()
    args = (y[:6], rates[:6], weights[:6, :6].copy())
    texts = []
    for steps in (1_000, 100_000):
        text = str(tapec.grad(neurons(steps), (0, 1)).ir(stage, *args))
        texts.append(re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", text))
    assert texts[0] == texts[1]


def energy(f: Any) -> Any:
    """One number of a result that is an array."""
    return lambda *args: np.sum(f(*args) ** 2)


def arguments(name: str) -> Any:
    """The first point; a matrix of twenty rows for eliminations, which small ones would unroll."""
    point = copied(BY_NAME[name].points[0])
    if name in ELIMINATIONS:
        own = np.random.default_rng(0)
        return (own.normal(size=(20, 20)) + 20.0 * np.eye(20), own.normal(size=20))[: len(point)]
    return point


@pytest.mark.parametrize("name", ["heat_1d", *ELIMINATIONS])
def test_loops_are_loops_in_the_gradient(name: str) -> None:
    p = BY_NAME[name]
    program = str(tapec.grad(energy(p.f), p.argnums).ir("optimized", *arguments(name)))
    assert len(re.findall(r"= (scan|fori_loop|while_loop) ", program)) >= 1
    assert program.count("\n") < 600


@pytest.mark.parametrize("name", ["jacobi2d", "fdtd", "seidel"])
def test_stencils_are_loops_in_the_gradient(name: str) -> None:
    """They are linear: their values are not even computed where only slopes are asked for."""
    (case,) = select((name,))
    program = str(tapec.grad(case.f, case.argnums).ir("optimized", *case.draw()))
    assert len(re.findall(r"= (scan|fori_loop|while_loop) ", program)) >= 1


@NATIVE
@pytest.mark.parametrize("name", ["heat_1d", "lu_scalars"])
def test_loops_are_loops_in_machine_code(name: str) -> None:
    """Blocks that branch back to themselves or to a block before them."""
    p = BY_NAME[name]
    text = str(tapec.compile(energy(p.f)).ir("llvm", *arguments(name)))
    seen: set[str] = set()
    back = 0
    for line in text.splitlines():
        if label := re.match(r"([\w.]+):", line):
            seen.add(label[1])
        elif line.lstrip().startswith("br "):
            back += any(target in seen for target in re.findall(r"label %([\w.]+)", line))
    assert back >= 1


def test_results_that_differ_in_type_are_refused() -> None:
    def f(x: Array) -> Array:
        if x > 0:  # noqa: SIM108
            y = x
        else:
            y = np.array([x, x])
        return y

    with pytest.raises(tapec.TapecError, match=r"test_control_bars\.py"):
        tapec.compile(f)(1.0)


def test_a_missing_return_is_refused() -> None:
    def f(x: Array) -> Array:
        if x > 0:
            return x

    with pytest.raises(tapec.TapecError, match="None"):
        tapec.compile(f)(1.0)


def test_bounded_tape_of_a_long_simulation() -> None:
    """A hundred carries for 10,000 steps, and the gradient of the loop that keeps them all."""

    def simulate(p: Array, kept: int) -> Array:
        def step(y: Array, _: Any) -> Any:
            change = np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])
            return y + 1e-3 * change, None

        y, _ = tapec.scan(step, np.array([1.0, 0.5]), None, length=10_000, checkpoint=kept)
        return y[0] ** 2 + y[1]

    p = np.array([1.1, 0.4, 0.1, 0.4])
    want = tapec.grad(lambda p: simulate(p, 0))(p)
    np.testing.assert_allclose(tapec.grad(lambda p: simulate(p, 100))(p), want, rtol=1e-12)
