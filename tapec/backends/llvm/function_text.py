"""Writer of an LLVM function: instructions, locals, checks that branch on failure."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.backends.llvm import capi

_LIKELY = '!prof !{!"branch_weights", i32 2000, i32 1}'


class FunctionText:
    """A function written top to bottom.

    Objects made on the way are listed in `owned`; the blocks `undo.k` at the end drop the first k
    of them and return NULL, so that every failure is one branch.
    """

    def __init__(self) -> None:
        self.allocas: list[str] = []
        self.lines: list[str] = []
        self.owned: list[str] = []
        self._count = 0

    def emit(self, line: str) -> None:
        self.lines.append(f"  {line}")

    def value(self, instruction: str) -> str:
        name = f"%v{self._count}"
        self._count += 1
        self.emit(f"{name} = {instruction}")
        return name

    def local(self, llvm_type: str, align: int = 8) -> str:
        name = f"%local.{len(self.allocas)}"
        self.allocas.append(f"  {name} = alloca {llvm_type}, align {align}")
        return name

    def field(self, kind: str, thing: str, offset: int) -> str:
        return self.value(f"load {kind}, ptr {self.place(thing, offset)}")

    def place(self, thing: str, offset: int) -> str:
        return self.value(f"getelementptr i8, ptr {thing}, i64 {offset}")

    def has_type(self, thing: str, name: str) -> str:
        return self.value(f"icmp eq ptr {self.field('ptr', thing, capi.TYPE)}, @{name}")

    def expect(self, condition: str, otherwise: str = "mismatch") -> None:
        """Go on if `condition` holds, else to the block `otherwise`."""
        label = f"go.{self._count}"
        self._count += 1
        self.emit(f"br i1 {condition}, label %{label}, label %{otherwise}, {_LIKELY}")
        self.lines.append(f"{label}:")

    def expect_apart(self, one: tuple[str, int], other: tuple[str, int]) -> None:
        """Go on if two stretches of memory share nothing: one ends before the other starts."""
        ends = [self.place(*memory) for memory in (one, other)]
        before = self.value(f"icmp ule ptr {ends[0]}, {other[0]}")
        behind = self.value(f"icmp ule ptr {ends[1]}, {one[0]}")
        self.expect(self.value(f"or i1 {before}, {behind}"))

    def own(self, thing: str) -> str:
        """Register a new object, leaving the function if it is NULL."""
        self.expect(self.value(f"icmp ne ptr {thing}, null"), f"undo.{len(self.owned)}")
        self.owned.append(thing)
        return thing

    def conjunction(self, conditions: Sequence[str]) -> str:
        first, *rest = conditions
        for condition in rest:
            first = self.value(f"and i1 {first}, {condition}")
        return first

    def block(self, label: str) -> None:
        self.lines.append(f"{label}:")
