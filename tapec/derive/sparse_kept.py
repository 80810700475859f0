"""Sparse derivatives on disk: their patterns, and the programs that compute nonzeros one by one.

Both follow from the text of the function's program, the options, and the integers that decide a
pattern. A later process traces the function and finds the rest there.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from tapec.cache.digests import digest
from tapec.cache.shared import CACHE
from tapec.call.plain import Unportable, content
from tapec.call.specialize import Specialization
from tapec.derive.sparse_direct import Collected, Directly
from tapec.derive.sparse_kernels import Nonzeros
from tapec.derive.sparse_parts import Array, MatrixBlock
from tapec.derive.sparse_plans import SparseRecipe
from tapec.ir import Func
from tapec.ir.nested import every
from tapec.ir.ops.opaque import OPAQUE
from tapec.ir.printer import print_func
from tapec.sparse.report import Sparsity

KINDS: tuple[type[Nonzeros], ...] = (Collected, Directly)


class KeptRecipe(NamedTuple):
    """A `SparseRecipe` without what only a process has."""

    kind: int
    func: Func
    state: dict[str, Any]
    layout: tuple[Array, ...]
    pattern: sp.csr_array
    given: tuple[int, ...]
    blocks: tuple[tuple[MatrixBlock, ...], ...]
    size: int


def key_of(special: Specialization, inputs: Sequence[Any], *options: Any) -> str:
    """The key of a derivative with these options; "" where there is none."""
    func = special.func
    if not CACHE.enabled or any(op.primitive is OPAQUE for op in every(func.ops)):
        return ""
    try:
        pairs = zip(func.params, inputs, strict=True)
        integers = [content(np.asarray(x)) for p, x in pairs if not p.type.is_float]
    except Unportable:
        return ""
    text = digest(print_func(func).encode()).hex()
    return CACHE.key("sparse", text, special.returned_count, integers, options)


def keep(key: str, part: SparseRecipe) -> None:
    """Keep a derivative that is computed one by one."""
    if not key or type(part.made) not in KINDS:
        return
    made: Nonzeros = part.made
    entry = KeptRecipe(
        KINDS.index(type(made)),
        made.func,
        {name: vars(made)[name] for name in made.kept},
        part.layout,
        part.sparsity.pattern,
        tuple(k for k, _ in part.given),
        tuple(tuple(b.resized(0) for b in row) for row in part.blocks),
        part.count,
    )
    CACHE.write(key, pickle.dumps(entry, protocol=5))


def known(
    key: str,
    special: Specialization,
    inputs: Sequence[Any],
    coloured: Callable[[sp.csr_array], Any],
    nested: Callable[[list[list[MatrixBlock]]], Callable[[Array], Any]],
) -> SparseRecipe | None:
    """The derivative that an earlier process has kept, if there is one."""
    found = CACHE.read(key).content if key else None
    if found is None:
        return None
    entry: KeptRecipe = pickle.loads(found)
    cls = KINDS[entry.kind]
    made = cls.__new__(cls)
    Nonzeros.__init__(made, entry.func, special)
    vars(made).update(entry.state)
    blocks = [[b.resized(b.nonzeros.stop - b.nonzeros.start) for b in row] for row in entry.blocks]
    given = tuple((k, np.array(inputs[k])) for k in entry.given)
    report = Sparsity(entry.pattern, lambda: coloured(entry.pattern))
    rows = tuple(map(tuple, blocks))
    return SparseRecipe(made, entry.layout, nested(blocks), report, given, rows, entry.size)
