"""Lowered programs as LLVM text: chunks of straight-line code and loop nests in one kernel.

Large functions cost LLVM more than linear time, so the program is cut into internal functions of
some 250 ops; a value that another chunk needs is stored in work memory right after its definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tapec.backends.llvm import emit_control as control
from tapec.backends.llvm import emit_loops as loops
from tapec.backends.llvm import emit_memory as memory
from tapec.backends.llvm import emit_tape as tape
from tapec.backends.llvm import lapack
from tapec.backends.llvm.constants import constant_text
from tapec.backends.llvm.deciding import deciding, every, reads
from tapec.backends.llvm.emit_function import FunctionEmitter, Special, const
from tapec.backends.llvm.emit_ops import SIZES
from tapec.backends.llvm.target import function_attributes, vector_width
from tapec.ir.core import Func, Op, Value

CHUNK = 250  # ops in one function
_ALIGN = 64
SCOPES = 64  # buffers up to which LLVM is told that they are separate

CONTROL = frozenset(["repeat", "while", "if", "tape_open"])
SPECIAL: Mapping[str, Special] = {
    "const": const,
    "alloc": memory.alloc,
    "load": memory.load,
    "store": memory.store,
    "gemm": memory.gemm,
    "getrf": lapack.getrf,
    "getrs": lapack.getrs,
    "expect": lapack.expect,
    "check_index": memory.check,
    "tape_open": tape.tape_open,
    "tape_push": tape.tape_push,
    "tape_pop": tape.tape_pop,
    "tape_load": tape.tape_load,
    "tape_store": tape.tape_store,
    "for": loops.loop,
    "repeat": control.repeat,
    "while": control.while_,
    "if": control.if_,
}


@dataclass(frozen=True)
class Emitted:
    """The text of a module, and what its kernel is like: bytes of work memory, number of ops,
    whether there are loops, and serial ones over memory or of unknown length."""

    text: str
    work_bytes: int
    ops: int
    loops: bool
    serial: bool


def emit_kernel(func: Func, name: str = "kernel") -> Emitted:
    """LLVM text of a lowered program; its parameters are buffers, which become pointers."""
    return _Kernel(func, name).emit()


class _Kernel:
    def __init__(self, func: Func, name: str) -> None:
        self.func, self.name = func, name
        self.module: set[str] = set()
        self.pointers = {v: f"%p{k}" for k, v in enumerate(func.params)}
        self.consts = [op for op in func.ops if op.name == "const"]
        self.allocs: dict[Value, int] = {}
        self.slots: dict[Value, int] = {}
        self.data: dict[Value, str] = {}
        self.scopes: dict[Value, str] = {}
        self.sizes: dict[Value, int] = {}
        self.work = 0
        self.width = vector_width("f64")
        opened = [op.result for op in every(func.ops) if op.name == "tape_open"]
        self.tapes = {value: k for k, value in enumerate(opened)}
        self.exact = deciding(func.ops)
        self.alone = False

    def emit(self) -> Emitted:
        """All chunks, and the kernel calling them."""
        chunks = _chunks(op for op in self.func.ops if op.name != "const")
        self.lay_out()
        metadata = self.separate()
        self.find_slots(chunks)
        self.alone = len(chunks) == 1 and not self.tapes
        bodies = [self.function(k, chunk) for k, chunk in enumerate(chunks)]
        texts = [text for text, _ in bodies]
        if not self.alone:
            texts.append(self.caller([fails for _, fails in bodies]))
        text = "\n".join([*sorted(self.module), *texts, *metadata])
        looping = any(op.regions for op in self.func.ops)
        return Emitted(
            text + "\n", self.work, _weigh(self.func.ops), looping, _is_serial(self.func.ops)
        )

    def lay_out(self) -> None:
        """Work memory of every buffer; what nobody reads any more is given to later ones."""
        ops = self.func.ops
        last = {value: k for k, op in enumerate(ops) for value in reads(op)}
        ending: dict[int, list[Value]] = {}
        free: list[tuple[int, int]] = []  # (bytes, place)
        for k, op in enumerate(ops):
            if op.name == "alloc" and "data" in op.attrs:
                self.pointers_to_data(op)
            elif op.name == "alloc":
                type = op.attrs["type"]
                size = -(-type.size * SIZES[type.dtype] // _ALIGN) * _ALIGN
                fits = min((f for f in free if size <= f[0] <= 2 * size), default=None)
                if fits is not None:
                    free.remove(fits)
                size, place = fits or (size, self.reserve(size))
                self.allocs[op.result] = place
                ending.setdefault(last.get(op.result, k), []).append(op.result)
                self.sizes[op.result] = size
            free += [(self.sizes[v], self.allocs[v]) for v in ending.get(k, ())]

    def separate(self) -> list[str]:
        """Tell LLVM that buffers in different places of work memory do not overlap."""
        places = {place: k for k, place in enumerate(sorted(set(self.allocs.values())))}
        if not 2 <= len(places) <= SCOPES:
            return []
        lines = ["!0 = distinct !{!0}"]
        for k in places.values():
            own, list_, others = 3 * k + 1, 3 * k + 2, 3 * k + 3
            rest = ", ".join(f"!{3 * j + 1}" for j in places.values() if j != k)
            lines += [f"!{own} = distinct !{{!{own}, !0}}", f"!{list_} = !{{!{own}}}"]
            lines.append(f"!{others} = !{{{rest}}}")
        for value, place in self.allocs.items():
            k = places[place]
            self.scopes[value] = f", !alias.scope !{3 * k + 2}, !noalias !{3 * k + 3}"
        return lines

    def pointers_to_data(self, op: Op) -> None:
        """A constant array of the module."""
        name = f"data{len(self.data)}"
        self.data[op.result] = f"@{name}"
        self.module.add(constant_text(name, op.attrs["data"].array))

    def reserve(self, size: int, align: int = _ALIGN) -> int:
        """Take work memory."""
        at = -(-self.work // align) * align
        self.work = at + size
        return at

    def find_slots(self, chunks: Sequence[Sequence[Op]]) -> None:
        """Work memory for the values that cross chunks."""
        if len(chunks) < 2:
            return
        home: dict[Value, int] = {}
        for k, chunk in enumerate(chunks):
            for op in chunk:
                for value in reads(op):
                    if value in self.tapes:
                        continue
                    if home.get(value, k) != k and value not in self.slots:
                        self.slots[value] = self.reserve(8, 8)
                if op.name != "alloc":
                    home.update(dict.fromkeys(op.results, k))

    def signature(self) -> str:
        """The parameter list of the kernel."""
        return ", ".join(f"ptr noalias {n}" for n in (*self.pointers.values(), "%w"))

    def function(self, number: int, ops: Sequence[Op]) -> tuple[str, bool]:
        """One chunk; (its text, whether it can fail)."""
        e = FunctionEmitter(self.module, self.width, SPECIAL, self.tapes)
        e.names.update(self.pointers)
        e.names.update(self.data)
        e.scopes = self.scopes
        e.exact = self.exact
        for op in self.consts:
            e.op(op)
        self.enter(e, ops)
        for op in ops:
            e.op(op)
            for value in op.results:
                slot = self.slots.get(value)
                if slot is not None:
                    at = e.emit(f"getelementptr i8, ptr %w, i64 {slot}")
                    memory.write(e, at, e.names[value], value.type.dtype, 1)
        for name in e.open_tapes.values():
            tape.save(e, name)
        parameters = self.signature() + (", ptr noalias %t" if self.tapes else "")
        name = self.name if self.alone else f"chunk{number}"
        head = f"define {'' if self.alone else 'internal '}i32 @{name}({parameters})"
        lines = [f"{head} {function_attributes()} {{", "start:", *e.head, *e.lines, "ret i32 0"]
        for status in e.failures:
            lines += [f"status{status}:", f"ret i32 {status}"]
        return "\n".join([*lines, "}"]), bool(e.failures)

    def enter(self, e: FunctionEmitter, ops: Sequence[Op]) -> None:
        """Bind what the chunk uses of work memory: buffers, values of earlier chunks."""
        own = {value for op in ops for value in op.results}
        for value in dict.fromkeys(v for op in ops for v in reads(op)):
            if value in self.allocs:
                e.names[value] = e.emit(f"getelementptr i8, ptr %w, i64 {self.allocs[value]}")
            elif value in self.slots and value not in own:
                at = e.emit(f"getelementptr i8, ptr %w, i64 {self.slots[value]}")
                e.names[value] = memory.read(e, at, value.type.dtype, 1)

    def caller(self, fails: Sequence[bool]) -> str:
        """The kernel: every chunk in turn, left at the first failure; tapes are freed then."""
        pointers = [*self.pointers.values(), "%w", *(["%t"] if self.tapes else [])]
        call = ", ".join(f"ptr {n}" for n in pointers)
        lines = [f"define i32 @{self.name}({self.signature()}) {function_attributes()} {{"]
        lines += ["start:", *tape.make(self.module, len(self.tapes))]
        label, ways = "start", []
        for k, failing in enumerate(fails):
            lines.append(f"%s{k} = call i32 @chunk{k}({call})")
            if failing:
                ways.append(f"[ %s{k}, %{label} ]")
                label = f"next{k}"
                lines.append(f"%f{k} = icmp ne i32 %s{k}, 0")
                lines.append(f"br i1 %f{k}, label %done, label %{label}")
                lines.append(f"{label}:")
        ways.append(f"[ 0, %{label} ]")
        lines += ["br label %done", "done:", f"%status = phi i32 {', '.join(ways)}"]
        lines += [*tape.drop(self.module, len(self.tapes)), "ret i32 %status", "}"]
        return "\n".join(lines)


def _is_serial(ops: Iterable[Op]) -> bool:
    """Whether there is control flow, or an innermost serial loop that loads and stores."""
    for op in every(ops):
        if op.name in CONTROL:
            return True
        if op.name == "for" and op.attrs["kind"] == "serial":
            inside = {inner.name for inner in op.regions[0].ops}
            if "store" in inside and "load" in inside and "for" not in inside:
                return True
    return False


def _weigh(ops: Iterable[Op]) -> int:
    return sum(1 + sum(_weigh(r.ops) for r in op.regions) for op in ops)


def _chunks(ops: Iterable[Op]) -> list[list[Op]]:
    """Cut into runs of about CHUNK ops; a long loop body is a chunk of its own."""
    chunks: list[list[Op]] = [[]]
    weight = 0
    for op in ops:
        more = _weigh([op]) * (4 if op.regions else 1)
        if chunks[-1] and weight + more > CHUNK:
            chunks.append([])
            weight = 0
        chunks[-1].append(op)
        weight += more
    return chunks
