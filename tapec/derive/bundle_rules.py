"""What a bundle consists of: one rule for each derivative, over what all of them have in common.

A rule runs inside a trace and gives one array for each leaf of what it returns. What is there
already is used: products with a matrix that is asked for as well are products of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec import pipeline
from tapec.ad import drivers
from tapec.ad.directions import across, along
from tapec.derive.bundle_programs import Nesting, Programs
from tapec.derive.nesting import inline
from tapec.errors import DTypeError, NonDifferentiableError
from tapec.ir import Func, Type
from tapec.trace import current
from tapec.trace.arrays.tracer import wrap

# --- rules ----------------------------------------------------------------------------------------


def value(p: Programs, nesting: Nesting) -> Any:
    """What the function returns."""
    return nesting.result(p.values())


def gradient(p: Programs, nesting: Nesting) -> Any:
    """The gradient."""
    return nesting.argument(p.gradients())


def jacobian(p: Programs, nesting: Nesting) -> Any:
    """The Jacobian: results outermost."""
    return nesting.result([nesting.argument(row) for row in p.jacobian()])


def hessian(p: Programs, nesting: Nesting) -> Any:
    """All second derivatives: results outermost."""
    blocks = _second_blocks(p) if p.single else _blocks_of_jacobian(p)
    return nesting.result(
        [nesting.argument([nesting.argument(row) for row in of_one]) for of_one in blocks]
    )


def _second_blocks(p: Programs) -> list[list[list[Any]]]:
    """The Hessian of one number, by two independent inputs, forward over reverse."""
    if "hess" not in p.known:
        symmetric = not drivers.has_rules(p.func)  # then rows are columns
        place = _axis_first if symmetric else _axis_last
        found = [
            [place(y, t, own) for y, own in zip(_along_units(p, k), p.into, strict=True)]
            for k, t in enumerate(p.into)
        ]
        p.known["hess"] = found if symmetric else list(map(list, zip(*found, strict=True)))
    return [p.known["hess"]]


def _along_units(p: Programs, k: int) -> list[Any]:
    """The derivatives of all gradients along the unit arrays of input k, stacked in front."""
    t = p.into[k]
    sources = [j for j, flag in enumerate(p.flags) if flag]
    flags = [j == sources[k] for j in range(len(p.flags))]
    return p.curved(flags, [_units(t)], t.size if t.size > 1 else None)


def _units(t: Type) -> Any:
    """All unit arrays of a type, stacked; the one there is by itself."""
    session = current()
    assert session is not None
    if t.size == 1:
        return wrap(session, session.builder.const(1.0, t))
    return wrap(session, drivers.identity(session.builder, t))


def _axis_first(y: Any, t: Type, own: Type) -> Any:
    """Derivatives along all unit arrays of a type, with the axes of the type first."""
    return y.reshape((*t.shape, *own.shape))


def _axis_last(y: Any, t: Type, own: Type) -> Any:
    """Derivatives along all unit arrays of a type, with the axes of the type last."""
    moved = np.moveaxis(y, 0, -1) if t.size > 1 else y
    return moved.reshape((*own.shape, *t.shape))


def _blocks_of_jacobian(p: Programs) -> list[list[list[Any]]]:
    """Second derivatives of arrays, as the Jacobian of the Jacobian."""
    first = p.derived(drivers.jacobian_func)
    second = pipeline.derive(drivers.jacobian_func, first, p.flags, "fwd")
    found, n = inline(second, p.inputs), len(p.into)
    rows = [found[k * n : (k + 1) * n] for k in range(len(first.results))]
    return [rows[r * n : (r + 1) * n] for r in range(len(p.out))]


def hessian_product(p: Programs, nesting: Nesting) -> Any:
    """The Hessian times a direction."""
    if "hess" not in p.known:
        return nesting.argument(p.curved(p.flags, p.tangents, p.tangent_count))
    rows = p.known["hess"]
    return nesting.argument([_applied(p, row, t) for row, t in zip(rows, p.into, strict=True)])


def diagonal(p: Programs, nesting: Nesting) -> Any:
    """The diagonal of the Hessian."""
    if "hess" in p.known:
        rows = enumerate(p.known["hess"])
        return nesting.argument([_own_diagonal(row[k], p.into[k]) for k, row in rows])
    from tapec.derive.bundle_diagonal import coloured_diagonal  # brings scipy.sparse

    return nesting.argument(coloured_diagonal(p))


def _own_diagonal(block: Any, t: Type) -> Any:
    return np.diagonal(block.reshape((t.size, t.size))).reshape(t.shape)


def tangent_product(p: Programs, nesting: Nesting) -> Any:
    """The Jacobian times a direction."""
    return nesting.result(_pushed(p))


def _pushed(p: Programs) -> list[Any]:
    if p.has_matrix:
        pairs = zip(p.jacobian(), p.out, strict=True)
        return [_applied(p, row, t) for row, t in pairs]
    found = inline(p.derived(along, p.tangent_count), [*p.inputs, *p.tangents])
    return found[len(p.out) :]


def cotangent_product(p: Programs, nesting: Nesting) -> Any:
    """A cotangent times the Jacobian."""
    return nesting.argument(_pulled(p, p.cotangents, p.cotangent_count))


def _pulled(p: Programs, seeds: Sequence[Any], count: int | None) -> list[Any]:
    if p.has_matrix:
        return [_transposed(p, k, seeds, count) for k in range(len(p.into))]
    found = inline(p.derived(across, count), [*p.inputs, *seeds])
    return found[len(p.out) :]


def gauss_newton_product(p: Programs, nesting: Nesting) -> Any:
    """The Gauss-Newton matrix times a direction."""
    return nesting.argument(_pulled(p, _pushed(p), p.tangent_count))


def gauss_newton(p: Programs, nesting: Nesting) -> Any:
    """The Gauss-Newton matrix: the transposed Jacobian times the Jacobian."""
    rows = p.jacobian()
    flat = [
        [b.reshape((o.size, t.size)) for b, t in zip(row, p.into, strict=True)]
        for row, o in zip(rows, p.out, strict=True)
    ]
    return nesting.argument(
        [
            nesting.argument(
                [_total([row[i].T @ row[j] for row in flat]).reshape((*s.shape, *t.shape))
                 for j, t in enumerate(p.into)]
            )
            for i, s in enumerate(p.into)
        ]
    )  # fmt: skip


def _applied(p: Programs, row: Sequence[Any], own: Type) -> Any:
    """A row of blocks times the directions."""
    lead = () if p.tangent_count is None else (p.tangent_count,)
    parts = [
        v.reshape((*lead, t.size)) @ block.reshape((own.size, t.size)).T
        for block, v, t in zip(row, p.tangents, p.into, strict=True)
    ]
    return _total(parts).reshape((*lead, *own.shape))


def _transposed(p: Programs, k: int, seeds: Sequence[Any], count: int | None) -> Any:
    """The cotangents times a column of blocks."""
    lead, t = () if count is None else (count,), p.into[k]
    parts = [
        w.reshape((*lead, own.size)) @ row[k].reshape((own.size, t.size))
        for row, w, own in zip(p.jacobian(), seeds, p.out, strict=True)
    ]
    return _total(parts).reshape((*lead, *t.shape))


def _total(parts: Sequence[Any]) -> Any:
    return sum(parts[1:], parts[0])


@dataclass(frozen=True, slots=True)
class BundlePart:
    """One derivative of a bundle: its rule, and what it needs."""

    rule: Callable[[Programs, Nesting], Any]
    scalar: bool = False  # whether the function must return one number
    tangent: bool = False  # whether a direction of the arguments is given
    cotangent: bool = False  # whether a direction of the results is given
    order: int = 1
    matrix: bool = False  # whether there is a sparse form


# In the order in which they are made: what gives others along comes first.
PARTS: Mapping[str, BundlePart] = {
    "hess": BundlePart(hessian, order=2, matrix=True),
    "diag_hess": BundlePart(diagonal, scalar=True, order=2),
    "hvp": BundlePart(hessian_product, scalar=True, tangent=True, order=2),
    "grad": BundlePart(gradient, scalar=True),
    "jac": BundlePart(jacobian, matrix=True),
    "gn": BundlePart(gauss_newton, matrix=True),
    "gnvp": BundlePart(gauss_newton_product, tangent=True),
    "vjp": BundlePart(cotangent_product, cotangent=True),
    "jvp": BundlePart(tangent_product, tangent=True),
    "value": BundlePart(value, order=0),
}


def seeds_of(names: Sequence[str]) -> tuple[bool, bool]:
    """Whether a direction of the arguments, and one of the results, follow the arguments."""
    parts = [PARTS[name] for name in names]
    return any(p.tangent for p in parts), any(p.cotangent for p in parts)


def computed(names: Sequence[str], programs: Programs, nesting: Nesting) -> dict[str, Any]:
    """The derivatives of these names, in their order."""
    found = {name: p.rule(programs, nesting) for name, p in PARTS.items() if name in names}
    return {name: found[name] for name in names}


def check_results(func: Func, names: Sequence[str]) -> None:
    """Raise where the function returns what a derivative asked for does not take."""
    listed = ", ".join(str(v.type) for v in func.results) or "nothing"
    wrong = [name for name in names if PARTS[name].scalar]
    if wrong and (len(func.results) != 1 or func.results[0].type.shape):
        raise NonDifferentiableError(
            f"{wrong[0]!r} needs a function with one number as the result, {func.name} returns "
            f"{listed}",
            hint="sum the result, or ask for 'jac', 'hess', 'jvp', 'vjp', 'gn' or 'gnvp'",
        )
    if any(PARTS[n].order for n in names) and not all(v.type.is_float for v in func.results):
        raise DTypeError(f"cannot differentiate all results of {func.name}, which are {listed}")
