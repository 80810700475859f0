"""Columns of arrays with short rows: vectors over whole rows, and shuffles instead of lanes."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_place import ElementPointer, address, read
from tapec.backends.llvm.emit_scalar import REGISTER, SIZES, vector
from tapec.backends.llvm.tuning import READ_ROW_BYTES
from tapec.ir.core import Op, Value


def in_rows(e: FunctionEmitter, op: Op, place: ElementPointer, stride: int) -> bool:
    """Whether lanes are a column of rows that lie in memory as a whole, few elements each."""
    whole = stride > 1 and stride * place.step <= READ_ROW_BYTES and not place.size % stride
    if not whole or place.dtype not in ("f32", "f64") or place.step != SIZES[place.dtype]:
        return False
    worthwhile = place.dtype == "f32" or stride == 2 or e.columns[op.operands] > 1
    return worthwhile and not any(s % stride for s in op.attrs["strides"])


def column(
    e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value], stride: int
) -> str:
    """One element of each row, out of vectors over all rows, which columns side by side share."""
    offset, width, type = op.attrs.get("offset", 0), e.width, vector(REGISTER[place.dtype], e.width)
    number = offset % stride
    start = Op(op.primitive, op.operands, {**op.attrs, "offset": offset - number}, ())
    first, found = address(e, place, start, [e.names[v] for v in indices]), "poison"
    for k in range(stride):
        step = k * width * place.step
        at = e.emit(f"getelementptr i8, ptr {first}, i64 {step}") if k else first
        part = read(e, at, place.dtype, width, place.scope)
        places = [lane * stride + number - k * width for lane in range(width)]
        picked = ", ".join(
            f"i32 {width + p if 0 <= p < width else j}" for j, p in enumerate(places)
        )
        found = e.emit(f"shufflevector {type} {found}, {type} {part}, <{width} x i32> <{picked}>")
    return found
