"""Stand-ins of NumPy's functions, ufuncs and classes, and of `math`."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tapec.ir.types import NUMPY_DTYPES
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.dispatch import call, eager
from tapec.trace.arrays.dispatch import translated as translated_call
from tapec.trace.arrays.memory import is_number
from tapec.trace.arrays.mixed import agreed, refuse_unsure
from tapec.trace.arrays.operands import any_special, any_symbolic, any_tracer, listed
from tapec.trace.arrays.promote import is_complex_type
from tapec.trace.arrays.table import OWN, TABLE, name_of
from tapec.trace.arrays.tracer import Tracer, of_numpy
from tapec.trace.numpy.ufunc_methods import ufunc_call

_MATH = {
    **{n: n for n in [
        "exp", "expm1", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan",
        "sinh", "cosh", "tanh", "floor", "ceil", "trunc", "hypot", "isnan", "isinf",
        "isfinite", "erf", "erfc", "copysign", "fmod", "exp2", "degrees", "radians", "modf", "ldexp"
    ]},
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "pow": "power",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "fabs": "absolute",
    "lgamma": "gammaln", "fsum": "sum", "gamma": "gamma", "log": "log",
}  # fmt: skip


def _log(x: Any, *base: Any) -> Any:
    return TABLE["log"](x) / TABLE["log"](*base) if base else TABLE["log"](x)


def _hypot(*xs: Any) -> Any:
    return functools.reduce(TABLE["hypot"], xs) if len(xs) > 1 else TABLE["absolute"](*xs)


def _dist(p: Any, q: Any) -> Any:
    return TABLE["linalg.norm"](TABLE["array"]([a - b for a, b in zip(p, q, strict=True)]))


def _product(items: Any, *, start: Any = 1) -> Any:
    return TABLE["prod"](items) * start


def _is_close(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    size = TABLE["maximum"](TABLE["absolute"](a), TABLE["absolute"](b))
    near = TABLE["absolute"](a - b) <= TABLE["maximum"](rel_tol * size, abs_tol)
    infinite = TABLE["logical_or"](TABLE["isinf"](a), TABLE["isinf"](b))
    return TABLE["equal"](a, b) | (near & TABLE["logical_not"](infinite))


# Functions of `math` whose arguments differ from those of NumPy's functions.
_OTHERWISE: dict[str, Callable[..., Any]] = {
    "log": _log,
    "hypot": _hypot,
    "dist": _dist,
    "prod": _product,
    "isclose": _is_close,
}


# These give Python integers, unlike NumPy's functions of the same name.
_INTEGRAL = frozenset(["floor", "ceil", "trunc"])


def as_python_int(x: Tracer) -> Tracer:
    """A traced number without fraction as a Python integer."""
    made: Tracer = TABLE["astype"](x, int)
    made._weak = True
    return made


class Meta(type):
    """Makes tracers instances of a substituted class."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.real) or (
            type(instance) is Tracer and cls.accepts(instance)
        )

    def __eq__(cls, other: object) -> Any:
        # Element types know that they are equal to classes: `x.dtype in (np.float32, np.float64)`.
        return True if other is cls or other is cls.real else NotImplemented

    def __or__(cls, other: Any) -> Any:
        return type.__or__(cls, other)

    def __ror__(cls, other: Any) -> Any:
        return type.__ror__(cls, other)

    def __hash__(cls) -> int:
        return hash(cls.real)

    def __subclasscheck__(cls, other: type) -> bool:
        # Other classes have a `real` too, as `int.real`.
        return issubclass(other.real if isinstance(other, Meta) else other, cls.real)

    def __getattr__(cls, name: str) -> Any:
        if name == "real":
            raise AttributeError(name)
        real = getattr(cls.real, name)
        return _unbound(real, name) if isinstance(real, _DESCRIPTORS) else real


# Methods and operators as they are read from a class.
_DESCRIPTORS = (types.MethodDescriptorType, types.WrapperDescriptorType)


def _unbound(real: Any, name: str) -> Callable[..., Any]:
    """A method read from a class, which takes traced values too."""

    @functools.wraps(real)
    def unbound(x: Any, *args: Any, **kwargs: Any) -> Any:
        method = getattr(x, name) if type(x) is Tracer else functools.partial(real, x)
        return method(*args, **kwargs)

    return unbound


class ArrayProxy(metaclass=Meta):
    """`np.ndarray` in traced code."""

    real = np.ndarray

    @staticmethod
    def accepts(tracer: Tracer) -> bool:
        """Tracers with axes are arrays, and those of memory without axes."""
        refuse_unsure(tracer)
        return not is_number(tracer)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return concrete(np.ndarray(*args, **kwargs))


class UfuncProxy:
    """A ufunc that takes lists of tracers and wraps eager results."""

    def __init__(self, ufunc: Any) -> None:
        self._ufunc = ufunc
        self.__name__ = ufunc.__name__

    def __eq__(self, other: object) -> bool:
        return self._ufunc is (other._ufunc if type(other) is UfuncProxy else other)

    def __hash__(self) -> int:
        return hash(self._ufunc)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = listed(args), listed(kwargs)
        writes = "out" in kwargs or len(args) > self._ufunc.nin
        if any_symbolic(args) or any_symbolic(kwargs) or (writes and self.__name__ in TABLE):
            return ufunc_call(self._ufunc, "__call__", args, kwargs)
        return eager(self._ufunc, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._ufunc, name)
        if name not in ("reduce", "accumulate", "outer", "at", "reduceat"):
            return member

        def method(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = listed(args), listed(kwargs)
            if any_symbolic(args) or (name == "at" and any_tracer(args)):
                return ufunc_call(self._ufunc, name, args, kwargs)
            return eager(member, args, kwargs)

        return method


def numpy_function(real: Any) -> Any:
    """A NumPy function (by name also scipy.special's) that accepts lists of tracers."""
    name = name_of(real)

    @functools.wraps(real)
    def translated(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = listed(args), listed(kwargs)
        if name in OWN and not (any_special(args) or is_complex_type(kwargs.get("dtype"))):
            return translated_call(name, real, args, kwargs)
        return call(real, args, kwargs)

    return translated


def math_function(real: Any) -> Any:
    """A function of `math` that takes traced numbers too."""
    name = _MATH.get(real.__name__, "")

    @functools.wraps(real)
    def translated(*args: Any, **kwargs: Any) -> Any:
        if not any_symbolic(args) and not any_symbolic(kwargs):
            return real(*args, **kwargs)
        otherwise = _OTHERWISE.get(real.__name__)
        if otherwise is not None:
            return otherwise(*args, **kwargs)
        if not name or kwargs:
            # Not of the same name in NumPy: math.remainder is no np.remainder.
            return real(*args, **kwargs)
        made = TABLE[name](*args)
        if type(made) is Tracer and made._dtype == "bool":
            made._weak = True
        return as_python_int(made) if name in _INTEGRAL else made

    return translated


def array_caster(real: Any) -> Any:
    """A scalar class such as `np.float64`: called on traced values it converts."""

    class Caster(metaclass=Meta):
        def __new__(cls, x: Any = 0, *args: Any, **kwargs: Any) -> Any:
            if any_symbolic(x):
                return of_numpy(TABLE["array"](x, dtype=real))
            return eager(real, (x, *args), kwargs)

        @staticmethod
        def accepts(tracer: Tracer) -> bool:
            return is_number(tracer) and agreed(
                tracer, lambda dtype, weak: not weak and np.issubdtype(NUMPY_DTYPES[dtype], real)
            )

    Caster.real = real  # type: ignore[attr-defined]
    Caster.dtype = np.dtype(real)  # type: ignore[attr-defined]
    Caster.__name__ = real.__name__
    return Caster


def is_numpy(thing: Any) -> bool:
    """Whether this belongs to NumPy."""
    module = getattr(thing, "__module__", None) or ""
    return module.split(".")[0] == "numpy" and _is_of("numpy", thing)


_MODULES = (
    "scipy.special",
    "scipy.linalg",
    "scipy.fft",
    "scipy.signal",
    "scipy.stats",
    "scipy._lib",
)


def is_special(thing: Any) -> bool:
    """Whether this is a Python function with a translation, of these modules of SciPy."""
    module = getattr(thing, "__module__", None) or ""
    known = module.startswith(_MODULES) and name_of(thing) in TABLE
    return known and _is_of("scipy", thing)


# Of scipy.fft, of which others may give versions; of scipy.special, of several ufuncs.
_CLASSES = frozenset(["_Function", "MultiUFunc"])


def is_multimethod(thing: Any) -> bool:
    """Whether this is a function of SciPy's that is an object of a class of its own."""
    return type(thing).__name__ in _CLASSES and name_of(thing) in TABLE


def _is_of(package: str, thing: Any) -> bool:
    """Whether a function is the package's, not one that `functools.wraps` gave its names."""
    code = getattr(thing, "__code__", None)
    if code is None or code.co_filename[0] == "<":
        return True
    folder = Path(sys.modules[package].__file__ or "").parent
    return folder in Path(code.co_filename).parents
