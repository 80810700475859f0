"""Loops of unknown length and branches as LLVM text: blocks, with what they carry in registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_scalar import REGISTER
from tapec.ir.core import Op, Value
from tapec.lower.work import work

_MOST = 2**62  # an upper bound of any trip count


def _types(values: Sequence[Value]) -> list[str]:
    return [REGISTER[v.type.dtype] for v in values]


def repeat(e: FunctionEmitter, op: Op) -> None:
    """A counted loop whose trip count is known at run time only."""
    (block,), (count, *init) = op.regions, op.operands
    most = e.ranges.get(count, (0, _MOST))[1]

    def body(index: str, carried: list[str]) -> list[str]:
        e.names[block.params[0]] = index
        e.ranges[block.params[0]] = (0, max(most - 1, 0))
        e.bind(block.params[1:], carried)
        e.depths.update(dict.fromkeys(block.params, e.depth))
        results = e.block(block)
        if e.depth == 1:
            e.poll(index, work(block.ops))
        return results

    starts = list(zip(_types(init), (e.names[v] for v in init), strict=True))
    e.bind(op.results, trips(e, e.names[count], starts, body))


def trips(
    e: FunctionEmitter,
    count: str,
    init: Sequence[tuple[str, str]],
    body: Callable[[str, list[str]], Sequence[str]],
) -> list[str]:
    """A loop of `count` iterations, none if that is not positive, carrying (type, name)."""
    types, starts = [type for type, _ in init], [name for _, name in init]
    head, exit = e.fresh_label(), e.fresh_label()
    before = e.label
    some = e.emit(f"icmp sgt i64 {count}, 0")
    with e.looping():
        e.lines.append(f"br i1 {some}, label %{head}, label %{exit}")
        e.open(head)
        with e.phis(["i64", *types]) as merged:
            merged.arrive(before, ["0", *starts])
            index, *carried = merged.names
            results = body(index, carried)
            following = e.emit(f"add nuw nsw i64 {index}, 1")
            more = e.emit(f"icmp slt i64 {following}, {count}")
            e.lines.append(f"br i1 {more}, label %{head}, label %{exit}")
            after = e.label
            merged.arrive(after, [following, *results])
    e.open(exit)
    with e.phis(types) as final:
        final.arrive(before, starts)
        final.arrive(after, results)
    return final.names


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
    """A branch with two sides."""
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
