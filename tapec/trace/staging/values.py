"""Values that are live into or out of regions: their kinds, joins of kinds, and poison."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.ir.types import NUMPY_DTYPES, Type
from tapec.trace.arrays.layout import Strides
from tapec.trace.arrays.memory import UNKNOWN, layout_of
from tapec.trace.arrays.operands import operand
from tapec.trace.arrays.promote import Key, common
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.storage import COPY, STALE, UNSURE, MaybeShared, Storage
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.staging.failures import check_one_truth
from tapec.trace.staging.objects import structure

_NAMES = {dtype: name for name, dtype in NUMPY_DTYPES.items() if name not in ("index", "tape")}
_NUMBERS = {bool: "bool", int: "i64", float: "f64"}
SET_BEFORE = "give it a value before the branch or loop"
_FILL = {"f": float("nan"), "b": False, "i": 0}


@dataclass(frozen=True, slots=True)
class Kind:
    """The abstract value of an array or number: element type, shape, weakness of Python scalars."""

    dtype: str
    shape: tuple[int, ...] = ()
    weak: bool = False
    boxed: bool | str = False
    strides: Strides | None = None  # in elements; None in C order, () where that is not known
    # Whether it is a constant that every element type but bool holds without rounding.
    exact: bool = field(default=False, compare=False)
    # Element type and weakness on each path, where they differ.
    mixed: frozenset[Key] = field(default=frozenset(), compare=False)

    @property
    def classes(self) -> frozenset[Key]:
        """Element type and weakness on each path."""
        return self.mixed or frozenset([(self.dtype, self.weak)])

    @property
    def type(self) -> Type:
        """Its type in the program."""
        return Type(self.dtype, self.shape)

    def __str__(self) -> str:
        return _PYTHON[self.dtype] if self.weak and self.dtype in _PYTHON else str(self.type)


_PYTHON = {"bool": "Python bool", "i64": "Python int", "f64": "Python float"}


def as_hint(name: str) -> str:
    """The name of a variable as a name in the program, "" for other slots."""
    return name if name.isidentifier() else ""


def kind_of(leaf: Any) -> Kind | None:
    """The kind of an array or number; None for anything else."""
    if type(leaf) is Tracer:
        storage = leaf._storage
        return Kind(
            leaf._dtype, leaf._shape, leaf._weak, storage.boxed, layout_of(leaf),
            mixed=storage.mixed,
        )  # fmt: skip
    number = _NUMBERS.get(type(leaf))
    if number is not None:
        return Kind(number, (), True, exact=_is_exact(leaf))
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype in _NAMES:
        boxed = isinstance(leaf, np.ndarray)
        return Kind(_NAMES[leaf.dtype], leaf.shape, False, boxed, layout_of(leaf))
    return None


def _is_exact(number: Any) -> bool:
    """Whether the narrowest types hold a number of Python's without rounding it."""
    try:
        return bool(np.float32(number) == number) and abs(number) <= 2.0**24
    except OverflowError:
        return False


def rounds(kind: Kind, dtype: str) -> bool:
    """Whether a number of Python's loses digits where it adapts."""
    return kind.dtype != dtype and dtype in NARROW and not kind.exact


NARROW = ("f32", "i32")


def merged(a: Kind, b: Kind) -> Kind | None:
    """The join of two kinds, None where there is none.

    Python numbers adapt (int to float, Python scalar to array element) where that rounds nothing;
    nothing else does.
    """
    if a.shape != b.shape:
        return None
    boxed = a.boxed if a.boxed == b.boxed else UNSURE
    strides = a.strides if a.strides == b.strides else UNKNOWN
    classes = a.classes | b.classes
    mixed = classes if len(classes) > 1 else frozenset()
    if a.dtype == b.dtype:
        return Kind(a.dtype, a.shape, a.weak and b.weak, boxed, strides, mixed=mixed)
    if "bool" in (a.dtype, b.dtype) or not (a.weak or b.weak):
        return None
    dtype, weak = common((a.dtype, a.weak), (b.dtype, b.weak))
    if (not a.weak and dtype != a.dtype) or (not b.weak and dtype != b.dtype):
        return None
    if rounds(a, dtype) or rounds(b, dtype):
        return None
    return Kind(dtype, a.shape, weak, boxed, strides, mixed=mixed)


def value_of(session: Session, leaf: Any, kind: Kind) -> Value:
    """A leaf as an operand of this kind."""
    return operand(session, leaf, kind.dtype)


def filler(session: Session, kind: Kind) -> Value:
    """A filler for a value that is unbound on a path: NaN, zero (an index of most arrays), False.

    The flags of variables rely on False (see `tapec.trace.source.unbound`).
    """
    return session.const(_FILL[kind.dtype[0]], kind.dtype, kind.shape)


def traced(session: Session, value: Value, kind: Kind, frozen: Any = "") -> Tracer:
    """A result of a region as a tracer."""
    made = wrap(session, value, kind.weak)
    made._storage.boxed = kind.boxed
    made._storage.strides = kind.strides
    made._storage.frozen = frozen
    made._storage.mixed = kind.mixed
    return made


def memory_of(leaf: Any) -> Storage | None:
    """The storage of an array, which others may see writes to; None for numbers."""
    if type(leaf) is not Tracer or not (leaf._shape or leaf._storage.boxed):
        return None
    return leaf._storage


class OnSomePaths:
    """What guards a value that exists on some paths only, as `frozen` of its storage."""

    __slots__ = ()

    name = ""

    def check(self) -> None:
        """Called where the value is read."""

    def refuses_writes(self) -> bool:
        """Whether writes are refused."""
        return False


def up_to_date(value: Any, name: Callable[[], str]) -> Any:
    """The content of a changed slot, with poison in place of leaves that cannot be read."""
    return _replaced(value, lambda leaf: _existing(_fresh(leaf), name))


def as_it_was(value: Any, name: Callable[[], str]) -> Any:
    """The same for an unchanged slot, whose stale leaves are errors where they are merged."""
    return _replaced(value, lambda leaf: _existing(leaf, name))


def _replaced(value: Any, rule: Callable[[Any], Any]) -> Any:
    leaves, tree = structure(value)
    if tree is None:
        return value
    present = [rule(x) for x in leaves]
    return value if all(map(operator.is_, present, leaves)) else tree.unflatten(present)


def _fresh(leaf: Any) -> Any:
    frozen = leaf._storage.frozen if type(leaf) is Tracer else ""
    stale = isinstance(frozen, MaybeShared) and frozen.stale
    return Poison(STALE, COPY, None) if stale else leaf


def _existing(leaf: Any, name: Callable[[], str]) -> Any:
    """Poison for the value of the attribute `name` where several branches decide whether it exists.

    Under other names it has been read.
    """
    frozen = leaf._storage.frozen if type(leaf) is Tracer else ""
    if isinstance(frozen, OnSomePaths) and frozen.name == name():
        return Poison(f"{frozen.name} exists on some paths only", SET_BEFORE, None)
    return leaf


def truth(session: Session, test: Any) -> Value:
    """A condition as a boolean number; sizes other than 1 are ambiguous, as in NumPy."""
    check_one_truth(test)
    if test.shape:
        test = TABLE["reshape"](test, ())
    if test._dtype != "bool":
        test = TABLE["not_equal"](test, 0)
    return operand(session, test, "bool")


class Poison:
    """Stands for a value that the paths leave undetermined: only using it is an error."""

    __slots__ = ("_error",)

    def __init__(self, message: str, hint: str, at: object) -> None:
        object.__setattr__(self, "_error", (message, hint, at))

    def _fail(self, *args: Any, **kwargs: Any) -> Any:
        message, hint, at = self._error
        raise ControlFlowError(message, where=at or where(), hint=hint)

    __setattr__ = _fail

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._fail()

    def __repr__(self) -> str:
        return "<undetermined>"


def _poison_operators() -> None:
    binary = (
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "matmul",
        "and",
        "or",
        "xor",
    )
    names = [f"__{p}{n}__" for n in binary for p in ("", "r", "i")]
    names += [f"__{n}__" for n in (
        "lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert", "bool", "len", "iter",
        "getitem", "setitem", "call", "float", "int", "index", "array_ufunc", "array_function",
        "array", "contains", "enter", "exit", "format", "hash", "round", "trunc", "floor", "ceil",
        "divmod", "rdivmod", "complex", "reversed", "lshift", "rlshift", "rshift", "rrshift",
        "next", "delitem", "str")]  # fmt: skip
    for name in names:
        setattr(Poison, name, Poison._fail)


_poison_operators()
