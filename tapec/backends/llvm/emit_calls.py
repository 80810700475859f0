"""Calls of functions that are not inlined, as LLVM text."""

from __future__ import annotations

from tapec.backends.llvm.emit_function import UNLIKELY, FunctionEmitter
from tapec.backends.llvm.emit_memory import address, buffer_place
from tapec.ir.core import Op


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
    fine = e.emit(f"icmp eq i32 {status}, 0")
    on, failed = e.fresh_label(), e.fresh_label()
    e.lines.append(f"br i1 {fine}, label %{on}, label %{failed}, {UNLIKELY}")
    e.open(failed)
    e.lines.append(f"ret i32 {status}")
    e.open(on)
    e.passes_failures = True
