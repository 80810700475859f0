"""Counted loops as LLVM text: serial ones, and vector bodies with their scalar tail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_reductions import Lanes, combine, reduce_lanes
from tapec.backends.llvm.emit_scalar import REGISTER, literal, vector
from tapec.backends.llvm.tuning import ACCUMULATORS, COPIED_WORK, HIDING_WORK, POLLED_WORK
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op
from tapec.ir.nested import every
from tapec.ir.ops.folds import FOLDS
from tapec.ir.ops.loop import IF, INVOKE, REPEAT, WHILE
from tapec.ir.ops.memory import LOAD, TAPE_OPEN, TAPE_POP, TAPE_PUSH
from tapec.lower.work import work

# Ops without a vector form, which make a loop serial.
_SERIAL = frozenset([REPEAT, WHILE, IF, INVOKE, TAPE_OPEN, TAPE_PUSH, TAPE_POP])


def loop(e: FunctionEmitter, op: Op) -> None:
    """A `for`: serial at the current width, or vector loops and a scalar remainder."""
    lower, upper = op.attrs["lower"], op.attrs["upper"]
    init = [e.operand(v) for v in op.operands]
    found: list[Lanes] = []
    for width in _widths(e, op):
        if upper - lower >= width:
            lanes, lower = _vector_loop(e, op, init, (lower, upper), width)
            found.append(lanes)
    init = reduce_lanes(e, op.attrs["reduce"], [v.type.dtype for v in op.operands], init, found)
    e.bind(op.results, serial(e, op, (lower, upper, 1), init))


def _widths(e: FunctionEmitter, op: Op) -> list[int]:
    """The vector widths of a loop: halved widths shorten the remainder of small bodies."""
    if not _vectorizes(e, op):
        return []
    widest = e.full_width * (2 if _narrow(op) else 1)
    widths, light = [widest], work(op.regions[0].ops) <= COPIED_WORK
    while light and widths[-1] > 2:
        widths.append(widths[-1] // 2)
    return widths


def _narrow(op: Op) -> bool:
    """Whether the elements in a loop are of half the size that registers are counted in."""
    ops = list(every(op.regions[0].ops))
    values = [v for inner in ops for v in (*inner.operands, *inner.results)]
    kinds = {v.type.dtype for v in (*values, *op.operands)} - {"index", "bool"}
    return "f32" in kinds and kinds <= {"f32", "i32"}


def _vectorizes(e: FunctionEmitter, op: Op) -> bool:
    if op.attrs["kind"] != "vector" or e.width > 1 or e.full_width == 1:
        return False
    return all(inner.primitive not in _SERIAL for inner in every(op.regions[0].ops))


def _bind(e: FunctionEmitter, op: Op, index: str, carried: Sequence[str]) -> None:
    """Bind the parameters of a body; the index is uniform unless it is the vectorised one."""
    counter, *others = op.regions[0].params
    e.names[counter] = index
    e.ranges[counter] = (op.attrs["lower"], op.attrs["upper"] - 1)
    e.wide.pop(counter, None)
    e.depths.update(dict.fromkeys(op.regions[0].params, e.depth))
    e.bind(others, carried)


def counted(
    e: FunctionEmitter,
    bounds: tuple[int, int, int],
    init: Sequence[tuple[str, str]],
    body: Callable[[str, list[str]], Sequence[str]],
) -> list[str]:
    """A loop over range(*bounds) carrying (type, name) registers."""
    lower, upper, step = bounds
    if lower >= upper:
        return [name for _, name in init]
    if lower + step >= upper:
        return list(body(str(lower), [name for _, name in init]))
    head, exit = e.fresh_label(), e.fresh_label()
    with e.looping():
        before = e.jump(head)
        e.open(head)
        with e.phis(["i64", *(type for type, _ in init)]) as merged:
            index, *carried = merged.names
            merged.arrive(before, [str(lower), *(name for _, name in init)])
            results = list(body(index, carried))
            following = e.emit(f"add nuw nsw i64 {index}, {step}")
            more = e.emit(f"icmp slt i64 {following}, {upper}")
            e.lines.append(f"br i1 {more}, label %{head}, label %{exit}")
            merged.arrive(e.label, [following, *results])
    e.open(exit)
    return results


def serial(
    e: FunctionEmitter,
    op: Op,
    bounds: tuple[int, int, int],
    init: Sequence[str],
) -> list[str]:
    """A serial loop."""

    inside = 0 if e.depth else work(op.regions[0].ops)
    polling = inside * (bounds[1] - bounds[0]) > POLLED_WORK

    def body(index: str, carried: list[str]) -> list[str]:
        _bind(e, op, index, carried)
        results = e.block(op.regions[0])
        if polling:
            e.poll(index, inside)
        return results

    types = [vector(REGISTER[v.type.dtype], e.width) for v in op.operands]
    return counted(e, bounds, list(zip(types, init, strict=True)), body)


def _vector_loop(
    e: FunctionEmitter, op: Op, inits: Sequence[str], bounds: tuple[int, int], width: int
) -> tuple[Lanes, int]:
    """The full vectors of a loop; returns (accumulators, first remaining iteration)."""
    (block,), kinds, (lower, upper) = op.regions, op.attrs["reduce"], bounds
    dtypes = [v.type.dtype for v in op.operands]
    copies = _copies(op)
    if upper - lower < copies * width:
        copies = 1
    step = copies * width
    stop = lower + (upper - lower) // step * step
    e.width, e.lanes = width, {block.params[0]: 1}
    e.columns = Counter(o.operands for o in every(block.ops) if o.primitive is LOAD)
    starts = [_start(e, k, d, n) for k, d, n in zip(kinds, dtypes, inits, strict=True)] * copies
    types = [vector(REGISTER[d], width) for d in dtypes] * copies

    def body(index: str, carried: list[str]) -> list[str]:
        out: list[str] = []
        for c in range(copies):
            at = index if not c else e.emit(f"add nuw nsw i64 {index}, {c * width}")
            e.wide = {}
            _bind(e, op, at, carried[c * len(kinds) : (c + 1) * len(kinds)])
            out += e.block(block)
        return out

    accumulated = counted(e, (lower, stop, step), list(zip(types, starts, strict=True)), body)
    wholes = [_together(e, how, dtype, accumulated[k :: len(kinds)])
              for k, (how, dtype) in enumerate(zip(kinds, dtypes, strict=True))]  # fmt: skip
    e.width, e.lanes, e.wide = 1, {}, {}
    return Lanes(width, wholes), stop


def _copies(op: Op) -> int:
    """How many vectors of accumulators a loop has: a power of two, fewer for long bodies."""
    kinds = op.attrs["reduce"]
    if not kinds:
        return 1
    most = HIDING_WORK // max(work(op.regions[0].ops), 1)
    return max(1, min(ACCUMULATORS, 1 << max(most, 1).bit_length() - 1) // len(kinds))


def _together(e: FunctionEmitter, how: str, dtype: str, parts: Sequence[str]) -> str:
    """The accumulators of one reduction combined pairwise."""
    level = list(parts)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [combine(e, FOLDS[how].combine.name, dtype, pair, e.width) for pair in pairs]
    return level[0]


def _start(e: FunctionEmitter, how: str, dtype: str, init: str) -> str:
    """The initial value of a reduction's accumulators."""
    if how not in FOLDS:
        raise UnsupportedLowering("a vector loop carries reductions only")
    if (neutral := FOLDS[how].neutral) is not None:
        return literal(neutral, dtype, e.width)
    if init[0] != "%":
        return "<" + ", ".join([f"{REGISTER[dtype]} {init}"] * e.width) + ">"
    return e.spread(init, REGISTER[dtype])
