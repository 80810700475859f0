"""One LLVM function from a block of lowered ops: registers, addresses, loops, vector bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tapec.backends.llvm.blas import gemm_call
from tapec.backends.llvm.emit_ops import (
    MEMORY,
    REGISTER,
    SIZES,
    Emit,
    emit_op,
    literal,
    vector,
)
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Op, Value

ACCUMULATORS = 4  # vectors a reduction is spread over, to hide the latency of its additions
_NEUTRAL: Mapping[str, Any] = {"add": 0, "mul": 1, "or": False, "and": True}
_COMBINE = {"max": "maximum", "min": "minimum", "or": "logical_or", "and": "logical_and"}


class FunctionEmitter:
    """Emits ops in order into `lines`; also the `Lines` that rules and vector math write to."""

    def __init__(self, module: set[str], width: int) -> None:
        self.module = module
        self.head: list[str] = []
        self.lines: list[str] = []
        self.names: dict[Value, str] = {}
        self.wide: dict[Value, str] = {}
        self.full_width = width
        self.width = 1
        self.lane: Value | None = None
        self.label = "start"
        self.checks = False
        self._count = 0

    # ---- what rules use ----

    def emit(self, instruction: str) -> str:
        """Append an instruction with a result; returns its new name."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def declare(self, text: str) -> None:
        """Add a declaration to the module."""
        self.module.add(text)

    def define(self, name: str, text: str) -> None:
        """Add a function definition to the module."""
        self.module.add(text)

    # ---- names ----

    def varies(self, value: Value) -> bool:
        """Whether the lanes of the vector body see different values."""
        return value in self.wide or value is self.lane

    def uniform(self, value: Value) -> str:
        """The scalar register of a value that is the same in all lanes."""
        return self.names[value]

    def operand(self, value: Value) -> str:
        """The operand at the current width."""
        if self.width == 1:
            return self.names[value]
        found = self.wide.get(value)
        if found is None:
            found = self.iota(value) if value is self.lane else self.splat(value)
        return found

    def splat(self, value: Value) -> str:
        """A uniform value in all lanes."""
        name, element = self.names[value], REGISTER[value.type.dtype]
        if name[0] != "%":
            return "<" + ", ".join([f"{element} {name}"] * self.width) + ">"
        return self.spread(name, element)

    def spread(self, name: str, element: str) -> str:
        """A scalar register in all lanes."""
        type = vector(element, self.width)
        one = self.emit(f"insertelement {type} poison, {element} {name}, i32 0")
        mask = f"<{self.width} x i32> zeroinitializer"
        return self.emit(f"shufflevector {type} {one}, {type} poison, {mask}")

    def iota(self, value: Value) -> str:
        """The loop index in every lane."""
        type = vector("i64", self.width)
        steps = "<" + ", ".join(f"i64 {k}" for k in range(self.width)) + ">"
        base = self.spread(self.names[value], "i64")
        self.wide[value] = self.emit(f"add {type} {base}, {steps}")
        return self.wide[value]

    # ---- ops ----

    def op(self, op: Op) -> None:
        """Emit one op."""
        special = _SPECIAL.get(op.name)
        if special is not None:
            special(self, op)
            return
        if self.width > 1 and any(self.varies(v) for v in op.operands):
            args = [self.operand(v) for v in op.operands]
            self.wide[op.result] = emit_op(self, op, args, self.width)
            return
        args = [self.names[v] for v in op.operands]
        self.names[op.result] = emit_op(self, op, args, 1)

    def const(self, op: Op) -> None:
        """A literal."""
        self.names[op.result] = literal(op.attrs["value"], op.attrs["type"].dtype)

    def address(self, buffer: Value, op: Op, indices: Sequence[str]) -> str:
        """The pointer to one element of a buffer."""
        flat = ""
        for stride, index in zip(op.attrs["strides"], indices, strict=True):
            if not stride:
                continue
            term = index if stride == 1 else self.emit(f"mul i64 {index}, {stride}")
            flat = term if not flat else self.emit(f"add i64 {flat}, {term}")
        offset, base = op.attrs["offset"], self.names[buffer]
        element = MEMORY[buffer.type.dtype]
        if offset:
            flat = f"{offset}" if not flat else self.emit(f"add i64 {flat}, {offset}")
        return self.emit(f"getelementptr {element}, ptr {base}, i64 {flat}") if flat else base

    def stride(self, op: Op, indices: Sequence[Value]) -> int | None:
        """Elements between neighbouring lanes; None where an index varies otherwise."""
        pairs = list(zip(op.attrs["strides"], indices, strict=True))
        if any(v in self.wide and v is not self.lane for _, v in pairs):
            return None
        return int(sum(s for s, v in pairs if v is self.lane))

    def load(self, op: Op) -> None:
        """Read a scalar, a vector, or lane by lane."""
        buffer, indices = op.operands[0], op.operands[1:]
        dtype = buffer.type.dtype
        stride = self.stride(op, indices) if self.width > 1 else 0
        if stride == 0:
            at = self.address(buffer, op, [self.names[v] for v in indices])
            self.names[op.result] = self.read(at, dtype, 1)
        elif stride == 1:
            at = self.address(buffer, op, [self.names[v] for v in indices])
            self.wide[op.result] = self.read(at, dtype, self.width)
        else:
            type, lanes = vector(REGISTER[dtype], self.width), "poison"
            for k in range(self.width):
                at = self.address(buffer, op, [self.lane_of(v, k) for v in indices])
                one = self.read(at, dtype, 1)
                lanes = self.emit(f"insertelement {type} {lanes}, {REGISTER[dtype]} {one}, i32 {k}")
            self.wide[op.result] = lanes

    def lane_of(self, value: Value, k: int) -> str:
        """One lane of a value."""
        if value is self.lane:
            return self.emit(f"add i64 {self.names[value]}, {k}") if k else self.names[value]
        if value not in self.wide:
            return self.names[value]
        type = vector(REGISTER[value.type.dtype], self.width)
        return self.emit(f"extractelement {type} {self.wide[value]}, i32 {k}")

    def read(self, at: str, dtype: str, width: int) -> str:
        """Load `width` elements; bools become i1."""
        type = vector(MEMORY[dtype], width)
        value = self.emit(f"load {type}, ptr {at}, align {SIZES[dtype]}")
        if dtype != "bool":
            return value
        zero = "0" if width == 1 else "zeroinitializer"
        return self.emit(f"icmp ne {type} {value}, {zero}")

    def write(self, at: str, value: str, dtype: str, width: int) -> None:
        """Store `width` elements; bools become bytes."""
        type = vector(MEMORY[dtype], width)
        if dtype == "bool":
            value = self.emit(f"zext {vector('i1', width)} {value} to {type}")
        self.lines.append(f"store {type} {value}, ptr {at}, align {SIZES[dtype]}")

    def store(self, op: Op) -> None:
        """Write a scalar, a vector, or lane by lane."""
        value, buffer, indices = op.operands[0], op.operands[1], op.operands[2:]
        dtype = buffer.type.dtype
        stride = self.stride(op, indices) if self.width > 1 else 0
        if self.width == 1 or stride == 1:
            at = self.address(buffer, op, [self.names[v] for v in indices])
            self.write(at, self.operand(value), dtype, self.width)
            return
        for k in range(self.width):
            at = self.address(buffer, op, [self.lane_of(v, k) for v in indices])
            self.write(at, self.lane_of(value, k), dtype, 1)

    def check(self, op: Op) -> None:
        """Wrap a negative index; leave with status 1 when it is out of bounds."""
        (index,) = op.operands
        self.checks = True
        wide = self.width > 1 and self.varies(index)
        e = Emit(self, op, [], self.width if wide else 1)
        x, size = (self.operand(index) if wide else self.names[index]), op.attrs["size"]
        wrapped = e.pick(e.cmp("slt", x, e.num(0)), e.do("add", x, e.num(size)), x)
        ok = e.cmp("ult", wrapped, e.num(size))
        if wide:
            reduce = f"@llvm.vector.reduce.and.v{self.width}i1"
            self.declare(f"declare i1 {reduce}(<{self.width} x i1>)")
            ok = self.emit(f"call i1 {reduce}(<{self.width} x i1> {ok})")
        following = self.fresh_label()
        self.lines.append(f"br i1 {ok}, label %{following}, label %out_of_bounds")
        self.open(following)
        (self.wide if wide else self.names)[op.result] = wrapped

    # ---- loops ----

    def fresh_label(self) -> str:
        """A new block name."""
        self._count += 1
        return f"b{self._count}"

    def open(self, label: str) -> None:
        """Start a block."""
        self.lines.append(f"{label}:")
        self.label = label

    def counted(
        self,
        bounds: tuple[int, int, int],
        init: Sequence[tuple[str, str]],
        body: Callable[[str, list[str]], Sequence[str]],
    ) -> list[str]:
        """A loop over range(*bounds) carrying (type, name) registers; at least one iteration."""
        lower, upper, step = bounds
        if lower >= upper:
            return [name for _, name in init]
        if lower + step >= upper:
            return list(body(str(lower), [name for _, name in init]))
        before, head, exit = self.label, self.fresh_label(), self.fresh_label()
        self.lines.append(f"br label %{head}")
        self.open(head)
        index = self.emit("phi")
        carried = [self.emit("phi") for _ in init]
        first = len(self.lines) - len(init) - 1
        results = list(body(index, carried))
        following = self.emit(f"add nuw nsw i64 {index}, {step}")
        more = self.emit(f"icmp slt i64 {following}, {upper}")
        self.lines.append(f"br i1 {more}, label %{head}, label %{exit}")
        latch = self.label
        entries = [("i64", str(lower), following, index)]
        entries += [(t, a, b, n) for (t, a), b, n in zip(init, results, carried, strict=True)]
        for k, (type, start, again, name) in enumerate(entries):
            self.lines[first + k] = (
                f"{name} = phi {type} [ {start}, %{before} ], [ {again}, %{latch} ]"
            )
        self.open(exit)
        return results

    def block(self, block: Block, index: str, carried: Sequence[str]) -> None:
        """The ops of a loop body, with its parameters bound."""
        self.names[block.params[0]] = index
        target = self.wide if self.width > 1 else self.names
        if self.width > 1 and self.lane is not block.params[0]:
            self.wide.pop(block.params[0], None)
        target.update(zip(block.params[1:], carried, strict=True))
        for op in block.ops:
            self.op(op)

    def loop(self, op: Op) -> None:
        """A `for`: serial at the present width, or the vector loop with its scalar tail."""
        lower, upper = op.attrs["lower"], op.attrs["upper"]
        vectorise = op.attrs["kind"] == "vector" and self.width == 1 and self.full_width > 1
        init = [(v.type.dtype, self.operand(v)) for v in op.operands]
        if vectorise and upper - lower >= self.full_width:
            totals, lower = self.vector_loop(op, lower, upper)
            init = [(d, t) for (d, _), t in zip(init, totals, strict=True)]
        results = self.serial(op.regions[0], (lower, upper, 1), init)
        target = self.wide if self.width > 1 else self.names
        target.update(zip(op.results, results, strict=True))

    def serial(
        self, block: Block, bounds: tuple[int, int, int], init: Sequence[tuple[str, str]]
    ) -> list[str]:
        """Iterations one after the other."""

        def body(index: str, carried: list[str]) -> list[str]:
            self.block(block, index, carried)
            return [self.operand(v) for v in block.results]

        typed = [(vector(REGISTER[d], self.width), name) for d, name in init]
        return self.counted(bounds, typed, body)

    def vector_loop(self, op: Op, lower: int, upper: int) -> tuple[list[str], int]:
        """Whole vectors of iterations; (carried values so far, first iteration left over)."""
        (block,), kinds = op.regions, op.attrs["reduce"]
        dtypes = [v.type.dtype for v in op.operands]
        inits = [self.names[v] for v in op.operands]
        width = self.full_width
        copies = ACCUMULATORS if kinds and upper - lower >= ACCUMULATORS * width else 1
        step = copies * width
        stop = lower + (upper - lower) // step * step
        self.width, self.lane = width, block.params[0]
        starts = [
            self.start(k, d, n) for k, d, n in zip(kinds, dtypes, inits, strict=True)
        ] * copies
        types = [vector(REGISTER[d], width) for d in dtypes] * copies

        def body(index: str, carried: list[str]) -> list[str]:
            out: list[str] = []
            for c in range(copies):
                at = index if not c else self.emit(f"add nuw nsw i64 {index}, {c * width}")
                self.wide = {}
                self.block(block, at, carried[c * len(kinds) : (c + 1) * len(kinds)])
                out += [self.operand(v) for v in block.results]
            return out

        accumulated = self.counted((lower, stop, step), list(zip(types, starts, strict=True)), body)
        totals = []
        for k, (how, dtype) in enumerate(zip(kinds, dtypes, strict=True)):
            parts = accumulated[k :: len(kinds)]
            totals.append(self.total(how, dtype, parts, inits[k]))
        self.width, self.lane, self.wide = 1, None, {}
        return totals, stop

    def start(self, how: str, dtype: str, init: str) -> str:
        """What the accumulators of a reduction start from."""
        if how in _NEUTRAL:
            return literal(_NEUTRAL[how], dtype, self.width)
        if how not in _COMBINE:
            raise UnsupportedLowering("a vector loop carries reductions only")
        if init[0] != "%":
            return "<" + ", ".join([f"{REGISTER[dtype]} {init}"] * self.width) + ">"
        return self.spread(init, REGISTER[dtype])

    def total(self, how: str, dtype: str, parts: Sequence[str], init: str) -> str:
        """Accumulators combined pairwise, then across lanes, then with the initial value."""
        level = list(parts)
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [self.combine(how, dtype, a, b, self.width) for a, b in pairs]
        type = vector(REGISTER[dtype], self.width)
        lanes = [self.emit(f"extractelement {type} {level[0]}, i32 {k}") for k in range(self.width)]
        while len(lanes) > 1:
            pairs = zip(lanes[::2], lanes[1::2], strict=True)
            lanes = [self.combine(how, dtype, a, b, 1) for a, b in pairs]
        return self.combine(how, dtype, init, lanes[0], 1)

    def combine(self, how: str, dtype: str, a: str, b: str, width: int) -> str:
        """One step of a reduction."""
        from tapec.ir.primitive import lookup
        from tapec.ir.types import Type

        x = Value(Type(dtype))
        op = Op(lookup(_COMBINE.get(how, how)), (x, x), {}, (Value(Type(dtype)),))
        return emit_op(self, op, [a, b], width)


def _nothing(emitter: FunctionEmitter, op: Op) -> None:
    """Memory is laid out before."""


def _gemm(emitter: FunctionEmitter, op: Op) -> None:
    """A call of BLAS, at the places that the indices give."""
    places = []
    for buffer, strides in zip(op.operands[:3], op.attrs["strides"], strict=True):
        at = Op(op.primitive, op.operands, {"strides": strides, "offset": 0}, ())
        indices = [emitter.names[i] for i in op.operands[3:]]
        places.append(emitter.address(buffer, at, indices))
    gemm_call(emitter, op, places)


_SPECIAL: dict[str, Callable[[FunctionEmitter, Op], None]] = {
    "const": FunctionEmitter.const,
    "load": FunctionEmitter.load,
    "store": FunctionEmitter.store,
    "check_index": FunctionEmitter.check,
    "for": FunctionEmitter.loop,
    "gemm": _gemm,
    "alloc": _nothing,
}
