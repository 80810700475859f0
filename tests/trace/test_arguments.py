"""Every optional argument of every translated NumPy function is honoured as by NumPy, or refused."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tapec.backends.interpreter import run
from tapec.errors import TapecError
from tapec.trace import TABLE
from tests.trace.tracing import traced

V = np.array([0.3, 0.7, 0.2, 0.9])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4) ** 2
Q = np.cos(np.arange(9.0)).reshape(3, 3) + 3 * np.eye(3)
M = A > 0.3
I = np.array([2, 0, 1, 1])  # noqa: E741

# Required arguments; the first array is traced. Functions not listed are called with `A`, those of
# two required arguments with `A, A`.
SAMPLES: dict[str, tuple[Any, ...]] = {
    "append": (A, V), "array_split": (A, 2), "bincount": (I,), "broadcast_to": (V, (3, 4)),
    "choose": (I, [V, 2 * V, 3 * V]), "compress": (V[:3] > 0.5, A), "concat": ([A, A],),
    "concatenate": ([A, A],), "convolve": (V, V), "correlate": (V, V), "cross": (A[:, :3], Q),
    "copyto": (A, 1.0), "cov": (A,), "corrcoef": (A,), "delete": (A, 1), "diagflat": (V,),
    "digitize": (V, V.cumsum()), "dot": (V, V), "dsplit": (A.reshape(3, 2, 2), 2),
    "einsum": ("ij,ik->jk", A, A), "expand_dims": (A, 0), "extract": (M, A),
    "fill_diagonal": (Q, 1.0), "full_like": (A, 2), "full": ((2, 3), V[0]), "gradient": (A,),
    "hsplit": (A, 2), "hstack": ([A, A],), "vstack": ([A, A],), "dstack": ([A, A],),
    "column_stack": ([A, A],), "row_stack": ([A, A],), "stack": ([A, A],), "block": ([A, A],),
    "insert": (A, 1, 2.0), "interp": (V, V.cumsum(), V), "linalg.cross": (Q, Q),
    "linalg.inv": (Q,), "linalg.det": (Q,), "linalg.slogdet": (Q,), "linalg.cholesky": (Q @ Q.T,),
    "linalg.matmul": (Q, Q), "linalg.matrix_power": (Q, 2), "linalg.multi_dot": ([Q, Q, Q],),
    "linalg.solve": (Q, Q), "linalg.tensordot": (Q, Q), "linalg.outer": (V, V),
    "linalg.tensorsolve": (Q, V[:3]), "linspace": (V[0], 2.0), "matmul": (Q, Q), "matvec": (A, V),
    "vecmat": (V[:3], A), "logspace": (V[0], 2.0), "geomspace": (V[0], 2.0), "meshgrid": (V, V),
    "moveaxis": (A, 0, 1), "outer": (V, V), "pad": (A, 1), "percentile": (A, 30.0),
    "quantile": (A, 0.3), "nanquantile": (A, 0.3), "nanpercentile": (A, 30.0),
    "partition": (V, 2), "argpartition": (V, 2), "piecewise": (V, [V > 0.5], [1.0, 2.0]),
    "place": (A, M, [1.0]), "put": (A, [1, 2], [3.0, 4.0]), "putmask": (A, M, 1.0),
    "put_along_axis": (A, np.zeros((3, 1), int), 1.0, 1), "polyval": (V, V),
    "polynomial.polyval": (V, V), "repeat": (A, 2), "reshape": (A, (4, 3)), "resize": (A, (5, 2)),
    "roll": (A, 1), "rollaxis": (A, 1), "searchsorted": (np.sort(V), V), "tile": (A, 2),
    "select": ([A > 0.3], [A]), "sliding_window_view": (V, 2), "split": (A, 3),
    "swapaxes": (A, 0, 1), "take": (A, [0, 2]), "take_along_axis": (A, np.zeros((3, 1), int)),
    "tensordot": (Q, Q), "unstack": (A,), "vander": (V,), "vdot": (V, V), "vsplit": (A, 3),
    "where": (M, A, 1.0), "inner": (V, V), "kron": (V, V), "trapezoid": (A,),
    "astype": (A, np.float32), "apply_along_axis": (np.sum, 0, A), "diag": (Q,), "trace": (Q,),
    "apply_over_axes": (np.sum, A, 0), "polyder": (V,), "polyint": (V,), "polymul": (V, V),
    "histogram": (V,), "cumulative_sum": (V,), "cumulative_prod": (V,), "diff": (A,),
}  # fmt: skip
# Values to try, beside those that a type suggests.
VALUES: dict[str, list[Any]] = {
    "axis": [0, -1, (0, 1)], "axes": [(1, 0), (0, 1), 1], "dtype": [np.float32, np.int64],
    "where": [np.array([True, False, True, True])], "initial": [0.5], "ddof": [1],
    "correction": [1], "mean": [0.5], "weights": [V, A], "mode": ["wrap", "clip", "same", "valid"],
    "order": ["F", "K", None], "ord": [1, np.inf, "fro"], "k": [1, -1], "N": [3], "n": [2, 0],
    "offset": [1], "axis1": [1], "axis2": [0], "axisa": [0], "axisb": [0], "axisc": [0],
    "decimals": [1, -1], "edge_order": [2], "prepend": [0.0], "append": [0.0], "to_end": [1.0],
    "to_begin": [1.0], "dx": [0.5], "x": [V.cumsum()], "left": [0.5], "right": [0.5, True],
    "period": [1.0], "nan": [1.0], "posinf": [1.0], "neginf": [1.0], "rtol": [0.1], "atol": [0.1],
    "num": [3], "shape": [(2, 2)], "start": [1, -1], "side": ["right"], "sorter": [np.arange(4)],
    "a_min": [], "a_max": [], "min": [0.3], "max": [0.6], "minlength": [7],
    "rowvar": [False], "bias": [True], "fweights": [I], "aweights": [V], "y": [A],
    "default": [2.0], "indexing": ["ij"], "method": ["lower", "midpoint"],
    "tensor": [False], "rcond": [0.1], "bins": [2], "range": [(0.0, 2.0)],
    "density": [True], "upper": [True], "constant_values": [2.0], "reflect_type": ["odd"],
    "end_values": [1.0], "stat_length": [1], "base": [2.0],
}  # fmt: skip
SKIPPED = frozenset(
    ["like", "subok", "casting", "order", "signature", "extobj", "device", "copy", "kind"]
)
# No NumPy functions, methods only, or what gives no arrays.
OTHERS = frozenset(["empty", "empty_like", "promote_types", "result_type", "require", "size"])


def numpy_function(name: str) -> Any:
    if name.startswith("polynomial."):
        return np.polynomial.polynomial.polyval
    if name == "sliding_window_view":
        return np.lib.stride_tricks.sliding_window_view
    family, _, last = name.rpartition(".")
    return getattr(getattr(np, family) if family else np, last, None)


def functions() -> Iterator[str]:
    for name in sorted(TABLE):
        function = numpy_function(name)
        if callable(function) and not isinstance(function, np.ufunc) and name not in OTHERS:
            yield name


def sample(name: str) -> tuple[Any, ...]:
    if name in SAMPLES:
        return SAMPLES[name]
    parameters = inspect.signature(numpy_function(name)).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.kind in plain]
    return (A,) * max(1, len(needed))


def candidates(name: str, parameter: inspect.Parameter, result: Any) -> list[Any]:
    if parameter.name == "out":
        return [np.zeros(np.shape(result)), np.zeros((2, *np.shape(result)))]
    if type(parameter.default) is bool:
        return [not parameter.default]
    if parameter.name in ("keepdims", "rowvar"):
        return [True]
    return VALUES.get(parameter.name, ["unknown"])


def flat(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in flat(item)]
    return [np.asarray(result)]


CASES = list(functions())


def outcome(call: Callable[..., Any], *args: Any) -> Any:
    """What a call gives and what it has written, or the exception it raises."""
    try:
        return flat(call(*args))
    except Exception as error:
        return error


@pytest.mark.parametrize("name", CASES)
def test_optional_arguments(name: str) -> None:
    function, args = numpy_function(name), sample(name)
    plain = outcome(function, *[a.copy() if isinstance(a, np.ndarray) else a for a in args])
    assert not isinstance(plain, Exception), f"the sample of {name} is wrong: {plain}"
    wrong = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is parameter.empty or parameter.name in SKIPPED:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            continue
        for value in candidates(name, parameter, plain[0]):
            wrong += difference(function, args, {parameter.name: value})
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["pad", "clip", "einsum"])
def test_further_arguments(name: str) -> None:
    for key in ("constant_values", "reflect_type", "end_values", "stat_length", "dtype", "nothing"):
        value = VALUES.get(key, ["unknown"])[0]
        assert not difference(numpy_function(name), sample(name), {key: value})


def difference(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> list[str]:
    """How a translation deviates from NumPy for these options: not at all, where it refuses."""

    path = next(k for k, a in enumerate(args) if type(a) in (np.ndarray, list, np.float64))
    if isinstance(args[path], np.ndarray) or np.isscalar(args[path]):
        before, after, place = args[:path], args[path + 1 :], args[path]
        listed = False
    else:
        before, after, place = args[:path], (args[path][1:], *args[path + 1 :]), args[path][0]
        listed = True

    def called(first: Any) -> Any:
        given = [*before, [first, *after[0]], *after[1:]] if listed else [*before, first, *after]
        own = {k: v.copy() if k == "out" else v for k, v in options.items()}
        made = function(*given, **own)
        return [first + 0.0 if made is None else made, *own.values()][: 1 + ("out" in own)]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = outcome(called, place.copy())
        try:
            program = traced(called, place.copy())
            ours = run(program.func, [place.copy()])
        except (TapecError, ValueError, TypeError, IndexError) as error:
            if isinstance(theirs, Exception) or isinstance(error, TapecError):
                return []
            return [f"{options}: {error!r}, NumPy gives {theirs}"]
    if isinstance(theirs, Exception):
        return [f"{options}: NumPy raises {theirs!r}"]
    return [f"{options}: {got} is not {want}" for got, want in zip(ours, theirs, strict=False)
            if not same(got, want)]  # fmt: skip


def same(got: Any, want: Any) -> bool:
    if (got.shape, got.dtype) != (want.shape, want.dtype):
        return False
    tolerance = 1e-5 if got.dtype == np.float32 else 1e-12
    return bool(np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True))
