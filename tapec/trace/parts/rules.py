"""NumPy's functions on slices of run-time length: how each masks the elements outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import any_special
from tapec.trace.arrays.special import SPECIAL
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.arrays.ufuncs import SINGULAR_AT_ZERO, UFUNCS
from tapec.trace.numpy.shape import axes_of
from tapec.trace.parts.intervals import Interval
from tapec.trace.parts.ragged import Ragged, mismatch, unsupported, write

RULES: dict[str, Callable[..., Any]] = {"write": write}
ELEMENTWISE = UFUNCS | {
    "absolute", "abs", "fabs", "power", "float_power", "pow", "square", "reciprocal", "where",
    "clip", "round", "around", "nan_to_num", "sinc", "astype", "copy", "positive", "array",
    "asarray", "ascontiguousarray", "fix", "floor", "ceil", "trunc", "rint",
}  # fmt: skip
# Functions that are singular somewhere get a harmless argument where no element is meant.
_HARMLESS = {"arccosh": 2.0, **dict.fromkeys(
    ["log", "log2", "log10", "log1p", "sqrt", "cbrt", "arcsin", "arccos", "arctanh", "reciprocal",
     "power", "float_power", "pow", "hypot", "arctan2", *SINGULAR_AT_ZERO], 0.5)}  # fmt: skip
_DIVISIONS = frozenset(
    ["divide", "true_divide", "floor_divide", "remainder", "mod", "fmod", "divmod"]
)


def call(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A NumPy function with slices of run-time length among its arguments."""
    rule = RULES.get(name)
    if rule is not None:
        if kwargs.get("out") is not None:
            raise unsupported(f"np.{name} into an array (out=)")
        return rule(*args, **kwargs)
    if name in ELEMENTWISE and not any(any_special(a) for a in args if type(a) in (list, tuple)):
        return elementwise(name, args, kwargs)
    raise unsupported(f"np.{name}")


def rule(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function for these NumPy names."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


# --- elementwise ---------------------------------------------------------------------------------


def elementwise(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """An elementwise function over the frames, moved to the same intervals."""
    out = kwargs.pop("out", None)
    ndim = max(_ndim(a) for a in args)
    intervals: dict[int, Interval] = {}
    for a in args:
        if type(a) is Ragged:
            for axis, interval in a.intervals.items():
                intervals.setdefault(axis + ndim - a.ndim, interval)
    frames = [_harmless(name, k, _at(a, intervals, ndim)) for k, a in enumerate(args)]
    made = TABLE[name](*frames, **kwargs)
    result = Ragged(made, intervals)
    if out is None:
        return result
    target = out[0] if isinstance(out, tuple) else out
    if type(target) is not Ragged:
        raise mismatch(target, 0)
    write(target, result)
    return target


def _ndim(a: Any) -> int:
    return a.ndim if type(a) in (Ragged, Tracer, np.ndarray) else np.ndim(a)


def _at(a: Any, intervals: dict[int, Interval], ndim: int) -> Any:
    """An operand over the frame of the result."""
    lead = ndim - _ndim(a)
    shape = (
        a.frame.shape if type(a) is Ragged else np.shape(a) if not hasattr(a, "shape") else a.shape
    )
    for axis, interval in intervals.items():
        own = axis - lead
        if own < 0 or (shape[own] == 1 and not (type(a) is Ragged and own in a.intervals)):
            continue
        if type(a) is not Ragged:
            raise mismatch(a, own)
        a = a.moved(own, interval)
    if type(a) is Ragged and any(k + lead not in intervals for k in a.intervals):
        raise mismatch(a, 0)
    return a


def _harmless(name: str, position: int, a: Any) -> Any:
    """The frame of an operand, filled outside so that nothing divides by zero."""
    if type(a) is not Ragged:
        return a
    if name in _HARMLESS and a.frame._dtype[0] == "f":
        return a.filled(_HARMLESS[name])
    return a.filled(1) if name in _DIVISIONS and position == 1 else a.frame


# --- reductions ----------------------------------------------------------------------------------


def _lowest(dtype: str) -> Any:
    return -np.inf if dtype[0] == "f" else False if dtype == "bool" else np.iinfo(np.int64).min


def _highest(dtype: str) -> Any:
    return np.inf if dtype[0] == "f" else True if dtype == "bool" else np.iinfo(np.int64).max


# Neutral elements for the others: so the maximum of no elements is -inf, an error in NumPy.
_FILL: dict[str, Callable[[str], Any]] = {
    "sum": lambda dtype: 0, "prod": lambda dtype: 1, "any": lambda dtype: False,
    "all": lambda dtype: True, "max": _lowest, "min": _highest, "amax": _lowest, "amin": _highest,
    "count_nonzero": lambda dtype: 0, "linalg.norm": lambda dtype: 0,
    "argmax": _lowest, "argmin": _highest, "logsumexp": _lowest,
}  # fmt: skip


def _reduction(name: str) -> Callable[..., Any]:
    def reduce(x: Ragged, *args: Any, **kwargs: Any) -> Any:
        takes_axis_first = name != "linalg.norm"
        position = 0 if takes_axis_first else 1
        axis = args[position] if len(args) > position else kwargs.get("axis")
        axes = set(axes_of(axis, x.ndim))
        fill = _FILL[name](x.frame._dtype)
        made = TABLE[name](x.filled(fill, axes), *args, **kwargs)
        if name.startswith("arg"):
            made = made - _only_cut(x).low
        return _kept(made, x, axes, bool(kwargs.get("keepdims")))

    return reduce


for _name in _FILL:
    RULES[_name] = _reduction(_name)
for _name, _ufunc in {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}.items():
    RULES[f"{_ufunc}.reduce"] = lambda x, axis=0, _name=_name, **kw: RULES[_name](
        x, axis=axis, **kw
    )


def _only_cut(x: Ragged) -> Interval:
    if x.ndim != 1:
        raise unsupported("argmax or argmin of several axes")
    return x.intervals[0]


def _kept(made: Any, x: Ragged, axes: set[int], keepdims: bool) -> Any:
    """The bounds of the axes that a reduction leaves."""
    rest = [a for a in range(x.ndim) if a not in axes]
    places = rest if not keepdims else range(x.ndim)
    intervals = {
        k: x.intervals[a] for k, a in enumerate(places) if a in x.intervals and a not in axes
    }
    return Ragged(made, intervals) if intervals else made


def count(x: Ragged, axis: Any) -> Any:
    """How many elements a reduction over `axis` combines."""
    number: Any = 1
    for a in axes_of(axis, x.ndim):
        number = number * x.shape[a]
    return number


@rule("mean", "average")
def mean(x: Ragged, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean."""
    return RULES["sum"](x, axis=axis, keepdims=keepdims) / count(x, axis)


@rule("var")
def var(x: Ragged, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Any:
    """Variance."""
    deviation = x - mean(x, axis, keepdims=True)
    return RULES["sum"](deviation * deviation, axis=axis, keepdims=keepdims) / (
        count(x, axis) - ddof
    )


@rule("std")
def std(x: Ragged, *args: Any, **kwargs: Any) -> Any:
    """Standard deviation."""
    return np.sqrt(var(x, *args, **kwargs))


def _running(name: str, neutral: int) -> Callable[..., Any]:
    def run(x: Ragged, axis: Any = None, **kwargs: Any) -> Any:
        if axis is None and x.ndim != 1:
            raise unsupported(f"a flattened np.{name}")
        # Elements before the part are neutral.
        return Ragged(TABLE[name](x.filled(neutral), axis=axis or 0, **kwargs), x.intervals)

    return run


RULES.update(cumsum=_running("cumsum", 0), cumprod=_running("cumprod", 1))

# --- products ------------------------------------------------------------------------------------


@rule("matmul", "dot")
def matmul(a: Any, b: Any) -> Any:
    """Products of vectors and matrices."""
    if _ndim(a) == 0 or _ndim(b) == 0:
        return elementwise("multiply", (a, b), {})
    if _ndim(a) > 2 or _ndim(b) > 2:
        raise unsupported("products of more than two axes")
    i, j = _ndim(a) - 1, max(_ndim(b) - 2, 0)
    left, right = _contracted(a, b, i, j)
    made = TABLE["matmul"](left, right)
    intervals: dict[int, Interval] = {}
    if _ndim(a) == 2 and type(a) is Ragged and 0 in a.intervals:
        intervals[0] = a.intervals[0]
    if _ndim(b) == 2 and type(b) is Ragged and 1 in b.intervals:
        intervals[_ndim(a) - 1] = b.intervals[1]
    return Ragged(made, intervals) if intervals else made


def _contracted(a: Any, b: Any, i: int, j: int) -> tuple[Any, Any]:
    """The operands with zeros outside of the bounds on the contracted axes."""
    interval = a.intervals.get(i) if type(a) is Ragged else None
    other = b.intervals.get(j) if type(b) is Ragged else None
    if (interval is None) != (other is None):
        raise mismatch(a if interval is not None else b, i if interval is not None else j)
    if interval is None:
        return _frame(a), _frame(b)
    return a.filled(0, {i}), b.moved(j, interval).filled(0, {j})


def _frame(a: Any) -> Any:
    return a.frame if type(a) is Ragged else a


@rule("inner", "vdot")
def inner(a: Any, b: Any) -> Any:
    """The product of two vectors."""
    if _ndim(a) != 1 or _ndim(b) != 1:
        raise unsupported("np.inner of matrices")
    return matmul(a, b)


@rule("outer", "multiply.outer")
def outer(a: Any, b: Any) -> Any:
    """All products of two vectors' elements."""
    if _ndim(a) != 1 or _ndim(b) != 1:
        raise unsupported("np.outer of matrices")
    return a[:, None] * b[None, :]


SPECIAL[Ragged] = call
