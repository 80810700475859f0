"""Calls of functions that are not inlined, and of Python's, as LLVM text."""

from __future__ import annotations

from tapec.backends.llvm import pycalls
from tapec.backends.llvm.emit_function import UNLIKELY, FunctionEmitter
from tapec.backends.llvm.emit_place import address, buffer_place
from tapec.ir.core import Op
from tapec.ir.ops.loop import RAISED


def invoke(e: FunctionEmitter, op: Op) -> None:
    """Call the kernel made of the region, with pointers into our buffers and part of our work
    memory; a status other than 0 is passed on."""
    (region,) = op.regions
    count = len(region.params)
    indices = [e.names[v] for v in op.operands[count:]]
    pointers = []
    for buffer, offset, strides in zip(
        op.operands, op.attrs["offsets"], op.attrs["strides"], strict=False
    ):
        at = Op(op.primitive, op.operands, {"offset": offset, "strides": strides}, ())
        pointers.append(address(e, buffer_place(e, buffer), at, indices))
    name, frame = e.callee(region)
    pointers.append(e.emit(f"getelementptr i8, ptr %w, i64 {frame}"))
    status = e.emit(f"call i32 @{name}({', '.join(f'ptr {p}' for p in pointers)})")
    pass_on(e, status)


def pass_on(e: FunctionEmitter, status: str) -> None:
    """End the kernel with the status of a function that it called, unless that is 0."""
    fine = e.emit(f"icmp eq i32 {status}, 0")
    on, failed = e.fresh_label(), e.fresh_label()
    e.lines.append(f"br i1 {fine}, label %{on}, label %{failed}, {UNLIKELY}")
    e.open(failed)
    e.lines.append(f"ret i32 {status}")
    e.open(on)
    e.passes_failures = True


def python_call(e: FunctionEmitter, op: Op) -> None:
    """Call a Python function on a table of the buffers; its exception ends the kernel."""
    symbol, _ = pycalls.callback(op)
    e.declare(f"declare i32 @{symbol}(ptr)")
    table = f"%host.{len(e.head)}"
    e.head.append(f"{table} = alloca [{len(op.operands)} x ptr]")
    for k, buffer in enumerate(op.operands):
        at = e.emit(f"getelementptr ptr, ptr {table}, i64 {k}")
        e.lines.append(f"store ptr {e.names[buffer]}, ptr {at}")
    status = e.emit(f"call i32 @{symbol}(ptr {table})")
    e.expect(e.emit(f"icmp eq i32 {status}, 0"), RAISED)
