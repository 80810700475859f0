"""Loops of unknown length and branches as LLVM text: blocks, with what they carry in registers."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_ops import REGISTER
from tapec.backends.llvm.work import work
from tapec.ir.core import Op, Value

_MOST = 2**62  # no loop runs longer


def _types(values: Sequence[Value]) -> list[str]:
    return [REGISTER[v.type.dtype] for v in values]


def repeat(e: FunctionEmitter, op: Op) -> None:
    """A counted loop whose trip count is known at run time only."""
    (body,), (count, *init) = op.regions, op.operands
    trips, starts = e.names[count], [e.names[v] for v in init]
    most = e.ranges.get(count, (0, _MOST))[1]
    types = _types(init)
    head, exit = e.fresh_label(), e.fresh_label()
    before = e.label
    some = e.emit(f"icmp sgt i64 {trips}, 0")
    with e.looping(*body.params):
        e.lines.append(f"br i1 {some}, label %{head}, label %{exit}")
        e.open(head)
        with e.phis(["i64", *types]) as merged:
            merged.arrive(before, ["0", *starts])
            index, *carried = merged.names
            e.names[body.params[0]] = index
            e.ranges[body.params[0]] = (0, max(most - 1, 0))
            e.bind(body.params[1:], carried)
            results = e.block(body)
            if e.depth == 1:
                e.poll(index, work(body.ops))
            following = e.emit(f"add nuw nsw i64 {index}, 1")
            more = e.emit(f"icmp slt i64 {following}, {trips}")
            e.lines.append(f"br i1 {more}, label %{head}, label %{exit}")
            after = e.label
            merged.arrive(after, [following, *results])
    e.open(exit)
    with e.phis(types) as final:
        final.arrive(before, starts)
        final.arrive(after, results)
    e.bind(op.results, final.names)


def while_(e: FunctionEmitter, op: Op) -> None:
    """A loop that tests before each iteration."""
    test, body = op.regions
    head, inside, exit = (e.fresh_label() for _ in range(3))
    with e.looping(*test.params, *body.params):
        before = e.jump(head)
        e.open(head)
        with e.phis(["i64", *_types(op.operands)]) as merged:
            merged.arrive(before, ["0", *(e.names[v] for v in op.operands)])
            count, *carried = merged.names
            e.bind(test.params, carried)
            (truth,) = e.block(test)
            e.lines.append(f"br i1 {truth}, label %{inside}, label %{exit}")
            e.open(inside)
            e.bind(body.params, carried)
            results = e.block(body)
            e.poll(count, work(test.ops) + work(body.ops))
            following = e.emit(f"add i64 {count}, 1")
            merged.arrive(e.jump(head), [following, *results])
    e.open(exit)
    e.bind(op.results, carried)


def if_(e: FunctionEmitter, op: Op) -> None:
    """Two ways, one of which is taken."""
    labels, join = [e.fresh_label() for _ in op.regions], e.fresh_label()
    first, second = labels
    e.lines.append(f"br i1 {e.names[op.operands[0]]}, label %{first}, label %{second}")
    ways = []
    for label, region in zip(labels, op.regions, strict=True):
        e.open(label)
        results = e.block(region)
        ways.append((e.jump(join), results))
    e.open(join)
    with e.phis(_types(op.results)) as merged:
        for label, results in ways:
            merged.arrive(label, results)
    e.bind(op.results, merged.names)
