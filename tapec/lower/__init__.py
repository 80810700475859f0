"""From arrays to loops over memory: a list of passes, each from program to program.

Every program on the way prints, parses back, verifies, and means the same to the interpreter. See
README.md for the vocabulary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from tapec.ir.core import Func
from tapec.ir.verify import checked, verified
from tapec.lower.block_rows import block_rows
from tapec.lower.columns import split_rows
from tapec.lower.fill import fill_constants
from tapec.lower.forming import form_nests
from tapec.lower.fusing import fuse
from tapec.lower.guard import guard_products
from tapec.lower.independent import mark_independent
from tapec.lower.inline import inline_calls
from tapec.lower.loops import to_loops
from tapec.lower.narrow import narrow_loops
from tapec.lower.native import expand_ops
from tapec.lower.order import order_writes
from tapec.lower.plans import choose_memory, take_over_memory
from tapec.lower.products import call_products
from tapec.lower.threads import share_loops
from tapec.lower.unroll import unroll
from tapec.lower.wave import wavefronts

__all__ = ["PASSES", "Pass", "Watch", "is_lowered", "lower", "stages"]

Pass = Callable[[Func], Func]
# watch(name, before, after, seconds); before is after where a pass changed nothing
Watch = Callable[[str, Func, Func, float], object]

PASSES: Mapping[str, Pass] = {
    step.__name__: step
    for step in (
        # First, so that no later pass meets an op without native code, or one with several
        # results and no regions.
        expand_ops,
        # Functions that are small or called once are optimised together with their callers.
        inline_calls,
        # Initial arrays become writes, so this comes before writes are ordered.
        fill_constants,
        # Small programs need no memory, no loops and none of the passes below.
        unroll,
        # Rows in registers need no blocks.
        split_rows,
        # Loops over blocks of rows are made of arrays, and planned as all loops are.
        block_rows,
        # A write needs no copy only after all readers of the array, so ops are ordered before
        # memory is chosen.
        order_writes,
        # Calls read memory, so they are found before it is chosen.
        call_products,
        choose_memory,
        # Memory can be taken over only once it is known which values have memory.
        take_over_memory,
        # Once every value has its place, values are grouped that are computed together.
        form_nests,
        # Nests are formed one by one in program order; fusion across them needs all of them.
        fuse,
        to_loops,
        # Masks of slices of run-time length are seen as such once they are inside of the loops that
        # read through them.
        narrow_loops,
        # Both analyse addresses, which only loops have. Innermost loops first: a vector loop
        # needs no wavefront.
        mark_independent,
        wavefronts,
        # Last: what is left in serial loops and branches has no other form to take.
        guard_products,
        # Parts of loops are emitted as they are. Only where threads are asked for.
        share_loops,
    )
}


@verified
def lower(
    func: Func,
    blas: Callable[[], bool] = bool,
    *,
    threads: int = 0,
    watch: Watch | None = None,
) -> Func:
    """The program in loads, scalar ops, loops and stores; its parameters are buffers.

    Inputs come first, then one output buffer per result. `blas` says, if asked, whether `gemm` may
    be used for large products; large loops are shared among `threads`, if not 0; `watch` is told
    every pass. Raises UnsupportedLowering for an op without a rule.
    """
    for name, before, after, seconds in _run(func, blas, threads):
        if watch is not None:
            watch(name, before, after, seconds)
        func = after if after is before else checked(after, after=name)
    return func


def stages(func: Func, blas: Callable[[], bool] = bool, threads: int = 0) -> dict[str, Func]:
    """The program after each pass, by the pass's name."""
    return {name: after for name, _, after, _ in _run(func, blas, threads)}


def _run(
    func: Func, blas: Callable[[], bool], threads: int
) -> Iterator[tuple[str, Func, Func, float]]:
    """Pass after pass, as far as there is something left to lower."""
    for name, step in PASSES.items():
        start = time.perf_counter()
        if step is share_loops:
            after = share_loops(func, threads) if threads else func
        else:
            after = step(func)
        if step is call_products and after is not func and not blas():
            after = func
        yield name, func, after, time.perf_counter() - start
        func = after
        if step is unroll and is_lowered(func):
            return


def is_lowered(func: Func) -> bool:
    """Whether a program works on buffers."""
    return not func.results and all(p.type.buffer for p in func.params)
