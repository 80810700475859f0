"""One LLVM function from a block of lowered ops: registers, blocks, one rule per kind of op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from tapec.backends.llvm.abi import INTERRUPTED
from tapec.backends.llvm.emit_ops import emit_op
from tapec.backends.llvm.emit_pairs import Pairs
from tapec.backends.llvm.emit_scalar import REGISTER, literal, vector
from tapec.backends.llvm.ranges import Range, range_of
from tapec.backends.llvm.tuning import POLL_WORK
from tapec.backends.llvm.vmath.lines import USUALLY, merge
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Op, Value

LIKELY_SECOND = '!prof !{!"branch_weights", i32 1, i32 2000}'
UNLIKELY = '!prof !{!"branch_weights", i32 2000, i32 1}'
OUT_OF_BOUNDS, OUT_OF_MEMORY = 1, 2

Special = Callable[["FunctionEmitter", Op], None]


class FunctionEmitter:
    """Emits ops in order into `lines`; also the `Lines` that rules and vector math write to.

    `special` has the rules of ops that are not scalar arithmetic. Inside a vector body `width` is
    above 1, and `wide` has the values that differ between its lanes.
    """

    def __init__(
        self,
        module: set[str],
        width: int,
        special: Mapping[str, Special],
        tapes: Mapping[Value, int] | None = None,
    ) -> None:
        self.module = module
        self.special = special
        self.head: list[str] = []
        self.lines: list[str] = []
        self.names: dict[Value, str] = {}
        self.scopes: Mapping[Value, str] = {}  # alias metadata of buffers
        self.wide: dict[Value, str] = {}
        self.ranges: dict[Value, Range] = {}
        self.full_width = width
        self.width = 1
        self.lanes: Mapping[Value, int] = {}  # indices that differ between lanes, with their stride
        self.columns: Counter[tuple[Value, ...]] = Counter()  # loads that differ in offset only
        self.label = "start"
        self.failures: dict[int, None] = {}  # statuses this function may return
        self.exact: Collection[Op] = ()  # not to be fused into multiply-adds
        self.rounding = False
        self.outlined: Collection[str] = ()  # vector functions that are called instead of inlined
        self.pairs = Pairs()
        self.chains: dict[tuple[str, str], tuple[str, str]] = {}  # of maxima and minima
        self.depth = 0  # loops around the present block
        self.depths: dict[Value, int] = {}  # the loop depth at which values are computed
        self._entries: list[int] = []  # lines before enclosing loops, for hoisted code
        self._hoisted: list[dict[str, str]] = []
        self.tapes = tapes or {}
        self.polls = False
        self.name = ""  # of the kernel's part that is emitted
        self.alone = False  # run in a thread beside others, which leave signals to the first one
        self.first_cell = 0  # number of the first variable that caches a tape's memory
        self.callee: Callable[[Block], tuple[str, int]] = _nobody
        self.passes_failures = False
        self.open_tapes: dict[int, str] = {}
        self._count = 0

    # ---- what rules use ----

    def emit(self, instruction: str) -> str:
        """Append an instruction with a result; returns its new name."""
        self._count += 1
        name = f"%v{self._count}"
        if self.rounding:
            instruction = instruction.replace(" contract ", " ", 1)
        self.lines.append(f"{name} = {instruction}")
        return name

    def effect(self, instruction: str) -> None:
        """Append an instruction without a result."""
        self.lines.append(instruction)

    def declare(self, text: str) -> None:
        """Add a declaration to the module."""
        self.module.add(text)

    def define(self, name: str, text: str) -> None:
        """Add a function definition to the module."""
        self.module.add(text)

    # ---- names ----

    def varies(self, value: Value) -> bool:
        """Whether a value differs between the lanes of the vector body."""
        return value in self.wide or value in self.lanes

    def operand(self, value: Value) -> str:
        """The operand at the current width."""
        if self.width == 1:
            return self.names[value]
        found = self.wide.get(value)
        if found is None:
            found = self.iota(value) if value in self.lanes else self.splat(value)
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
        steps = "<" + ", ".join(f"i64 {k * self.lanes[value]}" for k in range(self.width)) + ">"
        base = self.spread(self.names[value], "i64")
        self.wide[value] = self.emit(f"add {type} {base}, {steps}")
        return self.wide[value]

    def lane_of(self, value: Value, k: int) -> str:
        """One lane of a value."""
        if value in self.lanes:
            far = k * self.lanes[value]
            return self.emit(f"add i64 {self.names[value]}, {far}") if k else self.names[value]
        if value not in self.wide:
            return self.names[value]
        type = vector(REGISTER[value.type.dtype], self.width)
        return self.emit(f"extractelement {type} {self.wide[value]}, i32 {k}")

    def bind(self, values: Sequence[Value], names: Sequence[str]) -> None:
        """Name values at the current width."""
        target = self.wide if self.width > 1 else self.names
        target.update(zip(values, names, strict=True))

    # ---- ops ----

    def op(self, op: Op) -> None:
        """Emit one op."""
        if self.depth:
            for value in op.results:
                self.depths[value] = self.depth
        special = self.special.get(op.primitive.name)
        if special is not None:
            special(self, op)
            return
        self.rounding = op in self.exact
        found = range_of(op, self.ranges)
        if found is not None:
            self.ranges[op.result] = found
        if self.width > 1 and any(map(self.varies, op.operands)):
            args = [self.operand(v) for v in op.operands]
            self.wide[op.result] = self.scalar(op, args, self.width)
            return
        self.names[op.result] = self.scalar(op, [self.names[v] for v in op.operands], 1)

    def scalar(self, op: Op, args: Sequence[str], width: int) -> str:
        """Emit an op of numbers, or of a vector of them."""
        return self.pairs.result(self, op, args, width) or emit_op(self, op, args, width)

    def block(self, block: Block) -> list[str]:
        """All ops of a region whose parameters are bound; its results."""
        outer, self.pairs = self.pairs, Pairs(block.ops)
        for op in block.ops:
            self.op(op)
        self.pairs = outer
        return [self.operand(v) for v in block.results]

    # ---- blocks ----

    def fresh_label(self) -> str:
        """A new block name."""
        self._count += 1
        return f"b{self._count}"

    def open(self, label: str) -> None:
        """Start a block."""
        self.lines.append(f"{label}:")
        self.label = label

    def jump(self, label: str) -> str:
        """Jump to a block; returns the name of the block that ends."""
        self.lines.append(f"br label %{label}")
        return self.label

    def expect(self, truth: str, status: int) -> None:
        """Go on where `truth` holds, else end the kernel with a status."""
        following = self.fresh_label()
        self.failures[status] = None
        self.lines.append(f"br i1 {truth}, label %{following}, label %status{status}, {UNLIKELY}")
        self.open(following)

    def rarely(
        self, usual: str, fast: Sequence[str], slow: Callable[[], Sequence[str]], type: str
    ) -> list[str]:
        """The values `fast` where the truth value `usual` holds, else those that `slow` appends."""
        before, other, done = self.label, self.fresh_label(), self.fresh_label()
        self.lines.append(f"br i1 {usual}, label %{done}, label %{other}, {USUALLY}")
        self.open(other)
        made = slow()
        ways = before, self.jump(done)
        self.open(done)
        return [self.emit(merge(type, ways, pair)) for pair in zip(fast, made, strict=True)]

    def apart(self) -> FunctionEmitter:
        """An emitter of a function for other threads, which knows what this one knows."""
        made = FunctionEmitter(self.module, self.full_width, self.special)
        made.names.update({v: n for v, n in self.names.items() if n[0] != "%"})
        made.scopes, made.exact, made.outlined = self.scopes, self.exact, self.outlined
        made.ranges = dict(self.ranges)
        made.alone = True
        return made

    def poll(self, index: str, body: int) -> None:
        """Poll for signals at intervals, in a loop with this much work per iteration."""
        if self.alone:
            return
        if not self.polls:
            self.head += ["%clock = alloca i64", "store i64 0, ptr %clock"]
            self.polls = True
        self.declare("declare i32 @tapec.poll(ptr) cold")
        period = 1 << max(POLL_WORK // max(body, 16), 1).bit_length() - 1
        now, on = self.fresh_label(), self.fresh_label()
        rest = self.emit(f"and i64 {index}, {period - 1}")
        due = self.emit(f"icmp eq i64 {rest}, {period - 1}")
        self.lines.append(f"br i1 {due}, label %{now}, label %{on}, {LIKELY_SECOND}")
        self.open(now)
        status = self.emit("call i32 @tapec.poll(ptr %clock)")
        self.expect(self.emit(f"icmp eq i32 {status}, 0"), INTERRUPTED)
        self.jump(on)
        self.open(on)

    @contextmanager
    def looping(self, *params: Value) -> Iterator[None]:
        """Emit a loop with these parameters in this context; enter it just before its head."""
        self.lines.append("")
        self._entries.append(len(self.lines) - 1)
        self._hoisted.append({})
        self.depth += 1
        self.depths.update(dict.fromkeys(params, self.depth))
        yield
        self.depth -= 1
        self._entries.pop()
        self._hoisted.pop()

    def before(self, loop: int, instruction: str) -> str:
        """The result of an instruction hoisted in front of the `loop`-th enclosing loop, once."""
        cache = self._hoisted[loop]
        if instruction not in cache:
            self._count += 1
            cache[instruction] = f"%v{self._count}"
            self.lines[self._entries[loop]] += f"{cache[instruction]} = {instruction}\n"
        return cache[instruction]

    @contextmanager
    def phis(self, types: Sequence[str]) -> Iterator[Phis]:
        """Merged registers: register each predecessor of this block with `arrive` before the
        `with` block ends."""
        at = len(self.lines)
        merged = Phis([self.emit("phi") for _ in types])
        yield merged
        for k, (type, name) in enumerate(zip(types, merged.names, strict=True)):
            ways = ", ".join(f"[ {values[k]}, %{label} ]" for label, values in merged.ways)
            self.lines[at + k] = f"{name} = phi {type} {ways}"


class Phis:
    """Merged registers under construction."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.ways: list[tuple[str, Sequence[str]]] = []

    def arrive(self, label: str, values: Sequence[str]) -> None:
        """Add a predecessor block with its values."""
        self.ways.append((label, values))


def _nobody(block: Block) -> tuple[str, int]:
    raise UnsupportedLowering("a call where no function can be made")


def const(e: FunctionEmitter, op: Op) -> None:
    """A literal."""
    value, type = op.attrs["value"], op.attrs["type"]
    e.names[op.result] = literal(value, type.dtype)
    if type.dtype in ("index", "i64", "i32"):
        e.ranges[op.result] = (int(value), int(value))
