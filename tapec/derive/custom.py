"""Derivative rules of the user's: `tapec.custom_rule`."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any, overload

from tapec.call.kernel import Kernel
from tapec.derive.closed import Arguments, Part, Regions, traced
from tapec.derive.rules import PARTS
from tapec.errors import MutationError, TraceError
from tapec.trace import ResultMarker, Session, Tracer, current
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import wrap
from tapec.trace.results import call_traced

Function = Callable[..., Any]


@overload
def custom_rule(
    f: Function, /, *, jvp: Function | None = None, vjp: Function | None = None
) -> CustomRule: ...
@overload
def custom_rule(
    f: None = None, /, *, jvp: Function | None = None, vjp: Function | None = None
) -> Callable[[Function], CustomRule]: ...
def custom_rule(
    f: Function | None = None, /, *, jvp: Function | None = None, vjp: Function | None = None
) -> Any:
    """`f` with derivatives of your own.

    `jvp(primals, tangents)` returns (y, dy): the value and its tangent, linear in the tangents.
    Reverse mode transposes it. `vjp(*primals)` returns (y, pull), where pull(ct) is the tuple of
    the cotangents of the primals (None is zero). Both get the positional arguments with their
    structure; tangents and cotangents of what is not a float array are zeros. With `vjp` alone
    there is no forward mode (nor a Hessian, which is forward over reverse).

    Rules are traced like any function, so they are differentiated for higher orders. A variable
    that `f` or a rule takes from around it has no derivative through the rule: it is an error to
    differentiate by it. Outside of traced code the result simply calls `f`. As a decorator:
    ``@tapec.custom_rule(vjp=...)``.

    >>> def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> stable = tapec.custom_rule(
    ...     log1pexp,
    ...     jvp=lambda x, t: (log1pexp(x[0]), t[0] * (1.0 - 1.0 / (1.0 + np.exp(x[0])))),
    ... )
    >>> float(tapec.grad(stable)(100.0))
    1.0
    """
    if f is None:
        return functools.partial(custom_rule, jvp=jvp, vjp=vjp)
    return CustomRule(f, jvp, vjp)


class CustomRule:
    """A function whose derivatives are the user's."""

    def __init__(self, f: Function, jvp: Function | None, vjp: Function | None) -> None:
        self.f: Function = f.__wrapped__ if isinstance(f, Kernel) else f
        functools.update_wrapper(self, self.f, updated=())
        self.__wrapped__ = self.f
        self.__name__ = getattr(self.f, "__name__", type(self.f).__name__)
        self.rules = {name: r for name, r in (("jvp", jvp), ("vjp", vjp)) if r is not None}
        self.given_results = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Evaluate; inside traced code, as one op that carries its rules."""
        session = current()
        if session is None:
            return self.f(*args, **kwargs)
        args = _positional(self.f, args, kwargs)
        given = Arguments(session, self.f, args)
        body = traced(self.f, given, given.with_inputs)
        if not given.params and not body.captures:
            return call_traced(self.f, args, {})
        if body.mutated:
            raise MutationError(
                f"{self.__name__} has a derivative rule and writes into its argument",
                where=where(),
                hint="work on a copy: x = x.copy()",
            )
        found = self.emit(session, given, body)
        return body.result(found)

    def emit(self, session: Session, given: Arguments, body: Part) -> list[Tracer]:
        """Append the op; its results as tracers."""
        rules = [
            PARTS[name](self.__name__, given, body, rule, self.given_results)
            for name, rule in self.rules.items()
        ]
        regions = Regions(given, [body, *(r.part for r in rules)])
        blocks = [regions.block(body), *(r.block(regions) for r in rules)]
        attrs: dict[str, Any] = {"rules": tuple(self.rules), "captured": len(regions.captured)}
        if self.given_results:
            attrs["given_results"] = True
        values = session.emit_regions("custom", regions.operands, attrs, tuple(blocks))
        weak = {m.index: m.python_scalar for m in body.leaves if isinstance(m, ResultMarker)}
        return [wrap(session, v, weak[k]) for k, v in enumerate(values)]

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A rule in a class body is a method."""
        return self if instance is None else functools.partial(self, instance)


def _positional(f: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """All arguments by position, defaults filled in, as the rules take them."""
    if not kwargs and not isinstance(f, types.FunctionType):
        return args
    bound = inspect.signature(f).bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        names = ", ".join(bound.kwargs)
        raise TraceError(
            f"a function with a derivative rule takes positional arguments only, not {names}",
            where=where(),
        )
    return bound.args
