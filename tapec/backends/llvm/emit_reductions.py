"""Horizontal reductions of a vector loop's accumulators.

One accumulator is halved until one lane is left. Several are transposed while they are added:
eight of eight lanes take seven additions in all, and end as one vector with a total in each lane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_ops import emit_op
from tapec.backends.llvm.emit_scalar import REGISTER, literal, vector
from tapec.ir.core import Op, Value
from tapec.ir.ops.folds import FOLDS
from tapec.ir.primitive import lookup
from tapec.ir.types import Type


@dataclass(frozen=True, slots=True)
class Lanes:
    """Accumulators of one width, one for each reduction."""

    width: int
    names: Sequence[str]


def reduce_lanes(
    e: FunctionEmitter, hows: Sequence[str], dtypes: Sequence[str], inits: Sequence[str],
    found: Sequence[Lanes],
) -> list[str]:  # fmt: skip
    """Scalars: each reduction's lanes, of all widths, and its initial value."""
    if not found:
        return list(inits)
    widest = found[0].width
    wholes = list(found[0].names)
    for lanes in found[1:]:
        for k, (how, dtype) in enumerate(zip(hows, dtypes, strict=True)):
            more = _widened(e, how, dtype, lanes.names[k], (lanes.width, widest))
            wholes[k] = combine(e, FOLDS[how].combine.name, dtype, (wholes[k], more), widest)
    out: list[str] = []
    while len(out) < len(wholes):
        first = len(out)
        size = _run_of_one_kind(list(zip(hows, dtypes, strict=True))[first:], widest)
        part = slice(first, first + size)
        how, dtype = hows[first], dtypes[first]
        out += _group(e, FOLDS[how].combine.name, dtype, wholes[part], inits[part], widest)
    return out


def _run_of_one_kind(kinds: Sequence[tuple[str, str]], most: int) -> int:
    """How many of the next reductions are reduced together: a power of two of one kind."""
    same = next((k for k, kind in enumerate(kinds) if kind != kinds[0]), len(kinds))
    return min(1 << (same.bit_length() - 1), most)


def _widened(
    e: FunctionEmitter, how: str, dtype: str, name: str, widths: tuple[int, int]
) -> str:  # fmt: skip
    """A narrow vector widened with neutral elements."""
    narrow, wide = widths
    if (neutral := FOLDS[how].neutral) is not None:
        fill = literal(neutral, dtype, narrow)
        places = [min(k, 2 * narrow - 1) for k in range(wide)]
    else:
        fill, places = name, [k % narrow for k in range(wide)]
    return shuffled(e, dtype, narrow, (name, fill), places)


def shuffled(
    e: FunctionEmitter, dtype: str, width: int, pair: tuple[str, str], places: Sequence[int]
) -> str:
    """Lanes of two vectors."""
    type, lanes = vector(REGISTER[dtype], width), ", ".join(f"i32 {k}" for k in places)
    a, b = pair
    size = f"<{len(places)} x i32>"
    return e.emit(f"shufflevector {type} {a}, {type} {b}, {size} <{lanes}>")


def _group(
    e: FunctionEmitter, name: str, dtype: str, vectors: Sequence[str], inits: Sequence[str],
    width: int,
) -> list[str]:  # fmt: skip
    """Totals of a power of two of accumulators, with their initial values."""
    count, level, chunk = len(vectors), list(vectors), 1
    while len(level) > 1:
        level = [_paired(e, name, dtype, pair, width, chunk)
                 for pair in zip(level[::2], level[1::2], strict=True)]  # fmt: skip
        chunk = 2
    (total,) = level
    chunk = min(chunk, count)
    while width > count:
        total = _halved(e, name, dtype, total, width, chunk)
        width //= 2
    if count == 1:
        return [combine(e, name, dtype, (inits[0], total), 1)]
    type = REGISTER[dtype]
    total = combine(e, name, dtype, (_packed(e, type, inits), total), count)
    return [e.emit(f"extractelement <{count} x {type}> {total}, i32 {k}") for k in range(count)]


def _paired(
    e: FunctionEmitter, name: str, dtype: str, pair: tuple[str, str], width: int, chunk: int
) -> str:
    """Two vectors combined into one, with half as many lanes for each accumulator.

    Single lanes are interleaved; of chunks, the even ones are combined with the odd ones.
    """
    if chunk == 1:
        halves = [[j for k in range(w, width, 2) for j in (k, width + k)] for w in (0, 1)]
    else:
        even = [k for k in range(2 * width) if not k // chunk % 2]
        halves = [even, [k + chunk for k in even]]
    low, high = (shuffled(e, dtype, width, pair, places) for places in halves)
    return combine(e, name, dtype, (low, high), width)


def _halved(
    e: FunctionEmitter, name: str, dtype: str, total: str, width: int, chunk: int
) -> str:  # fmt: skip
    """Even and odd chunks of a vector, together; of one accumulator its halves."""
    half = width // 2
    if half == 1:
        type = vector(REGISTER[dtype], width)
        low, high = (e.emit(f"extractelement {type} {total}, i32 {k}") for k in (0, 1))
        return combine(e, name, dtype, (low, high), 1)
    even = [k for k in range(width) if not k // chunk % 2] if chunk > 1 else list(range(half))
    odd = [k + (chunk if chunk > 1 else half) for k in even]
    low, high = (shuffled(e, dtype, width, (total, "poison"), places) for places in (even, odd))
    return combine(e, name, dtype, (low, high), half)


def _packed(e: FunctionEmitter, type: str, names: Sequence[str]) -> str:
    """Scalars as a vector."""
    if all(n[0] != "%" for n in names):
        return "<" + ", ".join(f"{type} {n}" for n in names) + ">"
    packed, kind = "poison", f"<{len(names)} x {type}>"
    for k, name in enumerate(names):
        packed = e.emit(f"insertelement {kind} {packed}, {type} {name}, i32 {k}")
    return packed


def combine(e: FunctionEmitter, name: str, dtype: str, args: Sequence[str], width: int) -> str:
    """A scalar op on registers."""
    x = Value(Type(dtype))
    op = Op(lookup(name), (x,) * len(args), {}, (Value(Type(dtype)),))
    return emit_op(e, op, args, width)
