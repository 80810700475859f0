"""Derivatives at one point as linear maps: `vjp` and `linearize`.

The function runs once and stores the residuals that its derivative needs; applying the map then
costs the derivative sweep alone.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tapec.ad.adjoint import adjoint
from tapec.ad.forward import tangent
from tapec.ad.partition import partition
from tapec.call.kernel import Kernel
from tapec.derive.derived import Function, Transform
from tapec.derive.kept import kept
from tapec.derive.nesting import Inner, argument_leaves, as_float, inline, lift, trace_inner
from tapec.derive.transforms import options
from tapec.errors import ShapeError
from tapec.ir import Func, Type, Value
from tapec.ir.nested import every
from tapec.ir.ops.opaque import OPAQUE
from tapec.pipeline import clean, derive, running
from tapec.trace import ResultMarker
from tapec.tree import Tree, flatten


class _AtPoint(Transform, ABC):
    """primals -> (value, residuals, the map)."""

    @abstractmethod
    def derive(self, inner: Inner, flags: list[bool], main: list[int]) -> Func:
        """The program of the values, then of the derivative along its last parameters."""

    @abstractmethod
    def along(
        self, func: Func, inner: Inner, args: Any, main: list[int]
    ) -> tuple[Sequence[Type | None], Tree]:
        """Types and structure of what the map takes; it ignores what stands for a constant."""

    @abstractmethod
    def across(self, inner: Inner, args: Any) -> Callable[[list[Any]], Any]:
        """How the map's results are put together."""

    def primals(self, args: tuple[Any, ...]) -> Sequence[Any]:
        """All of them."""
        return args

    def __call__(self, *primals: Any) -> Any:
        groups = argument_leaves(primals, range(len(primals)))
        args = as_float(primals, groups)
        inner = trace_inner(self.f, args, {}, {k for g in groups for k in g})
        count = inner.tree.children[0].size if self.has_aux else len(inner.leaves)
        main = [m.index for m in inner.leaves[:count] if isinstance(m, ResultMarker)]
        flags = inner.flags({k for g in groups for k in g})
        func = clean(self.derive(inner, flags, main), running())
        late = func.params[len(inner.inputs) :]
        first, second = _parts(inner.func, func, late)
        found = inline(first, inner.inputs)
        by_value = dict(zip(first.results, found, strict=True))
        values = found[: len(inner.func.results)]
        derivatives = func.results[len(values) :]
        early = [v not in second.results for v in derivatives]
        ready = [by_value[v] for v, known in zip(derivatives, early, strict=True) if known]
        residuals = found[len(found) - (len(second.params) - len(late)) :]
        types, tree = self.along(func, inner, args, main)
        linear = _Map(second, early, types, tree, self.across(inner, args))
        linear.kept = (len(ready), len(residuals))
        return inner.result(values), (*ready, *residuals), Kernel(linear, **options(self.f, False))


def _parts(primal: Func, func: Func, late: Sequence[Value]) -> tuple[Func, Func]:
    """The primal run, with the residuals as further results, and the map.

    Loops that carry tangents carry the primal values too: where results depend on such a
    loop, the residuals are the inputs, and the map computes the primal again.
    """
    count = len(primal.results)
    first, second = partition(func, late)
    if set(func.results[:count]) <= set(first.results):
        return first, second
    run = primal.with_results([*primal.results, *primal.params])
    return run, func.with_results(func.results[count:])


class _Map:
    """A linear map whose program is known: runs inside a trace, as a kernel's function.

    It takes the residuals as flat leading arguments, which makes calls cheapest.
    """

    def __init__(
        self,
        func: Func,
        early: list[bool],
        types: Sequence[Type | None],
        tree: Tree,
        pack: Callable[[list[Any]], Any],
    ) -> None:
        self.func, self.early, self.types, self.tree, self.pack = func, early, types, tree, pack
        self.kept = (0, 0)  # the numbers of known derivatives and of residuals
        self.__name__ = self.__qualname__ = func.name

    @property
    def travels(self) -> bool:
        """Whether another process can run the program: it calls no function of this one's."""
        return not any(op.primitive is OPAQUE for op in every(self.func.ops))

    def __call__(self, *args: Any) -> Any:
        split = sum(self.kept)
        ready = iter(args[: self.kept[0]])
        seeds = self.seeds(args[split:])
        late = iter(inline(self.func, [*args[self.kept[0] : split], *seeds]))
        return self.pack([next(ready if early else late) for early in self.early])

    def seeds(self, given: Sequence[Any]) -> list[Any]:
        """The leaves of what the map is applied to, checked; integers' seeds are left out."""
        leaves, tree = flatten(tuple(given))
        if tree != self.tree:
            raise ShapeError(
                f"the derivative map takes {self.tree.size} arrays in another structure",
                hint="give one array per value, nested as the values are",
            )
        found = []
        for leaf, wanted in zip(leaves, self.types, strict=True):
            if wanted is None:
                continue
            seed: Any = lift(leaf)
            if seed.shape != wanted.shape:
                raise ShapeError(
                    f"a direction of shape {list(seed.shape)} for a value of type {wanted}",
                    hint="give it the same shape",
                )
            if wanted.is_float:
                found.append(seed * 1.0)
        return found


@dataclass(frozen=True, slots=True)
class _Pushed:
    """Tangents put together as the results are; those of integers are zero."""

    tree: Tree
    leaves: tuple[Any, ...]
    floats: tuple[bool, ...]

    def __call__(self, found: list[Any]) -> Any:
        given = iter(found)
        values = [next(given) if f else 0.0 for f in self.floats]
        return self.tree.unflatten(
            [values[m.index] if isinstance(m, ResultMarker) else m for m in self.leaves]
        )


class _Vjp(_AtPoint):
    suffix = "vjp"

    def derive(self, inner: Inner, flags: list[bool], main: list[int]) -> Func:
        values = inner.func.results
        main_only = inner.func.with_results([values[k] for k in main])
        derived = derive(adjoint, main_only, flags)
        return derived.with_results([*values, *derived.results[len(main) :]])

    def along(
        self, func: Func, inner: Inner, args: Any, main: list[int]
    ) -> tuple[Sequence[Type | None], Tree]:
        tree = inner.tree.children[0] if self.has_aux else inner.tree
        types = [
            inner.func.results[m.index].type if isinstance(m, ResultMarker) else None
            for m in inner.leaves[: tree.size]
        ]
        return types, Tree(tuple, (), (tree,))

    def across(self, inner: Inner, args: Any) -> Callable[[list[Any]], Any]:
        unflatten: Callable[[list[Any]], Any] = flatten(args)[1].unflatten
        return unflatten


class _Linearize(_AtPoint):
    suffix = "linearize"

    def derive(self, inner: Inner, flags: list[bool], main: list[int]) -> Func:
        return derive(tangent, inner.func, flags)

    def along(
        self, func: Func, inner: Inner, args: Any, main: list[int]
    ) -> tuple[Sequence[Type | None], Tree]:
        late = func.params[len(inner.inputs) :]
        return [p.type for p in late], flatten(args)[1]

    def across(self, inner: Inner, args: Any) -> Callable[[list[Any]], Any]:
        floats = tuple(v.type.is_float for v in inner.func.results)
        return _Pushed(inner.tree, tuple(inner.leaves), floats)


def vjp(f: Function, *primals: Any, has_aux: bool = False) -> Any:
    """(f(*primals), pull) with pull(ct) the tuple of cotangents of the primals, J^T @ ct.

    `ct` has the structure and shapes of the result of `f`, the cotangents those of the primals.
    `pull` may be applied many times: what it needs of the run of `f` is kept, not computed again,
    and each application costs the reverse sweep alone. With `has_aux` the function returns (value,
    aux) and vjp (value, pull, aux). Raises ShapeError where `ct` does not fit.

    >>> y, pull = tapec.vjp(np.sin, np.array([0.0, 1.0]))
    >>> (ct,) = pull(np.array([1.0, 0.0]))
    >>> ct
    array([1., 0.])
    """
    make = functools.partial(_Vjp, argnums=0, has_aux=has_aux)
    run = kept(f, f"vjp {has_aux}", make, options(f))
    y, residuals, linear = run(*primals)
    pull = functools.partial(linear, *residuals)
    return (y[0], pull, y[1]) if has_aux else (y, pull)


def linearize(f: Function, *primals: Any) -> Any:
    """(f(*primals), push) with push(*tangents) the derivative along them, J @ tangents.

    The tangents have the structure and shapes of the primals, and what `push` returns that of the
    result of `f`. The values of the run are kept: each application costs the tangent sweep alone,
    as in solvers that take many directions at one point. Raises ShapeError where a tangent does not
    fit.

    >>> y, push = tapec.linearize(lambda x: x**2, np.array([1.0, 3.0]))
    >>> push(np.array([1.0, 1.0]))
    array([2., 6.])
    """
    y, residuals, linear = kept(f, "linearize", _Linearize, options(f))(*primals)
    return y, functools.partial(linear, *residuals)
