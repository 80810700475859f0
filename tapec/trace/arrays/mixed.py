"""Numbers that a branch or loop makes of numbers of several classes, as 19 or 0.5.

Their value is computed in a type that holds all of them; what depends on the class is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tapec.errors import ControlFlowError
from tapec.trace.arrays.operands import key_of
from tapec.trace.arrays.promote import Key
from tapec.trace.arrays.session import where
from tapec.trace.arrays.storage import UNSURE
from tapec.trace.arrays.tracer import Tracer

T = TypeVar("T")
_NARROW = ("f32", "i32")


def classes_of(a: Any) -> frozenset[Key]:
    """Element type and weakness of an operand on each path."""
    if type(a) is Tracer and a._storage.mixed:
        return a._storage.mixed
    return frozenset([key_of(a)])


def _differs(what: str) -> ControlFlowError:
    return ControlFlowError(
        f"{what} differs with the path on which a number was made",
        where=where(),
        hint="give it one class on all paths: 0.0 rather than 0, float(x)",
    )


def agreed(x: Any, question: Callable[[str, bool], T]) -> T:
    """The answer to a question about element type and weakness, which all paths must agree on."""
    found = {question(*key) for key in classes_of(x)}
    if len(found) > 1:
        raise _differs("the class that is asked for")
    return found.pop()


def refuse_unsure(x: Tracer) -> None:
    """Refuse to tell a number from a 0-d array where paths differ in that."""
    if x._storage.boxed is UNSURE:
        raise _differs("whether a result is a number or an array without axes")


def one_type(x: Any) -> str:
    """The element type of an array made of a number."""
    return agreed(x, lambda dtype, weak: dtype)


def settle(made: Tracer, operands: Sequence[Any], rule: Callable[..., Key]) -> Tracer:
    """Let the result of an operation know its classes; arrays and narrow numbers have one type."""
    if made._dtype == "bool" or made._dtype in _NARROW:  # constants that these hold are of them
        return made
    keys = {rule(*given) for given in itertools.product(*map(classes_of, operands))}
    types = {dtype for dtype, _ in keys}
    if len(types) > 1 and (made._shape or types.intersection(_NARROW)):
        raise _differs("the element type of a result")
    if len(keys) > 1 and not made._shape:
        made._storage.mixed = frozenset(keys)
    return made
