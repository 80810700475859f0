"""The values that a reverse sweep stores of the primal run: `Kernel.tape`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tapec.ad.adjoint import tape_entries
from tapec.ad.tape import TapeEntry
from tapec.ir import Func


@dataclass(frozen=True)
class TapeReport:
    """The entries of a tape; prints as a table.

    Stored values take `entry.bytes` in each of `entry.count` runs of their loop's body (None where
    the count is known at run time only), recomputed ones take none, and invariants are kept once.
    """

    name: str
    entries: tuple[TapeEntry, ...]

    def __iter__(self) -> Iterator[TapeEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def bytes(self) -> int | None:
        """Memory of all stored values; None where a loop's length is known at run time only."""
        sizes = [total(e) for e in self.entries]
        return None if None in sizes else sum(s for s in sizes if s is not None)

    def __str__(self) -> str:
        head = ("value", "line", "type", "bytes", "runs", "total", "")
        rows = [head, *(_row(e) for e in self.entries)]
        widths = [max(len(r[k]) for r in rows) for k in range(len(head))]
        lines = ["  ".join(_aligned(r, widths)).rstrip() for r in rows]
        size = "known at run time" if self.bytes is None else f"{self.bytes} bytes"
        return "\n".join([f"tape of {self.name}: {size}", *lines])


def total(entry: TapeEntry) -> int | None:
    """Bytes of an entry over all runs; None where their number is known at run time only."""
    if entry.kind != "stored":
        return 0
    return None if entry.count is None else entry.bytes * entry.count


def _row(entry: TapeEntry) -> tuple[str, ...]:
    line = str(entry.loc) if entry.loc else ""
    runs = "?" if entry.count is None else str(entry.count)
    sum_of = total(entry)
    taken = "?" if sum_of is None else str(sum_of)
    return (entry.name, line, str(entry.type), str(entry.bytes), runs, taken, entry.kind)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    numbers = (3, 4, 5)
    return [
        text.rjust(w) if k in numbers else text.ljust(w)
        for k, (text, w) in enumerate(zip(row, widths, strict=True))
    ]


def tape_report(func: Func) -> TapeReport:
    """The tape of a program's adjoint by all its float inputs."""
    active = [p.type.is_float for p in func.params]
    return TapeReport(func.name, tuple(tape_entries(func, active)))
