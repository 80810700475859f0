"""Loads, stores and index checks as LLVM text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapec.backends.llvm.blas import gemm_call
from tapec.backends.llvm.emit_columns import column, in_rows
from tapec.backends.llvm.emit_function import OUT_OF_BOUNDS, FunctionEmitter
from tapec.backends.llvm.emit_place import (
    SLOT,
    ElementPointer,
    address,
    buffer_place,
    read,
    register,
)
from tapec.backends.llvm.emit_scalar import MEMORY, REGISTER, SIZES, Emit, vector
from tapec.backends.llvm.ranges import within
from tapec.ir.core import Op, Value


def _stride(e: FunctionEmitter, op: Op, indices: Sequence[Value]) -> int | None:
    """Elements between neighbouring lanes; None where an index varies otherwise."""
    if e.width == 1:
        return 0
    pairs = list(zip(op.attrs.get("strides", ()), indices, strict=True))
    if any(v in e.wide and v not in e.lanes for _, v in pairs):
        return None
    return int(sum(s * e.lanes[v] for s, v in pairs if v in e.lanes))


def write(e: FunctionEmitter, at: str, value: str, dtype: str, width: int, scope: str = "") -> None:
    """Store `width` elements; bools become bytes."""
    type, value = vector(MEMORY[dtype], width), _memory(e, value, dtype, width)
    e.lines.append(f"store {type} {value}, ptr {at}, align {SIZES[dtype]}{scope}")


def _memory(e: FunctionEmitter, value: str, dtype: str, width: int) -> str:
    if dtype != "bool":
        return value
    return e.emit(f"zext {vector('i1', width)} {value} to {vector('i8', width)}")


def get(e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value]) -> None:
    """Read a scalar, a vector, whole rows of which a column is taken, or lane by lane."""
    stride, dtype = _stride(e, op, indices), place.dtype
    if stride == 0:
        at = address(e, place, op, [e.names[v] for v in indices])
        e.names[op.result] = read(e, at, dtype, 1, place.scope)
    elif _adjacent(stride, place):
        at = _lowest(e, op, place, indices, stride)
        found = read(e, at, dtype, e.width, place.scope)
        e.wide[op.result] = found if stride == 1 else _reversed(e, found, dtype)
    elif stride is not None and in_rows(e, op, place, stride):
        e.wide[op.result] = column(e, op, place, indices, stride)
    else:
        type, found = vector(MEMORY[dtype], e.width), "poison"
        for k, at in enumerate(lanes(e, op, place, indices)):
            one = f"load {MEMORY[dtype]}, ptr {at}, align {SIZES[dtype]}{place.scope}"
            one = f"{MEMORY[dtype]} {e.emit(one)}"
            found = e.emit(f"insertelement {type} {found}, {one}, i32 {k}")
        e.wide[op.result] = register(e, found, dtype, e.width)


def put(e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value]) -> None:
    """Write a scalar, a vector, or lane by lane."""
    value, dtype = op.operands[0], place.dtype
    stride = _stride(e, op, indices)
    if e.width == 1:
        at = address(e, place, op, [e.names[v] for v in indices])
        write(e, at, e.names[value], dtype, 1, place.scope)
    elif _adjacent(stride, place):
        at, wide = _lowest(e, op, place, indices, stride), e.operand(value)
        wide = wide if stride == 1 or not e.varies(value) else _reversed(e, wide, dtype)
        write(e, at, wide, dtype, e.width, place.scope)
    elif not e.varies(value):
        for at in lanes(e, op, place, indices):
            write(e, at, e.names[value], dtype, 1, place.scope)
    else:
        ones = _bits(e, e.operand(value)) if dtype == "bool" else _elements(e, value)
        for one, at in zip(ones, lanes(e, op, place, indices), strict=False):
            e.lines.append(f"store {one}, ptr {at}, align {SIZES[dtype]}{place.scope}")


def _elements(e: FunctionEmitter, value: Value) -> Iterator[str]:
    """The lanes of a value, with their type."""
    element, wide = REGISTER[value.type.dtype], e.operand(value)
    for k in range(e.width):
        one = e.emit(f"extractelement {vector(element, e.width)} {wide}, i32 {k}")
        yield f"{element} {one}"


def _bits(e: FunctionEmitter, wide: str) -> Iterator[str]:
    """Booleans as bytes, from a register with one bit for each."""
    bits = e.emit(f"bitcast <{e.width} x i1> {wide} to i{e.width}")
    if e.width < 8:
        bits = e.emit(f"zext i{e.width} {bits} to i8")
    type = f"i{max(e.width, 8)}"
    for k in range(e.width):
        one = e.emit(f"lshr {type} {bits}, {k}") if k else bits
        one = e.emit(f"trunc i{e.width} {one} to i8") if e.width > 8 else one
        yield f"i8 {e.emit(f'and i8 {one}, 1')}"


def _adjacent(stride: int | None, place: ElementPointer) -> bool:
    """Whether lanes are contiguous, in ascending or descending order."""
    return stride in (1, -1) and place.step == SIZES[place.dtype]


def _lowest(
    e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value], stride: int | None
) -> str:
    """The address of the lane that comes first in memory."""
    first = address(e, place, op, [e.names[v] for v in indices])
    if stride == 1:
        return first
    return e.emit(f"getelementptr i8, ptr {first}, i64 {(1 - e.width) * place.step}")


def _reversed(e: FunctionEmitter, value: str, dtype: str) -> str:
    """Lanes in the other order."""
    type = vector(REGISTER[dtype], e.width)
    order = ", ".join(f"i32 {k}" for k in reversed(range(e.width)))
    return e.emit(f"shufflevector {type} {value}, {type} poison, <{e.width} x i32> <{order}>")


def lanes(
    e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value]
) -> Iterator[str]:
    """The address of each lane: at a constant stride from the first one, or by its own index."""
    stride = _stride(e, op, indices)
    if stride is None:
        yield from _scattered(e, op, place, indices)
        return
    first = address(e, place, op, [e.names[v] for v in indices])
    yield first
    for k in range(1, e.width):
        yield e.emit(f"getelementptr i8, ptr {first}, i64 {k * stride * place.step}")


def _scattered(
    e: FunctionEmitter, op: Op, place: ElementPointer, indices: Sequence[Value]
) -> Iterator[str]:  # fmt: skip
    """The address of each lane of a gather: varying terms as a vector, plus uniform ones."""
    pairs = list(zip(op.attrs["strides"], indices, strict=True))
    own = [(e.operand(v), stride) for stride, v in pairs if e.varies(v)]
    shared = [(v, stride) for stride, v in pairs if not e.varies(v)]
    attrs = {"offset": op.attrs.get("offset", 0), "strides": tuple(s for _, s in shared)}
    rest = Op(op.primitive, tuple(v for v, _ in shared), attrs, ())
    base = address(e, place, rest, [e.names[v] for v, _ in shared])
    type, total = vector("i64", e.width), ""
    for wide, stride in own:
        factor = "<" + ", ".join([f"i64 {stride}"] * e.width) + ">"
        term = wide if stride == 1 else e.emit(f"mul nsw {type} {wide}, {factor}")
        total = e.emit(f"add nsw {type} {total}, {term}") if total else term
    element = "i64" if place.step == SLOT else MEMORY[place.dtype]
    for k in range(e.width):
        index = e.emit(f"extractelement {type} {total}, i32 {k}")
        yield e.emit(f"getelementptr inbounds {element}, ptr {base}, i64 {index}")


# ---- buffers ----


def load(e: FunctionEmitter, op: Op) -> None:
    """An element of a buffer."""
    buffer, *indices = op.operands
    get(e, op, buffer_place(e, buffer), indices)


def store(e: FunctionEmitter, op: Op) -> None:
    """Write an element of a buffer."""
    _, buffer, *indices = op.operands
    put(e, op, buffer_place(e, buffer), indices)


def alloc(e: FunctionEmitter, op: Op) -> None:
    """Emits nothing: `Layout` has placed the buffer."""


def gemm(e: FunctionEmitter, op: Op) -> None:
    """A call of BLAS, at the places that the indices give."""
    places = []
    for buffer, strides in zip(op.operands[:3], op.attrs["strides"], strict=True):
        at = Op(op.primitive, op.operands, {"strides": strides, "offset": 0}, ())
        indices = [e.names[i] for i in op.operands[3:]]
        places.append(address(e, buffer_place(e, buffer), at, indices))
    gemm_call(e, op, places)


def check(e: FunctionEmitter, op: Op) -> None:
    """Wrap a negative index; leave with status 1 when it is out of bounds.

    Bounds proven by the range of the index are not tested.
    """
    (index,) = op.operands
    size, known = op.attrs["size"], e.ranges.get(index)
    wide = e.width > 1 and e.varies(index)
    a = Emit(e, op, [], e.width if wide else 1)
    x = e.operand(index) if wide else e.names[index]
    if not within(known, 0, size - 1):
        if known is None or known[0] < 0:
            x = a.pick(a.cmp("slt", x, a.num(0)), a.do("add", x, a.num(size)), x)
        if not within(known, -size, size - 1):
            e.expect(all_lanes(e, a.cmp("ult", x, a.num(size)), wide), OUT_OF_BOUNDS)
    e.ranges[op.result] = known if known and within(known, 0, size - 1) else (0, size - 1)
    if wide:
        e.wide[op.result] = x
    else:
        e.names[op.result] = x


def all_lanes(e: FunctionEmitter, truth: str, wide: bool) -> str:
    """Whether a condition holds in every lane."""
    if not wide:
        return truth
    reduce = f"@llvm.vector.reduce.and.v{e.width}i1"
    e.declare(f"declare i1 {reduce}(<{e.width} x i1>)")
    return e.emit(f"call i1 {reduce}(<{e.width} x i1> {truth})")
