"""The engine of `simplify`: each op is rewritten by the first rule that fires, until none does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from tapec.ir.affine import AffineForms
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import const, number_of
from tapec.ir.primitive import PRIMITIVES, lookup
from tapec.ir.rewrite import copy_op, substitute_op
from tapec.ir.types import Type
from tapec.passes.support import Number, const_op, with_operands
from tapec.passes.tuning import MAX_REWRITES

# exact: bit for bit the same, up to the sign of zero where contributions are summed into zeros;
# finite: the same for finite values, up to the sign of zero; reassoc: the same in real arithmetic.
Licence = Literal["exact", "finite", "reassoc"]
Rule = Callable[[Op, "Rewriter"], "Op | Value | None"]
# For ops with regions: values standing for all results.
RegionRule = Callable[[Op, "Rewriter"], "Sequence[Value] | None"]

_RULES: dict[str, list[tuple[Licence, Rule]]] = {}
_REGION_RULES: dict[str, list[RegionRule]] = {}
ELEMENTWISE = "elementwise"


def rule(*names: str, licence: Licence = "exact") -> Callable[[Rule], Rule]:
    """Declare a rule for the primitives of these names (ELEMENTWISE: all with two operands)."""

    def declare(function: Rule) -> Rule:
        for name in names:
            _RULES.setdefault(name, []).append((licence, function))
        return function

    return declare


def region_rule(*names: str) -> Callable[[RegionRule], RegionRule]:
    """Declare a rule for branches and loops; their regions are simplified already."""

    def declare(function: RegionRule) -> RegionRule:
        for name in names:
            _REGION_RULES.setdefault(name, []).append(function)
        return function

    return declare


@lru_cache(maxsize=8)
def table(licences: frozenset[Licence]) -> Mapping[str, tuple[Rule, ...]]:
    """The permitted rules by primitive name."""
    general = [f for licence, f in _RULES.get(ELEMENTWISE, ()) if licence in licences]
    permitted = {}
    for name, primitive in PRIMITIVES.items():
        own = [f for licence, f in _RULES.get(name, ()) if licence in licences]
        shared = general if primitive.kind == "elementwise" and primitive is not const else []
        if own or shared:
            permitted[name] = (*own, *shared)
    return permitted


class Rewriter:
    """The program being built, with what rules ask of it."""

    def __init__(self, rules: Mapping[str, tuple[Rule, ...]]) -> None:
        self.rules = rules
        self.ops: list[Op] = []
        self.defs: dict[Value, Op] = {}
        self.integers = AffineForms(self.defs.get)
        self.same: dict[Value, Value] = {}
        self.changed = False
        self.current: Op | None = None

    # --- what rules ask -------------------------------------------------------------------

    def defined(self, value: Value, name: str) -> Op | None:
        """The op defining a value, if it is of this name."""
        op = self.defs.get(value)
        return op if op is not None and op.primitive.name == name else None

    def number(self, value: Value) -> Number | None:
        """The number filling a constant."""
        number: Number | None = number_of(self.defs.get(value))
        return number

    # --- what rules build -----------------------------------------------------------------

    def emit(self, name: str, operands: Sequence[Value], **attrs: Any) -> Value:
        """A new op in front of the one being rewritten, itself simplified."""
        primitive = lookup(name)
        type = primitive.infer(*(v.type for v in operands), **attrs)
        loc = self.current.loc if self.current else None
        return self.add(Op(primitive, tuple(operands), attrs, (Value(type),), (), loc))

    def const(self, number: Number, type: Type) -> Value:
        """A new constant filled with a number."""
        return self.append(const_op(number, type, loc=self.current.loc if self.current else None))

    def fitted(self, op: Op, value: Value) -> Op | Value:
        """The value as the result of `op`, broadcast where it is smaller."""
        if value.type == op.result.type:
            return value
        return remade(op, "broadcast_to", (value,), shape=op.result.type.shape)

    def put(self, op: Op) -> list[Value]:
        """A new op with regions, itself simplified; the values standing for its results."""
        self.visit(op)
        return [self.same.get(v, v) for v in op.results]

    def inline(self, block: Block, args: Sequence[Value]) -> list[Value]:
        """A copy of a region's ops, simplified; the values standing for its results."""
        env = dict(zip(block.params, args, strict=True))
        current = self.current
        for op in block.ops:
            self.visit(copy_op(op, env))
        self.current = current
        found = [env[v] for v in block.results]
        return [self.same.get(v, v) for v in found]

    # --- the engine -----------------------------------------------------------------------

    def append(self, op: Op) -> Value:
        self.ops.append(op)
        for value in op.results:
            self.defs[value] = op
        return op.results[0]

    def add(self, op: Op) -> Value:
        """Rewrite until no rule fires, append; returns the value standing for the result."""
        for _ in range(MAX_REWRITES):
            new = self.apply(op)
            if new is None:
                break
            self.changed = True
            if isinstance(new, Value):
                assert new.type == op.result.type, op.name
                return new
            op = new
        return self.append(op)

    def apply(self, op: Op) -> Op | Value | None:
        for function in self.rules.get(op.primitive.name, ()):
            new = function(op, self)
            if new is not None:
                return new
        return None

    def visit(self, op: Op) -> None:
        same = self.same
        if same:
            op = self.renamed(op)
        if op.regions and op.closed:
            self.visit_regions(op)
            return
        if op.primitive.name not in self.rules or len(op.results) != 1:
            self.ops.append(op)
            for value in op.results:
                self.defs[value] = op
            return
        self.current = op
        value = self.add(op)
        if value is not op.results[0]:
            same[op.results[0]] = value

    def visit_regions(self, op: Op) -> None:
        for function in _REGION_RULES.get(op.primitive.name, ()):
            self.current = op
            values = function(op, self)
            if values is not None:
                self.changed = True
                pairs = zip(op.results, values, strict=True)
                self.same.update((old, new) for old, new in pairs if old is not new)
                return
        self.ops.append(op)
        for value in op.results:
            self.defs[value] = op

    def renamed(self, op: Op) -> Op:
        same = self.same
        if op.regions and not op.closed:
            return substitute_op(op, lambda v: same.get(v, v))
        for v in op.operands:
            if v in same:
                return with_operands(op, tuple(same.get(v, v) for v in op.operands))
        return op

    def func(self, func: Func) -> Func:
        """The whole program rewritten."""
        for op in func.ops:
            self.visit(op)
        if not self.changed:
            return func
        results = tuple(self.same.get(v, v) for v in func.results)
        return Func(func.name, Block(func.params, tuple(self.ops), results))


def remade(op: Op, name: str, operands: Sequence[Value], **attrs: Any) -> Op:
    """Another op defining the same result."""
    return Op(lookup(name), tuple(operands), attrs, op.results, (), op.loc)


def constant(op: Op, number: Number) -> Op:
    """A constant defining the same result."""
    return const_op(number, op.result.type, result=op.result, loc=op.loc)
