"""What the adjoint rules of branches and loops share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tapec.ad.tape import Kept, TapeEntry, slot_bytes
from tapec.ad.tuning import WRITTEN_ELEMENTS
from tapec.ir.core import Op, Value
from tapec.ir.types import Type


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operands of an op vary, and for which results cotangents will arrive."""

    flags: Sequence[bool]
    results: Sequence[bool]


def positions(flags: Iterable[bool]) -> list[int]:
    """The positions of the flagged items."""
    return [k for k, flag in enumerate(flags) if flag]


def costly_to_keep(params: Sequence[Value], invariant: Sequence[bool]) -> set[Value]:
    """Large parameters that differ between iterations: to keep them costs memory."""
    pairs = zip(params, invariant, strict=True)
    return {p for p, same in pairs if not same and p.type.size > WRITTEN_ELEMENTS}


def fresh(values: Iterable[Value]) -> list[Value]:
    """New values like these."""
    return [Value(v.type, v.hint) for v in values]


def types_of(values: Iterable[Value]) -> tuple[Type, ...]:
    """Their types."""
    return tuple(v.type for v in values)


def report_kept(
    entries: list[TapeEntry], op: Op, ops: Iterable[Op], kept: Kept, count: int | None
) -> None:
    """Add what a body keeps to the report of the tape; `ops` are its forward and reverse ops."""
    made = {v: o for o in ops for v in o.results}
    for kind, values in (
        ("stored", kept.stored), ("recomputed", kept.recomputed), ("invariant", kept.invariant),
    ):  # fmt: skip
        entries += [
            TapeEntry(_named(v, made), made.get(v, op).loc, v.type, slot_bytes(v.type), count, kind)  # type: ignore[arg-type]
            for v in values
        ]


def _named(value: Value, made: Mapping[Value, Op]) -> str:
    """What a value is called: by its hint, else by the op that makes it."""
    return value.hint or (made[value].name if value in made else "")
