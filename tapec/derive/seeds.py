"""Directions that a call gives: one for all leaves of something, or several along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.derive.nesting import lift
from tapec.errors import ShapeError
from tapec.ir import Type
from tapec.tree import Tree, flatten


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a direction must be like: its structure, and for each leaf the number it stands for
    (None: for nothing)."""

    what: str
    tree: Tree
    numbers: Sequence[int | None]
    types: Sequence[Type]

    @classmethod
    def nested(cls, what: str, numbers: Any, types: Sequence[Type]) -> Likeness:
        """Like a nesting of numbers."""
        found, tree = flatten(numbers)
        # The two numbers of a complex array's parts came as one complex number.
        return cls(what, tree, [None if k is None else int(k) for k in found], types)

    def leaves(self, given: Any) -> tuple[list[Any], int | None]:
        """The leaves by number, and how many directions there are (None: one, without an axis).

        Raises ShapeError where structure or shapes do not fit.
        """
        found, tree = flatten(given)
        if tree != self.tree:
            raise ShapeError(
                f"the {self.what} is nested differently: {len(found)} arrays for {self.tree.size}",
                hint="nest it as that which it is a direction of",
            )
        pairs = [(lift(x), k) for x, k in zip(found, self.numbers, strict=True) if k is not None]
        count = self._count([(x.shape, self.types[k].shape) for x, k in pairs])
        by_number: dict[int, Any] = {}
        for x, k in pairs:
            own = x.astype(self.types[k].numpy)
            by_number[k] = by_number[k] + own if k in by_number else own
        return [by_number.get(k, _zeros(t, count)) for k, t in enumerate(self.types)], count

    def _count(self, shapes: Sequence[tuple[Any, Any]]) -> int | None:
        if all(given == own for given, own in shapes):
            return None
        counts = {given[0] for given, own in shapes if len(given) == len(own) + 1}
        if len(counts) != 1 or any(given[1:] != own for given, own in shapes):
            given, own = next((g, o) for g, o in shapes if g != o)
            raise ShapeError(
                f"a {self.what} of shape {list(given)} for a value of shape {list(own)}",
                hint="give it the same shape, or stack several along one leading axis",
            )
        return int(counts.pop())


def _zeros(t: Type, count: int | None) -> Any:
    return np.zeros(t.shape if count is None else (count, *t.shape), t.numpy)


def split(
    args: tuple[Any, ...], tangent: bool, cotangent: bool
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The arguments of the function, and the directions that follow them."""
    seeds = ["a direction"] * tangent + ["a cotangent"] * cotangent
    own = len(args) - len(seeds)
    if own < 1:
        raise ShapeError(
            f"the call gives {len(args)} arguments, of which the last are {' and '.join(seeds)}",
            hint=f"call it with the function's arguments, then {', then '.join(seeds)}",
        )
    return args[:own], args[own:]
