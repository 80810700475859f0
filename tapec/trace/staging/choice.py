"""The decisions on the user's loops and branches, and the back-off after failed attempts."""

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
    """Record a decision, once for every line and outcome."""
    choice = Choice(where(), kind, length, reason)
    if choice not in session.choices:
        session.choices.append(choice)


class Backoff:
    """Loops that could not be rolled: each failure in a row doubles the executions to skip."""

    def __init__(self) -> None:
        # By id of the body's code: the code, consecutive failures, executions left to skip.
        self._known: dict[int, tuple[Any, int, int]] = {}

    def skips(self, code: Any) -> bool:
        """Whether to skip the attempt for this execution."""
        _, failures, rest = self._known.get(id(code), (code, 0, 0))
        if rest:
            self._known[id(code)] = (code, failures, rest - 1)
        return rest > 0

    def note(self, code: Any, failed: bool) -> None:
        """Record the outcome of an attempt."""
        _, failures, _ = self._known.get(id(code), (code, 0, 0))
        failures = failures + 1 if failed else 0
        self._known[id(code)] = (code, failures, 2 ** (failures - 1) if failed else 0)


def backoff_of(session: Session) -> Backoff:
    """The one of the outermost trace."""
    while session.parent is not None:
        session = session.parent
    if session.backoff is None:
        session.backoff = Backoff()
    found: Backoff = session.backoff
    return found
