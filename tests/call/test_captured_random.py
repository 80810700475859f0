"""Kernels of functions whose surroundings change, against plain Python: random programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tapec
from tests.support.captured_programs import Program, X, outcome, program

QUICK, SLOW = 18, 2000
LIMIT = 1e-9


def differs(got: Any, want: Any) -> bool:
    """Whether a kernel gives what plain Python does not. Refusing is not wrong."""
    if isinstance(got, str):
        return isinstance(want, np.ndarray) and got not in REFUSALS
    if isinstance(want, str):
        return True
    return not np.allclose(got, want, rtol=LIMIT, atol=LIMIT, equal_nan=True)


REFUSALS = {n for n, v in vars(tapec).items() if isinstance(v, type) and issubclass(v, Exception)}


def wrong(p: Program, gradients: bool = True) -> str:
    """What is wrong with the kernels of a program, after which change; empty if nothing."""
    space = p.space()
    f = space["f"]
    kernels = {"value": tapec.compile(f)}
    if gradients:
        kernels |= {"gradient": tapec.grad(f), "vmap": tapec.vmap(f)}
    for change in ["", *p.changes]:
        try:
            exec(change, space)
        except Exception:
            continue
        want = outcome(lambda: f(X))
        for name, k in kernels.items():
            fresh = {"value": want}
            if name != "value" and isinstance(want, str):
                continue
            x = X[None] if name == "vmap" else X
            got = outcome(lambda: k(x))  # noqa: B023
            expected = want if name in fresh else slope(f) if name == "gradient" else want[None]
            if differs(got, expected):
                return f"{name} after {change!r}: {got}, not {expected}"
        if gradients and not isinstance(want, str):
            got = outcome(lambda: tapec.jvp(f, (X,), (np.ones(3),))[1])
            if differs(got, np.sum(slope(f))):
                return f"jvp after {change!r}: {got}, not {np.sum(slope(f))}"
            got = outcome(lambda: tapec.vjp(f, X)[1](1.0)[0])
            if differs(got, slope(f)):
                return f"vjp after {change!r}: {got}, not {slope(f)}"
    return ""


def slope(f: Any) -> Any:
    """The gradient by complex steps."""
    steps = np.eye(3) * 1e-30
    with np.errstate(all="ignore"):
        return np.array([f(X + 1j * s).imag / 1e-30 for s in steps])


def shrunk(p: Program) -> Program:
    """The smallest program found that is still wrong."""
    for q in p.smaller():
        if wrong(q):
            return shrunk(q)
    return p


def check(seed: int, gradients: bool) -> None:
    p = program(seed)
    if wrong(p, gradients):
        p = shrunk(p)
        pytest.fail(f"seed {seed}: {wrong(p)}\n{p.text()}")


@pytest.mark.parametrize("seed", range(QUICK))
def test_few_programs(seed: int) -> None:
    check(seed, gradients=seed % 3 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_programs(block: int) -> None:
    for seed in range(block * SLOW, (block + 1) * SLOW):
        check(seed, gradients=seed % 10 == 0)
