"""The variables around a rewritten statement, read and bound through their cells."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any

from tapec.trace.source.jumps import TITLES


class Undefined:
    """The content of a variable that is not bound."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()


class Variables:
    """The variables that a statement assigns (the first `assigned`) or mentions."""

    __slots__ = ("_layout", "_look")

    def __init__(self, layout: tuple[Any, ...], look: Callable[[], Any]) -> None:
        self._layout, self._look = layout, look

    @property
    def assigned(self) -> int:
        """How many of the names the statement itself assigns; it only reads the others."""
        number: int = self._layout[0]
        return number

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, in a form for messages."""
        return tuple(TITLES.get(n.rstrip("0123456789"), n) for n in self._layout[1:])

    def cells(self) -> list[CellType]:
        """The cells of the variables."""
        # The look-up function has the variables' cells, in its own order.
        cells = dict(
            zip(self._look.__code__.co_freevars, self._look.__closure__ or (), strict=True)
        )
        return [cells[n] for n in self._layout[1:]]

    def places(self) -> list[tuple[int, Any] | None]:
        """The variables as places: cells by identity."""
        return [(id(cell), None) for cell in self.cells()]

    def get(self) -> tuple[Any, ...]:
        """The values; UNDEFINED where a variable is not bound."""
        return tuple(map(_content, self.cells()))

    def set(self, values: tuple[Any, ...]) -> None:
        """Bind the variables; UNDEFINED unbinds."""
        for cell, value in zip(self.cells(), values, strict=True):
            if value is not UNDEFINED:
                cell.cell_contents = value
            elif _content(cell) is not UNDEFINED:
                del cell.cell_contents


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return UNDEFINED
