"""A cheap key of a call, by which most calls find their program without a full signature.

Two calls with equal keys have equal signatures. Calls that native code does not take (those
that change objects outside, results that are views) go through Python: the key keeps them at a few
microseconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.call.signature import WEAK, Signature, Static
from tapec.trace.arrays.layout import canonical_of

_SCALARS = frozenset([*WEAK, np.float64, np.float32, np.int64, np.int32, np.bool_])
_COMPLEX = frozenset([complex, np.complex128, np.complex64])


class NoCheapKey(Exception):
    """A call that has no cheap key."""


def describe(value: Any, leaves: list[Any]) -> Any:
    """The key of a value; its leaves are appended. Raises NoCheapKey for all but common kinds."""
    kind = type(value)
    if kind is np.ndarray:
        if value.dtype.kind == "c":
            leaves += (value.real, value.imag)
        else:
            leaves.append(value)
        if value.flags.c_contiguous:
            return value.dtype, value.shape
        return value.dtype, value.shape, canonical_of(value)
    if kind in _SCALARS:
        leaves.append(value)
        return kind
    if kind in _COMPLEX:
        leaves += (value.real, value.imag)
        return kind
    if kind is tuple or kind is list:
        return kind, *[describe(item, leaves) for item in value]
    if kind is dict:
        return kind, *value, *[describe(item, leaves) for item in value.values()]
    if value is None:
        return None
    if kind is str:
        leaves.append(value)
        return value
    raise NoCheapKey


def described_values(leaves: list[Any], pinned: frozenset[int]) -> tuple[Any, ...]:
    """Keys of the leaves whose values are part of the program."""
    values = [leaves[k] for k in sorted(pinned) if k < len(leaves)]
    if any(type(value) not in _SCALARS for value in values):
        raise NoCheapKey
    return pinned, *values


def is_described(signature: Signature, pinned: frozenset[int]) -> bool:
    """Whether the key determines the signature: constants are strings, or among `pinned`."""
    return all(
        type(leaf.value) is str or (k in pinned and type(leaf.value) in _SCALARS)
        for k, leaf in enumerate(signature.leaves)
        if isinstance(leaf, Static)
    )
