"""A block of rows under construction: its values, and how it reads those outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Op, Value
from tapec.ir.ops.const import number_of
from tapec.ir.ops.shape import call, reshaped, transposed
from tapec.ir.places import RUN
from tapec.ir.types import Type


class RowBlock:
    """A block of `size` of `rows` rows under construction; with `last` the rows come last.

    `known` are its values, `start` is the number of its first row; in a `closed` region, `outer`
    has the parameter that stands for a value outside.
    """

    def __init__(
        self, build: Builder, rows: int, size: int, last: bool, source: Mapping[Value, Op],
        *, closed: bool,
    ) -> None:  # fmt: skip
        self.build, self.rows, self.size, self.last = build, rows, size, last
        self.source, self.closed = source, closed
        self.known: dict[Value, Expr] = {}
        self.outer: dict[Value, Value] = {}
        self.start: Value | None = None
        self.parts: dict[tuple[Value, int], Expr] = {}

    def given(self, value: Value) -> Expr:
        """A value of outside."""
        if not self.closed:
            return Expr(self.build, value)
        if value not in self.outer:
            self.outer[value] = Value(value.type, value.hint)
        return Expr(self.build, self.outer[value])

    def shape(self, shape: Sequence[int], axis: int) -> tuple[int, ...]:
        """A shape with its rows where the block has them."""
        rest = (*shape[:axis], *shape[axis + 1 :])
        return (*rest, self.size) if self.last else (*shape[:axis], self.size, *shape[axis + 1 :])

    def moved(self, axis: int, rows: int) -> int:
        """Where another axis is in the block."""
        return axis - (self.last and axis > rows)

    def entries(self, at: Sequence[Any], rows: int) -> tuple[Any, ...]:
        """Places of all axes, of the rows all."""
        rest = [*at[:rows], *at[rows + 1 :]]
        rest.insert(len(rest) if self.last else rows, (0, self.size, 1))
        return tuple(rest)

    def operand(self, value: Value, axis: int, ndim: int) -> Expr:
        """An operand of an op on elements, for a result with `ndim` axes and rows along `axis`."""
        number = number_of(self.source.get(value))
        if number is not None:
            return Expr(self.build, self.build.const(number, Type(value.type.dtype)))
        own = axis - (ndim - value.type.ndim)
        if value in self.known or (own >= 0 and value.type.shape[own] == self.rows):
            return self.part(value, own)
        if not self.last or not value.type.ndim:
            return self.given(value)
        dims = [n for k, n in enumerate(value.type.shape) if k != own]
        return reshaped(self.given(value), (*dims, 1))

    def part(self, value: Value, axis: int) -> Expr:
        """The rows of this block, of a value of the block or of one outside."""
        if value in self.known:
            return self.known[value]
        if (value, axis) not in self.parts:
            self.parts[value, axis] = self.read(value, axis)
        return self.parts[value, axis]

    def read(self, value: Value, axis: int) -> Expr:
        """The rows of this block, read from a value outside."""
        shape, number = value.type.shape, number_of(self.source.get(value))
        if number is not None:
            type = Type(value.type.dtype, self.shape(shape, axis))
            return Expr(self.build, self.build.const(number, type))
        at: list[Any] = [(0, n, 1) for n in shape]
        at[axis] = (RUN, self.size, 1)
        assert self.start is not None
        found = call("dynamic_index", self.given(value), Expr(self.build, self.start), at=tuple(at))
        if not self.last:
            return found
        return transposed(found, [*(k for k in range(len(shape)) if k != axis), axis])
