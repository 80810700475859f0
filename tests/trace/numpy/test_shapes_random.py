"""Every function of the table on random ranks, axes, broadcasting and options, against NumPy.

Arguments are tried until NumPy takes them: what it gives, value, element type and shape, is what a
kernel gives, unless the call is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tapec
from tapec.trace.arrays.table import TABLE

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
    *("broadcast_shapes", "result_type", "ndenumerate", "ndindex", "shape", "ndim", "size"),
    *("apply_along_axis", "apply_over_axes", "vectorize", "piecewise", "fromfunction", "asarray"),
    *("may_share_memory", "shares_memory", "iscomplexobj", "isrealobj", "isscalar", "iterable"),
}


def resolve(name: str) -> Callable[..., Any] | None:
    """NumPy's function of this name."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if callable(found) and not isinstance(found, type) else None


# What differs: element types beside Python's numbers (dot and its kin take them for arrays), of
# booleans as polynomials, of probabilities that are booleans; ends that are 0 or of other signs; spacings of 0.
KNOWN = {
    *("dot", "inner", "tensordot", "polyadd", "polysub", "polyder", "quantile", "nanquantile"),
    *("nanpercentile", "gradient"),
    *("geomspace", "logspace"),
}

FUNCTIONS = sorted(
    name for name in TABLE if not name.startswith("_") and name not in SKIPPED and resolve(name)
)


def arrays(rng: np.random.Generator) -> list[np.ndarray]:
    """Three arrays that broadcast."""
    full = tuple(rng.integers(1, 4, rng.integers(0, 4)).tolist())
    made = []
    for k in range(3):
        shape = tuple(n if rng.random() < 0.75 else 1 for n in full)
        shape = shape[rng.integers(0, len(shape) + 1) :] if k and rng.random() < 0.4 else shape
        x = rng.uniform(0.2, 0.9, shape)
        kind = rng.choice(["f8", "f8", "f4", "i8", "?"])
        made.append((x * 5).astype(kind) if kind != "?" else x > 0.5)
    return made


def calls(rng: np.random.Generator) -> Iterator[tuple[list[np.ndarray], Callable[..., Any]]]:
    """(arrays, how to call a function on them)."""
    x, y, z = arrays(rng)
    axis = int(rng.integers(-x.ndim, x.ndim)) if x.ndim else None
    n = int(rng.integers(0, 3))
    same = [x, x[..., ::-1].copy() if x.ndim else x * 2]
    yield [x], lambda f, x: f(x)
    yield [x, y], lambda f, x, y: f(x, y)
    yield [y, x], lambda f, x, y: f(x, y)
    yield [x, y, z], lambda f, x, y, z: f(x, y, z)
    yield [x], lambda f, x: f(x, axis=axis)
    yield [x], lambda f, x: f(x, axis=axis, keepdims=True)
    yield [x], lambda f, x: f(x, axis=None, keepdims=True)
    yield [x], lambda f, x: f(x, axis=tuple(range(x.ndim))[:2])
    yield [x], lambda f, x: f(x, n)
    yield [x], lambda f, x: f(x, n, axis)
    yield [x], lambda f, x: f(x, (x.size, 1))
    yield [x], lambda f, x: f(x, (2, *x.shape))
    yield same, lambda f, x, y: f([x, y])
    yield same, lambda f, x, y: f([x, y], axis=axis)
    yield same, lambda f, x, y: f(x, y, axis=axis)
    yield [x], lambda f, x: f(x, dtype="f4")
    yield [x], lambda f, x: f(x, -1)
    yield [x], lambda f, x: f(x, axis, 0)
    yield [x], lambda f, x: f(x, [0, -1, 0], axis=axis)
    yield [x], lambda f, x: f(x, 0.4, axis=axis, keepdims=True)


def leaves(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def differences(f: Callable[..., Any], seed: int) -> Iterator[str]:
    """What differs from NumPy in the calls of one seed."""
    for k, (args, call) in enumerate(calls(np.random.default_rng(seed))):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                want = leaves(call(f, *(a.copy() for a in args)))
            except Exception:
                continue
            if _in_half(f, args[0]) or not all(
                isinstance(w, (np.ndarray, np.generic, int, float)) for w in want
            ):
                continue
            try:
                got = leaves(
                    tapec.compile(lambda *xs, call=call: call(f, *xs), backend="numpy")(*args)
                )
            except Exception:
                continue
        yield from (f"call {k}: {d}" for d in compared(args, got, want))


def _in_half(f: Callable[..., Any], x: np.ndarray) -> bool:
    """Whether NumPy computes this of booleans in float16, a type that there is not here."""
    try:
        return x.dtype == bool and np.asarray(f(x)).dtype == np.float16
    except Exception:
        return False


def compared(args: list[np.ndarray], got: list[Any], want: list[Any]) -> Iterator[str]:
    what = [f"{a.dtype}{list(a.shape)}" for a in args]
    if len(got) != len(want):
        yield f"{what}: {len(got)} results, NumPy {len(want)}"
        return
    for g, w in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        if w.dtype == np.float16:
            continue
        if g.dtype != w.dtype and w.dtype.char in "fdlqi?":
            yield f"{what}: {g.dtype}, NumPy {w.dtype}"
        elif g.shape != w.shape:
            yield f"{what}: {g.shape}, NumPy {w.shape}"
        elif w.dtype.kind in "fib" and not np.allclose(g, w, rtol=1e-5, atol=1e-6, equal_nan=True):
            yield f"{what}: other values: {g.tolist()} {w.tolist()}"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in KNOWN])
def test_shapes_and_types_are_those_of_numpy(name: str) -> None:
    f = resolve(name)
    assert f is not None
    found = [d for seed in range(6) for d in differences(f, seed)]
    assert not found
