"""The input of planning a block, and the decisions made so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tapec.ir.core import Func, Op, Value


@dataclass(frozen=True)
class Roles:
    """The requirements of a block's surroundings.

    `owned` are parameters whose memory it may change; `aims` are (result, parameter) where the
    result must end up in that memory; `early` are numbers of results that are saved as soon as
    they are computed; `cheap` is the cost from which a value read many times is stored. With
    `renewing`, arrays made anew are as good as arrays changed in place.
    """

    owned: frozenset[Value] = frozenset()
    aims: tuple[tuple[Value, Value], ...] = ()
    early: frozenset[int] = frozenset()
    cheap: int = 2
    renewing: bool = False


NONE = Roles()


class Decided(Protocol):
    """A block under planning: values in registers, in memory (of another one) and recomputed."""

    func: Func
    roles: Roles
    source: dict[Value, Op]
    small: set[Value]
    roots: set[Value]
    inline: set[Value]
    shares: dict[Value, Value]

    def made_as(self, op: Op) -> Op:
        """The op whose elements an op stores in their order."""
