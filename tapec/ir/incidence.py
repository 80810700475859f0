"""Which elements of an operand can reach which of a result, by labels: equal ones may meet.

The column `sparsity` of the table is one of these, for ops whose elements mix. A label of -1 meets
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tapec.ir.types import Type

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]  # labels of the operand's elements, labels of the result's
# meet(k, operand types, result type, **attrs), for operand k
Meet = Callable[..., Pair]


def by_axes(shape: Sequence[int], axes: Iterable[int]) -> Array:
    """One label for each place along these axes, in their order; the others have no say."""
    axes = tuple(axes)
    counts = [shape[a] for a in axes]
    numbers = np.arange(int(np.prod(counts, dtype=int))).reshape(counts)
    order = np.argsort(axes)
    kept = [n if a in axes else 1 for a, n in enumerate(shape)]
    return np.broadcast_to(numbers.transpose(order).reshape(kept), shape)


def all_meet(k: int, types: Sequence[Type], result: Type, **attrs: Any) -> Pair:
    """Every element of the result may depend on all of the operand."""
    return by_axes(types[k].shape, ()), by_axes(result.shape, ())


def over_axes(
    k: int, types: Sequence[Type], result: Type, *, axes: tuple[int, ...], **attrs: Any
) -> Pair:
    """A reduction: the elements along `axes` make one."""
    kept = [a for a in range(types[k].ndim) if a not in axes]
    return by_axes(types[k].shape, kept), by_axes(result.shape, range(result.ndim))


def along(k: int, types: Sequence[Type], result: Type, *, axis: int, **attrs: Any) -> Pair:
    """A scan: elements meet along `axis`."""
    others = [a for a in range(result.ndim) if a != axis]
    return by_axes(types[k].shape, others), by_axes(result.shape, others)


def stacked(rank: int) -> Meet:
    """One problem for each place of the leading axes, all but `rank` of the result's."""

    def meet(k: int, types: Sequence[Type], result: Type, **attrs: Any) -> Pair:
        lead = range(result.ndim - rank)
        return by_axes(types[k].shape, lead), by_axes(result.shape, lead)

    return meet
