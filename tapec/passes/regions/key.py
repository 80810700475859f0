"""Regions compared by structure: equal keys are equal programs."""

from __future__ import annotations

from typing import Any

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every
from tapec.passes.support import attr_key


class Keys:
    """A number per region; structurally equal regions get the same."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._blocks: dict[Block, int] = {}

    def of(self, block: Block) -> int:
        """The region's number: one walk over it, the first time."""
        if block not in self._blocks:
            form = self._form(block)
            self._blocks[block] = self._numbers.setdefault(form, len(self._numbers))
        return self._blocks[block]

    def program(self, func: Func) -> tuple[Any, ...]:
        """The same for programs that come from the same lines, under the same names."""
        hints, lines = (p.hint for p in func.params), (op.loc for op in every(func.ops))
        return (func.name, self.of(func.block), *hints, *lines)

    def _form(self, block: Block) -> tuple[Any, ...]:
        """The region with its values numbered in the order of their definitions."""
        places: dict[Value, int] = {p: k for k, p in enumerate(block.params)}
        ops = []
        for op in block.ops:
            ops.append(self._op(op, places))
            for value in op.results:
                places[value] = len(places)
        results = tuple(places[v] for v in block.results)
        return (tuple(p.type for p in block.params), tuple(ops), results)

    def _op(self, op: Op, places: dict[Value, int]) -> tuple[Any, ...]:
        operands = tuple(places[v] for v in op.operands)
        regions = tuple(map(self.of, op.regions))
        return (op.primitive.name, operands, attr_key(op.attrs), regions)
