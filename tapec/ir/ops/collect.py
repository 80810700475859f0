"""Sums of chosen elements of several vectors, each written out: few nonzeros, put together."""

from __future__ import annotations

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.build import Expr
from tapec.ir.ops.shape import Array, Flags, call, check_dtypes, joint_jvp, lift_all, listed
from tapec.ir.primitive import Sample, linear
from tapec.ir.types import Type

Sources = tuple[tuple[int, ...], ...]  # for each element of the result what it is the sum of


def _infer(*types: Type, sources: Sources) -> Type:
    if not types or any(not t.ndim or t.shape[:-1] != types[0].shape[:-1] for t in types):
        raise ShapeError(f"collect: {listed(*types) or 'nothing'} are no vectors of equal stacks")
    check_dtypes("collect", *types)
    if not types[0].is_float:
        raise DTypeError(f"collect: sums of {types[0]}")
    total = sum(t.shape[-1] for t in types)
    if any(not 0 <= k < total for own in sources for k in own):
        raise ShapeError(f"collect: an element beyond the {total} of {listed(*types)}")
    return types[0].with_shape((*types[0].shape[:-1], len(sources)))


def _evaluate(*vectors: Array, sources: Sources) -> Array:
    every = np.concatenate(vectors, axis=-1)
    found = np.zeros((*every.shape[:-1], len(sources)), every.dtype)
    for turn in range(max(map(len, sources), default=0)):
        pairs = [(j, own[turn]) for j, own in enumerate(sources) if turn < len(own)]
        at, given = np.transpose(pairs)
        found[..., at] = found[..., at] + every[..., given] if turn else every[..., given]
    return found


def _transpose(k: int, ct: Expr, *vectors: Expr, sources: Sources) -> Expr:
    """Each element of a vector goes where it is read."""
    first = sum(x.shape[-1] for x in vectors[:k])
    readers: list[list[int]] = [[] for _ in range(vectors[k].shape[-1])]
    for j, own in enumerate(sources):
        for source in own:
            if 0 <= source - first < len(readers):
                readers[source - first].append(j)
    return call("collect", ct, sources=tuple(map(tuple, readers)))


def _batch(vectors: tuple[Expr, ...], batched: Flags, size: int, *, sources: Sources) -> Expr:
    return call("collect", *lift_all(vectors, batched, size), sources=sources)


COLLECT = linear(
    "collect",
    _infer,
    _evaluate,
    (_transpose,),
    jvp=joint_jvp("collect"),
    batch=_batch,
    rounds=True,
    work=lambda op: sum(map(len, op.attrs["sources"])) + len(op.attrs["sources"]),
    lower="own loops",
    samples=(
        Sample(shapes=((3,), (4,)), attrs={"sources": ((5,), (0, 6, 0), (), (2, 3))}),
        Sample(shapes=((2, 3),), attrs={"sources": ((1, 2), (0,))}),
    ),
    doc="Vectors, or stacks of them, counted through as one: element j is the sum, in this order, "
    "of the elements `sources[j]`. Native code is a line for each element.",
)
