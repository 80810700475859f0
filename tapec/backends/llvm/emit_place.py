"""Places in memory as LLVM text: pointers to elements, and reads there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_scalar import MEMORY, SIZES, vector
from tapec.ir.core import Op, Value

SLOT = 8  # bytes of one slot of a tape


@dataclass(frozen=True, slots=True)
class ElementPointer:
    """Memory seen as elements: a pointer, the dtype read or written, bytes from one to the next,
    whether the pointer stays the same while the function runs, what LLVM is told about aliases, and
    how many elements there are, where that is known.
    """

    base: str
    dtype: str
    step: int
    fixed: bool = True
    scope: str = ""
    size: int = 0


def buffer_place(e: FunctionEmitter, buffer: Value) -> ElementPointer:
    """A buffer's elements."""
    dtype = buffer.type.dtype
    scope = e.scopes.get(buffer, "")
    return ElementPointer(e.names[buffer], dtype, SIZES[dtype], scope=scope, size=buffer.type.size)


def address(e: FunctionEmitter, place: ElementPointer, op: Op, indices: Sequence[str]) -> str:
    """The pointer to the element at offset + sum(strides * indices).

    Loop-invariant terms are added to the pointer in front of the loop.
    """
    at, element = place.base, "i64" if place.step == SLOT else MEMORY[place.dtype]
    strides, values = op.attrs.get("strides", ()), op.operands[len(op.operands) - len(indices) :]
    terms: dict[int, list[tuple[str, int]]] = {}
    for stride, value, index in zip(strides, values, indices, strict=True):
        if stride:
            still = place.fixed and e.names.get(value) == index
            found = e.depths.get(value, 0) if still else e.depth
            terms.setdefault(found, []).append((index, stride))
    for depth in sorted(terms):
        put = functools.partial(e.before, depth) if depth < e.depth else e.emit
        at = put(f"getelementptr inbounds {element}, ptr {at}, i64 {_sum(put, terms[depth])}")
    offset = op.attrs.get("offset", 0) * place.step
    return e.emit(f"getelementptr i8, ptr {at}, i64 {offset}") if offset else at


def _sum(put: Callable[[str], str], terms: Sequence[tuple[str, int]]) -> str:
    total = ""
    for index, stride in terms:
        term = index if stride == 1 else put(f"mul nsw i64 {index}, {stride}")
        total = put(f"add nsw i64 {total}, {term}") if total else term
    return total


def read(e: FunctionEmitter, at: str, dtype: str, width: int, scope: str = "") -> str:
    """Load `width` elements; bools become i1."""
    type = vector(MEMORY[dtype], width)
    return register(e, e.emit(f"load {type}, ptr {at}, align {SIZES[dtype]}{scope}"), dtype, width)


def register(e: FunctionEmitter, value: str, dtype: str, width: int) -> str:
    """What was read, as registers hold it."""
    if dtype != "bool":
        return value
    zero = "0" if width == 1 else "zeroinitializer"
    return e.emit(f"icmp ne {vector('i8', width)} {value}, {zero}")
