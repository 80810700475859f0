"""Arguments of NumPy's functions as rules for complex numbers take them."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.ir.types import NUMPY_DTYPES
from tapec.trace import parts  # noqa: F401  `like` reads parameters: all are entered
from tapec.trace.arrays.arguments import admitted, without_out
from tapec.trace.arrays.operands import key_of
from tapec.trace.arrays.session import where
from tapec.trace.arrays.special import complex_call
from tapec.trace.arrays.table import TABLE
from tapec.trace.numpy import rare  # noqa: F401
from tapec.tree import is_complex

F = TypeVar("F", bound=Callable[..., Any])

CURE = "compute with the real and the imaginary part: z.real, z.imag"


# Options of SciPy's transforms that change no values.
IDLE = ("overwrite_x", "workers", "plan")


def like(name: str, function: F) -> F:
    """A rule with the parameters of the function for real arrays, for which it stands."""
    real: Any = TABLE.entered(name)
    known = {"__signature__": inspect.signature(real)}
    vars(function).update(known, takes_all=getattr(real, "takes_all", False))
    return function


# Functions, besides universal ones, that take nested lists for arrays.
_OF_ARRAYS = frozenset(
    ["imag", "real", "angle", "isreal", "iscomplex", "cumprod", "prod", "var", "std",
     "linalg.norm", "linalg.matrix_norm", "linalg.vector_norm", "linalg.svd", "linalg.det",
     "linalg.inv", "linalg.solve"]
)  # fmt: skip


def takes_arrays(name: str) -> bool:
    """Whether lists that a function is given stand for arrays."""
    return name in _OF_ARRAYS or isinstance(_of_numpy(name), np.ufunc)


def as_called(name: str) -> str:
    """A function's name with its package."""
    if name.startswith("scipy."):
        return name
    return f"np.{name}" if name.partition(".")[0] in dir(np) else f"scipy.special.{name}"


def as_given(name: str, known: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The arguments as the rule takes them, and `out`; others are refused."""

    def refused(argument: str) -> UnsupportedOperation:
        return UnsupportedOperation(
            f"{as_called(name)} of complex numbers with {argument}=", where=where(), hint=CURE
        )

    if name.startswith("fft."):
        kwargs = {k: v for k, v in kwargs.items() if k not in IDLE}
    function = _of_numpy(name)
    if function is None or isinstance(function, np.ufunc):
        rest = {k: v for k, v in kwargs.items() if k != "out"}
        out = kwargs.get("out")
        if function is not None:
            args, rest = _for_ufunc(function, args, rest, out is not None, refused)
        return args, rest, out[0] if isinstance(out, tuple) else out
    args, kwargs, out = without_out(function, args, kwargs)
    casting = kwargs.get("casting")
    args, kwargs = admitted(function, known, args, kwargs, refused)
    if name in _CONVERTING:
        args = _in_type(args, kwargs.pop("dtype", None), casting or _CONVERTING[name])
    return args, kwargs, out


# -- element types ---------------------------------------------------------------------------------

# Functions that convert their first argument to `dtype`, and by which rule where none is given.
_REDUCED = (
    "sum prod cumsum cumprod cumulative_sum cumulative_prod mean trace linalg.trace nansum nanmean"
)
_JOINED = ("concatenate", "concat", "stack", "vstack", "hstack")
_CONVERTING = {
    **dict.fromkeys(_REDUCED.split(), "unsafe"),
    **dict.fromkeys(_JOINED, "same_kind"),
}


def _in_type(args: Sequence[Any], dtype: Any, casting: str) -> Sequence[Any]:
    """The arguments with the first one, or the arrays in it, converted to an element type."""
    first, *rest = args
    joined = type(first) in (list, tuple)
    kind = np.dtype(dtype) if dtype is not None else None
    if joined and kind is None and casting in ("no", "equiv", "safe"):
        kind = np.result_type(*(_kind_of(x) for x in first))
    made = [_cast(x, kind, casting) for x in (first if joined else [first])]
    return [made if joined else made[0], *rest]


def _cast(x: Any, kind: Any, casting: str) -> Any:
    """An argument in an element type; a real one gets the type of the parts of a complex type."""
    if type(x) in (list, tuple):
        x = complex_call("array", x) if any(map(is_complex, x)) else np.array(x)
    own = _kind_of(x)
    if kind is None or own == kind:
        return x
    check_rule(x, kind, casting)
    if is_complex(x):
        return complex_call("astype", x, kind)
    return TABLE["astype"](x, np.zeros((), kind).real.dtype)


def check_rule(x: Any, kind: np.dtype[Any], casting: str) -> None:
    """Raise NumPy's error where a rule for casts does not allow this one."""
    own = np.dtype(_kind_of(x))
    if not np.can_cast(own, kind, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast array data from {own!r} to {kind!r} according to the rule '{casting}'"
        )


def _kind_of(x: Any) -> Any:
    """The element type; the class of Python's numbers, which bend to that of others."""
    part = x.real if is_complex(x) else x
    if key_of(part)[1]:
        return (
            complex if is_complex(x) else type(np.zeros((), NUMPY_DTYPES[key_of(part)[0]]).item())
        )
    return np.dtype(x.dtype)


def _for_ufunc(
    ufunc: np.ufunc, args: Sequence[Any], kwargs: dict[str, Any], out: bool,
    refused: Callable[[str], Exception],
) -> tuple[Sequence[Any], dict[str, Any]]:  # fmt: skip
    """The operands as NumPy converts them for the loop that it picks, and the options left."""
    dtype, casting = kwargs.pop("dtype", None), kwargs.pop("casting", "same_kind")
    kwargs.pop("subok", None)
    for name, idle in (("order", "K"), ("where", True)):
        if not (name == "where" and out) and kwargs.pop(name, idle) != idle:
            raise refused(name)
    if dtype is None and casting == "same_kind":
        return args, kwargs
    return in_loop_of(ufunc, args, dtype, casting), kwargs


def in_loop_of(
    ufunc: np.ufunc, args: Sequence[Any], dtype: Any = None, casting: Any = "same_kind"
) -> Sequence[Any]:
    """Operands in the element types of the loop that NumPy picks for them."""
    args = [_cast(a, None, casting) for a in args]
    types = ufunc.resolve_dtypes(
        (*map(_kind_of, args), *(None,) * ufunc.nout),
        signature=(*(None,) * ufunc.nin, *(np.dtype(dtype) if dtype else None,) * ufunc.nout),
        casting=casting,
    )
    return [_cast(a, t, "unsafe") for a, t in zip(args, types, strict=False)]


@functools.cache
def _of_numpy(name: str) -> Any:
    """NumPy's function of this name; None where it is none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    plain = callable(found) and not isinstance(found, type | types.BuiltinFunctionType)
    return found if plain else None
