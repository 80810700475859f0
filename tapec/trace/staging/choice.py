"""What became of the user's loops and branches, and loops that are not tried for some time."""

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


class Backoff:
    """Loops that could not be made ops: the more often, the longer no new attempt is made."""

    def __init__(self) -> None:
        # By the identity of the code of the body: that code, failures in a row, executions to skip.
        self._known: dict[int, tuple[Any, int, int]] = {}

    def skips(self, code: Any) -> bool:
        """Whether to make no attempt this time."""
        _, failures, rest = self._known.get(id(code), (code, 0, 0))
        if rest:
            self._known[id(code)] = (code, failures, rest - 1)
        return rest > 0

    def note(self, code: Any, failed: bool) -> None:
        """An attempt was made."""
        _, failures, _ = self._known.get(id(code), (code, 0, 0))
        failures = failures + 1 if failed else 0
        self._known[id(code)] = (code, failures, 2 ** (failures - 1) if failed else 0)


def backoff_of(session: Session) -> Backoff:
    """That of the whole trace."""
    while session.parent is not None:
        session = session.parent
    if session.backoff is None:
        session.backoff = Backoff()
    found: Backoff = session.backoff
    return found
