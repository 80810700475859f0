"""How loops combine the numbers of a reduction, by the names that `for` has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tapec.ir.ops import arith, logic
from tapec.ir.primitive import Primitive


class Fold(NamedTuple):
    """The op that makes one number of two, and what a part of the loop begins with: None where that
    is what the loop begins with."""

    combine: Primitive
    neutral: int | bool | None = None


FOLDS: Mapping[str, Fold] = {
    "add": Fold(arith.add, 0),
    "mul": Fold(arith.mul, 1),
    "max": Fold(arith.maximum),
    "min": Fold(arith.minimum),
    "or": Fold(logic.logical_or, False),
    "and": Fold(logic.logical_and, True),
}
