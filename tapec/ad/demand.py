"""Where the elements of a value are used: the conditions of the `select`s that read it.

`where(x > 0, sqrt(x), 0)` uses sqrt(x) only where x > 0; elsewhere the partial of sqrt is inf or
NaN and would poison the product with a zero cotangent. The reverse sweep masks contributions by
the demand of the op that sends them, wherever the receiver is also used outside that region.
A demand of `None` means everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from tapec.ad.contributions import place
from tapec.ad.risk import moves_only, risky_values
from tapec.ad.rules import broadcast, reshape
from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops import logic
from tapec.ir.ops.indexing import INDEX
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type

Demand = Value | None


class Conditions:
    """Boolean algebra on values, equal formulas made once so that identity means equality."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._known: dict[tuple[str, Value, Value], Value] = {}
        self._complement: dict[Value, Value] = {}

    def negation(self, a: Value) -> Value:
        """NOT a."""
        if a not in self._complement:
            b = self._builder.emit(PRIMITIVES["logical_not"], (a,)).result
            self._complement[a], self._complement[b] = b, a
        return self._complement[a]

    def both(self, a: Demand, b: Demand) -> Demand:
        """a AND b."""
        if a is None or b is None or a is b:
            return b if a is None else a
        return self._binary("logical_and", a, b)

    def either(self, a: Demand, b: Demand) -> Demand:
        """a OR b; everywhere if they are complements."""
        if a is None or b is None:
            return None
        if a is b:
            return a
        if self._complement.get(a) is b:
            return None
        return self._binary("logical_or", a, b)

    def _binary(self, name: str, a: Value, b: Value) -> Value:
        key = (name, a, b)
        if key not in self._known:
            found = self._builder.emit(PRIMITIVES[name], (a, b)).result
            self._known[key] = self._known[(name, b, a)] = found
        return self._known[key]


class Presence(Protocol):
    """An op with regions, asked where it uses an operand at all."""

    def present(self, conditions: Conditions, builder: Builder, op: Op, k: int) -> Demand:
        """Where, as one condition; None for everywhere."""


class Demands:
    """The demand of every value that an active op reads or makes."""

    def __init__(
        self, builder: Builder, ops: Sequence[Op], varied: set[Value], everywhere: Iterable[Value],
        records: Mapping[Op, Presence], *, inside: bool,
    ) -> None:  # fmt: skip
        self.conditions = Conditions(builder)
        self._builder = builder
        self._varied = varied
        self._found: dict[Value, Demand] = {}
        self._sent: dict[tuple[Op, int], Demand] = {}
        self._parts: dict[Value, list[tuple[Value, Any]]] = {}
        self._records = records
        self._idle: dict[Op, Value] = {}
        self._risky = risky_values(ops, inside=inside) if records else set()
        if any(op.primitive is logic.select or self._has_risk(op) for op in ops):
            self._found.update(dict.fromkeys(everywhere))
            for op in reversed(ops):
                self._visit(op)

    def of(self, value: Value) -> Demand:
        """Where the value is used; None for everywhere."""
        return self._found.get(value)

    def sent(self, op: Op, k: int) -> Demand:
        """Where this op uses its operand k."""
        return self._sent.get((op, k))

    def idle(self, op: Op) -> bool:
        """Whether this op may have run where its results are not used, and that matters."""
        return op in self._idle

    def guard(self, op: Op) -> Demand:
        """The one condition under which the results are used, if that matters.

        The caller runs the reverse op under this condition only: it matters no more.
        """
        demand = self._idle.get(op)
        if demand is None or demand.type.shape:
            return None
        return self._idle.pop(op)

    def branch(self, op: Op, k: int) -> Demand:
        """Where a `select` uses its branch k (1 or 2), in the shape of its result."""
        condition, demand = op.operands[0], self.of(op.results[0])
        taken = condition if k == 1 else self.conditions.negation(condition)
        return self.conditions.both(demand, taken)

    def _has_risk(self, op: Op) -> bool:
        return op in self._records and not self._risky.isdisjoint(op.operands)

    def _present(self, op: Op, k: int) -> Demand:
        """Where an op with regions uses an operand for which that matters."""
        if op not in self._records or op.operands[k] not in self._risky:
            return None
        return self._records[op].present(self.conditions, self._builder, op, k)

    def _visit(self, op: Op) -> None:
        self._builder.loc = op.loc
        for y in op.results:
            self._join_parts(y)
        demand = self._joint(op)
        if demand is not None and not (op.regions and all(map(moves_only, op.regions))):
            self._idle[op] = demand
        for k, v in enumerate(op.operands):
            if v not in self._varied:
                continue
            if op.primitive is logic.select:
                self._merge(v, fitting(self._builder, self.branch(op, k), v.type))
            elif demand is not None and op.primitive is INDEX:
                self._merge_part(v, demand, op)
            else:
                sent = _sent(self._builder, demand, op, k) if demand else None
                sent = self.conditions.both(sent, self._present(op, k))
                self._sent[op, k] = sent
                self._merge(v, sent)

    def _joint(self, op: Op) -> Demand:
        """Where the op's results are used; of several, only what is one condition for all."""
        if len(op.results) == 1:
            return self.of(op.results[0])
        found = [self._found[v] for v in op.results if v in self._found]
        if not found or any(d is None or d.type.shape != () for d in found):
            return None
        demand = found[0]
        for other in found[1:]:
            demand = self.conditions.either(demand, other)
        return demand

    def _merge(self, value: Value, demand: Demand) -> None:
        known = self._found.get(value, demand)
        self._found[value] = self.conditions.either(known, demand)

    def _merge_part(self, value: Value, demand: Value, op: Op) -> None:
        if value not in self._found or self._found[value] is not None:
            part = broadcast(self._builder, demand, op.results[0].type.shape)
            self._parts.setdefault(value, []).append((part, op.attrs["at"]))

    def _join_parts(self, value: Value) -> None:
        """Join the demands on parts of a value, one `place` for all (booleans as numbers)."""
        parts = self._parts.pop(value, None)
        if parts is None or (value in self._found and self._found[value] is None):
            return
        convert, greater = PRIMITIVES["convert"], PRIMITIVES["greater"]
        emit, to = self._builder.emit, {"dtype": "f64"}
        numbers = [(emit(convert, (part,), to).result, at) for part, at in parts]
        total = place(self._builder, numbers, value.type.with_dtype("f64"))
        zero = self._builder.const(0.0, Type("f64"))
        self._merge(value, emit(greater, (total, zero)).result)


def fitting(builder: Builder, demand: Demand, type: Type) -> Demand:
    """The demand in a shape that broadcasts to `type`: any use along the axes it is repeated."""
    if demand is None or demand.type.shape in ((), type.shape):
        return demand
    have = demand.type.shape
    lead = max(len(have) - type.ndim, 0)
    want = type.shape[max(type.ndim - len(have), 0) :]
    grown = [lead + i for i, n in enumerate(want) if n == 1 and have[lead + i] != 1]
    axes = (*range(lead), *grown)
    if not axes:
        return demand
    kept = tuple(1 if lead + i in grown else have[lead + i] for i in range(len(want)))
    used = builder.emit(PRIMITIVES["reduce_any"], (demand,), {"axes": axes}).result
    return reshape(builder, used, kept)


# Demand of operand k from the demand of the result.
_Rule = Callable[[Builder, Value, Op, int], Demand]


def _same(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    return fitting(builder, demand, op.operands[k].type)


def _mixed(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    # Whatever the op mixes, one condition for all of the result is one for all of the operand.
    return demand if demand.type.shape == () else None


def _moved(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    """The transpose of a movement carries demands back as cotangents: as 0 and 1, summed."""
    rules = op.primitive.transpose
    rule = rules[0] if len(rules) == 1 else rules[k]
    if demand.type.shape == () or rule is None:
        return demand if demand.type.shape == () else None
    full = broadcast(builder, demand, op.results[0].type.shape)
    number = PRIMITIVES["convert"](Expr(builder, full), dtype=op.operands[k].type.dtype)
    uses = rule(k, number, *(Expr(builder, v) for v in op.operands), **op.attrs)
    return (uses > 0.0).value if isinstance(uses, Expr) else None


def _reduced(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    if demand.type.shape == ():
        return demand
    demand = broadcast(builder, demand, op.results[0].type.shape)
    axes = op.attrs["axes"]
    kept = tuple(1 if i in axes else n for i, n in enumerate(op.operands[k].type.shape))
    return reshape(builder, demand, kept)


def _reshaped(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    if demand.type.shape == ():
        return demand
    demand = broadcast(builder, demand, op.results[0].type.shape)
    return reshape(builder, demand, op.operands[k].type.shape)


def _transposed(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    if demand.type.shape == ():
        return demand
    perm = op.attrs["perm"]
    inverse = tuple(perm.index(i) for i in range(len(perm)))
    demand = broadcast(builder, demand, op.results[0].type.shape)
    return builder.emit(PRIMITIVES["transpose"], (demand,), {"perm": inverse}).result


_KINDS: dict[str, _Rule] = {"elementwise": _same, "linear": _moved, "structured": _mixed,
                           "region": _mixed}  # fmt: skip
_RULES: dict[str, _Rule] = {
    "broadcast_to": _same,
    "dot": _mixed,
    "reduce_max": _reduced,
    "reduce_min": _reduced,
    "reduce_prod": _reduced,
    "reduce_sum": _reduced,
    "reshape": _reshaped,
    "transpose": _transposed,
}


def _sent(builder: Builder, demand: Value, op: Op, k: int) -> Demand:
    rule = _RULES.get(op.name) or _KINDS[op.primitive.kind]
    return rule(builder, demand, op, k)
