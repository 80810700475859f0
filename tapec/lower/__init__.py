"""From arrays to loops over memory: a list of passes, each from program to program.

Every program on the way prints, parses back, verifies, and means the same to the interpreter. See
README.md for the vocabulary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from tapec.ir.core import Func
from tapec.ir.verify import checked, verified
from tapec.lazy import named

__all__ = ["PASSES", "Pass", "Watch", "is_lowered", "lower", "stages"]

Pass = Callable[..., Func]  # of a program; `share_loops` takes the number of threads too
# watch(name, before, after, seconds); before is after where a pass changed nothing
Watch = Callable[[str, Func, Func, float], object]

# By name, with their modules: those behind `unroll` are loaded by the first program they see.
PASSES: Mapping[str, Pass] = named(
    __name__,
    {
        # First, so that no later pass meets an op without native code, or one with several
        # results and no regions.
        "expand_ops": "native",
        # Functions that are small or called once are optimised together with their callers.
        "inline_calls": "inline",
        # Initial arrays become writes, so this comes before writes are ordered.
        "fill_constants": "fill",
        # Small programs need no memory, no loops and none of the passes below.
        "unroll": "unroll",
        # Rows in registers need no blocks.
        "split_rows": "columns",
        # Loops over blocks of rows are made of arrays, and planned as all loops are.
        "block_rows": "block_rows",
        # A write needs no copy only after all readers of the array, so ops are ordered before
        # memory is chosen.
        "order_writes": "order",
        # Calls read memory, so they are found before it is chosen.
        "call_products": "products",
        "choose_memory": "plans",
        # Memory can be taken over only once it is known which values have memory.
        "take_over_memory": "plans",
        # Once every value has its place, values are grouped that are computed together.
        "form_nests": "forming",
        # Nests are formed one by one in program order; fusion across them needs all of them.
        "fuse": "fusing",
        "to_loops": "loops",
        # Masks of slices of run-time length are seen as such once they are inside of the loops that
        # read through them.
        "narrow_loops": "narrow",
        # Both analyse addresses, which only loops have. Innermost loops first: a vector loop
        # needs no wavefront.
        "mark_independent": "independent",
        "wavefronts": "wave",
        # Last: what is left in serial loops and branches has no other form to take.
        "guard_products": "guard",
        # Once it is known what is computed where. Only by licence of `fastmath`.
        "relax": "relaxed",
        # Parts of loops are emitted as they are. Only where threads are asked for.
        "share_loops": "threads",
    },
)


@verified
def lower(
    func: Func,
    blas: Callable[[], bool] = bool,
    *,
    threads: int = 0,
    fastmath: bool = False,
    watch: Watch | None = None,
) -> Func:
    """The program in loads, scalar ops, loops and stores; its parameters are buffers.

    Inputs come first, then one output buffer per result. `blas` says, if asked, whether `gemm` may
    be used for large products; large loops are shared among `threads`, if not 0; `fastmath` says
    that rounding need not be NumPy's; `watch` is told every pass. Raises UnsupportedLowering for an
    op without a rule.
    """
    for name, before, after, seconds in _run(func, blas, threads, fastmath):
        if watch is not None:
            watch(name, before, after, seconds)
        func = after if after is before else checked(after, after=name)
    return func


def stages(
    func: Func, blas: Callable[[], bool] = bool, threads: int = 0, fastmath: bool = False
) -> dict[str, Func]:
    """The program after each pass, by the pass's name."""
    return {name: after for name, _, after, _ in _run(func, blas, threads, fastmath)}


def _run(
    func: Func, blas: Callable[[], bool], threads: int, fastmath: bool
) -> Iterator[tuple[str, Func, Func, float]]:
    """Pass after pass, as far as there is something left to lower."""
    unrolled = False
    for name in PASSES:
        if unrolled and not (name == "relax" and fastmath):
            continue
        start = time.perf_counter()
        if name == "share_loops":
            after = PASSES[name](func, threads) if threads else func
        elif name == "relax":
            after = PASSES[name](func) if fastmath else func
        else:
            after = PASSES[name](func)
        if name == "call_products" and after is not func and not blas():
            after = func
        yield name, func, after, time.perf_counter() - start
        func = after
        unrolled |= name == "unroll" and is_lowered(func)


def is_lowered(func: Func) -> bool:
    """Whether a program works on buffers."""
    return not func.results and all(p.type.buffer for p in func.params)
