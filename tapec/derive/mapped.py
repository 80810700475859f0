"""Functions over a batch axis: called inside a trace, as those of `tapec.derive.derived`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.derive.derived import Function
from tapec.errors import ShapeError
from tapec.lazy import deferred
from tapec.pipeline import derive
from tapec.tree import Tree, flatten

if TYPE_CHECKING:
    from tapec.ad import batching
    from tapec.derive import nesting
    from tapec.ir import Type
else:
    batching, nesting = deferred("tapec.ad.batching"), deferred("tapec.derive.nesting")

Axes = list[int | None]


class Vmap:
    """`f` over an axis of its arguments; `in_axes`, `out_axes` as `spread` reads them."""

    def __init__(self, f: Function, in_axes: Any, out_axes: Any) -> None:
        self.f, self.in_axes, self.out_axes = f, in_axes, out_axes
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.vmap"
        self.__qualname__ = self.__name__
        self.__module__ = getattr(f, "__module__", __name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        axes = self._axes(args) + [0] * len(flatten(kwargs)[0])
        found, tree = flatten((args, kwargs))
        leaves, size = _in_front(found, axes)
        args, kwargs = tree.unflatten(leaves)
        mapped = {k for k, axis in enumerate(axes) if axis is not None}

        def one(k: int, t: Type) -> Type:
            return t.with_shape(t.shape[1:]) if k in mapped else t

        inner = nesting.trace_inner(self.f, args, kwargs, mapped, one)
        flags = inner.flags(mapped)
        results = nesting.inline(derive(batching.batch, inner.func, flags, size), inner.inputs)
        if size:
            # If lanes raise different exceptions, the one with the greatest number is raised.
            inner.raise_errors(
                lambda f: np.max(nesting.inline(batching.batch(f, flags, size), inner.inputs)[0])
            )
        if self.out_axes == 0:
            return inner.result(results)
        leaves, tree = flatten(inner.result(results))
        places = spread("out_axes", self.out_axes, tree)
        return tree.unflatten(map(_moved, leaves, places))

    def _axes(self, args: tuple[Any, ...]) -> Axes:
        axes = self.in_axes
        if isinstance(axes, tuple | list) and len(axes) != len(args):
            raise ShapeError(f"vmap: in_axes has {len(axes)} entries for {len(args)} arguments")
        each = axes if isinstance(axes, tuple | list) else [axes] * len(args)
        pairs = zip(each, args, strict=True)
        return [axis for a, arg in pairs for axis in spread("in_axes", a, flatten(arg)[1])]


def spread(what: str, axes: Any, tree: Tree) -> Axes:
    """An axis for each leaf, where `axes` is one for all, or a container like the tree's top."""
    if axes is None or isinstance(axes, int | np.integer):
        return [axes if axes is None else int(axes)] * tree.size
    children = dict(zip(tree.keys or range(len(tree.children)), tree.children, strict=True))
    given = axes if isinstance(axes, dict) else dict(enumerate(_items(what, axes)))
    if tree.kind is None or set(given) != set(children):
        raise ShapeError(
            f"vmap: {what} {axes!r} does not fit {_described(tree)}",
            hint="give an axis (or None) for all of it, or the same container of axes",
        )
    return [axis for key, child in children.items() for axis in spread(what, given[key], child)]


def _items(what: str, axes: Any) -> Sequence[Any]:
    if isinstance(axes, tuple | list):
        return axes
    raise ShapeError(f"vmap: an entry of {what} is {axes!r}", hint="axes are integers or None")


def _described(tree: Tree) -> str:
    return "an array" if tree.kind is None else f"a {tree.kind.__name__} of {len(tree.children)}"


def _in_front(leaves: Sequence[Any], axes: Axes) -> tuple[list[Any], int]:
    """The leaves with their mapped axes in front, and the length of these."""
    if all(axis is None for axis in axes):
        raise ShapeError("vmap: no argument is mapped", hint="give an axis in in_axes")
    made = list(leaves)
    sizes: dict[int, int] = {}
    for k, axis in enumerate(axes):
        if axis is None:
            continue
        leaf: Any = nesting.lift(leaves[k])
        if not -leaf.ndim <= axis < leaf.ndim:
            what = f"of shape {list(leaf.shape)}" if leaf.ndim else "a number"
            raise ShapeError(
                f"vmap: argument leaf {k} is {what}, it has no axis {axis} to map over",
                hint="give None for it in in_axes",
            )
        sizes[k] = leaf.shape[axis]
        made[k] = np.moveaxis(leaf, axis, 0) if axis else leaf
    if len(set(sizes.values())) != 1:
        listed = ", ".join(f"{n} of leaf {k}" for k, n in sizes.items())
        raise ShapeError(f"vmap: mapped axes of different lengths: {listed}")
    return made, next(iter(sizes.values()))


def _moved(y: Any, axis: int | None) -> Any:
    """A result with its lanes along an axis."""
    if axis is None:
        raise ShapeError("vmap: out_axes is None, but lanes may differ", hint="give an axis")
    return np.moveaxis(y, 0, axis) if axis else y
