"""Every optional argument of every translated NumPy function is honoured as by NumPy, or refused."""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.tracing import traced

from tapec.backends.interpreter import run
from tapec.errors import TapecError
from tapec.trace import TABLE

V = np.array([0.3, 0.7, 0.2, 0.9])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4) ** 2
Q = np.cos(np.arange(9.0)).reshape(3, 3) + 3 * np.eye(3)
M = A > 0.3
I = np.array([2, 0, 1, 1])  # noqa: E741

P = Q @ Q.T
BANDS = np.array([[0.0, 0.1, 0.2], [2.0, 2.1, 2.2]])
SOS = np.array([[0.3, 0.2, 0.1, 1.0, -0.5, 0.2]])
# Required arguments; the first array is traced. Functions not listed are called with `A`, those of
# two required arguments with `A, A`.
SAMPLES: dict[str, tuple[Any, ...]] = {
    "scipy.signal.sosfiltfilt": (SOS, np.tile(V, 8)),
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
    "linalg.eigh": (Q + Q.T,), "linalg.eigvalsh": (Q + Q.T,),
    "linalg.matmul": (Q, Q), "linalg.matrix_power": (Q, 2), "linalg.multi_dot": ([Q, Q, Q],),
    "linalg.solve": (Q, Q), "linalg.tensordot": (Q, Q), "linalg.outer": (V, V),
    "linalg.tensorsolve": (Q, V[:3]), "linspace": (V[0], 2.0), "matmul": (Q, Q), "matvec": (A, V),
    "vecmat": (V[:3], A), "logspace": (V[0], 2.0), "geomspace": (V[0], 2.0), "meshgrid": (V, V),
    "ix_": (V, V[:2]),
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
    "apply_over_axes": (np.sum, A, 0), "polyder": (V,), "polyint": (V,), "polymul": (V, V), "fft.fftfreq": (5, np.array(0.3)), "fft.rfftfreq": (5, np.array(0.3)), "kaiser": (5, np.array(3.0)),
    "histogram_bin_edges": (V, 4),
    "polydiv": (np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.0, 2.0])),
    "unravel_index": (I * 3, (4, 3)), "ravel_multi_index": ([I, I[::-1]], (3, 4)), "diag_indices_from": (Q,), "isin": (A, V),
    "linalg.tensorinv": (Q.reshape(3, 1, 1, 3),), "triu_indices_from": (Q,),
    **{f"scipy.linalg.{name}": (P,) for name in ["cholesky", "cho_factor", "logm", "sqrtm"]},
    **{f"scipy.linalg.{name}": (Q,) for name in ["det", "expm", "inv", "lu", "lu_factor"]},
    **{f"scipy.linalg.{name}": (Q + Q.T,) for name in ["eigh", "eigvalsh"]},
    **{f"scipy.linalg.{name}": (V,) for name in ["toeplitz", "circulant", "hankel"]},
    **{f"scipy.linalg.{name}": (Q, V[:3]) for name in ["solve", "solve_triangular"]},
    "scipy.linalg.cho_solve": ((P, False), V[:3]), "scipy.linalg.cholesky_banded": (BANDS,),
    "scipy.linalg.solveh_banded": (BANDS, V[:3]), "scipy.linalg.lstsq": (A.T, V),
    "scipy.linalg.solve_banded": ((1, 1), Q[[1, 0, 2]], V[:3]),
    "scipy.linalg.solve_toeplitz": (V, V), "scipy.linalg.solve_sylvester": (Q, Q, Q),
    "scipy.stats.pmean": (A, 2.5), "scipy.stats.trim_mean": (A, 0.3),
    "scipy.stats.pearsonr": (V, np.sin(V)),
    **{f"scipy.stats.{name}": (9 * V, 8 * np.sin(V))
       for name in ("bartlett", "levene", "f_oneway", "linregress", "ttest_ind", "ttest_rel")},
    "scipy.stats.ttest_1samp": (A, 0.3), "scipy.stats.yeojohnson": (V, 0.4),
    "scipy.stats.boxcox_llf": (0.4, np.abs(V) + 0.5), "scipy.stats.yeojohnson_llf": (0.4, V),
    "scipy.linalg.lu_solve": ((Q, np.array([0, 1, 2])), V[:3]),
    "scipy.linalg.solve_continuous_lyapunov": (Q, Q),
    "scipy.linalg.solve_discrete_lyapunov": (0.1 * Q, Q),
    "scipy.linalg.solve_continuous_are": (Q, P, P, P), "roots": (V,), "polyfit": (V, V, 2),
    "scipy.linalg.solve_discrete_are": (0.1 * Q, P, P, P), "poly": (V,),
    "scipy.linalg.cho_solve_banded": ((BANDS, False), V[:3]), "scipy.linalg.signm": (Q,),
    "scipy.linalg.eig_banded": (BANDS,), "scipy.linalg.eigvals_banded": (BANDS,),
    "scipy.linalg.eigh_tridiagonal": (V, V[:3]), "scipy.linalg.expm_frechet": (0.1 * Q, Q),
    "scipy.linalg.matmul_toeplitz": (V, V), "scipy.linalg.pinvh": (P,),
    **{f"{family}.{name}": (Q + Q.T,) for name in ("eig", "eigvals")
       for family in ("linalg", "scipy.linalg")},
    "tril_indices_from": (Q,), "histogram": (V,), "histogram2d": (V, V), "cumulative_sum": (V,), "cumulative_prod": (V,), "diff": (A,),
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
    "end_values": [1.0], "stat_length": [1], "base": [2.0], "trans": ["T", 2], "cond": [0.1],
    "assume_a": ["pos", "sym", "diagonal"], "subset_by_index": [(0, 1)], "r": [V],
    "type": [2], "b": [P],
}  # fmt: skip
SKIPPED = frozenset(
    [
        "like",
        "subok",
        "casting",
        "order",
        "signature",
        "extobj",
        "device",
        "copy",
        "kind",
        "max_work",
        # SciPy's: without effect on results.
        "overwrite_a",
        "overwrite_b",
        "overwrite_ab",
        "check_finite",
        "lwork",
        "lapack_driver",
        "driver",
        "disp",
        "blocksize",
    ]
)
# No NumPy functions, methods only, or what gives no arrays.
OTHERS = frozenset(
    ["empty", "empty_like", "promote_types", "result_type", "require", "size", "fromiter"]
)
# Of other signs, of another shape without full rank, and computed in double precision where SciPy
# computes in single: see `test_linear_algebra.py`.
OTHERS |= {f"scipy.linalg.{name}" for name in ["eigh", "lstsq", "det", "logm", "expm_frechet"]}
# Integers are refused by SciPy, sums rounded in another order: see `test_signal.py`,
# `test_filters.py`.
OTHERS |= {
    f"scipy.signal.{name}"
    for name in ["lfilter", "sosfilt", "filtfilt", "lfilter_zi", "sosfilt_zi", "upfirdn"]
}


def numpy_function(name: str) -> Any:
    if name.startswith("polynomial."):
        return np.polynomial.polynomial.polyval
    if name == "sliding_window_view":
        return np.lib.stride_tricks.sliding_window_view
    family, _, last = name.rpartition(".")
    if family.startswith("scipy."):
        return getattr(importlib.import_module(family), last)
    return getattr(getattr(np, family) if family else np, last, None)


def functions() -> Iterator[str]:
    for name in sorted(name for name in TABLE if not name.startswith("scipy._lib.")):
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


IN_PLACE = frozenset(["copyto", "fill_diagonal", "put", "place", "putmask", "put_along_axis"])


@pytest.mark.parametrize("name", [n for n in CASES if n not in IN_PLACE | {"astype"}])
@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_of_traced_values(name: str, kind: Any) -> None:
    function = numpy_function(name)
    changed = difference(lambda x, *rest: function(kind(x), *rest), sample(name), {})
    assert not changed, "\n".join(changed)


def ufuncs() -> Iterator[str]:
    for name in sorted(TABLE):
        if isinstance(getattr(np, name, None), np.ufunc):
            yield name


INTEGERS = frozenset("bitwise_and bitwise_or bitwise_xor left_shift right_shift invert".split())
INTEGERS |= {"bitwise_not", "bitwise_invert"}


def operands(name: str) -> tuple[Any, ...]:
    ufunc = getattr(np, name)
    if name in INTEGERS:
        return (I, I[::-1])[: ufunc.nin]
    if name in ("matmul", "matvec", "vecmat", "vecdot"):
        return {"matmul": (Q, Q), "matvec": (A, V), "vecmat": (V[:3], A), "vecdot": (A, A)}[name]
    if name == "ldexp":
        return V, I
    return (V + (name == "arccosh"), V[::-1] + 0.1)[: ufunc.nin]


@pytest.mark.parametrize("name", [*ufuncs()])
def test_ufuncs(name: str) -> None:
    ufunc, args = getattr(np, name), operands(name)
    with np.errstate(all="ignore"):
        result = ufunc(*args)
    shape = np.shape(result[0] if isinstance(result, tuple) else result)
    mask = np.array([True, False, True, True])
    outs = [np.full(s, 0.25) for s in (shape, (2, *shape), (*shape, 2))] + [np.zeros(shape, int)]
    options: list[dict[str, Any]] = [{}, *({"out": out} for out in outs)]
    options += [{"where": mask, "out": outs[0]}, {"dtype": np.float32}, {"dtype": int}]
    options += [{"axis": 0}, {"axes": [0]}, {"keepdims": True}, {"nonsense": 1}]
    wrong = [d for o in options if (ufunc.nout == 1 or "out" not in o)
             for d in difference(ufunc, args, o)]  # fmt: skip
    positional = lambda x, *rest: ufunc(x, *rest, np.full(shape, 0.25))  # noqa: E731
    wrong += [] if ufunc.nout > 1 else difference(positional, args, {})
    wrong += difference(lambda x, *rest: ufunc(list(x), *rest), args, {})
    wrong += difference(lambda x, *rest: ufunc(x[0], *rest), args, {}) if shape == (4,) else []
    if ufunc.nin == 2 and ufunc.signature is None:
        wrong += difference(lambda x, y: ufunc(y, x), args, {})
        wrong += difference(lambda x, y: ufunc(x, 2), args, {})
        wrong += difference(lambda x, y: ufunc(x), args, {})
        for method in ("reduce", "accumulate", "outer"):
            wrong += methods_of(getattr(ufunc, method), args, method)
    wrong += difference(lambda x, *rest: ufunc(x, x, x, x, x), args, {})
    assert not wrong, "\n".join(wrong)


def methods_of(method: Any, args: tuple[Any, ...], name: str) -> list[str]:
    if name == "outer":
        return difference(method, args, {}) + difference(method, args, {"dtype": np.float32})
    square = np.stack([args[0], args[1], args[0] + 1]) if args[0].ndim == 1 else args[0]
    found = difference(method, (square,), {})
    options: list[dict[str, Any]] = [{"axis": 1}, {"axis": -1}, {"dtype": np.float32}]
    options += [{"out": np.zeros(square.shape[1:] if name == "reduce" else square.shape)}]
    if name == "reduce":
        options += [{"axis": None}, {"axis": (0, 1)}, {"keepdims": True}, {"initial": 2}]
        options += [{"where": square > 0.3, "initial": 1}, {"where": square > 0.3}]
    found += [d for o in options for d in difference(method, (square,), o)]
    return found + difference(lambda x: method(x, 1), (square,), {})


def cast(argument: Any, dtype: Any) -> Any:
    if isinstance(argument, np.ndarray) and argument.dtype == float:
        return (
            (argument * 7).astype(dtype) if np.dtype(dtype).kind == "i" else argument.astype(dtype)
        )
    return [cast(a, dtype) for a in argument] if type(argument) is list else argument


# They fail with integers, take numbers only, or compute single precision in parts only.
DOUBLE = frozenset([
    "scipy.stats.bartlett", "scipy.stats.linregress", "scipy.signal.sosfiltfilt", "kaiser",
    "fft.fftfreq", "fft.rfftfreq",
])  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [n for n in (*CASES, *ufuncs()) if n not in DOUBLE])
def test_element_types(name: str) -> None:
    function = numpy_function(name)
    args = operands(name) if isinstance(function, np.ufunc) else sample(name)
    wrong = []
    for dtype in (np.int64, np.int32, np.float32):
        given = tuple(cast(a, dtype) for a in args)
        wrong += [f"{dtype.__name__}: {d}" for d in difference(function, given, {})]
    assert not wrong, "\n".join(wrong)


METHODS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "all": [((), {}), ((1,), {"keepdims": True}), ((), {"where": M})],
    "argmax": [((), {}), ((0,), {}), ((), {"axis": 1, "keepdims": True})],
    "argmin": [((1,), {})], "argsort": [((), {}), ((0,), {}), ((), {"axis": None})],
    "argpartition": [((2,), {"axis": 0})],
    "astype": [((np.float32,), {}), ((int,), {"casting": "safe"}), ((float,), {"copy": False})],
    "choose": [(([V, 2 * V],), {})], "clip": [((0.2, 0.5), {}), ((), {"max": 0.4}), ((0.3,), {})],
    "compress": [(([True, False, True],), {"axis": 0}), (([True],), {})], "conj": [((), {})],
    "copy": [((), {}), (("F",), {})], "cumprod": [((), {}), ((1,), {})],
    "cumsum": [((), {}), ((1,), {"dtype": np.float32})], "diagonal": [((), {}), ((1,), {})],
    "dot": [((A.T,), {}), ((V,), {})], "fill": [((3.0,), {})], "flatten": [((), {}), (("F",), {})],
    "item": [((3,), {}), ((1, 2), {}), (((1, 2),), {})],
    "max": [((), {}), ((0,), {}), ((), {"axis": 1, "keepdims": True}), ((), {"initial": 9.0})],
    "mean": [((), {}), ((1,), {"dtype": np.float32}), ((), {"where": M})], "min": [((1,), {})],
    "nonzero": [((), {})], "partition": [((2,), {}), ((1,), {"axis": 0})],
    "prod": [((), {}), ((0,), {"initial": 2.0})], "put": [(([1, -1], [2.0, 3.0]), {})],
    "ravel": [((), {}), (("F",), {}), (("K",), {})], "repeat": [((2,), {}), ((2, 1), {})],
    "reshape": [((4, 3), {}), (((2, -1),), {}), ((-1,), {}), ((4, 3), {"order": "F"}),
                ((5, 3), {}), ((-1, -1), {})],
    "resize": [((2, 2), {})], "round": [((1,), {}), ((), {"decimals": 2}), ((), {})],
    "searchsorted": [((V,), {})], "sort": [((), {}), ((0,), {}), ((), {"axis": 0})],
    "squeeze": [((), {}), ((0,), {})], "std": [((), {}), ((0,), {"ddof": 1}), ((1, None, None, 1), {})],
    "sum": [((), {}), ((0,), {}), ((), {"axis": (0, 1)}), ((0, np.float32), {}),
            ((), {"out": np.zeros(())}), ((), {"where": M, "initial": 1.0})],
    "swapaxes": [((0, 1), {})], "take": [(([0, 2],), {}), (([0, 2], 1), {}), (([9],), {"mode": "wrap"})],
    "tolist": [((), {})], "trace": [((), {}), ((1,), {})],
    "transpose": [((), {}), ((1, 0), {}), (((1, 0),), {}), ((0, 0), {}), ((None,), {})],
    "var": [((), {}), ((1,), {"ddof": 2})], "view": [((), {}), ((np.int64,), {})],
    "tobytes": [((), {})], "byteswap": [((True,), {})],
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods(name: str) -> None:
    wrong = []
    for args, options in METHODS[name]:

        def called(x: Any, args: Any = args, **own: Any) -> Any:
            y = x * 1.0
            made = getattr(y, name)(*args, **own)
            return y if made is None else made

        wrong += [f"{args} {d}" for d in difference(called, (A,), options)]
    assert not wrong, "\n".join(wrong)


def test_every_method_is_tried() -> None:
    plain = {n for n in dir(np.ndarray) if not n.startswith("_") and callable(getattr(A, n))}
    rest = {"any", "conjugate", "dump", "dumps", "getfield", "setfield", "setflags", "to_device",
            "tofile"}  # fmt: skip
    assert plain - set(METHODS) <= rest


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
    if isinstance(theirs, AttributeError):  # of a list that is no array
        return []
    if isinstance(theirs, Exception):
        return [f"{options}: NumPy raises {theirs!r}"]
    return [f"{options}: {got} is not {want}" for got, want in zip(ours, theirs, strict=False)
            if not same(got, want)]  # fmt: skip


def same(got: Any, want: Any) -> bool:
    if (got.shape, got.dtype) != (want.shape, want.dtype):
        return False
    tolerance = 1e-5 if got.dtype == np.float32 else 1e-12
    return bool(np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True))
