"""Building scalar programs: hash-consed scalar ops, structural zeros, loads and stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tapec.ir.affine import Affine, combined, var
from tapec.ir.core import Op, Value
from tapec.ir.ops.arith import FUSED
from tapec.ir.ops.library import GEMM
from tapec.ir.ops.memory import ALLOC, CHECK, LOAD, STORE
from tapec.ir.ops.rules import boolean
from tapec.ir.primitive import PRIMITIVES, Attrs, Primitive, predicate
from tapec.ir.types import FLOATS, Type
from tapec.lower.blocks import Blocks, Loop, live

__all__ = ["Loop", "ScalarBuilder", "live"]

_COUNTS = ("i64", "index")  # element types of index arithmetic
_SCALARS = {d: Type(d) for d in ("bool", "i32", "i64", "f32", "f64", "index")}
# Scalar ops that make booleans of operands of any kind.
PREDICATES = frozenset(n for n, p in PRIMITIVES.items() if p.infer in (predicate, boolean))
# Operand that survives when the other one is a structural zero.
_ZERO_KEEPS = {"add": (1, 0), "sub": (None, 0)}
# Results that are structurally zero as soon as one of these operands is.
_ZERO_KILLS = {"mul": (0, 1), "strong_mul": (0, 1), "neg": (0,), "div": (0,), "stop_gradient": (0,)}
# Operands that the other one is left of as soon as one of them is 1.
_ONE_KEEPS = {"mul": (1, 0), "strong_mul": (1, 0)}


class ScalarBuilder(Blocks):
    """Appends scalar ops to nested blocks; equal pure ops in one frame are built once.

    Structural zeros (elements that no contribution reaches) are one value per dtype, and absorb
    arithmetic: 0 * x is 0 and 0 + x is x, whatever x is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prelude: list[Op] = []  # shared constants, before everything else
        self._zeros: dict[str, Value] = {}
        self._zero_ids: set[int] = set()
        self._ones: set[int] = set()
        self._negated: dict[Value, Value] = {}  # -x: x
        self._numbers: dict[Value, Affine] = {}  # integers known in terms of loop counters

    def zero(self, dtype: str) -> Value:
        """The structural zero of a dtype."""
        found = self._zeros.get(dtype)
        if found is None:
            found = self._zeros[dtype] = Value(_SCALARS[dtype], "zero")
            number: Any = False if dtype == "bool" else 0.0 if dtype[0] == "f" else 0
            attrs = {"value": number, "type": _SCALARS[dtype]}
            self._zero_ids.add(id(found))
            self.prelude.append(Op(PRIMITIVES["const"], (), attrs, (found,)))
        return found

    def is_zero(self, value: Value) -> bool:
        """Whether a value is a structural zero."""
        return id(value) in self._zero_ids

    def const(self, number: Any, dtype: str) -> Value:
        """A scalar constant, shared by all of its users."""
        number = Type(dtype).numpy.type(number).item()
        key = ("const", dtype, repr(number))
        found = self._open[0].known.get(key)
        if found is None:
            found = self._open[0].known[key] = Value(_SCALARS[dtype])
            attrs = {"value": number, "type": _SCALARS[dtype]}
            self.prelude.append(Op(PRIMITIVES["const"], (), attrs, (found,)))
            if dtype in _COUNTS:
                self._numbers[found] = Affine(number)
            if number == 1 and dtype in FLOATS:
                self._ones.add(id(found))
        return found

    def op(
        self, name: str, *operands: Value, attrs: Mapping[str, Any] | None = None, dtype: str = ""
    ) -> Value:
        """A pure scalar op; `dtype` of the result where it is not that of the first operand."""
        if self._zero_ids or self._ones:
            folded = self._fold(name, operands)
            if folded is not None:
                return folded
        key = (name, *map(id, operands), *(sorted(attrs.items()) if attrs else ()))
        found, depth = self.seek(key, self.depth(operands))
        if found is not None:
            return found
        value = Value(self.typed(dtype or _result_dtype(name, operands), operands))
        self.place(Op(PRIMITIVES[name], operands, attrs or {}, (value,)), depth)
        self.learn(key, value, depth)
        if name == "neg":
            self._negated[value] = operands[0]
        if value.type.dtype in _COUNTS:
            self._integer(name, operands, value)
        return value

    def typed(self, dtype: str, operands: Sequence[Value]) -> Type:
        """The type of a result: here all are scalars."""
        return _SCALARS[dtype]

    def accumulate(self, name: str, total: Value, term: Value) -> Value:
        """A sum or difference of a reduction or product: the term may be fused with it."""
        if name == "add" and term in self._negated:
            name, term = "sub", self._negated[term]
        fused = name in ("add", "sub") and total.type.dtype in ("f32", "f64")
        return self.op(name, total, term, attrs={FUSED: True} if fused else None)

    def _integer(self, name: str, operands: Sequence[Value], value: Value) -> None:
        """Record an integer as an affine form of loop counters, where it is one."""
        if operands[0].type.dtype in _COUNTS:
            found = combined(name, [self.affine(v) for v in operands])
            if found is not None:
                self._numbers[value] = found

    def affine(self, value: Value) -> Affine:
        """A scalar integer as an affine form of loop counters; a variable where it is none."""
        found = self._numbers.get(value)
        return var(value) if found is None else found

    def index(self, value: Value) -> Value:
        """An integer as a loop index."""
        if value.type.dtype == "index":
            return value
        return self.op("convert", value, attrs={"dtype": "index"}, dtype="index")

    def _fold(self, name: str, operands: Sequence[Value]) -> Value | None:
        zeros = self._zero_ids
        keeps = _ZERO_KEEPS.get(name)
        if keeps is not None:
            for k, other in enumerate(keeps):
                if id(operands[k]) in zeros:
                    return operands[other] if other is not None else self.op("neg", operands[1])
            return None
        if any(id(operands[k]) in zeros for k in _ZERO_KILLS.get(name, ())):
            return self.zero(operands[0].type.dtype)
        for k, other in enumerate(_ONE_KEEPS.get(name, ())):
            if id(operands[k]) in self._ones:
                return operands[other]
        return None

    def load(
        self,
        buffer: Value,
        offset: int,
        indices: Sequence[Value] = (),
        strides: Sequence[int] = (),
        *,
        stable: bool = True,
    ) -> Value:
        """Read one element; `stable` says that no open block writes the buffer."""
        attrs = {"offset": offset, "strides": tuple(strides)}
        operands = (buffer, *indices)
        if not stable:
            return self.fresh(LOAD, operands, attrs, buffer.type.dtype)
        version, lowest = self.version(buffer)
        key = ("load", version, *map(id, operands), offset, attrs["strides"])
        found, depth = self.seek(key, max(lowest, self.depth(operands)))
        if found is None:
            found = Value(_SCALARS[buffer.type.dtype])
            self.learn(key, found, depth)
            self.place(Op(LOAD, operands, attrs, (found,)), depth)
        return found

    def fresh(
        self, primitive: Primitive, operands: tuple[Value, ...], attrs: Attrs, dtype: str
    ) -> Value:
        """An op that is neither shared nor moved."""
        value = Value(Type(dtype))
        self.append(Op(primitive, operands, attrs, (value,)))
        return value

    def store(
        self,
        value: Value,
        buffer: Value,
        offset: int,
        indices: Sequence[Value] = (),
        strides: Sequence[int] = (),
    ) -> None:
        """Write one element."""
        attrs = {"offset": offset, "strides": tuple(strides)}
        self.ops.append(Op(STORE, (value, buffer, *indices), attrs, ()))

    def gemm(
        self,
        buffers: tuple[Value, Value, Value],
        indices: Sequence[Value],
        sizes: tuple[int, int, int],
        matrices: tuple[tuple[int, int], tuple[int, int]],
        strides: tuple[tuple[int, ...], ...],
    ) -> None:
        """A matrix product of (result, left, right)."""
        attrs = {"sizes": sizes, "matrices": matrices, "strides": strides}
        self.ops.append(Op(GEMM, (*buffers, *indices), attrs, ()))

    def alloc(self, type: Type) -> Value:
        """Work memory: reserved before all loops."""
        value = Value(Type(type.dtype, type.shape, buffer=True), "buf")
        with self.at(0):
            self.ops.append(Op(ALLOC, (), {"type": type}, (value,)))
        return value

    def check(self, index: Value, size: int) -> Value:
        """The index, wrapped if negative, checked against `size`."""
        index = self.index(index)
        key = ("check", id(index), size)
        found, depth = self.seek(key, self.depth((index,)), fails=True)
        if found is None:
            found = Value(_SCALARS["index"])
            self.learn(key, found, depth)
            self.place(Op(CHECK, (index,), {"size": size}, (found,)), depth)
        return found

    def inside(self, index: Value, size: int, *, sure: bool = False) -> Affine:
        """The place of an index: affine where its range is known, checked where nobody is `sure`
        of it."""
        form = self.affine(index)
        low, high = form.range(self.ranges)
        if low >= 0 and high < size:
            return form
        return var(self.index(index) if sure else self.check(index, size))

    def finish(self) -> tuple[Op, ...]:
        """All ops built, without dead ones."""
        return live([*self.prelude, *self._open[0].ops])


def _result_dtype(name: str, operands: Sequence[Value]) -> str:
    if name in PREDICATES:
        return "bool"
    return operands[1].type.dtype if name == "select" else operands[0].type.dtype
