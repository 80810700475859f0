"""Passes: pure functions from program to program, each one linear walk over the ops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from tapec.ir.core import Func
from tapec.ir.verify import verify
from tapec.passes.cse import cse
from tapec.passes.dce import dce
from tapec.passes.fold import fold
from tapec.passes.hoist import hoist
from tapec.passes.narrow import narrow
from tapec.passes.simplify import simplify
from tapec.passes.tuning import ROUNDS

__all__ = [
    "CLEAN",
    "PASSES",
    "Pass",
    "Watch",
    "clean",
    "cse",
    "dce",
    "fold",
    "hoist",
    "narrow",
    "run",
    "simplify",
]


class Pass(Protocol):
    """A program transformation, named by its function."""

    def __call__(self, func: Func, /) -> Func: ...


# watch(name, before, after, seconds); before is after where a pass changed nothing
Watch = Callable[[str, Func, Func, float], object]

# Constants first, so that the rules see them; equal ops then merge; what loops repeat leaves them;
# gathers, each of them one now, move up to the rows that they read; what nobody reads goes last.
CLEAN: tuple[Pass, ...] = (fold, simplify, cse, hoist, narrow, dce)
PASSES: dict[str, Pass] = {f.__name__: f for f in (fold, simplify, cse, hoist, narrow, dce)}


def clean(func: Func, *, watch: Watch | None = None, check: bool = False) -> Func:
    """The clean-up: once for straight lines, until nothing changes for programs with regions."""
    for _ in range(ROUNDS if any(op.regions for op in func.ops) else 1):
        before, func = func, run(CLEAN, func, watch=watch, check=check)
        if func is before:
            break
    return func


def run(
    pipeline: Iterable[Pass], func: Func, *, watch: Watch | None = None, check: bool = False
) -> Func:
    """Apply passes in order: the only loop over passes.

    `check` verifies the program before the first and after every pass, and names the culprit;
    `watch` is told every step with its duration.
    """
    if check:
        verify(func)
    for step in pipeline:
        name = getattr(step, "__name__", type(step).__name__)
        start = time.perf_counter()
        after = step(func)
        seconds = time.perf_counter() - start
        if check and after is not func:
            verify(after, after=name)
        if watch is not None:
            watch(name, func, after, seconds)
        func = after
    return func
