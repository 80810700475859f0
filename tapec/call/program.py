"""The program of a specialization: as it was traced, cleaned, and compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tapec.ir.types import Type
from tapec.pipeline import Journal, Native, interpreted, native

if TYPE_CHECKING:
    from tapec.call.native_form import NativeForm
    from tapec.ir.core import Func


class Face(NamedTuple):
    """What callers see of a program: its name, the types and names of inputs, types of results."""

    name: str
    params: tuple[Type, ...]
    hints: tuple[str, ...]
    results: tuple[Type, ...]


def face_of(func: Func) -> Face:
    """The face of a program."""
    params, results = func.params, func.results
    return Face(
        func.name,
        tuple(p.type for p in params),
        tuple(p.hint for p in params),
        tuple(r.type for r in results),
    )


class ProgramLike(Protocol):
    """A program, wherever it comes from."""

    kept: str  # what the cache on disk has to do with it

    @property
    def raw(self) -> Func:
        """The trace."""

    @property
    def func(self) -> Func:
        """The cleaned program."""

    @property
    def journal(self) -> Journal:
        """What was done to it."""

    @property
    def choices(self) -> tuple[Any, ...]:
        """The decisions on the function's loops and branches."""

    def native(self, abi: Any, backend: str, form: NativeForm) -> Native | None:
        """Machine code, None where the interpreter serves."""

    def interpreted(self) -> Any:
        """The program run by the interpreter."""


class TracedProgram:
    """A program made in this process: `raw` is the trace, `func` the cleaned program.

    `choices` are the decisions on the function's loops and branches.
    """

    def __init__(
        self, raw: Func, func: Func, journal: Journal, choices: tuple[Any, ...] = ()
    ) -> None:
        self.raw, self.func, self.journal, self.choices = raw, func, journal, choices
        self.kept = ""  # what the cache on disk has to do with it

    def native(self, abi: Any, backend: str, form: NativeForm) -> Native | None:
        """Machine code, None where the interpreter serves."""
        return native(form.of(self.func), abi, backend, self.journal)

    def interpreted(self) -> Any:
        """The program run by the interpreter."""
        return interpreted(self.func)
