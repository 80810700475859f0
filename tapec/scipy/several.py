"""Calls of functions that have several results, or complex ones, with derivative rules in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.errors import NonDifferentiableError
from tapec.scipy.calls import called
from tapec.scipy.registry import floats
from tapec.trace.arrays.session import where
from tapec.tree import is_complex

Array = np.ndarray[Any, Any]
# Whether a result is complex, and its shape.
Kind = tuple[bool, tuple[int, ...]]
# The tangents of the results, from operands, their tangents and the results.
Tangents = Callable[[Sequence[Any], Sequence[Any], Sequence[Any]], Sequence[Any]]
# The cotangents of the operands, from operands, results and the cotangents of these.
Cotangents = Callable[[Sequence[Any], Sequence[Any], Sequence[Any]], Sequence[Any]]


def parts(z: Any) -> list[Any]:
    """The real and, where there is one, the imaginary part."""
    return [floats(z.real), floats(z.imag)] if is_complex(z) else [floats(z)]


def whole(given: Sequence[Any]) -> Any:
    """The array that has these parts."""
    return given[0] if len(given) == 1 else given[0] + 1j * given[1]


def several(
    values: Callable[..., Sequence[Array]],
    operands: Sequence[Any],
    kinds: Sequence[Kind],
    name: str,
    tangents: Tangents,
    cotangents: Cotangents | None = None,
) -> list[Any]:
    """The results that `values` makes of the operands, which are real or complex."""
    layout = [1 + is_complex(x) for x in operands]

    def joined(given: Sequence[Any]) -> list[Any]:
        at, found = 0, []
        for count in layout:
            found.append(whole(given[at : at + count]))
            at += count
        return found

    def run(*given: Array) -> Array:
        made = values(*joined(given))
        return np.asarray(flat([r + 0j if k[0] else r for r, k in zip(made, kinds, strict=True)]))

    def flat(results: Sequence[Any]) -> Any:
        found = []
        for (pair, _), r in zip(kinds, results, strict=True):
            found += [np.ravel(r.real), np.ravel(r.imag)] if pair else [np.ravel(r)]
        return np.concatenate(found)

    def forward(given: Sequence[Any], result: Any, moved: Sequence[Any]) -> Any:
        steps = [np.zeros_like(x) if t is None else t for x, t in zip(given, moved, strict=True)]
        return flat(tangents(joined(given), joined(steps), parted(result, kinds)))

    def backward(given: Sequence[Any], result: Any, ct: Any) -> Sequence[Any]:
        assert cotangents is not None
        found = cotangents(joined(given), parted(result, kinds), parted(ct, kinds))
        return [
            part
            for x, count in zip(found, layout, strict=True)
            for part in ([x.real, x.imag] if count == 2 else [x.real])
        ]

    pieces = [part for x in operands for part in parts(x)]
    count = sum(_numbers(k) for k in kinds)
    made = called(run, pieces, count, name, forward, None if cotangents is None else backward)
    return parted(made, kinds)


def _numbers(kind: Kind) -> int:
    return (1 + kind[0]) * int(np.prod(kind[1], dtype=int))


def parted(made: Any, kinds: Sequence[Kind]) -> list[Any]:
    """The results that lie one after the other in a vector."""
    found, start = [], 0
    for kind in kinds:
        pair, shape = kind
        size = _numbers(kind) // (1 + pair)
        taken = [made[start + k * size : start + (k + 1) * size] for k in range(1 + pair)]
        found.append(whole([t.reshape(shape) for t in taken]))
        start += _numbers(kind)
    return found


def without_derivative(name: str, cure: str) -> Tangents:
    """Tangents for what has values only: asking for them is an error at the user's line."""
    line = where()

    def refused(*args: Any) -> Sequence[Any]:
        raise NonDifferentiableError(f"{name} has no derivative rule", where=line, hint=cure)

    return refused
