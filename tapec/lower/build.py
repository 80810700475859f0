"""Building scalar programs: hash-consed scalar ops, structural zeros, loads and stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.loop import ALLOC, CHECK, FOR, GEMM, LOAD, STORE
from tapec.ir.primitive import PRIMITIVES, Attrs, Primitive
from tapec.ir.types import Type

_SCALARS = {d: Type(d) for d in ("bool", "i32", "i64", "f32", "f64", "index")}
PREDICATES = frozenset(
    [
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "isnan",
        "isinf",
        "isfinite",
        "signbit",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
    ]
)
# Operand that survives when the other one is a structural zero.
_ZERO_KEEPS = {"add": (1, 0), "sub": (None, 0)}
# Results that are structurally zero as soon as one of these operands is.
_ZERO_KILLS = {"mul": (0, 1), "neg": (0,), "div": (0,), "stop_gradient": (0,)}


class ScalarBuilder:
    """Appends scalar ops to nested blocks; equal pure ops in one scope are built once.

    Structural zeros (elements that no contribution reaches) are one value per dtype, and absorb
    arithmetic: 0 * x is 0 and 0 + x is x, whatever x is.
    """

    def __init__(self) -> None:
        self.prelude: list[Op] = []  # shared constants, before everything else
        self._blocks: list[list[Op]] = [[]]
        self._scopes: list[dict[Any, Value]] = [{}]
        self._depths: dict[int, int] = {}
        self._zeros: dict[str, Value] = {}
        self._zero_ids: set[int] = set()

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

    @property
    def ops(self) -> list[Op]:
        """The block under construction."""
        return self._blocks[-1]

    def _place(self, op: Op, depth: int) -> None:
        """Append at a loop depth: what does not depend on a loop is computed before it."""
        self._blocks[depth].append(op)
        if depth:
            for value in op.results:
                self._depths[id(value)] = depth

    def _depth(self, operands: Sequence[Value]) -> int:
        depths = self._depths
        return max([depths.get(id(v), 0) for v in operands], default=0) if depths else 0

    def const(self, number: Any, dtype: str) -> Value:
        """A scalar constant, shared by all of its users."""
        number = Type(dtype).numpy.type(number).item()
        key = ("const", dtype, repr(number))
        found = self._scopes[0].get(key)
        if found is None:
            found = self._scopes[0][key] = Value(_SCALARS[dtype])
            attrs = {"value": number, "type": _SCALARS[dtype]}
            self.prelude.append(Op(PRIMITIVES["const"], (), attrs, (found,)))
        return found

    def op(
        self, name: str, *operands: Value, attrs: Mapping[str, Any] | None = None, dtype: str = ""
    ) -> Value:
        """A pure scalar op; `dtype` of the result where it is not that of the first operand."""
        if self._zero_ids:
            folded = self._fold(name, operands)
            if folded is not None:
                return folded
        key = (name, *map(id, operands), *(sorted(attrs.items()) if attrs else ()))
        depth = self._depth(operands)
        found = self._scopes[depth].get(key)
        if found is not None:
            return found
        value = Value(_SCALARS[dtype or _result_dtype(name, operands)])
        self._place(Op(PRIMITIVES[name], operands, attrs or {}, (value,)), depth)
        self._scopes[depth][key] = value
        return value

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
        """Read one element; `stable` says that nothing open now writes the buffer."""
        attrs = {"offset": offset, "strides": tuple(strides)}
        operands = (buffer, *indices)
        if not stable:
            return self._fresh(LOAD, operands, attrs, buffer.type.dtype)
        depth = self._depth(operands)
        key = ("load", *map(id, operands), offset, attrs["strides"])
        found = self._scopes[depth].get(key)
        if found is None:
            found = self._scopes[depth][key] = Value(_SCALARS[buffer.type.dtype])
            self._place(Op(LOAD, operands, attrs, (found,)), depth)
        return found

    def _fresh(
        self, primitive: Primitive, operands: tuple[Value, ...], attrs: Attrs, dtype: str
    ) -> Value:
        value = Value(_SCALARS[dtype])
        self._place(Op(primitive, operands, attrs, (value,)), len(self._blocks) - 1)
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
        """Work memory."""
        value = Value(Type(type.dtype, type.shape, buffer=True), "buf")
        self.ops.append(Op(ALLOC, (), {"type": type}, (value,)))
        return value

    def check(self, index: Value, size: int) -> Value:
        """The index, wrapped if negative, checked against `size`."""
        if index.type.dtype != "index":
            index = self.op("convert", index, attrs={"dtype": "index"}, dtype="index")
        key = ("check", id(index), size)
        depth = self._depth((index,))
        found = self._scopes[depth].get(key)
        if found is None:
            found = self._scopes[depth][key] = Value(_SCALARS["index"])
            self._place(Op(CHECK, (index,), {"size": size}, (found,)), depth)
        return found

    def outermost(self, work: Callable[[], Value]) -> Value:
        """What `work` builds, placed before all open loops."""
        blocks, self._blocks = self._blocks, self._blocks[:1]
        try:
            return work()
        finally:
            self._blocks = blocks

    @contextmanager
    def loop(
        self,
        upper: int,
        init: Sequence[Value] = (),
        *,
        lower: int = 0,
        kind: str = "serial",
        reduce: tuple[str, ...] = (),
    ) -> Iterator[Loop]:
        """A `for` op: inside the `with` block ops go to its region; set `loop.yields`."""
        index = Value(_SCALARS["index"], "i")
        carried = tuple(Value(v.type) for v in init)
        loop = Loop(index, carried)
        self._blocks.append([])
        self._scopes.append({})
        for value in (index, *carried):
            self._depths[id(value)] = len(self._blocks) - 1
        yield loop
        block = Block((index, *carried), tuple(self._blocks.pop()), tuple(loop.yields))
        self._scopes.pop()
        loop.results = tuple(Value(v.type) for v in init)
        kinds = reduce or ("",) * len(init)
        attrs = {"lower": lower, "upper": upper, "kind": kind, "reduce": kinds}
        self._place(Op(FOR, tuple(init), attrs, loop.results, (block,)), len(self._blocks) - 1)

    def finish(self) -> tuple[Op, ...]:
        """Everything built, without what nobody uses."""
        return live([*self.prelude, *self._blocks[0]])


class Loop:
    """A loop under construction: its index, carried values, and after the block its results."""

    def __init__(self, index: Value, carried: tuple[Value, ...]) -> None:
        self.index, self.carried = index, carried
        self.yields: Sequence[Value] = ()
        self.results: tuple[Value, ...] = ()


def live(ops: Sequence[Op]) -> tuple[Op, ...]:
    """The ops with an effect or a used result."""
    used: set[int] = set()
    kept: list[Op] = []
    for op in reversed(ops):
        if op.primitive.effect or any(id(r) in used for r in op.results):
            kept.append(op)
            used.update(map(id, op.operands))
            for region in op.regions:
                _mark(region, used)
    return tuple(reversed(kept))


def _mark(block: Block, used: set[int]) -> None:
    used.update(map(id, block.results))
    for op in block.ops:
        used.update(map(id, op.operands))
        for region in op.regions:
            _mark(region, used)


def _result_dtype(name: str, operands: Sequence[Value]) -> str:
    if name in PREDICATES:
        return "bool"
    return operands[1].type.dtype if name == "select" else operands[0].type.dtype
