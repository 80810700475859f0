"""Work memory of a kernel: places of buffers and values, and their alias metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tapec.backends.llvm.emit_scalar import SIZES
from tapec.backends.llvm.tuning import ALIAS_SCOPES
from tapec.ir.core import Op, Value
from tapec.ir.nested import reads
from tapec.ir.ops.memory import ALLOC

_ALIGN = 64


class Layout:
    """Places in work memory, in bytes from its start."""

    def __init__(self) -> None:
        self.size = 0
        self.allocs: dict[Value, int] = {}
        self.slots: dict[Value, int] = {}  # of values that several functions use

    def reserve(self, size: int, align: int = _ALIGN) -> int:
        """Take work memory."""
        at = -(-self.size // align) * align
        self.size = at + size
        return at

    def place_buffers(self, ops: Sequence[Op]) -> None:
        """A place for every buffer; memory of dead buffers is reused."""
        last = {value: k for k, op in enumerate(ops) for value in reads(op)}
        ending: dict[int, list[Value]] = {}
        sizes: dict[Value, int] = {}
        free: list[tuple[int, int]] = []  # (bytes, place)
        for k, op in enumerate(ops):
            if op.primitive is ALLOC and "data" not in op.attrs:
                type = op.attrs["type"]
                size = -(-type.size * SIZES[type.dtype] // _ALIGN) * _ALIGN
                fits = min((f for f in free if size <= f[0] <= 2 * size), default=None)
                if fits is not None:
                    free.remove(fits)
                sizes[op.result], place = fits or (size, self.reserve(size))
                self.allocs[op.result] = place
                ending.setdefault(last.get(op.result, k), []).append(op.result)
            free += [(sizes[v], self.allocs[v]) for v in ending.get(k, ())]

    def place_values(self, chunks: Sequence[Sequence[Op]], exempt: Iterable[Value]) -> None:
        """A place for every value that several functions use."""
        if len(chunks) < 2:
            return
        home: dict[Value, int] = {}
        passed = set(exempt)
        for k, chunk in enumerate(chunks):
            for op in chunk:
                for value in reads(op):
                    if home.get(value, k) == k or value in self.slots or value in passed:
                        continue
                    self.slots[value] = self.reserve(8, 8)
                if op.primitive is not ALLOC:
                    home.update(dict.fromkeys(op.results, k))

    def separate(self, first: int) -> tuple[dict[Value, str], list[str]]:
        """Alias metadata that separates buffers in different places: (suffixes of accesses,
        nodes numbered from `first`)."""
        places = {place: k for k, place in enumerate(sorted(set(self.allocs.values())))}
        if not 2 <= len(places) <= ALIAS_SCOPES:
            return {}, []
        lines = [f"!{first} = distinct !{{!{first}}}"]
        for k in places.values():
            lines += _scope(first, k, len(places))
        scopes = {}
        for value, place in self.allocs.items():
            own = first + 3 * places[place] + 2
            scopes[value] = f", !alias.scope !{own}, !noalias !{own + 1}"
        return scopes, lines


def _scope(first: int, k: int, count: int) -> Iterator[str]:
    """The nodes of one place: itself, the list of only it, the list of all others."""
    own = first + 3 * k + 1
    others = ", ".join(f"!{first + 3 * j + 1}" for j in range(count) if j != k)
    yield f"!{own} = distinct !{{!{own}, !{first}}}"
    yield f"!{own + 1} = !{{!{own}}}"
    yield f"!{own + 2} = !{{{others}}}"
