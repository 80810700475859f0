"""Building programs: `Builder` appends ops, `Expr` lets formulas read as mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tapec.errors import TapecError
from tapec.ir.core import Block, Dense, Func, Loc, Op, Value
from tapec.ir.primitive import PRIMITIVES, Primitive
from tapec.ir.types import Type, dtype_name


class Builder:
    """Appends ops to one block. `loc` is stamped on every op until changed."""

    __slots__ = ("loc", "ops", "params")

    def __init__(self) -> None:
        self.params: list[Value] = []
        self.ops: list[Op] = []
        self.loc: Loc | None = None

    def param(self, type: Type, hint: str = "") -> Value:
        """A new parameter."""
        value = Value(type, hint)
        self.params.append(value)
        return value

    def emit(
        self,
        primitive: Primitive,
        operands: Sequence[Value],
        attrs: Mapping[str, Any] | None = None,
        regions: tuple[Block, ...] = (),
        hint: str = "",
    ) -> Op:
        """Append an op with inferred result types; inference errors gain the user's line."""
        attrs = attrs or {}
        try:
            types = primitive.infer(
                *(v.type for v in operands), **attrs, **({"regions": regions} if regions else {})
            )
        except TapecError as error:
            raise _located(error, self.loc) from None
        results = tuple(Value(t, hint) for t in (types if isinstance(types, tuple) else (types,)))
        op = Op(primitive, tuple(operands), attrs, results, regions, self.loc)
        self.ops.append(op)
        return op

    def const(self, value: Any, type: Type | None = None, **attrs: Any) -> Value:
        """A constant: a number filling `type`, or an array."""
        if type is None:
            array = np.asarray(value)
            type = Type(dtype_name(array.dtype), array.shape)
            value = array.item() if array.ndim == 0 else array
        if isinstance(value, np.ndarray):
            value = Dense(np.broadcast_to(value, type.shape).astype(type.numpy, copy=False))
        else:
            value = type.numpy.type(value).item()
        return self.emit(PRIMITIVES["const"], (), {"value": value, "type": type, **attrs}).result

    def expr(self, value: Value) -> Expr:
        """The value as an expression on this builder."""
        return Expr(self, value)

    def block(self, results: Iterable[Value]) -> Block:
        """What was built, as the region of an op."""
        return Block(tuple(self.params), tuple(self.ops), tuple(results))

    def func(self, name: str, results: Iterable[Value]) -> Func:
        """The finished program."""
        return Func(name, self.block(results))


def _located(error: TapecError, loc: Loc | None) -> TapecError:
    if error.where is not None or loc is None:
        return error
    return type(error)(error.message, where=loc, hint=error.hint)


class Expr:
    """A value together with its builder; arithmetic on it appends ops."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Builder, value: Value) -> None:
        self.builder, self.value = builder, value

    @property
    def type(self) -> Type:
        """Element type and shape."""
        return self.value.type

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.value.type.shape

    @property
    def dtype(self) -> str:
        """Element type."""
        return self.value.type.dtype

    def __neg__(self) -> Expr:
        return _expr("neg", self)

    def __add__(self, other: Any) -> Expr:
        return _expr("add", self, other)

    def __radd__(self, other: Any) -> Expr:
        return _expr("add", other, self)

    def __sub__(self, other: Any) -> Expr:
        return _expr("sub", self, other)

    def __rsub__(self, other: Any) -> Expr:
        return _expr("sub", other, self)

    def __mul__(self, other: Any) -> Expr:
        return _expr("mul", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return _expr("mul", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return _expr("div", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return _expr("div", other, self)

    def __lt__(self, other: Any) -> Expr:
        return _expr("less", self, other)

    def __le__(self, other: Any) -> Expr:
        return _expr("less_equal", self, other)

    def __gt__(self, other: Any) -> Expr:
        return _expr("greater", self, other)

    def __ge__(self, other: Any) -> Expr:
        return _expr("greater_equal", self, other)

    def equals(self, other: Any) -> Expr:
        """Elementwise equality (`==` stays identity, so that expressions can live in sets)."""
        return _expr("equal", self, other)


def _expr(name: str, *operands: Any) -> Expr:
    """One op with one result."""
    result: Expr = PRIMITIVES[name](*operands)
    return result


def apply(primitive: Primitive, operands: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
    """Append `primitive(*operands, **attrs)`; numbers become constants of the dtype beside them."""
    first = next(x for x in operands if isinstance(x, Expr))
    builder = first.builder
    dtype = next(
        (x.dtype for x in operands if isinstance(x, Expr) and x.dtype != "bool"), first.dtype
    )
    values = [x.value if isinstance(x, Expr) else builder.const(x, Type(dtype)) for x in operands]
    op = builder.emit(primitive, values, attrs)
    exprs = tuple(Expr(builder, v) for v in op.results)
    return exprs[0] if len(exprs) == 1 else exprs
