"""Derived functions: called inside a trace, they trace their function, derive, and inline.

The kernels of `tapec.derive.transforms` are these, compiled.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.errors import NonDifferentiableError, ShapeError
from tapec.lazy import deferred
from tapec.pipeline import derive
from tapec.trace.markers import ResultMarker
from tapec.tree import Tree, complex_leaves, flatten

if TYPE_CHECKING:
    import tapec.ad.adjoint as adjoint
    from tapec.ad import drivers, forward
    from tapec.derive import nesting
    from tapec.ir import Func
else:
    adjoint, drivers, forward = map(
        deferred, ("tapec.ad.adjoint", "tapec.ad.drivers", "tapec.ad.forward")
    )
    nesting = deferred("tapec.derive.nesting")

Function = Callable[..., Any]
Argnums = int | Sequence[int]


class Transform:
    """A derived function: runs inside a trace; its attributes say what it is."""

    suffix = ""
    like_f = False  # whether it has the parameters of its function

    def __init__(self, f: Function, argnums: Argnums = 0, has_aux: bool = False) -> None:
        self.f = f
        self.single = isinstance(argnums, int)
        self.argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self.has_aux = has_aux
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.{self.suffix}"
        self.__qualname__ = self.__name__
        self.__module__ = getattr(f, "__module__", __name__)
        self.__doc__ = f.__doc__

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        """The parameters of the function, where the derived one has the same."""
        return inspect.signature(self.f if self.like_f else type(self).__call__.__get__(self))

    def primals(self, args: tuple[Any, ...]) -> Sequence[Any] | None:
        """The function's arguments among those of a call; None where it is not called."""
        return args if self.like_f else None

    def replayed(self, *args: Any, **kwargs: Any) -> Any:
        """Change what a failed call would have changed outside before it raised, and raise.

        The function is called on copies of the arrays, which derivatives leave alone. Returns
        NotImplemented where it does not raise.
        """
        primals = self.primals(args)
        own = type(self.f).__module__.startswith("tapec.")
        plain = getattr(self.f, "plain", getattr(self.f, "replayed", None)) if own else self.f
        if plain is not None and primals is not None:
            leaves, tree = flatten((tuple(primals), kwargs))
            copies = [x.copy() if isinstance(x, np.ndarray) else x for x in leaves]
            given, named = tree.unflatten(copies)
            plain(*given, **named)
        return NotImplemented

    def prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Inner trace, argument groups and the (float) arguments."""
        groups = nesting.argument_leaves(args, self.argnums)
        args = nesting.as_float(args, groups)
        inner = nesting.trace_inner(self.f, args, kwargs, {k for g in groups for k in g})
        return inner, groups, args

    def pack(self, parts: list[Any]) -> Any:
        """One result per differentiated argument: bare for an int `argnums`."""
        return parts[0] if self.single else tuple(parts)


def _scalar_output(inner: Any, has_aux: bool) -> tuple[Func, Any]:
    """Split off auxiliary results; the program returns the scalar first."""
    func: Func = inner.func
    count = 1
    if has_aux and len(inner.tree.children) == 2:
        count = inner.tree.children[0].size
    main = [m for m in inner.leaves[:count]] if has_aux else inner.leaves
    outs = [m for m in main if isinstance(m, ResultMarker)]
    if len(main) != 1 or not outs or func.results[outs[0].index].type.shape:
        if main and complex_leaves(inner.tree):
            raise NonDifferentiableError(
                f"grad needs a real result, {func.name} returns a complex one",
                hint="take its real part or modulus, or say grad(f, holomorphic=True)",
            )
        got = ", ".join(str(func.results[m.index].type) for m in outs) or "a constant"
        raise NonDifferentiableError(
            f"grad needs a function with one scalar result, {func.name} returns {got}",
            hint="use tapec.jacobian, or sum the result",
        )
    if not func.results[outs[0].index].type.is_float:
        raise NonDifferentiableError(f"{func.name} returns an integer: it has no gradient")
    return func, outs[0].index


class ValueAndGrad(Transform):
    """(value, gradient) of a scalar result."""

    suffix = "value_and_grad"
    like_f = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inner, groups, args = self.prepare(args, kwargs)
        func, index = _scalar_output(inner, self.has_aux)
        flags = inner.flags({k for g in groups for k in g})
        order = [index, *(k for k in range(len(func.results)) if k != index)]
        derived = derive(
            drivers.value_and_gradient, func.with_results([func.results[k] for k in order]), flags
        )
        found = nesting.inline(derived, inner.inputs)
        values = [found[order.index(k)] for k in range(len(order))]
        grads = found[len(order) :]
        by_leaf = dict(zip(sorted(k for g in groups for k in g), grads, strict=True))
        parts = [
            nesting.structure(args[n]).unflatten([by_leaf[k] for k in g])
            for n, g in zip(self.argnums, groups, strict=True)
        ]
        return inner.result(values), self.pack(parts)


class Grad(ValueAndGrad):
    """The gradient of a scalar result."""

    suffix = "grad"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value, grads = super().__call__(*args, **kwargs)
        return (grads, value[1]) if self.has_aux else grads


class Jacobian(Transform):
    """All first derivatives, by the cheaper of both modes or the one given."""

    suffix = "jacobian"
    like_f = True

    def __init__(self, f: Function, argnums: Argnums, mode: drivers.Mode) -> None:
        super().__init__(f, argnums)
        self.mode = mode
        self.symmetric = True  # whether its own Jacobian is, as far as rules of the user's go

    def derive(self, func: Func, flags: list[bool]) -> Func:
        """Program of all blocks, results-major."""
        return derive(drivers.jacobian_func, func, flags, self.mode)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inner, groups, args = self.prepare(args, kwargs)
        flags = inner.flags({k for g in groups for k in g})
        self.symmetric = not drivers.has_rules(inner.func)
        self._check_real(inner.tree, args)
        blocks = nesting.inline(self.derive(inner.func, flags), inner.inputs)
        leaves = sorted(k for g in groups for k in g)
        per_result = []
        for r in range(len(inner.func.results)):
            row = dict(zip(leaves, blocks[r * len(leaves) : (r + 1) * len(leaves)], strict=True))
            parts = [
                nesting.structure(args[n]).unflatten([row[k] for k in g])
                for n, g in zip(self.argnums, groups, strict=True)
            ]
            per_result.append(self.pack(parts))
        return inner.result(per_result)

    def _check_real(self, results: Tree, args: tuple[Any, ...]) -> None:
        """Raise where results and arguments are complex: what is meant must be said."""
        given = [flatten(args[n])[1] for n in self.argnums]
        if complex_leaves(results) and any(map(complex_leaves, given)):
            raise NonDifferentiableError(
                "the Jacobian of complex results in complex arguments",
                hint="say jacobian(f, holomorphic=True), or take real and imaginary parts apart",
            )


class Jvp(Transform):
    """The value and the tangent for given tangents of the arguments."""

    suffix = "jvp"

    def primals(self, args: tuple[Any, ...]) -> Sequence[Any]:
        """The first argument holds them."""
        return tuple(args[0])

    def __call__(self, primals: Any, tangents: Any) -> Any:
        primals = tuple(primals)
        groups = nesting.argument_leaves(primals, range(len(primals)))
        seeds = flatten(tuple(tangents))[0]
        args = nesting.as_float(primals, groups)
        inner = nesting.trace_inner(self.f, args, {}, {k for g in groups for k in g})
        flags = inner.flags(set(range(len(seeds))))
        _check_like("tangent", seeds, flatten(args)[0])
        derived = derive(forward.tangent, inner.func, flags)
        found = nesting.inline(derived, [*inner.inputs, *seeds])
        count = len(inner.func.results)
        return inner.result(found[:count]), inner.result(_spread(inner.func, found[count:]))


def _spread(func: Func, found: list[Any]) -> list[Any]:
    """Derivatives of the float results at their result positions (0.0 for the others)."""
    given = iter(found)
    return [next(given) if v.type.is_float else 0.0 for v in func.results]


def _check_like(what: str, given: list[Any], wanted: list[Any]) -> None:
    if len(given) != len(wanted):
        raise ShapeError(f"{len(given)} {what}s for {len(wanted)} values")
    for a, b in zip(given, wanted, strict=True):
        if nesting.lift(a).shape != nesting.lift(b).shape:
            raise ShapeError(
                f"a {what} of shape {list(nesting.lift(a).shape)} for a value of "
                f"shape {list(nesting.lift(b).shape)}"
            )


class Pullback(Transform):
    """The cotangents of the arguments for one of the result."""

    suffix = "vjp"

    def __call__(self, primals: Any, cotangent: Any) -> Any:
        primals = tuple(primals)
        groups = nesting.argument_leaves(primals, range(len(primals)))
        args = nesting.as_float(primals, groups)
        inner = nesting.trace_inner(self.f, args, {}, {k for g in groups for k in g})
        main = inner.tree.children[0].size if self.has_aux else len(inner.leaves)
        markers = [m for m in inner.leaves[:main] if isinstance(m, ResultMarker)]
        func = inner.func.with_results([inner.func.results[m.index] for m in markers])
        seeds = flatten(cotangent)[0]
        floats: list[Any] = [
            nesting.lift(s) for s, v in zip(seeds, func.results, strict=True) if v.type.is_float
        ]
        derived = derive(adjoint.adjoint, func, inner.flags({k for g in groups for k in g}))
        found = nesting.inline(derived, [*inner.inputs, *(s * 1.0 for s in floats)])
        grads = found[len(func.results) :]
        return flatten(args)[1].unflatten(grads)


class Hessian(Transform):
    """All second derivatives."""

    suffix = "hessian"
    like_f = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        n = self.argnums[0]
        return OfJacobian(Jacobian(self.f, n, "auto"), n)(*args, **kwargs)


class OfJacobian(Jacobian):
    """The Jacobian of a Jacobian."""

    f: Jacobian

    def __init__(self, f: Jacobian, argnums: Argnums) -> None:
        super().__init__(f, argnums, "fwd")

    def derive(self, func: Func, flags: list[bool]) -> Func:
        """Program of all blocks, results-major."""
        return derive(drivers.jacobian_of_jacobian, func, flags, self.f.symmetric)
