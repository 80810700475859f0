"""What `fastmath` permits: products rounded together with sums, and reciprocals that are shared.

for ... {                           %r = div 1.0, %n
  %p = mul %a, %b                   for ... {
  %s = add %p, %c           ->        %p = mul %a, %b
  %q = div %s, %n                     %s = add %p, %c {fused=True}
}                                     %q = mul %s, %r
                                    }
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.arith import FUSED
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import FLOATS
from tapec.lower.regions import with_regions


def relax(func: Func) -> Func:
    """The program with fused sums, and with products in place of repeated divisions."""
    block = _Relaxed(func).block(func.block)
    return Func(func.name, block)


class _Relaxed:
    """One walk over a program; reciprocals are made right behind what they are of."""

    def __init__(self, func: Func) -> None:
        self._shared = _repeated(func)
        self._made: dict[Value, Value] = {}

    def block(self, block: Block) -> Block:
        """The block and all in it."""
        ops = [made for p in block.params for made in self._reciprocal(p)]
        for op in block.ops:
            ops.append(self._op(op))
            ops += [made for v in op.results for made in self._reciprocal(v)]
        return Block(block.params, tuple(ops), block.results)

    def _op(self, op: Op) -> Op:
        if op.regions:
            return with_regions(op, tuple(map(self.block, op.regions)))
        if op.primitive in (arith.add, arith.sub) and op.result.type.dtype in FLOATS:
            return Op(op.primitive, op.operands, {**op.attrs, FUSED: True}, op.results, (), op.loc)
        if op.primitive is arith.div and op.operands[1] in self._made:
            operands = op.operands[0], self._made[op.operands[1]]
            return Op(arith.mul, operands, {}, op.results, (), op.loc)
        return op

    def _reciprocal(self, value: Value) -> Iterator[Op]:
        """The ops of a divisor's reciprocal, where it is shared."""
        if value not in self._shared:
            return
        one, made = Value(value.type, "one"), Value(value.type, "reciprocal")
        self._made[value] = made
        yield Op(PRIMITIVES["const"], (), {"value": 1.0, "type": value.type}, (one,))
        yield Op(arith.div, (one, value), {}, (made,))


def _repeated(func: Func) -> set[Value]:
    """Divisors of several divisions, or of one inside of a region in their block."""
    levels: dict[Value, int] = {}
    counts: Counter[Value] = Counter()

    def walk(block: Block, level: int) -> None:
        levels.update(dict.fromkeys(block.params, level))
        for op in block.ops:
            if op.primitive is arith.div and op.result.type.dtype in FLOATS:
                divisor = op.operands[1]
                counts[divisor] += 1 + (levels[divisor] < level)
            levels.update(dict.fromkeys(op.results, level))
            for region in op.regions:
                walk(region, level + 1)

    walk(func.block, 0)
    return {value for value, count in counts.items() if count > 1}
