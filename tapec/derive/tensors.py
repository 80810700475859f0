"""All derivatives up to an order: called inside a trace, as `tapec.derive.derived`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.derive.derived import Function, Transform
from tapec.derive.expansion import Taylor, checked
from tapec.derive.interpolation import directions, places, weights
from tapec.derive.mapped import Vmap
from tapec.derive.nesting import argument_leaves, as_float
from tapec.errors import ShapeError
from tapec.tree import flatten


class Distinct(Transform):
    """For every order up to one, the distinct derivatives by an array argument.

    Those of one order are stacked along a leading axis as `interpolation.indices` lists them.
    """

    suffix = "derivatives"
    like_f = True

    def __init__(self, f: Function, order: int, argnums: int = 0) -> None:
        super().__init__(f, argnums)
        self.order = checked("order", order)

    def __call__(self, *args: Any) -> Any:
        n = self.argnums[0] % max(len(args), 1)
        x, rest = _array(args, n), args[:n] + args[n + 1 :]
        lines = directions(x.size, self.order).reshape((-1, *x.shape)).astype(x.dtype)
        expand = Vmap(Taylor(self.f, self.order, n), (None, 0, *(None for _ in rest)), 0)
        leaves, tree = flatten(expand(x, lines, *rest))
        made = [self.combined(leaf, x) for leaf in leaves]
        return tuple(tree.unflatten(list(of_order)) for of_order in zip(*made, strict=True))

    def combined(self, along: Any, x: Any) -> list[Any]:
        """The derivatives of every order from the coefficients along all directions."""
        made = []
        for k in range(self.order + 1):
            columns, factors = weights(x.size, self.order, k)
            taken = along[:, k][columns]
            by = factors.astype(along.dtype).reshape((*factors.shape, *(1,) * (along.ndim - 2)))
            made.append(self.shaped(np.sum(by * taken, axis=1), x, k))
        return made

    def shaped(self, distinct: Any, x: Any, k: int) -> Any:
        """The derivatives of order k as results."""
        return distinct


class Tensors(Distinct):
    """The same as arrays of shape out + in + ... + in."""

    suffix = "tensors"

    def shaped(self, distinct: Any, x: Any, k: int) -> Any:
        """Every entry is one of the distinct derivatives."""
        full = distinct[places(x.size, k)]
        behind = np.moveaxis(full, tuple(range(k)), tuple(range(-k, 0))) if k else full
        return behind.reshape((*behind.shape[: behind.ndim - k], *x.shape * k))


def _array(args: tuple[Any, ...], n: int) -> Any:
    """The argument to differentiate by, as one array of floats."""
    (leaves,) = argument_leaves(args, (n,))
    if len(leaves) != 1:
        raise ShapeError(
            f"tensors of derivatives are by one array, argument {n} has {len(leaves)} parts",
            hint="pass one array",
        )
    x: Any = as_float((args[n],), [[0]])[0]
    if not x.size:
        raise ShapeError(f"argument {n} has no elements to differentiate by")
    return x
