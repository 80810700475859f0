"""Strong products in loops become plain ones, guarded by one test for NaN.

A strong product differs from a plain one only where the plain one is NaN: zero times an infinity or
NaN. Almost no iteration meets that. So the products of a body are computed as plain ones; where
NaN comes out of them, they and what depends on them are computed again, as strong ones:

    %p = strong_mul %a, %b          %q = mul %a, %b
    %r = strong_mul %p, %c     ->   %s = mul %q, %c
    store %r, ...                   %nan = isnan %s
                                    %r = if %nan { the two strong products } { yield %s }
                                    store %r, ...

Nothing is missed: sums, products and quotients of NaN are NaN; what other ops read is tested
itself. Only signs of zeros may differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial, reduce

from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every, reads
from tapec.ir.ops import arith, logic
from tapec.ir.ops import math as functions
from tapec.ir.ops.loop import FOR, IF, REPEAT, WHILE
from tapec.ir.ops.strong import strong_mul
from tapec.ir.primitive import Primitive
from tapec.ir.types import FLOATS
from tapec.lower.regions import changed_ops, each_block, with_regions
from tapec.lower.tuning import GUARDED_OPS, GUARDED_PRODUCTS

# NaN in any operand makes the result NaN.
_CARRIES_NAN = frozenset(
    {arith.add, arith.sub, arith.mul, arith.div, arith.neg, functions.sqrt, strong_mul}
)


def guard_products(func: Func) -> Func:
    """The program with the strong products in serial loops computed as plain ones first."""
    if all(op.primitive is not strong_mul for op in every(func.ops)):
        return func
    parallel = set(_in_lanes(func))
    return each_block(
        func,
        lambda block, inside: changed_ops(
            block, lambda op: op if op in parallel else _with_guards(op, inside)
        ),
    )


def _in_lanes(func: Func) -> Iterator[Op]:
    """Ops inside vector loops and wavefronts, where a branch has no vector form."""
    for op in every(func.ops):
        if op.primitive is FOR and op.attrs["kind"] != "serial":
            yield from every(op.regions[0].ops)


def _with_guards(op: Op, inside: bool) -> Op:
    """A serial loop, or a branch in one, with guarded regions."""
    serial = op.primitive in (REPEAT, WHILE) or (
        op.primitive is FOR and op.attrs["kind"] == "serial"
    )
    if not serial and not (inside and op.primitive is IF):
        return op
    return with_regions(op, tuple(map(_guarded, op.regions)))


def _guarded(block: Block) -> Block:
    if sum(op.primitive is strong_mul for op in block.ops) < GUARDED_PRODUCTS:
        return block
    return Block(block.params, tuple(_Guarding(block).ops()), block.results)


class _Guarding:
    """One walk over a block: strong products and what depends on them wait for their test."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._waiting: list[Op] = []
        self._uncertain: set[Value] = set()  # results of the ops that wait
        self._tested: dict[Value, None] = {}
        self._last = _last_readers(block)

    def ops(self) -> Iterator[Op]:
        """The ops of the block with guards."""
        for position, op in enumerate(self._block.ops):
            uncertain = [v for v in reads(op) if v in self._uncertain]
            if _may_wait(op) and (uncertain or op.primitive is strong_mul):
                self._wait(op, uncertain)
                continue
            if uncertain:
                yield from self._resolved(position)
            yield op
        yield from self._resolved(len(self._block.ops))

    def _wait(self, op: Op, uncertain: Iterable[Value]) -> None:
        self._waiting.append(op)
        self._uncertain.update(op.results)
        if op.primitive not in _CARRIES_NAN:
            self._tested.update(dict.fromkeys(uncertain))

    def _resolved(self, position: int) -> Iterator[Op]:
        """The ops that waited, and their test; what is read from this position on is certain."""
        ops, tested = self._waiting, self._tested
        wanted = [v for op in ops for v in op.results if self._last.get(v, -1) >= position]
        self._waiting, self._tested, self._uncertain = [], {}, set()
        products = sum(op.primitive is strong_mul for op in ops)
        if products < GUARDED_PRODUCTS or len(ops) > GUARDED_OPS or not wanted:
            yield from ops
            return
        plain = {v: Value(v.type, v.hint) for op in ops for v in op.results}
        yield from (_copy(op, plain, arith.mul) for op in ops)
        tested.update(dict.fromkeys(v for v in wanted if v.type.is_float))
        tests = Builder()
        nan = _any_nan(tests, [plain[v] for v in tested])
        yield from tests.ops
        again = {v: Value(v.type, v.hint) for v in plain}
        strong = [_copy(op, again, strong_mul) for op in ops]
        sides = (Block((), tuple(strong), tuple(again[v] for v in wanted)),
                 Block((), (), tuple(plain[v] for v in wanted)))  # fmt: skip
        yield Op(IF, (nan,), {}, tuple(wanted), sides)


def _may_wait(op: Op) -> bool:
    """Whether an op may be computed twice, and of NaN in vain."""
    return op.primitive.kind == "elementwise" and not op.primitive.raises


def _copy(op: Op, names: dict[Value, Value], product: Primitive) -> Op:
    """The op on other values; strong products become this kind of product."""
    strong = op.primitive is strong_mul
    attrs = {} if strong and product is not strong_mul else op.attrs
    operands = tuple(names.get(v, v) for v in op.operands)
    results = tuple(names[v] for v in op.results)
    return Op(product if strong else op.primitive, operands, attrs, results, (), op.loc)


def _any_nan(builder: Builder, values: Sequence[Value]) -> Value:
    """Whether there is NaN among floats: their sum is NaN then."""
    kinds = [[v for v in values if v.type.dtype == dtype] for dtype in sorted(FLOATS)]
    sums = [reduce(partial(_binary, builder, arith.add), same) for same in kinds if same]
    tests = [builder.emit(logic.isnan, (total,)).result for total in sums]
    return reduce(partial(_binary, builder, logic.logical_or), tests)


def _binary(builder: Builder, primitive: Primitive, a: Value, b: Value) -> Value:
    return builder.emit(primitive, (a, b)).result


def _last_readers(block: Block) -> dict[Value, int]:
    """Per value the position of the last op that reads it; the end for results."""
    found = {v: k for k, op in enumerate(block.ops) for v in reads(op)}
    return found | dict.fromkeys(block.results, len(block.ops))
