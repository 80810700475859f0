"""Calls of Python functions that are not traced."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import numpy as np

from tapec.errors import NonDifferentiableError, UnsupportedOperation
from tapec.ir.build import Expr
from tapec.ir.ops.shape import Array, Flags, Tangents, call, lift
from tapec.ir.primitive import structured
from tapec.ir.types import Type

# Makes one flat array of the operands, which are its own.
Opaque = Callable[[list[Array]], Array]

_NUMBERS = itertools.count(1)


class Rules(Protocol):
    """The derivatives of a function, made when they are asked for; `lead` axes are lanes."""

    def jvp(
        self, operands: Sequence[Expr], tangents: Tangents, result: Expr, lead: int
    ) -> Expr | None:
        """The tangent of the result."""

    def vjp(
        self, ct: Expr, operands: Sequence[Expr], result: Expr, lead: int
    ) -> Sequence[Expr | None]:
        """The cotangents of the operands."""


class Name(str):
    """The name that programs have for a function: who has the name keeps the function."""

    __slots__ = ("__weakref__", "function", "rules")

    function: Opaque
    rules: Rules | None


_NAMES: WeakValueDictionary[str, Name] = WeakValueDictionary()


def named(function: Opaque, hint: str, rules: Rules | None = None) -> Name:
    """A name of this process for a function, by which programs call it."""
    name = Name(f"{hint}.{next(_NUMBERS)}")
    name.function, name.rules = function, rules
    _NAMES[str(name)] = name
    return name


def _infer(*operands: Type, function: str, count: int, lead: int = 0) -> Type:
    return Type("f64", (*_lanes(*(t.shape for t in operands), lead=lead), count))


def _lanes(*shapes: tuple[int, ...], lead: int) -> tuple[int, ...]:
    return shapes[0][:lead] if lead else ()


def evaluate(*operands: Array, function: str, count: int, lead: int = 0) -> Array:
    """Call the function, for each lane where there are `lead` axes of them."""
    name = _NAMES.get(function)
    if name is None:
        raise UnsupportedOperation(f"the Python function {function} is not known in this process")
    python = name.function
    if not lead:
        return python([np.array(x) for x in operands])
    lanes = _lanes(*(x.shape for x in operands), lead=lead)
    out = np.empty((*lanes, count))
    for at in np.ndindex(*lanes):
        out[at] = python([np.array(x[at]) for x in operands])
    return out


def _rules(function: str) -> Rules:
    name = _NAMES.get(function)
    if name is not None and name.rules is not None:
        return name.rules
    raise NonDifferentiableError(
        f"{function.rpartition('.')[0]} is called as it is: nothing is known of its derivatives",
        hint="give them by tapec.implicit(..., like=...) or tapec.custom_rule around the call",
    )


def _jvp(
    operands: tuple[Expr, ...],
    tangents: Tangents,
    result: Expr,
    *,
    function: str,
    count: int,
    lead: int = 0,
) -> Expr | None:
    if all(t is None for t in tangents):
        return None
    return _rules(function).jvp(operands, tangents, result, lead)


def _vjp(
    ct: Expr,
    result: Expr,
    operands: tuple[Expr, ...],
    *,
    function: str,
    count: int,
    lead: int = 0,
) -> Any:
    return tuple(_rules(function).vjp(ct, operands, result, lead))


def _batch(xs: tuple[Expr, ...], batched: Flags, size: int, *, lead: int = 0, **attrs: Any) -> Expr:
    lifted = [lift(x, b, size) for x, b in zip(xs, batched, strict=True)]
    return call("opaque", *lifted, lead=lead + 1, **attrs)


OPAQUE = structured(
    "opaque",
    _infer,
    evaluate,
    jvp=_jvp,
    vjp=_vjp,
    batch=_batch,
    cost=1000,
    analytic=False,
    raises=True,
    lower="own loops",
    doc="The `count` numbers that a Python function of this process makes of the operands, for "
    "each of the lanes along their `lead` first axes.",
)
