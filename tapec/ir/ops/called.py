"""The other functions of `scipy.special`: one entry of a table each, in a few ops for all of them.

An entry names SciPy's function and has one formula for the slope by each operand. Values are
SciPy's: native code calls what SciPy exports to Cython code, number by number. The entries are in
the modules `called_*`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapec.errors import NonDifferentiableError
from tapec.ir.ops.rules import UNIT, floating, quiet
from tapec.ir.primitive import PRIMITIVES, Partial, Primitive, Sample, elementwise

Slope = Callable[..., Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Called:
    """A function of SciPy's, or one of the results of a function that has several.

    `slopes` have the parameters of partials, then the orders; `orders` says how many first
    arguments are integers known while tracing. `domain` is where the tests sample the operands,
    `fixed` the orders they take. `digits` is how many SciPy's values have there.
    """

    function: str
    slopes: tuple[Slope, ...]
    domain: tuple[tuple[float, float], ...]
    doc: str
    part: int | None = None
    orders: int = 0
    fixed: tuple[tuple[int, ...], ...] = ((),)
    public: bool = True
    digits: int = 13
    complex: bool = False  # of a complex number: the operands are its parts, as are the results


FUNCTIONS: dict[str, Called] = {}


def called(name: str, *slopes: Slope, domain: Sequence[tuple[float, float]], **traits: Any) -> None:
    """Enter a function in the table under the name that programs call it by."""
    entry = Called(function=name, slopes=slopes, domain=tuple(domain), **traits)
    assert len(slopes) == len(entry.domain), name
    FUNCTIONS[name] = entry


def results(function: str, names: Sequence[str], slopes: Sequence[Any], **traits: Any) -> None:
    """Enter the results of a function that has several; of each one slope, or a tuple of them."""
    for part, (name, slope) in enumerate(zip(names, slopes, strict=True)):
        each = slope if isinstance(slope, tuple) else (slope,)
        called(name, *each, part=part, public=False, **traits)
        FUNCTIONS[name] = replace(FUNCTIONS[name], function=function)


def special(name: str, *operands: Any, orders: tuple[int, ...] = ()) -> Any:
    """The function in a formula."""
    attrs = {"of": name, "orders": orders} if orders else {"of": name}
    return PRIMITIVES[op_of(name)](*operands, **attrs)


def op_of(name: str) -> str:
    """The op that calls this function."""
    return _OPS[len(FUNCTIONS[name].domain)].name


def no_slope(argument: str) -> Slope:
    """In place of the slope by a parameter of which no closed form is known."""

    def refuse(y: Any, *xs: Any, of: str = "", **orders: Any) -> Any:
        raise NonDifferentiableError(
            f"scipy.special.{FUNCTIONS[of].function} has no derivative by {argument}",
            hint="differentiate by another argument, or hold this one fixed: tapec.stop_gradient",
        )

    refuse.needs_name = True  # type: ignore[attr-defined]
    return refuse


def _evaluate(*operands: Any, of: str, orders: tuple[int, ...] = ()) -> Any:
    from scipy import special as scipy_special

    entry = FUNCTIONS[of]
    wide = [np.asarray(x).astype(np.float64) for x in operands]
    if entry.complex:
        wide = [wide[0] + 1j * wide[1]]
    found = getattr(scipy_special, entry.function)(*orders, *wide)
    if entry.complex:
        found = (found.real, found.imag)
    return np.asarray(found if entry.part is None else found[entry.part]).astype(operands[0].dtype)


def _partial(k: int) -> Partial:
    def partial(y: Any, *xs: Any, of: str, orders: tuple[int, ...] = ()) -> Any:
        slope = FUNCTIONS[of].slopes[k]
        named = {"of": of} if hasattr(slope, "needs_name") else {}
        return slope(y, *xs, *orders, **named)

    return partial


# What the tests of ops try each with; tests of the table try every function.
_SAMPLES = {
    1: ("erfi", "rgamma"),
    2: ("beta", "elliprc"),
    3: ("elliprf", "betainc"),
    4: ("elliprj",),
}
_DOMAINS = {1: (UNIT,), 2: ((0.5, 2.0),) * 2, 3: ((0.5, 0.9),) * 3, 4: ((0.2, 0.7),) * 4}
_OPS: dict[int, Primitive] = {
    arity: elementwise(
        f"special_{arity}",
        quiet(_evaluate),
        tuple(_partial(k) for k in range(arity)),
        infer=floating,
        lower="scipy",
        samples=tuple(Sample(attrs={"of": name}) for name in names),
        cost=150,
        domain=_DOMAINS[arity],
        analytic=False,
        doc=f"The function `of` of scipy.special, of {arity} operands behind its `orders`.",
    )
    for arity, names in _SAMPLES.items()
}
