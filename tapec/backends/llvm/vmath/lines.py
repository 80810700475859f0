"""Where emitted instructions go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Sink(Protocol):
    """Where instructions go: fresh names, and per-module declarations and definitions.

    The functions named in `outlined` are functions of the module, all others are written in place.
    """

    outlined: Collection[str]

    def emit(self, rhs: str) -> str:
        """Append an instruction with right hand side `rhs` and return its fresh name."""

    def declare(self, text: str) -> None:
        """Ask for a `declare` line once per module."""

    def define(self, name: str, text: str) -> None:
        """Ask for a function definition once per module."""


class Lines:
    """A plain `Sink`: `body` holds the instructions, `header()` what the module needs besides."""

    def __init__(self, prefix: str = "t") -> None:
        self.prefix = prefix
        self.outlined: Collection[str] = ()
        self.body: list[str] = []
        self.declarations: dict[str, None] = {}
        self.definitions: dict[str, str] = {}

    def emit(self, rhs: str) -> str:
        """Append an instruction and return its name."""
        name = f"%{self.prefix}{len(self.body)}"
        self.body.append(f"{name} = {rhs}")
        return name

    def declare(self, text: str) -> None:
        """Remember a `declare` line."""
        self.declarations[text] = None

    def define(self, name: str, text: str) -> None:
        """Remember a function definition."""
        self.definitions.setdefault(name, text)

    def header(self) -> str:
        """Declarations and definitions as module text."""
        return "\n".join([*self.declarations, *self.definitions.values()])
