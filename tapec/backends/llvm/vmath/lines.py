"""Where emitted instructions go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

# The usual way comes first.
USUALLY = '!prof !{!"branch_weights", i32 100000, i32 1}'


class Sink(Protocol):
    """Where instructions go: fresh names, and per-module declarations and definitions.

    The functions named in `outlined` are functions of the module, all others are written in place.
    """

    outlined: Collection[str]

    def emit(self, rhs: str) -> str:
        """Append an instruction with right hand side `rhs` and return its fresh name."""

    def rarely(
        self, usual: str, fast: Sequence[str], slow: Callable[[], Sequence[str]], type: str
    ) -> list[str]:
        """The values `fast` where the truth value `usual` holds, else those that `slow` appends."""

    def declare(self, text: str) -> None:
        """Ask for a `declare` line once per module."""

    def define(self, name: str, text: str) -> None:
        """Ask for a function definition once per module."""


class Lines:
    """A plain `Sink`: `body` holds the instructions, `header()` what the module needs besides.

    `label` names the block that the next instruction goes to; the first one is given.
    """

    def __init__(self, prefix: str = "t", label: str = "entry") -> None:
        self.prefix = prefix
        self.label = label
        self.outlined: Collection[str] = ()
        self.body: list[str] = []
        self.declarations: dict[str, None] = {}
        self.definitions: dict[str, str] = {}

    def emit(self, rhs: str) -> str:
        """Append an instruction and return its name."""
        name = f"%{self.prefix}{len(self.body)}"
        self.body.append(f"{name} = {rhs}")
        return name

    def rarely(
        self, usual: str, fast: Sequence[str], slow: Callable[[], Sequence[str]], type: str
    ) -> list[str]:
        """The values `fast` where the truth value `usual` holds, else those that `slow` appends."""
        before, other, done = self.label, *(f"b{len(self.body)}{end}" for end in ("slow", "done"))
        self.body += [f"br i1 {usual}, label %{done}, label %{other}, {USUALLY}", f"{other}:"]
        self.label = other
        made = slow()
        self.body += [f"br label %{done}", f"{done}:"]
        ways, self.label = (before, self.label), done
        return [self.emit(merge(type, ways, pair)) for pair in zip(fast, made, strict=True)]

    def declare(self, text: str) -> None:
        """Remember a `declare` line."""
        self.declarations[text] = None

    def define(self, name: str, text: str) -> None:
        """Remember a function definition."""
        self.definitions.setdefault(name, text)

    def header(self) -> str:
        """Declarations and definitions as module text."""
        return "\n".join([*self.declarations, *self.definitions.values()])


def merge(type: str, labels: Sequence[str], values: Sequence[str]) -> str:
    """The value that comes from the block control came from."""
    ways = ", ".join(f"[ {v}, %{label} ]" for v, label in zip(values, labels, strict=True))
    return f"phi {type} {ways}"
