"""Python's operators on tracers, and their methods: NumPy functions, found in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapec.trace.arrays.storage import ROW
from tapec.trace.arrays.table import TABLE

if TYPE_CHECKING:
    from tapec.trace.arrays.tracer import Tracer

# Classes beside `Tracer` that stand for traced arrays, and whose operators come first.
SPECIAL: set[type] = set()


class Method:
    """A bound method that is a translation with the array first."""

    __slots__ = ("name", "tracer")

    def __init__(self, name: str, tracer: Tracer) -> None:
        self.name, self.tracer = name, tracer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return TABLE["__method__"](self.name, self.tracer, args, kwargs)


def _operator(name: str) -> tuple[Any, Any, Any]:
    def forward(self: Tracer, other: Any) -> Any:
        return NotImplemented if type(other) in SPECIAL else TABLE[name](self, other)

    def reflected(self: Tracer, other: Any) -> Any:
        return TABLE[name](other, self)

    def inplace(self: Tracer, other: Any) -> Any:
        if type(other) in SPECIAL:
            return NotImplemented
        result = TABLE[name](self, other)
        number = not self._steps or self._storage.frozen == ROW
        if not self.shape and number and not self._storage.boxed:
            return result
        TABLE["inplace"](self, result)
        return self

    return forward, reflected, inplace


BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "matmul": "matmul",
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
COMPARE = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
            "eq": "equal", "ne": "not_equal"}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}


def _rounded(x: Tracer, digits: int | None = None) -> Any:
    """``round(x)``: an integer where `x` is a number and no digits are given."""
    made = TABLE["round"](x, digits or 0)
    if digits is not None or x.shape:
        return made
    made = TABLE["astype"](made, int)
    made._weak = True
    return made


def install(tracer: type[Tracer]) -> None:
    """Give the class of tracers its operators."""
    for short, name in BINARY.items():
        for prefix, method in zip(("", "r", "i"), _operator(name), strict=True):
            setattr(tracer, f"__{prefix}{short}__", method)
    for short, name in COMPARE.items():
        setattr(tracer, f"__{short}__", _operator(name)[0])
    for short, name in UNARY.items():
        setattr(tracer, f"__{short}__", lambda self, _name=name: TABLE[_name](self))
    setattr(tracer, "__divmod__", lambda a, b: TABLE["divmod"](a, b))  # noqa: B010
    setattr(tracer, "__round__", _rounded)  # noqa: B010
