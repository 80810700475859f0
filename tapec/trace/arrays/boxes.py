"""Results without axes: most functions of NumPy's give numbers, some give 0-d arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.trace.arrays.indexing import number
from tapec.trace.arrays.memory import fresh, is_number
from tapec.trace.arrays.tracer import Tracer
from tapec.tree import ComplexParts, joined

# These give arrays, whatever they get.
_ARRAYS = frozenset([
    "array", "asanyarray", "asarray", "broadcast_arrays", "copy", "cov", "fft.fftn", "fft.ifftn",
    "i0", "isin", "linalg.tensordot", "linalg.tensorsolve", "real_if_close", "require", "tensordot",
    "scipy.stats.yeojohnson", "where",
])  # fmt: skip
# These are methods of what they get, which NumPy's scalars have too; Python's become arrays.
_METHODS = frozenset(["astype", "permute_dims", "squeeze", "transpose"])
# These give numbers where their translations see memory.
_NUMBERS = frozenset([
    "iscomplex", "isreal", "kron", "linalg.cond", "nanpercentile", "nanquantile",
])  # fmt: skip


def as_numpy_gives(name: str, args: Sequence[Any], made: Any) -> Any:
    """The result of a function, whose parts without axes are arrays or numbers as NumPy's are."""
    if name in _METHODS:
        return _mapped(_number if _is_scalar(args[0]) else _array, made)
    if name in _ARRAYS:
        return _mapped(_array, made)
    return _mapped(_number, made) if name in _NUMBERS else made


def as_method_gives(name: str, x: Tracer, made: Any) -> Any:
    """The result of a method, which is an array or number as `x` is."""
    if name not in _METHODS and name not in ("copy", "view"):
        return made
    return _mapped(_number if is_number(x) else _array, made)


def _is_scalar(x: Any) -> bool:
    """Whether this is one of NumPy's scalars."""
    x = x.real if isinstance(x, ComplexParts) else x
    return type(x) is Tracer and is_number(x) and not x._weak


def _mapped(form: Any, made: Any) -> Any:
    if type(made) in (tuple, list):
        return type(made)([_mapped(form, part) for part in made])
    if isinstance(made, ComplexParts):
        real, imag = _mapped(form, made.real), _mapped(form, made.imag)
        return made if real is made.real and imag is made.imag else joined(real, imag)
    return form(made) if type(made) is Tracer and not made._shape else made


def _array(x: Tracer) -> Tracer:
    return fresh(x) if is_number(x) else x


def _number(x: Tracer) -> Tracer:
    return x if is_number(x) else number(x)
