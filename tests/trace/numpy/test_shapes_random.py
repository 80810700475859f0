"""Every function of the table on random arguments, against NumPy.

What NumPy gives, value, element type and shape, is what a kernel gives, unless the call is refused
by an error of tapec's; what NumPy refuses raises.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from support.random_calls import Arguments, call

import tapec
from tapec.errors import VerifyError
from tapec.trace import TABLE

# Not functions of arrays alone, or none whose result is an array: written in place, read from
# memory not initialised, asked for Python objects, or of SciPy's under NumPy's name.
SKIPPED = {
    *(
        "empty",
        "empty_like",
        "copyto",
        "put",
        "put_along_axis",
        "place",
        "putmask",
        "fill_diagonal",
    ),
    *("broadcast_shapes", "result_type", "promote_types", "ndenumerate", "ndindex"),
    *("shape", "ndim", "size"),
    *("apply_along_axis", "apply_over_axes", "vectorize", "piecewise", "fromfunction", "asarray"),
    # Always complex, where NumPy looks at the values: see `tests/scipy/test_eigen.py`.
    *("linalg.eig", "linalg.eigvals", "roots"),
    *("may_share_memory", "shares_memory", "iscomplexobj", "isrealobj", "isscalar", "iterable"),
}
# The order of equal elements, or of those inside the parts, is not said.
UNORDERED = {"partition", "argpartition", "argsort"}
# What NumPy raises for the values of arrays, which a program does not look at.
OF_VALUES = (
    *("Weights sum to zero", "cannot include zero", "is not finite", "division by zero"),
    *("All-NaN slice", "must increase monotonically", "must be monotonically"),
)


# Without elements their shapes and errors are accidents.
QUIRKS = {"take", "roll", "median", "nanmedian", "quantile", "nanquantile", "percentile"} | {
    "nanpercentile"
}


def resolve(name: str) -> Callable[..., Any] | None:
    """NumPy's function of this name."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if callable(found) and not isinstance(found, type) else None


FUNCTIONS = sorted(
    name for name in TABLE if not name.startswith("_") and name not in SKIPPED and resolve(name)
)


def leaves(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def lifted(value: Any, arrays: list[np.ndarray]) -> Callable[[Any], Any]:
    """How to make the argument from parameters, to which the arrays in it are added."""
    if isinstance(value, np.ndarray):
        place = len(arrays)
        arrays.append(value)
        return lambda xs: xs[place]
    if isinstance(value, (list, tuple)):
        parts = [lifted(v, arrays) for v in value]
        return lambda xs: type(value)(part(xs) for part in parts)
    return lambda xs: value


def as_function(f: Callable[..., Any], arguments: Arguments) -> tuple[Any, list[np.ndarray]]:
    """The call as a function of its arrays, and the arrays."""
    arrays: list[np.ndarray] = []
    args = [lifted(a, arrays) for a in arguments[0]]
    options = {key: lifted(a, arrays) for key, a in arguments[1].items()}

    def run(*xs: Any) -> Any:
        return f(*(a(xs) for a in args), **{key: a(xs) for key, a in options.items()})

    return run, arrays


def outcome(run: Callable[..., Any], arrays: list[np.ndarray]) -> list[Any] | Exception:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return leaves(run(*(a.copy() for a in arrays)))
        except Exception as error:
            return error


def difference(name: str, f: Callable[..., Any], seed: int) -> str | None:
    """What differs from NumPy in the call of one seed."""
    arguments = call(name, f, np.random.default_rng([seed, *name.encode()]))
    run, arrays = as_function(f, arguments)
    want = outcome(run, arrays)
    if not arrays or _has_no_counterpart(want) or _is_a_quirk(name, arguments):
        return None
    got = outcome(tapec.compile(run, backend="numpy"), arrays)
    if isinstance(want, Exception):
        silent = not isinstance(got, Exception) and not any(m in str(want) for m in OF_VALUES)
        return f"{arguments}: NumPy raises {want!r}" if silent else None
    if isinstance(got, tapec.TapecError) and not isinstance(got, VerifyError):
        return None
    if isinstance(got, Exception):
        return f"{arguments}: {got!r}"
    return next((f"{arguments}: {d}" for d in compared(got, want, name not in UNORDERED)), None)


def _has_no_counterpart(want: list[Any] | Exception) -> bool:
    """Whether results are no arrays, or of element types that there are not here."""
    if isinstance(want, Exception):
        return False
    plain = (np.ndarray, np.generic, int, float, complex)
    return not all(isinstance(w, plain) and np.asarray(w).dtype.char in "FDfdlqi?" for w in want)


def _is_a_quirk(name: str, arguments: Arguments) -> bool:
    """What NumPy does by accident: shapes that depend on values, errors and results of no elements.

    And how far one NaN or infinity gets in a Fourier transform.
    """
    if name.startswith("fft."):
        x = np.asarray(arguments[0][0])
        return not (np.all(np.isfinite(x)) and x.ndim and arguments[1].get("axes") != ())
    first = np.asarray(arguments[0][0]) if name in QUIRKS else np.zeros(1)
    if name == "polymul":
        ends = [np.ravel(a)[:1] for a in arguments[0]]
        return not all(e.size and e.all() for e in ends)
    return not first.size or (name == "roll" and not first.ndim)


def compared(got: list[Any], want: list[Any], values: bool = True) -> Iterator[str]:
    if len(got) != len(want):
        yield f"{len(got)} results, NumPy {len(want)}"
        return
    for g, w in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        if g.dtype != w.dtype:
            yield f"{g.dtype}, NumPy {w.dtype}"
        elif g.shape != w.shape:
            yield f"{g.shape}, NumPy {w.shape}"
        elif values and not np.allclose(g, w, rtol=1e-5, atol=1e-6, equal_nan=True):
            yield f"other values: {g.tolist()} {w.tolist()}"


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_shapes_types_and_errors_are_those_of_numpy(name: str) -> None:
    f = resolve(name)
    assert f is not None
    found = [d for seed in range(200) if (d := difference(name, f, seed))]
    assert not found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_few_calls_are_those_of_numpy(name: str) -> None:
    f = resolve(name)
    assert f is not None
    assert not [d for seed in range(1000, 1004) if (d := difference(name, f, seed))]


def with_out(f: Callable[..., Any], seed: int) -> str | None:
    """What differs where the result is written into an array of its shape, or of another type."""
    name = f.__name__
    rng = np.random.default_rng([seed, *name.encode()])
    args, options = call(name, f, rng)
    for option in ("initial", "dtype"):
        options.pop(option, None)
    run, arrays = as_function(f, (args, options))
    want = outcome(run, arrays)
    if isinstance(want, Exception) or len(want) != 1 or "out" in options or not arrays:
        return None
    kinds = ["f8", "f4", "i8"] if isinstance(f, np.ufunc) else []
    kind = rng.choice([np.asarray(want[0]).dtype, *map(np.dtype, kinds)])
    out = np.ones(np.shape(want[0]), kind)

    def into(out: Any, *xs: Any) -> Any:
        made = as_function(lambda *a, **k: f(*a, **k, out=out), (args, options))[0](*xs)
        return [made, out]

    given = [out, *arrays]
    want, got = outcome(into, given), outcome(tapec.compile(into, backend="numpy"), given)
    if isinstance(got, Exception):
        return (
            None if isinstance(got, tapec.TapecError) or isinstance(want, Exception) else repr(got)
        )
    if isinstance(want, Exception):
        return f"{args, options, out.dtype}: NumPy raises {want!r}"
    return next((f"{args, options, out.dtype}: {d}" for d in compared(got, want)), None)


OUT = ("sum", "prod", "max", "min", "mean", "std", "var", "cumsum", "cumprod", "clip", "argmax", "any",
       "add", "multiply", "divide", "sqrt", "maximum", "floor", "less", "matmul", "dot", "take",
       "concatenate", "stack", "median", "nansum", "nanmax", "compress", "round")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", OUT)
def test_results_written_into_arrays_are_those_of_numpy(name: str) -> None:
    f = resolve(name)
    assert f is not None
    assert not [d for seed in range(200) if (d := with_out(f, seed))]
