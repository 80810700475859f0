"""Induction variables: carried integers with a constant step need not be stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tapec.ir.affine import AffineForms
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.regions import RegionOp
from tapec.ir.types import Type

INT = Type("i64")


@dataclass(frozen=True, slots=True)
class Counter:
    """A carried integer: `param` is its value, `position` its number among the carried ones."""

    param: Value
    position: int
    step: int

    def at(self, number: Value, start: Value) -> list[Op]:
        """The ops that make `param` in the iteration of this number (executed in order)."""
        builder = Builder()
        steps: Expr = Expr(builder, number) * self.step
        value = Expr(builder, start) + steps
        made = builder.ops.pop()
        assert value.value is made.result
        return [*builder.ops, Op(made.primitive, made.operands, made.attrs, (self.param,))]


def counters(form: RegionOp) -> list[Counter]:
    """The counters of a loop that runs forward."""
    made = AffineForms({v: op for op in form.body.ops for v in op.results}.get)
    params = form.state(form.body)
    found = []
    for k, (before, after) in enumerate(zip(params, form.body.results, strict=False)):
        step = made.difference(after, before) if before.type == INT else None
        if step:
            found.append(Counter(before, k, step))
    return found


def read_counters(found: Iterable[Counter], read: Sequence[Value]) -> list[Counter]:
    """Those that the reverse sweep reads."""
    wanted = set(read)
    return [c for c in found if c.param in wanted]
