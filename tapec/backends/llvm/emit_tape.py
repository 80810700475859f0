"""Tapes as LLVM text: stacks of 8-byte slots that grow.

A tape's record is memory of the kernel: where the slots are, how many there are, how many are in
use, and the first slots, on the stack. Each function keeps the first three in variables, which LLVM
turns into registers; `tapec.grow` changes the record. A block of memory is kept in a variable of
the module for the next call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapec.backends.llvm.emit_function import OUT_OF_MEMORY, UNLIKELY, FunctionEmitter
from tapec.backends.llvm.emit_memory import get, put
from tapec.backends.llvm.emit_place import SLOT, ElementPointer
from tapec.backends.llvm.jit import CELL
from tapec.backends.llvm.tuning import MOST_FIRST_SLOTS, STACK_SLOTS
from tapec.errors import UnsupportedLowering
from tapec.ir.core import Op, Value

RECORD = "{ ptr, i64, i64, ptr }"
_PARTS = (("base", "ptr"), ("cap", "i64"), ("top", "i64"))


def tape(e: FunctionEmitter, value: Value) -> str:
    """The prefix of a tape's variables `.base .cap .top`, filled from its record at first use."""
    number = e.tapes.get(value)
    if number is None:
        raise UnsupportedLowering("a tape that no `tape_open` in this program makes")
    name = e.open_tapes.get(number)
    if name is None:
        name = e.open_tapes[number] = f"%tape{number}"
        for part, type in _PARTS:
            e.head.append(f"{name}.{part} = alloca {type}")
        e.head.append(f"{name} = getelementptr {RECORD}, ptr %t, i64 {number}")
        e.head += reload(name, e.fresh_label())
    return name


def reload(name: str, unique: str) -> list[str]:
    """Lines that fill a tape's variables from its record."""
    lines = []
    for k, (part, type) in enumerate(_PARTS):
        at, value = f"%{unique}.{part}.at", f"%{unique}.{part}"
        lines += [
            f"{at} = getelementptr {RECORD}, ptr {name}, i64 0, i32 {k}",
            f"{value} = load {type}, ptr {at}",
            f"store {type} {value}, ptr {name}.{part}",
        ]
    return lines


def save(e: FunctionEmitter, name: str) -> None:
    """Put the number of slots in use into the record, for other functions."""
    top = e.emit(f"load i64, ptr {name}.top")
    at = e.emit(f"getelementptr {RECORD}, ptr {name}, i64 0, i32 2")
    e.lines.append(f"store i64 {top}, ptr {at}")


def tape_open(e: FunctionEmitter, op: Op) -> None:
    """An empty tape; its memory is that of the last one made here."""
    e.lines.append(f"store i64 0, ptr {tape(e, op.result)}.top")


def tape_push(e: FunctionEmitter, op: Op) -> None:
    """Take slots, with more memory where there are too few."""
    name = tape(e, op.operands[0])
    top = e.emit(f"load i64, ptr {name}.top")
    needed = e.emit(f"add nuw nsw i64 {top}, {op.attrs['slots']}")
    room = e.emit(f"load i64, ptr {name}.cap")
    fits = e.emit(f"icmp ule i64 {needed}, {room}")
    grow, ready = e.fresh_label(), e.fresh_label()
    e.lines.append(f"br i1 {fits}, label %{ready}, label %{grow}, {UNLIKELY}")
    e.open(grow)
    e.declare("declare i1 @tapec.grow(ptr, i64, ptr) cold")
    cell = f"@{cell_name(e.first_cell + e.tapes[op.operands[0]])}"
    grown = e.emit(f"call i1 @tapec.grow(ptr {name}, i64 {needed}, ptr {cell})")
    e.expect(grown, OUT_OF_MEMORY)
    e.lines += reload(name, e.fresh_label())[:6]
    e.jump(ready)
    e.open(ready)
    e.lines.append(f"store i64 {needed}, ptr {name}.top")
    e.names[op.result] = top


def tape_pop(e: FunctionEmitter, op: Op) -> None:
    """Give slots back."""
    name = tape(e, op.operands[0])
    top = e.emit(f"load i64, ptr {name}.top")
    e.names[op.result] = e.emit(f"sub nuw nsw i64 {top}, {op.attrs['slots']}")
    e.lines.append(f"store i64 {e.names[op.result]}, ptr {name}.top")


def tape_load(e: FunctionEmitter, op: Op) -> None:
    """A slot's value."""
    base = e.emit(f"load ptr, ptr {tape(e, op.operands[0])}.base")
    get(e, op, ElementPointer(base, op.attrs["dtype"], SLOT, False), op.operands[1:])


def tape_store(e: FunctionEmitter, op: Op) -> None:
    """Write a slot."""
    value, stack, *indices = op.operands
    base = e.emit(f"load ptr, ptr {tape(e, stack)}.base")
    put(e, op, ElementPointer(base, value.type.dtype, SLOT, False), indices)


# ---- the kernel around its functions ----


def make(module: set[str], cells: Sequence[str]) -> Iterator[str]:
    """Lines that make the records `%t`, each with its first slots; `cells` are the variables that
    keep their memory."""
    if not cells:
        return
    module.update(f"@{cell} = global ptr null" for cell in cells)
    first = max(min(MOST_FIRST_SLOTS, STACK_SLOTS // len(cells)), 16)
    yield f"%t = alloca [{len(cells)} x {RECORD}], align 64"
    for k in range(len(cells)):
        yield f"%slots{k} = alloca [{first} x i64], align 64"
    for k in range(len(cells)):
        slots = f"ptr %slots{k}"
        for part, value in enumerate((slots, f"i64 {first}", "i64 0", slots)):
            yield f"%t{k}.{part} = getelementptr {RECORD}, ptr %t, i64 {k}, i32 {part}"
            yield f"store {value}, ptr %t{k}.{part}"


def drop(module: set[str], cells: Sequence[str]) -> Iterator[str]:
    """Lines that free the memory of all tapes, or keep it for the next call."""
    if cells:
        module.add("declare void @tapec.shed(ptr, ptr)")
    for k, cell in enumerate(cells):
        yield f"call void @tapec.shed(ptr %t{k}.0, ptr @{cell})"


def cell_name(number: int) -> str:
    """The variable of the module that keeps a tape's memory for the next call."""
    return f"{CELL}{number}"
