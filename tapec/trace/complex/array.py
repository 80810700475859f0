"""Complex arrays while tracing: a real and an imaginary part, each an array of its own memory.

A program knows real numbers only, so that derivatives, batches, loops and machine code need to know
nothing of complex ones. Views of a complex array are pairs of views of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays import boxes, memory
from tapec.trace.arrays.operands import any_symbolic, as_tracer, unwrap
from tapec.trace.arrays.overloads import give_operators
from tapec.trace.arrays.promote import common, common_float
from tapec.trace.arrays.session import where
from tapec.trace.arrays.special import CONSTANT, IS_TRACED, SPECIAL
from tapec.trace.arrays.table import TABLE, Table
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.writes import deliver
from tapec.trace.complex.options import CURE, as_called, as_given, takes_arrays
from tapec.trace.numpy.ufunc_methods import NumpyProtocols
from tapec.tree import TRACED, ComplexParts, is_complex, parts_of

F = TypeVar("F", bound=Callable[..., Any])

# NumPy's functions of complex arguments, by name; they get what NumPy's get, but for `out`.
RULES = Table()


def rule(*names: str) -> Callable[[F], F]:
    """Register the decorated function for these names of NumPy's."""

    def register(function: F) -> F:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


class ComplexTracer(NumpyProtocols, ComplexParts):
    """A complex array (or number) of the traced program."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 3000.0

    def __init__(self, real: Any, imag: Any) -> None:
        object.__setattr__(self, "real", real)
        object.__setattr__(self, "imag", imag)

    # -- what NumPy tells ------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy element type."""
        return np.result_type(self.real.dtype, np.complex64)

    @property
    def shape(self) -> Any:
        """Sizes of the axes."""
        return self.real.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self.real.shape = shape
        self.imag.shape = shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.real.shape)

    @property
    def length(self) -> Any:
        """``len`` of it."""
        return self.shape[0]

    @property
    def size(self) -> Any:
        """Number of elements."""
        return self.real.size

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> Any:
        """Bytes in all."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """Transpose."""
        return both(lambda part: part.T, self)

    @property
    def mT(self) -> Any:
        """Transpose of the last two axes."""
        return both(lambda part: part.mT, self)

    @property
    def flat(self) -> Any:
        """The elements in C order."""
        return both(lambda part: part.flat, self)

    @flat.setter
    def flat(self, values: Any) -> None:
        self.flat[:] = values

    def __len__(self) -> int:
        return len(self.real)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        return bool(apply("not_equal", (self, 0), {}))

    def __complex__(self) -> complex:
        return complex(float(self.real), float(self.imag))

    def __float__(self) -> float:
        raise TypeError("float() argument must be a real number, not complex")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(unwrap(self), dtype=dtype)

    def __repr__(self) -> str:
        if not any_symbolic(self):
            return repr(unwrap(self))
        dims = f"[{','.join(map(str, self.shape))}]" if self.shape else ""
        return f"traced {self.dtype}{dims}"

    def __copy__(self) -> Any:
        return both(TABLE["copy"], self)

    def __deepcopy__(self, memo: Any) -> Any:
        return both(TABLE["copy"], self)

    # -- protocols -------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        return both(lambda part: part[key], self)

    def __setitem__(self, key: Any, value: Any) -> None:
        real, imag = split(value)
        self.real[key] = real
        self.imag[key] = imag

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("real", "imag"):
            getattr(self, name)[...] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'ndarray' object has no attribute {name!r}")
        method = METHODS.get(name)
        if method is not None:
            return lambda *args, **kwargs: method(self, *args, **kwargs)
        return lambda *args, **kwargs: apply(name, (self, *args), kwargs)


# "view", "fill", ...: methods of arrays that are no functions of NumPy's, or other ones.
METHODS = Table()


def method(*names: str) -> Callable[[F], F]:
    """Register the decorated function as these methods of complex arrays."""

    def register(function: F) -> F:
        METHODS.update(dict.fromkeys(names, function))
        return function

    return register


# -- parts -----------------------------------------------------------------------------------------


def pair(real: Any, imag: Any) -> Any:
    """The complex array with these parts, of one shape and one float type."""
    if not (type(real) in SPECIAL and type(imag) in SPECIAL):
        real, imag = _alike(as_tracer(real), as_tracer(imag))
    for part in (real, imag):
        if type(part) is Tracer and not part._steps:
            part._storage.part = True
    return ComplexTracer(real, imag)


def _alike(real: Tracer, imag: Tracer) -> tuple[Any, Any]:
    if real._shape != imag._shape:
        shape = np.broadcast_shapes(real._shape, imag._shape)
        real, imag = (_stretched(x, shape) for x in (real, imag))
    if real._dtype == imag._dtype and real._dtype[0] == "f" and real._weak == imag._weak:
        return real, imag
    dtype, weak = common_float(common((real._dtype, real._weak), (imag._dtype, imag._weak)))
    return tuple(_converted(x, dtype, weak) for x in (real, imag))  # type: ignore[return-value]


def _stretched(x: Tracer, shape: tuple[int, ...]) -> Any:
    return x if x._shape == shape else TABLE["copy"](TABLE["broadcast_to"](x, shape))


def _converted(x: Tracer, dtype: str, weak: bool) -> Tracer:
    if x._dtype == dtype and x._weak == weak:
        return x
    made: Tracer = TABLE["astype"](x, "f8" if dtype == "f64" else "f4")
    made._weak = weak
    return made


def split(x: Any) -> tuple[Any, Any]:
    """The parts of a number, an array or nested lists; of a real one the imaginary part is 0."""
    if type(x) in (list, tuple):
        x = RULES["array"](x) if holds_complex(x) else TABLE["array"](x)
    return parts_of(x)


def holds_complex(x: Any) -> bool:
    """Whether complex numbers occur in nested lists."""
    return any(map(holds_complex, x)) if type(x) in (list, tuple) else is_complex(x)


def both(function: Callable[[Any], Any], z: Any) -> Any:
    """A function that treats real and imaginary parts alike."""
    return pair(function(z.real), function(z.imag))


def is_number(z: Any) -> bool:
    """Whether this is a number rather than an array that may be written into."""
    real = z.real
    return type(real) is Tracer and memory.is_number(real)


# -- calls -----------------------------------------------------------------------------------------


def apply(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of NumPy's with complex numbers among its (nested) arguments."""
    known = RULES.get(name)
    if known is None:
        raise UnsupportedOperation(
            f"{as_called(name)} has no translation for traced complex arrays",
            where=where(),
            hint=CURE,
        )
    if takes_arrays(name):
        args = [
            pair(*split(a)) if type(a) in (list, tuple) and holds_complex(a) else a for a in args
        ]
    args, kwargs, out = as_given(name, known, args, kwargs)
    if out is None:
        return boxes.as_numpy_gives(name, args, known(*args, **kwargs))
    mask = kwargs.pop("where", True)
    return deliver(out, known(*args, **kwargs), mask)


def _written(z: ComplexTracer, made: Any) -> Any:
    return made if is_number(z) else deliver(z, made)


def _is_python(x: Any) -> bool:
    """Whether this is one of Python's own numbers, traced or not."""
    part = x.real if type(x) is ComplexTracer else x
    return part._weak if type(part) is Tracer else type(x) in (bool, int, float, complex)


def _of_python(operator: Callable[..., Any]) -> Callable[..., Any]:
    """An operator that gives numbers of Python's for such."""

    def applied(*operands: Any) -> Any:
        made = operator(*operands)
        if all(map(_is_python, operands)):
            for part in (made.real, made.imag) if type(made) is ComplexTracer else (made,):
                if type(part) is Tracer:
                    part._weak = True
        return made

    return applied


give_operators(ComplexTracer, _written)
for _name in ("abs", "pow", "rpow", "truediv", "rtruediv"):  # by functions of NumPy's
    setattr(ComplexTracer, f"__{_name}__", _of_python(getattr(ComplexTracer, f"__{_name}__")))
SPECIAL[ComplexTracer] = apply
IS_TRACED[ComplexTracer] = lambda z: any_symbolic((z.real, z.imag))
CONSTANT.update(dict.fromkeys([complex, np.complex128, np.complex64], apply))
TRACED[Tracer] = pair
