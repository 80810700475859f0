"""Arguments and results that branches and loops have twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from tapec.ir.core import Block, Op, Value
from tapec.ir.regions import RegionOp, branch_or_loop, rebuilt
from tapec.passes.support import with_operands


def without_duplicates(op: Op) -> tuple[Op, Mapping[Value, Value]]:
    """The op with equal arguments and equal results once, and which result stands for which.

    Carried values are equal when they start and continue with the same value.
    """
    form = branch_or_loop(op)
    if form is None:
        return op, {}
    args = _repeats(_argument(form, k) for k in range(len(form.args)))
    results = _repeats(_result(form, k) for k in range(len(op.results)))
    if not args and not results:
        return op, {}
    gone = {*args, *(form.consts + k for k in results if k < form.carry)}
    instead = {
        **args,
        **{form.consts + k: form.consts + j for k, j in results.items() if k < form.carry},
    }
    new = rebuilt(
        form,
        set(range(len(form.args))) - gone,
        set(range(len(op.results))) - results.keys(),
        lambda old, block: _renamed(form, old, block, instead),
    )
    return new, {op.results[k]: op.results[j] for k, j in results.items()}


def _repeats(keys: Iterable[Hashable]) -> dict[int, int]:
    """Positions of later equal keys, with the position of the first."""
    first: dict[Hashable, int] = {}
    return {k: first[key] for k, key in enumerate(keys) if first.setdefault(key, k) != k}


def _argument(form: RegionOp, k: int) -> Hashable:
    """Equal for constants that are the same value, and for arrays read slice by slice."""
    if k in form.carried:
        return k
    return (k < form.consts, form.args[k])


def _result(form: RegionOp, k: int) -> Hashable:
    start = form.args[form.consts + k] if k < form.carry else None
    return (start, *(body.results[k] for body in form.bodies))


def _renamed(form: RegionOp, old: Block, block: Block, instead: Mapping[int, int]) -> Block:
    """The region reading the parameters that stay."""
    params = form.params(old)
    same = {params[k]: params[j] for k, j in instead.items()}

    def final(values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(same.get(v, v) for v in values)

    ops = tuple(
        with_operands(op, final(op.operands)) if not same.keys().isdisjoint(op.operands) else op
        for op in block.ops
    )
    return Block(block.params, ops, final(block.results))
