"""The derivative transforms as users call them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal
from weakref import WeakKeyDictionary

from tapec.ad import drivers
from tapec.ad.adjoint import adjoint
from tapec.ad.batch import batch
from tapec.ad.tangent import tangent
from tapec.errors import NonDifferentiableError, ShapeError
from tapec.ir import Func, Type
from tapec.kernel import Kernel
from tapec.nesting import as_float, chosen_leaves, inline, lift, structure, trace_inner
from tapec.trace import Out, Tracer
from tapec.tree import flatten

Function = Callable[..., Any]
Argnums = int | Sequence[int]


class _Transform:
    """A derived function: runs inside a trace; its attributes say what it is."""

    suffix = ""

    def __init__(self, f: Function, argnums: Argnums = 0, has_aux: bool = False) -> None:
        self.f = f
        self.single = isinstance(argnums, int)
        self.argnums = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        self.has_aux = has_aux
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.{self.suffix}"
        self.__qualname__ = self.__name__
        self.__module__ = getattr(f, "__module__", __name__)
        self.__doc__ = f.__doc__

    def prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """Inner trace, argument groups and the (float) arguments."""
        groups = chosen_leaves(args, self.argnums)
        args = as_float(args, groups)
        inner = trace_inner(self.f, args, kwargs, {k for g in groups for k in g})
        return inner, groups, args

    def pack(self, parts: list[Any]) -> Any:
        """One result per chosen argument: bare for an int `argnums`."""
        return parts[0] if self.single else tuple(parts)


def _scalar_output(inner: Any, has_aux: bool) -> tuple[Func, Any]:
    """Split off auxiliary results; the program returns the scalar first."""
    func: Func = inner.func
    count = 1
    if has_aux and len(inner.tree.children) == 2:
        count = inner.tree.children[0].size
    main = [m for m in inner.leaves[:count]] if has_aux else inner.leaves
    outs = [m for m in main if isinstance(m, Out)]
    if len(main) != 1 or not outs or func.results[outs[0].index].type.shape:
        got = ", ".join(str(func.results[m.index].type) for m in outs) or "a constant"
        raise NonDifferentiableError(
            f"grad needs a function with one scalar result, {func.name} returns {got}",
            hint="use tapec.jacobian, or sum the result",
        )
    if not func.results[outs[0].index].type.is_float:
        raise NonDifferentiableError(f"{func.name} returns an integer: it has no gradient")
    return func, outs[0].index


class _ValueAndGrad(_Transform):
    suffix = "value_and_grad"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inner, groups, args = self.prepare(args, kwargs)
        func, index = _scalar_output(inner, self.has_aux)
        flags = inner.flags({k for g in groups for k in g})
        order = [index, *(k for k in range(len(func.results)) if k != index)]
        derived = drivers.value_and_gradient(
            func.with_results([func.results[k] for k in order]), flags
        )
        found = inline(derived, inner.inputs)
        values = [found[order.index(k)] for k in range(len(order))]
        grads = found[len(order) :]
        by_leaf = dict(zip(sorted(k for g in groups for k in g), grads, strict=True))
        parts = [
            structure(args[n]).unflatten([by_leaf[k] for k in g])
            for n, g in zip(self.argnums, groups, strict=True)
        ]
        return inner.result(values), self.pack(parts)


class _Grad(_ValueAndGrad):
    suffix = "grad"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value, grads = super().__call__(*args, **kwargs)
        return (grads, value[1]) if self.has_aux else grads


class _Jacobian(_Transform):
    suffix = "jacobian"

    def __init__(self, f: Function, argnums: Argnums, mode: drivers.Mode) -> None:
        super().__init__(f, argnums)
        self.mode = mode

    def derive(self, func: Func, flags: list[bool]) -> Func:
        """Program of all blocks, results-major."""
        return drivers.jacobian_func(func, flags, self.mode)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inner, groups, args = self.prepare(args, kwargs)
        flags = inner.flags({k for g in groups for k in g})
        blocks = inline(self.derive(inner.func, flags), inner.inputs)
        leaves = sorted(k for g in groups for k in g)
        per_result = []
        for r in range(len(inner.func.results)):
            row = dict(zip(leaves, blocks[r * len(leaves) : (r + 1) * len(leaves)], strict=True))
            parts = [
                structure(args[n]).unflatten([row[k] for k in g])
                for n, g in zip(self.argnums, groups, strict=True)
            ]
            per_result.append(self.pack(parts))
        return inner.result(per_result)


class _Vmap:
    def __init__(self, f: Function, in_axes: Any, out_axes: Any) -> None:
        self.f, self.in_axes, self.out_axes = f, in_axes, out_axes
        self.__name__ = f"{getattr(f, '__name__', type(f).__name__)}.vmap"
        self.__qualname__ = self.__name__
        self.__module__ = getattr(f, "__module__", __name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        axes = self._axes(args) + [0] * len(flatten(kwargs)[0])
        leaves, tree = flatten((args, kwargs))
        if all(axis is None for axis in axes):
            raise ShapeError("vmap: no argument is mapped", hint="give an axis in in_axes")
        sizes = set()
        for k, axis in enumerate(axes):
            if axis is None:
                continue
            leaf = lift(leaves[k])
            if not leaf.shape:
                raise ShapeError(
                    f"vmap: argument leaf {k} is a number, it has no axis to map over",
                    hint="give None for it in in_axes",
                )
            sizes.add(leaf.shape[axis])
            leaves[k] = leaf if axis == 0 else np.moveaxis(leaf, axis, 0)  # type: ignore[type-var]
        if len(sizes) != 1:
            raise ShapeError(f"vmap: mapped axes of different lengths: {sorted(sizes)}")
        (size,) = sizes
        args, kwargs = tree.unflatten(leaves)
        mapped = {k for k, axis in enumerate(axes) if axis is not None}

        def one(k: int, t: Type) -> Type:
            return t.with_shape(t.shape[1:]) if k in mapped else t

        inner = trace_inner(self.f, args, kwargs, mapped, one)
        flags = inner.flags(mapped)
        results = inline(batch(inner.func, flags, size), inner.inputs)
        if size:
            # Which lane raises makes no difference: the exception with the greatest number.
            inner.raise_errors(lambda f: np.max(inline(batch(f, flags, size), inner.inputs)[0]))
        out = self.out_axes
        if out != 0:
            results = [np.moveaxis(y, 0, out) for y in results]  # type: ignore[type-var]
        return inner.result(results)

    def _axes(self, args: tuple[Any, ...]) -> list[int | None]:
        axes = self.in_axes
        each = list(axes) if isinstance(axes, tuple | list) else [axes] * len(args)
        if len(each) != len(args):
            raise ShapeError(f"vmap: in_axes has {len(each)} entries for {len(args)} arguments")
        return [axis for axis, arg in zip(each, args, strict=True) for _ in flatten(arg)[0]]


class _Jvp(_Transform):
    suffix = "jvp"

    def __call__(self, primals: Any, tangents: Any) -> Any:
        primals = tuple(primals)
        groups = chosen_leaves(primals, range(len(primals)))
        seeds = flatten(tuple(tangents))[0]
        args = as_float(primals, groups)
        inner = trace_inner(self.f, args, {}, {k for g in groups for k in g})
        flags = inner.flags(set(range(len(seeds))))
        _check_like("tangent", seeds, flatten(args)[0])
        derived = tangent(inner.func, flags)
        found = inline(derived, [*inner.inputs, *seeds])
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
        if lift(a).shape != lift(b).shape:
            raise ShapeError(
                f"a {what} of shape {list(lift(a).shape)} for a value of "
                f"shape {list(lift(b).shape)}"
            )


class _Pullback(_Transform):
    suffix = "vjp"

    def __call__(self, primals: Any, cotangent: Any) -> Any:
        primals = tuple(primals)
        groups = chosen_leaves(primals, range(len(primals)))
        args = as_float(primals, groups)
        inner = trace_inner(self.f, args, {}, {k for g in groups for k in g})
        main = inner.tree.children[0].size if self.has_aux else len(inner.leaves)
        markers = [m for m in inner.leaves[:main] if isinstance(m, Out)]
        func = inner.func.with_results([inner.func.results[m.index] for m in markers])
        seeds = flatten(cotangent)[0]
        chosen: list[Any] = [
            lift(s) for s, v in zip(seeds, func.results, strict=True) if v.type.is_float
        ]
        derived = adjoint(func, inner.flags({k for g in groups for k in g}))
        found = inline(derived, [*inner.inputs, *(s * 1.0 for s in chosen)])
        grads = found[len(func.results) :]
        return flatten(args)[1].unflatten(grads)


# ---- public -------------------------------------------------------------------------------


def grad(f: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Kernel:
    """The gradient of a scalar function: g(*args) has the shape of argument `argnums`.

    A tuple of `argnums` gives a tuple of gradients. With `has_aux` the function returns
    (value, aux) and the gradient function (gradient, aux).

    >>> tapec.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Kernel(_Grad(f, argnums, has_aux), **_options(f))


def value_and_grad(f: Function, argnums: Argnums = 0, *, has_aux: bool = False) -> Kernel:
    """A function returning (value, gradient), or ((value, aux), gradient) with `has_aux`."""
    return Kernel(_ValueAndGrad(f, argnums, has_aux), **_options(f))


def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: Literal["auto", "fwd", "rev"] = "auto"
) -> Kernel:
    """The Jacobian, of shape out.shape + in.shape; `mode="auto"` takes the cheaper sweep."""
    return Kernel(_Jacobian(f, argnums, mode), **_options(f))


def hessian(f: Function, argnums: Argnums = 0) -> Kernel:
    """Second derivatives, of shape out.shape + in.shape + in.shape (forward over reverse)."""
    if isinstance(argnums, int):
        return Kernel(_Hessian(f, argnums), **_options(f))
    return jacobian(jacobian(f, argnums), argnums, mode="fwd")


class _Hessian(_Transform):
    suffix = "hessian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        n = self.argnums[0]
        first = _Jacobian(self.f, n, "auto")
        return _Jacobian(first, n, "fwd")(*args, **kwargs)


def jvp(f: Function, primals: Any, tangents: Any) -> Any:
    """(f(*primals), J @ tangents)."""
    return _cached(f, "jvp", lambda: Kernel(_Jvp(f), **_options(f)))(
        tuple(primals), tuple(tangents)
    )


class _Hvp(_Transform):
    suffix = "hvp"

    def __call__(self, x: Any, v: Any, *rest: Any) -> Any:
        n = self.argnums[0]

        def gradient(z: Any) -> Any:
            return _Grad(self.f, n)(*rest[:n], z, *rest[n:])

        return _Jvp(gradient)((x,), (v,))[1]


class _Gnvp(_Transform):
    suffix = "gnvp"

    def __call__(self, x: Any, v: Any, *rest: Any) -> Any:
        n = self.argnums[0]

        def f(z: Any) -> Any:
            return self.f(*rest[:n], z, *rest[n:])

        along = _Jvp(f)((x,), (v,))[1]
        return _Pullback(f)((x,), along)[0]


def hvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = H(x) v, the Hessian in argument `argnums` times v; `rest` the others."""
    return Kernel(_Hvp(f, argnums), **_options(f))


def gnvp(f: Function, argnums: int = 0) -> Kernel:
    """h(x, v, *rest) = J^T J v, the Gauss-Newton product."""
    return Kernel(_Gnvp(f, argnums), **_options(f))


def vmap(f: Function, in_axes: Any = 0, out_axes: int = 0) -> Kernel:
    """`f` over a leading axis of its arguments; None in `in_axes` holds an argument fixed."""
    return Kernel(_Vmap(f, in_axes, out_axes), **_options(f, static=False))


def _options(f: Function, static: bool = True) -> dict[str, Any]:
    """A transform of a kernel keeps its options."""
    if not isinstance(f, Kernel):
        return {}
    if static:
        return f._options
    return {"backend": f._options["backend"]}


_CACHE: WeakKeyDictionary[Any, dict[str, Kernel]] = WeakKeyDictionary()


def _cached(f: Function, name: str, make: Callable[[], Kernel]) -> Kernel:
    """One kernel per function and kind, so that repeated calls do not compile again."""
    known = _CACHE.setdefault(f, {})
    if name not in known:
        known[name] = make()
    return known[name]


__all__ = [
    "Tracer",
    "gnvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vmap",
]
