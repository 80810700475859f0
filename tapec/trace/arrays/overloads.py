"""Python's operators on tracers, and their methods: NumPy functions, found in the table."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError, TraceError
from tapec.trace.arrays.dispatch import call, method
from tapec.trace.arrays.handlers import HANDLERS, may_raise
from tapec.trace.arrays.memory import is_number
from tapec.trace.arrays.mixed import agreed
from tapec.trace.arrays.operands import listed
from tapec.trace.arrays.overwriting import assign_flat
from tapec.trace.arrays.session import where
from tapec.trace.arrays.special import SPECIAL, call_special, is_special
from tapec.trace.arrays.table import ATTRIBUTES, METHODS, TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import inplace
from tapec.tree import is_complex


class BoundMethod:
    """A bound method that is a translation with the array first."""

    __slots__ = ("name", "tracer")

    def __init__(self, name: str, tracer: Tracer) -> None:
        self.name, self.tracer = name, tracer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return method(self.name, self.tracer, args, kwargs)


def _is_truth(a: Any) -> bool:
    """Whether an operand is one of Python's own booleans, traced or not."""
    return a._weak and a._dtype == "bool" if type(a) is Tracer else type(a) is bool


def is_pythons(a: Any) -> bool:
    """Whether an operand is one of Python's own numbers, traced or not."""
    return a._weak if type(a) is Tracer else type(a) in (bool, int, float)


def _apply(name: str, *operands: Any) -> Any:
    """An operator: on Python's own numbers it does what Python does, not what the ufunc does."""
    if name in _TRUTHS:
        made = TABLE[name](*operands)
        if type(made) is Tracer and made._dtype == "bool":
            made._weak = all(map(is_pythons, operands))
        return made
    if all(map(_is_truth, operands)):  # integers in arithmetic, logic in the ufuncs
        operands = tuple(map(_integer, operands))
    if HANDLERS.get() and name in _DIVISIONS and all(map(is_pythons, operands)):
        divisor = operands[1]
        may_raise(ZeroDivisionError, lambda: TABLE["not_equal"](divisor, 0), "division by zero")
    return TABLE[name](*operands)


def _integer(truth: Any) -> Any:
    """One of Python's booleans as an integer of Python's."""
    if type(truth) is not Tracer:
        return int(truth)
    made = TABLE["astype"](truth, int)
    made._weak = True
    return made


_SEQUENCES = frozenset([list, tuple, str, bytes])


def _with_sequence(name: str, x: Tracer, other: Any, *operands: Any) -> Any:
    """An operator on a traced number and a sequence: NumPy's numbers take it for an array."""
    agreed(x, lambda dtype, weak: (dtype, weak))
    if name == "multiply" and (x._dtype[0] == "i" or _is_truth(x)):
        return other * operator.index(x)
    if name == "multiply":
        raise TypeError(f"can't multiply sequence by non-int of type '{x.dtype}'")
    if not x._weak and type(other) in (list, tuple):
        return _apply(name, *operands)
    if name in ("equal", "not_equal"):
        return name == "not_equal"
    raise TypeError(f"{name} is not supported for '{x.dtype}' and '{type(other).__name__}'")


def _operator(name: str) -> tuple[Any, Any, Any]:
    def forward(self: Tracer, other: Any) -> Any:
        if is_special(other):
            return call_special(name, (self, other), {})
        other = listed(other)
        if type(other) in _SEQUENCES and is_number(self):
            return _with_sequence(name, self, other, self, other)
        return _apply(name, self, other)

    def reflected(self: Tracer, other: Any) -> Any:
        if is_special(other):
            return call_special(name, (other, self), {})
        other = listed(other)
        if type(other) in _SEQUENCES and is_number(self):
            return _with_sequence(name, self, other, other, self)
        return _apply(name, other, self)

    def augmented(self: Tracer, other: Any) -> Any:
        if type(other) in SPECIAL and not is_complex(other):
            return NotImplemented
        result = forward(self, other)
        if is_complex(result) and not is_number(self):
            raise DTypeError(
                f"an in-place operation cannot store {result.dtype} in an array of {self._dtype}",
                where=where(),
                hint="make the array with dtype=complex",
            )
        if is_number(self):
            return result
        inplace(self, result)
        return self

    return forward, reflected, augmented


BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
COMPARE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
            "eq": "equal", "ne": "not_equal"}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
# Operators that give a boolean where their operands are booleans, or always.
_TRUTHS = frozenset([*COMPARE.values(), "bitwise_and", "bitwise_or", "bitwise_xor"])


_DIVISIONS = frozenset(["divide", "floor_divide", "remainder"])


def _rounded(x: Tracer, digits: int | None = None) -> Any:
    """``round(x)``: an integer where `x` is a number and no digits are given."""
    made = TABLE["round"](x, digits or 0)
    if digits is not None or x.shape:
        return made
    made = TABLE["astype"](made, int)
    made._weak = True
    return made


def _attribute(self: Tracer, name: str) -> Any:
    """``x.name``: a method with a translation, or what constants have."""
    if name.startswith("_"):
        raise AttributeError(name)
    if name in ATTRIBUTES:
        return ATTRIBUTES[name](self)
    known = name in METHODS or (name in TABLE and hasattr(np.ndarray, name))
    if known or name in METHODS:  # the look-up in the table may have loaded rare methods
        return BoundMethod(name, self)
    if self._storage.array is not None and name not in _WRITING:
        return getattr(self._array, name)
    if hasattr(np.ndarray, name):
        raise TraceError(
            f"ndarray.{name} is not available on traced arrays",
            where=where(),
            hint="rewrite it with other NumPy functions",
        )
    raise AttributeError(f"'ndarray' object has no attribute {name!r}")


# Methods that change an array in ways that tracing does not model.
_WRITING = frozenset(["resize", "byteswap", "setfield"])


def _array_function(self: Tracer, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
    return call(func, args, kwargs)


def _operators() -> dict[str, Any]:
    """Python's operators by the names of their methods."""
    made: dict[str, Any] = {}
    for short, name in BINARY.items():
        for prefix, function in zip(("", "r", "i"), _operator(name), strict=True):
            made[f"__{prefix}{short}__"] = function
    for short, name in COMPARE.items():
        made[f"__{short}__"] = _operator(name)[0]
    for short, name in UNARY.items():
        made[f"__{short}__"] = lambda self, _name=name: _apply(_name, self)
    return made


METHODS_OF_TRACERS = {
    **_operators(),
    "__divmod__": lambda a, b: TABLE["divmod"](a, b),
    "__round__": _rounded,
    "__getattr__": _attribute,
    "__array_function__": _array_function,
    "flat": vars(Tracer)["flat"].setter(assign_flat),
}
for _name, _function in METHODS_OF_TRACERS.items():
    setattr(Tracer, _name, _function)


def give_operators(kind: type, inplace: Callable[[Any, Any], Any]) -> None:
    """Give a class of `SPECIAL` Python's operators; `inplace(x, made)` is what ``x += y`` binds."""

    def binary(name: str) -> tuple[Any, Any, Any]:
        def forward(self: Any, other: Any) -> Any:
            return call_special(name, (self, other), {})

        def reflected(self: Any, other: Any) -> Any:
            return call_special(name, (other, self), {})

        return forward, reflected, lambda self, other: inplace(self, forward(self, other))

    for short, name in BINARY.items():
        for prefix, function in zip(("", "r", "i"), binary(name), strict=True):
            setattr(kind, f"__{prefix}{short}__", function)
    for short, name in COMPARE.items():
        setattr(kind, f"__{short}__", binary(name)[0])
    for short, name in UNARY.items():
        setattr(kind, f"__{short}__", lambda self, _name=name: call_special(_name, (self,), {}))
