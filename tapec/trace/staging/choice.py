"""What became of the user's loops and branches, and the rule by which loops are unrolled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tapec.trace.arrays.session import Session, where


@dataclass(frozen=True, slots=True)
class Choice:
    """One statement: its line, what it became (loop, unrolled, branch, dropped), and why."""

    where: Any
    kind: str
    length: int | None = None
    reason: str = ""

    def __str__(self) -> str:
        count = "" if self.length is None else f" of {self.length}"
        why = f": {self.reason}" if self.reason else ""
        return f"{self.where}  {self.kind}{count}{why}"


def record(session: Session, kind: str, length: int | None = None, reason: str = "") -> None:
    """Note a choice, once for every line and outcome."""
    choice = Choice(where(), kind, length, reason)
    if choice not in session.choices:
        session.choices.append(choice)
