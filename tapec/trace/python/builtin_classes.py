"""Python's builtin classes in traced code: conversions of traced values, and `isinstance`."""

from __future__ import annotations

import builtins
import functools
import operator
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.indexing import number
from tapec.trace.arrays.memory import is_number
from tapec.trace.arrays.mixed import agreed
from tapec.trace.arrays.narrow import widened_integers
from tapec.trace.arrays.operands import any_symbolic, deps_of
from tapec.trace.arrays.session import NeedStatic, where
from tapec.trace.arrays.special import SPECIAL, complex_call
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.texts import TracedText
from tapec.trace.arrays.tracer import Tracer, is_symbolic
from tapec.trace.python.proxy import ArrayProxy, Meta
from tapec.trace.staging.iterables import DynamicRange
from tapec.trace.staging.values import Poison
from tapec.tree import ComplexParts, is_complex


def _element(x: Tracer) -> Tracer:
    """The one element of an array, as a number of its own."""
    return number(TABLE["reshape"](widened_integers(x), ()))


class Float(metaclass=Meta):
    """`float`: converts a traced number to f64."""

    real = builtins.float
    dtype = builtins.float  # NumPy reads this where the class is given as dtype=

    def __new__(cls, x: Any = 0.0) -> Any:
        if not is_symbolic(x) or x.size != 1:
            return builtins.float(x)
        made = TABLE["astype"](_element(x), builtins.float)
        made._weak = True
        return made

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """Traced f64 numbers: NumPy's scalar class is a subclass of float."""
        return is_number(tracer) and agreed(tracer, lambda dtype, weak: dtype == "f64")


class Int(metaclass=Meta):
    """`int`: truncates a traced number to an integer."""

    real = builtins.int
    dtype = builtins.int

    def __new__(cls, x: Any = 0, *base: Any) -> Any:
        if not is_symbolic(x) or x.size != 1:
            return builtins.int(x, *base)
        if x._dtype == "i64" and is_number(x) and x._weak:
            return x
        made = TABLE["astype"](_element(x), builtins.int)
        made._weak = True
        return made

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """Traced Python integers."""
        return is_number(tracer) and agreed(tracer, lambda t, weak: weak and t in ("i64", "bool"))


class Bool(metaclass=Meta):
    """`bool`: the truth of a traced number is a traced boolean."""

    real = builtins.bool
    dtype = builtins.bool

    def __new__(cls, x: Any = False) -> Any:
        if not is_symbolic(x) or x.size != 1:
            return builtins.bool(x)
        x = _element(x)
        made = x if x._dtype == "bool" else TABLE["not_equal"](x, 0)
        made._weak = True
        return made

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """Traced Python booleans."""
        return is_number(tracer) and agreed(tracer, lambda dtype, weak: weak and dtype == "bool")


def _as_complex(x: Any) -> Any:
    return complex_call("astype", Float(x), builtins.complex)


class Complex(metaclass=Meta):
    """`complex`: a traced number with an imaginary part."""

    real = builtins.complex
    dtype = builtins.complex

    def __new__(cls, real: Any = 0.0, imag: Any = None) -> Any:
        if not any_symbolic((real, imag)):
            return builtins.complex(real) if imag is None else builtins.complex(real, imag)
        made = +real if is_complex(real) else _as_complex(real)
        if imag is not None:
            made = made + _as_complex(imag) * 1j
        made.real._weak = made.imag._weak = True
        return made

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """No real number is complex."""
        return False


class Str(metaclass=Meta):
    """`str`: the text of a traced number can only be shown."""

    real = builtins.str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = builtins.str(*args, **kwargs)
        return (
            TracedText(made)
            if args and (is_symbolic(args[0]) or type(args[0]) is TracedText)
            else made
        )

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """No array is a text."""
        return False


class Range(metaclass=Meta):
    """`range`: with bounds known at run time only, what a loop can run over."""

    real = builtins.range

    def __new__(cls, *args: Any) -> Any:
        if not any_symbolic(args) or not all(map(_is_integer, args)):
            return builtins.range(*args)
        needed = deps_of(args)
        if needed:
            raise NeedStatic(needed, where())
        return DynamicRange(*((0, *args) if len(args) == 1 else args))

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """No array is a range."""
        return False


class Deque(metaclass=Meta):
    """`collections.deque` with a concrete maximal length."""

    real = deque

    def __new__(cls, items: Iterable[Any] = (), maxlen: Any = None) -> Any:
        return deque(items, None if maxlen is None else operator.index(maxlen))

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """No array is a deque."""
        return False


class Class(metaclass=Meta):
    """`type`: gives a traced value the class that it has in plain NumPy."""

    real = builtins.type

    def __new__(cls, x: Any, *definition: Any, **keywords: Any) -> Any:
        if definition:
            return builtins.type(x, *definition, **keywords)
        kind = builtins.type(x)
        if kind is Poison:
            x._fail()
        if kind is Tracer:
            return class_of(x)
        if builtins.isinstance(x, ComplexParts):
            return class_of_complex(x)
        return np.ndarray if kind in SPECIAL else kind

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """No array is a class."""
        return False


def by_class(function: Any, substitute: Callable[[Any], Any]) -> Any:
    """`functools.singledispatch`: a traced value has the class that it stands for."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return substitute(function.dispatch(Class(args[0])))(*args, **kwargs)

    return called


def class_of(x: Tracer) -> Any:
    """The class that a traced value has in plain NumPy."""
    if ArrayProxy.accepts(x):
        return array_class(x)
    return agreed(x, _class)


def array_class(x: Tracer) -> Any:
    """The class of an array, or of the iterator over its elements."""
    return np.flatiter if x._steps and x._steps[-1][0] == "flat" else np.ndarray


def is_instance(x: Tracer, kinds: Any) -> bool:
    """``isinstance(x, kinds)`` in plain NumPy."""
    if ArrayProxy.accepts(x):
        return builtins.issubclass(array_class(x), kinds)
    return agreed(x, lambda dtype, weak: builtins.issubclass(_class(dtype, weak), kinds))


def _class(dtype: str, weak: bool) -> Any:
    return _OF_PYTHON[dtype] if weak else NUMPY_DTYPES[dtype].type


_OF_PYTHON: dict[str, Any] = {
    "f64": builtins.float, "i64": builtins.int, "bool": builtins.bool,
    "f32": np.float32, "i32": np.int32,
}  # fmt: skip


def class_of_complex(z: Any) -> Any:
    """The class that a traced complex value has in plain NumPy."""
    part = z.real
    if builtins.type(part) is not Tracer or ArrayProxy.accepts(part):
        return np.ndarray
    return builtins.complex if part._weak else z.dtype.type


def _is_integer(x: Any) -> bool:
    return not is_symbolic(x) or (not x.shape and x._dtype in ("i64", "i32"))
