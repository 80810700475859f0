"""The user's own function as a case: random inputs, checked along random directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.bench.case import Arguments, Case, Reference, Task
from tapec.bench.reference import Directional
from tapec.bench.spec import SpecError
from tapec.bench.tuning import DENSE_LIMIT

# Richardson extrapolation resolves about nine digits of a smooth function.
RTOL = 1e-6


def user_case(name: str, function: Callable[..., Any], args: Arguments) -> Case:
    """Value and gradient of a scalar function; value and Jacobian of an array function."""
    plain = getattr(function, "__wrapped__", function)
    selected = _selected(args)
    value = _evaluate(plain, args)
    task = _task(value, args, selected)
    references: dict[Task, Reference] = {task: Directional()}
    return Case(
        name=name,
        about=(plain.__doc__ or "").strip().split("\n")[0],
        f=plain,
        inputs=lambda rng: args,
        references=references,
        argnums=selected[0] if len(selected) == 1 else selected,
        rtol=RTOL,
        floor=all(np.size(a) <= 16 for a in args),
    )


def differentiable(args: Arguments) -> tuple[int, ...]:
    """Positions of the floating-point arguments."""
    return tuple(k for k, a in enumerate(args) if isinstance(a, float) or _is_float_array(a))


def _is_float_array(a: Any) -> bool:
    return isinstance(a, np.ndarray | np.generic) and a.dtype.kind == "f"


def _selected(args: Arguments) -> tuple[int, ...]:
    selected = differentiable(args)
    if not selected:
        raise SpecError("no floating-point argument to differentiate: give --arg 'float64[n]'")
    return selected


def _evaluate(function: Callable[..., Any], args: Arguments) -> np.ndarray[Any, Any]:
    value = np.asarray(_called(function, args))
    if value.dtype.kind != "f":
        raise SpecError(f"the function returns {value.dtype}, not one float array or number")
    return value


def _called(function: Callable[..., Any], args: Arguments) -> Any:
    """The plain function on copies, since it may write into its arguments."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        return function(*copies)
    except Exception as problem:  # whatever the user's function raises
        text = f"{type(problem).__name__}: {problem}"
        raise SpecError(f"the function itself fails: {text}") from problem


def _task(value: np.ndarray[Any, Any], args: Arguments, selected: tuple[int, ...]) -> Task:
    if value.ndim == 0:
        return Task.GRADIENT
    entries = value.size * sum(np.size(args[k]) for k in selected)
    if entries > DENSE_LIMIT:
        raise SpecError(f"the Jacobian has {entries:,} entries; give smaller arguments")
    return Task.JACOBIAN


def require_differentiable(function: Callable[..., Any], args: Arguments) -> None:
    """Refuse what cannot be checked: no float argument, or a function that fails by itself."""
    _selected(args)
    require_runs(function, args)


def require_runs(function: Callable[..., Any], args: Arguments) -> None:
    """Refuse arguments on which the plain function fails by itself."""
    _called(getattr(function, "__wrapped__", function), args)


def product_of(
    function: Callable[..., Any], args: Arguments, product: str
) -> tuple[Any, Arguments]:
    """The kernel of a product ("value", "grad", ..., "tangent", "adjoint") and its arguments.

    The tangent takes the primals and then their tangents; the adjoint takes the primals
    and the cotangent of the result.
    """
    import tapec

    selected = _selected(args) if product != "value" else (0,)
    require_runs(function, args)
    argnums = selected[0] if len(selected) == 1 else selected
    direct: dict[str, Callable[[], Any]] = {
        "value": lambda: tapec.compile(function),
        "grad": lambda: tapec.grad(function, argnums),
        "jacobian": lambda: tapec.jacobian(function, argnums),
        "hessian": lambda: tapec.hessian(function, argnums),
    }
    if product in direct:
        return direct[product](), args
    if product == "tangent":
        return _tangent(function, args)
    return _adjoint(function, args)


def _tangent(function: Callable[..., Any], args: Arguments) -> tuple[Any, Arguments]:
    import tapec

    count = len(args)

    def tangent(*both: Any) -> Any:
        return tapec.jvp(function, both[:count], both[count:])

    return tapec.compile(tangent), (*args, *args)


def _adjoint(function: Callable[..., Any], args: Arguments) -> tuple[Any, Arguments]:
    import tapec

    plain = getattr(function, "__wrapped__", function)
    cotangent = np.ones_like(plain(*args))

    def adjoint(*both: Any) -> Any:
        value, pull = tapec.vjp(function, *both[:-1])
        return value, pull(both[-1])

    return tapec.compile(adjoint), (*args, cotangent)
