"""What can be exported of a kernel: its value and its derivatives, each a C function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.call.derivatives import TRANSFORMS
from tapec.call.signature import parameter_names
from tapec.errors import ExportError

Args = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """A function, the arguments it is differentiated by, example arguments and their names."""

    kernel: Any
    argnums: tuple[int, ...]
    single: bool
    args: Args
    names: tuple[str, ...]
    sparse: bool

    @property
    def numbers(self) -> Any:
        """`argnums` as the transforms take them."""
        return self.argnums[0] if self.single else self.argnums

    @property
    def one(self) -> int:
        """The argument of products with vectors, which is one."""
        if not self.single:
            raise ExportError("a product with a vector is by one argument", hint="argnums=0")
        return self.argnums[0]

    def replaced(self, chosen: Sequence[Any]) -> Args:
        """The arguments with these in place of those differentiated by."""
        found = list(self.args)
        for k, x in zip(self.argnums, chosen, strict=True):
            found[k] = x
        return tuple(found)


@dataclass(frozen=True)
class ExportProduct:
    """A kernel to export, its example arguments with their names, and names of its results."""

    kernel: Any
    args: Args
    names: tuple[str, ...]
    results: str | tuple[str, ...]
    about: str


def asked(kernel: Any, argnums: int | Sequence[int], args: Args, sparse: bool) -> Asked:
    """What `Kernel.export` is asked for."""
    single = isinstance(argnums, int)
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    known = parameter_names(kernel.__wrapped__) or _called_with(kernel.__wrapped__)
    names = tuple(known[k] if k < len(known) else f"arg{k}" for k in range(len(args)))
    if args and any(not -len(args) <= k < len(args) for k in numbers):
        raise ExportError(
            f"argnums={argnums!r} for {len(args)} arguments", hint="they count from 0"
        )
    normal = tuple(k % len(args) for k in numbers) if args else ()
    return Asked(kernel, normal, single, args, names, sparse)


def _called_with(f: Any) -> list[str]:
    """The parameters of a callable object."""
    code = getattr(type(inspect.unwrap(f)).__call__, "__code__", None)
    return [] if code is None else list(code.co_varnames[1 : code.co_argcount])


def product(of: str, a: Asked) -> ExportProduct:
    """A product by name; raises ExportError for others."""
    make = PRODUCTS.get(of)
    if make is None:
        known = ", ".join(map(repr, PRODUCTS))
        raise ExportError(f"there is no {of!r} to export", hint=f"of= is one or more of {known}")
    return make(a)


def _value(a: Asked) -> ExportProduct:
    return ExportProduct(a.kernel, a.args, a.names, "value", f"value of {a.kernel.__name__}")


def _grad(a: Asked) -> ExportProduct:
    kernel = TRANSFORMS["grad"](a.kernel, a.numbers)
    return ExportProduct(kernel, a.args, a.names, _by("grad", a), f"gradient{_in(a)}")


def _value_and_grad(a: Asked) -> ExportProduct:
    kernel = TRANSFORMS["value_and_grad"](a.kernel, a.numbers)
    about = f"value, and gradient{_in(a)}"
    return ExportProduct(kernel, a.args, a.names, ("value", "grad"), about)


def _jacobian(a: Asked) -> ExportProduct:
    options = {"sparse": True} if a.sparse else {}
    kernel = TRANSFORMS["jacobian"](a.kernel, a.numbers, **options)
    return ExportProduct(kernel, a.args, a.names, "jac", f"Jacobian{_in(a)}")


def _hessian(a: Asked) -> ExportProduct:
    options = {"sparse": True} if a.sparse else {}
    kernel = TRANSFORMS["hessian"](a.kernel, a.numbers, **options)
    return ExportProduct(kernel, a.args, a.names, "hess", f"Hessian{_in(a)}")


def _lower_hessian(a: Asked) -> ExportProduct:
    kernel = TRANSFORMS["hessian"](a.kernel, a.numbers, sparse=True, triangle="lower")
    about = f"lower triangle of the Hessian{_in(a)}"
    return ExportProduct(kernel, a.args, a.names, "hess", about)


def _times_vector(name: str, about: str) -> Callable[[Asked], ExportProduct]:
    def make(a: Asked) -> ExportProduct:
        n = a.one
        rest = [k for k in range(len(a.args)) if k != n]
        kernel = TRANSFORMS[name](a.kernel, n)
        args = (a.args[n], _ones(a.args[n]), *(a.args[k] for k in rest))
        names = (a.names[n], f"v_{a.names[n]}", *(a.names[k] for k in rest))
        return ExportProduct(kernel, args, names, name, f"{about}{_in(a)} times v_{a.names[n]}")

    return make


def _jvp(a: Asked) -> ExportProduct:
    count = len(a.args)

    def pushed(*both: Any) -> Any:
        def f(*chosen: Any) -> Any:
            return a.kernel(*_put(both[:count], a.argnums, chosen))

        given = tuple(both[k] for k in a.argnums)
        return TRANSFORMS["jvp"](f, given, both[count:])

    tangents = tuple(_ones(a.args[k]) for k in a.argnums)
    names = (*a.names, *(f"v_{a.names[k]}" for k in a.argnums))
    about = f"value, and derivative{_in(a)} along v"
    kernel = type(a.kernel)(pushed, **a.kernel._options)
    return ExportProduct(kernel, (*a.args, *tangents), names, ("value", "tangent"), about)


def _vjp(a: Asked) -> ExportProduct:
    def pulled(*both: Any) -> Any:
        def f(*chosen: Any) -> Any:
            return a.kernel(*_put(both[:-1], a.argnums, chosen))

        value, pull = TRANSFORMS["vjp"](f, *(both[k] for k in a.argnums))
        found = pull(both[-1])
        return value, found[0] if a.single else found

    cotangent = _ones(a.kernel(*a.args))
    about = f"value, and weights times derivative{_in(a)}"
    kernel = type(a.kernel)(pulled, **a.kernel._options)
    names = (*a.names, "weights")
    return ExportProduct(kernel, (*a.args, cotangent), names, ("value", "cotangent"), about)


def _put(args: Sequence[Any], places: Sequence[int], values: Sequence[Any]) -> list[Any]:
    found = list(args)
    for k, x in zip(places, values, strict=True):
        found[k] = x
    return found


def _ones(x: Any) -> Any:
    """Ones of the structure of an argument."""
    from tapec.tree import flatten

    leaves, tree = flatten(x)
    return tree.unflatten([np.ones_like(leaf) if np.ndim(leaf) else 1.0 for leaf in leaves])


def _by(name: str, a: Asked) -> str | tuple[str, ...]:
    return name if a.single else tuple(f"{name}_{a.names[k]}" for k in a.argnums)


def _in(a: Asked) -> str:
    return f" of {a.kernel.__name__} in {', '.join(a.names[k] for k in a.argnums)}"


# With the issue of several names for one: those of the transforms, and short ones.
PRODUCTS: Mapping[str, Callable[[Asked], ExportProduct]] = {
    "value": _value,
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "jac": _jacobian,
    "jacobian": _jacobian,
    "hess": _hessian,
    "hessian": _hessian,
    "lower_hess": _lower_hessian,
    "hvp": _times_vector("hvp", "Hessian"),
    "gnvp": _times_vector("gnvp", "Gauss-Newton matrix"),
    "jvp": _jvp,
    "vjp": _vjp,
}
