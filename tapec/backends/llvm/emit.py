"""Lowered programs as LLVM text: chunks of straight-line code and loop nests in one kernel.

Large functions cost LLVM more than linear time, so the program is cut into internal functions of
some 250 ops; a value that another chunk needs is stored in work memory right after its definition.
A function called without inlining becomes an internal kernel of the module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tapec.backends.llvm import emit_memory as memory
from tapec.backends.llvm import emit_place as place
from tapec.backends.llvm import emit_tape as tape
from tapec.backends.llvm.chunks import chunks, weigh
from tapec.backends.llvm.constants import definition
from tapec.backends.llvm.deciding import deciding
from tapec.backends.llvm.emit_function import FunctionEmitter, Special
from tapec.backends.llvm.jit import PASSES
from tapec.backends.llvm.layout import Layout
from tapec.backends.llvm.target import function_attributes, vector_width
from tapec.backends.llvm.tuning import INLINED_USES, MIDDLE_OPS
from tapec.backends.llvm.vmath import SUPPORTED
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every, reads
from tapec.ir.ops.const import is_const
from tapec.ir.ops.loop import FOR, IF, INVOKE, REPEAT, WHILE
from tapec.ir.ops.memory import ALLOC, LOAD, STORE, TAPE_OPEN
from tapec.lazy import named

_ADDRESSES = 2**62  # a size that never limits
UNKNOWN = frozenset([REPEAT, WHILE])
# Rules of ops that are no scalar arithmetic: the module of each, and its name there.
SPECIAL: Mapping[str, Special] = named(
    "tapec.backends.llvm",
    {
        "const": "emit_function",
        "alloc": "emit_memory",
        "load": "emit_memory",
        "store": "emit_memory",
        "gemm": "emit_memory",
        "getrf": "lapack",
        "getrs": "lapack",
        "potrf": "lapack",
        "lapack": "lapack:routine",
        "host": "emit_calls:python_call",
        "numpy": "emit_calls:python_call",
        "expect": "lapack",
        "check_index": "emit_memory:check",
        "tape_open": "emit_tape",
        "tape_push": "emit_tape",
        "tape_pop": "emit_tape",
        "tape_load": "emit_tape",
        "tape_store": "emit_tape",
        "for": "emit_wave:loop",
        "parallel": "emit_parallel",
        "repeat": "emit_control",
        "while": "emit_control:while_",
        "if": "emit_control:if_",
        "invoke": "emit_calls",
    },
)


@dataclass(frozen=True)
class Emitted:
    """The text of a module, with the work memory of its kernel in bytes and its number of ops."""

    text: str
    work_bytes: int
    ops: int


def emit_kernel(func: Func, name: str = "kernel") -> Emitted:
    """LLVM text of a lowered program; its parameters are buffers, which become pointers."""
    module = _Module(deciding(func.ops), _outlined(func.ops))
    kernel = _Kernel(func.block, name, module)
    kernel.emit()
    if kernel.layout.size >= _ADDRESSES:
        raise MemoryError(f"the program needs {kernel.layout.size} bytes of work memory")
    ops = [op for block in (func.block, *module.callees) for op in block.ops]
    return Emitted(module.text(), kernel.layout.size, weigh(ops))


def _outlined(ops: Iterable[Op]) -> Collection[str]:
    """Vector functions that are called instead of inlined, as the program uses them often.

    A call costs a few nanoseconds for all lanes.
    """
    bodies = (op.regions[0].ops for op in every(ops) if op.primitive is FOR)
    names = (op.primitive.function for body in bodies for op in body)
    uses = Counter(name for name in names if name in SUPPORTED)
    return {name for name, count in uses.items() if count > INLINED_USES}


@dataclass
class _Module:
    """State shared by all functions of a module: ops not to be fused, outlined vector functions,
    callee kernels, text, counters."""

    exact: set[Op]
    outlined: Collection[str]
    declared: set[str] = field(default_factory=set)
    functions: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    callees: dict[Block, _Kernel] = field(default_factory=dict)
    constants: int = 0
    tapes: int = 0

    def text(self) -> str:
        """The whole module."""
        return "\n".join([*sorted(self.declared), *self.functions, *self.metadata]) + "\n"


class _Kernel:
    """One kernel being emitted; `internal` to the module unless it is the program's own."""

    def __init__(self, block: Block, name: str, module: _Module, internal: bool = False) -> None:
        self.block, self.name, self.module, self.internal = block, name, module, internal
        self.pointers = {v: f"%p{k}" for k, v in enumerate(block.params)}
        self.consts = {op.result: op for op in block.ops if is_const(op)}
        self.layout = Layout()
        self.frames: dict[Block, int] = {}  # work memory of the kernels called
        self.data: dict[Value, str] = {}
        self.scopes: dict[Value, str] = {}
        self.width = vector_width("f64")
        self.tapes = {value: k for k, value in enumerate(_opened(block.ops))}
        self.first_cell = module.tapes
        module.tapes += len(self.tapes)
        self.alone = False

    def emit(self) -> None:
        """Add all chunks, and the kernel calling them, to the module."""
        parts = chunks(op for op in self.block.ops if not is_const(op))
        self.layout.place_buffers(self.block.ops)
        for op in self.block.ops:
            if op.primitive is ALLOC and "data" in op.attrs:
                self.constant(op)
        metadata = self.module.metadata
        self.scopes, lines = self.layout.separate(len(metadata))
        metadata += lines
        self.layout.place_values(parts, self.tapes)
        self.alone = len(parts) == 1 and not self.tapes
        fails = [self.function(k, part) for k, part in enumerate(parts)]
        if not self.alone:
            self.module.functions.append(self.caller(fails))

    def constant(self, op: Op) -> None:
        """A constant array of the module."""
        name, text = definition(op.attrs["data"], self.module.constants)
        self.module.constants += 1
        self.data[op.result] = f"@{name}"
        self.module.declared.add(text)

    def callee(self, block: Block) -> tuple[str, int]:
        """The kernel of a function that is called, and the place of its work memory in ours."""
        callees = self.module.callees
        if block not in callees:
            callees[block] = _Kernel(block, f"callee{len(callees)}", self.module, internal=True)
            callees[block].emit()
        if block not in self.frames:
            self.frames[block] = self.layout.reserve(callees[block].layout.size)
        return callees[block].name, self.frames[block]

    def signature(self) -> str:
        """The parameter list of the kernel."""
        return ", ".join(f"ptr noalias {n}" for n in (*self.pointers.values(), "%w"))

    def part(self, number: int) -> str:
        """The name of a chunk's function."""
        return f"{self.name}.chunk{number}" if self.internal else f"chunk{number}"

    def head(self, name: str, parameters: str, internal: bool, passes: bool = False) -> str:
        """The first line of a function; `passes` asks for LLVM's middle-end passes."""
        linkage, apart = ("internal ", "noinline ") if internal else ("", "")
        attributes = function_attributes() + (f' "{PASSES}"' if passes else "")
        return f"define {linkage}i32 @{name}({parameters}) {apart}{attributes} {{"

    def function(self, number: int, ops: Sequence[Op]) -> bool:
        """Add the function of one chunk; whether it can fail."""
        e = FunctionEmitter(self.module.declared, self.width, SPECIAL, self.tapes)
        e.first_cell = self.first_cell
        e.callee = self.callee
        e.name = self.part(number)
        e.names.update(self.pointers)
        e.names.update(self.data)
        e.scopes = self.scopes
        e.exact = self.module.exact
        e.outlined = self.module.outlined
        for op in ops:
            self.enter(e, op)
            e.op(op)
            for value in op.results:
                slot = self.layout.slots.get(value)
                if slot is not None:
                    at = e.emit(f"getelementptr i8, ptr %w, i64 {slot}")
                    memory.write(e, at, e.names[value], value.type.dtype, 1)
        for name in e.open_tapes.values():
            tape.save(e, name)
        parameters = self.signature() + (", ptr noalias %t" if self.tapes else "")
        name = self.name if self.alone else self.part(number)
        internal = self.internal or not self.alone
        lines = [self.head(name, parameters, internal, _gains(ops)), "start:"]
        lines += [*e.head, *e.lines, "ret i32 0"]
        for status in e.failures:
            lines += [f"status{status}:", f"ret i32 {status}"]
        self.module.functions.append("\n".join([*lines, "}"]))
        return bool(e.failures) or e.passes_failures

    def enter(self, e: FunctionEmitter, op: Op) -> None:
        """Bind what an op is the first of its chunk to read: constants, and of work memory buffers
        and values of earlier chunks. All at the start would need as many registers."""
        allocs, slots = self.layout.allocs, self.layout.slots
        for value in reads(op):
            if value in e.names:
                continue
            if value in self.consts:
                e.op(self.consts[value])
            elif value in allocs:
                e.names[value] = e.emit(f"getelementptr i8, ptr %w, i64 {allocs[value]}")
            elif value in slots:
                at = e.emit(f"getelementptr i8, ptr %w, i64 {slots[value]}")
                e.names[value] = place.read(e, at, value.type.dtype, 1)

    def caller(self, fails: Sequence[bool]) -> str:
        """The kernel: calls every chunk, stops at the first failure, and frees the tapes."""
        pointers = [*self.pointers.values(), "%w", *(["%t"] if self.tapes else [])]
        call = ", ".join(f"ptr {n}" for n in pointers)
        cells = [tape.cell_name(self.first_cell + k) for k in range(len(self.tapes))]
        lines = [self.head(self.name, self.signature(), self.internal)]
        lines += ["start:", *tape.make(self.module.declared, cells)]
        label, ways = "start", []
        for k, failing in enumerate(fails):
            lines.append(f"%s{k} = call i32 @{self.part(k)}({call})")
            if failing:
                ways.append(f"[ %s{k}, %{label} ]")
                label = f"next{k}"
                lines.append(f"%f{k} = icmp ne i32 %s{k}, 0")
                lines.append(f"br i1 %f{k}, label %done, label %{label}")
                lines.append(f"{label}:")
        ways.append(f"[ 0, %{label} ]")
        lines += ["br label %done", "done:", f"%status = phi i32 {', '.join(ways)}"]
        lines += [*tape.drop(self.module.declared, cells), "ret i32 %status", "}"]
        return "\n".join(lines)


def _opened(ops: Iterable[Op]) -> Iterator[Value]:
    """The tapes opened in these ops, without those of called functions."""
    for op in ops:
        if op.primitive is TAPE_OPEN:
            yield op.result
        elif op.primitive is not INVOKE:
            for region in op.regions:
                yield from _opened(region.ops)


def _gains(ops: Sequence[Op]) -> bool:
    """Whether LLVM's passes pay off: in serial loops they forward stores to loads of the next
    iteration; all other code is emitted in its final form."""
    return weigh(ops) <= MIDDLE_OPS and any(map(_is_serial, every(ops)))


def _is_serial(op: Op) -> bool:
    """Whether an op is a loop of unknown length, one with branches, or an innermost serial loop
    that loads and stores."""
    if op.primitive is not FOR or op.attrs["kind"] == "vector":
        return op.primitive in UNKNOWN
    inside = {inner.primitive for inner in op.regions[0].ops}
    return IF in inside or ({LOAD, STORE} <= inside and FOR not in inside)
