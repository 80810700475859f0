"""What a pass may not change: programs before and after it, run by the interpreter.

A pass that cleans or lowers keeps every number; a tangent agrees with differences, an adjoint with
the tangent by the dot test, a batch with a loop over its lanes, and the derivatives made of them
with the tangent along every direction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec import ad
from tapec.backends import interpreter
from tapec.ir.core import Func
from tapec.tools.opt import PassCall

Arrays = list[Any]
STEP = 1e-3  # of differences; with two extrapolations their error is about 1e-11 relative


def run(func: Func, args: Sequence[Any]) -> Arrays:
    """The results on copies of the arguments, or what a lowered program leaves in its buffers."""
    given = [np.array(a, order="C") for a in args]
    outs = [np.zeros(p.type.shape, p.type.numpy) for p in func.params[len(given) :]]
    results = interpreter.run(func, [*given, *outs])
    written = [a for a, p in zip(given, func.params, strict=False) if p.type.buffer]
    return outs or results or written


def _floats(values: Sequence[Any]) -> Arrays:
    return [v for v in values if np.asarray(v).dtype.kind == "f"]


def _chosen(values: Sequence[Any], flags: Sequence[bool]) -> Arrays:
    return [v for v, flag in zip(values, flags, strict=True) if flag]


def _random(rng: np.random.Generator, values: Sequence[Any]) -> Arrays:
    return [np.asarray(rng.normal(size=np.shape(v)), np.asarray(v).dtype) for v in values]


def _moved(args: Sequence[Any], flags: Sequence[bool], along: Arrays, step: float) -> Arrays:
    directions = iter(along)
    return [a + step * next(directions) if f else a for a, f in zip(args, flags, strict=True)]


def slope(func: Func, args: Arrays, flags: Sequence[bool], along: Arrays) -> Arrays:
    """Derivatives of the float results along a direction, by central differences extrapolated."""

    def central(h: float) -> Arrays:
        ahead, behind = (_floats(run(func, _moved(args, flags, along, s))) for s in (h, -h))
        return [(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)]

    coarse, middle, fine = (central(STEP / k) for k in (1, 2, 4))
    pairs = zip(coarse, middle, fine, strict=True)
    return [(c - 20 * m + 64 * f) / 45 for c, m, f in pairs]


def _dot(left: Arrays, right: Arrays) -> float:
    return float(sum(np.sum(a * b) for a, b in zip(left, right, strict=True)))


def _near(got: Any, wanted: Any, tolerance: float) -> None:
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def tangent(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Values as before, and tangents as differences have them."""
    flags = step.flags(before)
    along = _random(rng, _chosen(args, flags))
    values = run(before, args)
    found = run(after, [*args, *along])
    equal(found[: len(values)], values)
    for got, wanted in zip(found[len(values) :], slope(before, args, flags, along), strict=True):
        _near(got, wanted, 1e-8)


def adjoint(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Values as before; cotangent times tangent is the same on both sides."""
    flags = step.flags(before)
    along = _random(rng, _chosen(args, flags))
    values = run(before, args)
    cotangents = _random(rng, _floats(values))
    found = run(after, [*args, *cotangents])
    equal(found[: len(values)], values)
    pushed = run(ad.tangent(before, flags), [*args, *along])[len(values) :]
    single = any(v.dtype == np.float32 for v in found)
    got, wanted = _dot(found[len(values) :], along), _dot(cotangents, pushed)
    _near(got, wanted, 1e-6 if single else 1e-10)


def batch(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Lane by lane what the program gives there."""
    flags = step.flags(before)
    lanes = [[a if k == 0 else _like(rng, a) for k in range(step.number)] for a in args]
    mapped = [np.stack(x) if f else x[0] for x, f in zip(lanes, flags, strict=True)]
    found = run(after, mapped)
    for k in range(step.number):
        single = [x[k] if f else x[0] for x, f in zip(lanes, flags, strict=True)]
        for got, wanted in zip(found, run(before, single), strict=True):
            _near(got[k], wanted, 1e-12)


def taylor(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Along a curve: its values at t = 0, its slope there, and values nearby."""
    flags = step.flags(before)
    curves = [
        np.stack([a, *(0.5**k * t for k, t in enumerate(_random(rng, [a] * step.number)))])
        if flag
        else a
        for a, flag in zip(args, flags, strict=True)
    ]
    found, values = run(after, curves), run(before, args)
    along = [c[1] for c in _chosen(curves, flags)]
    t = 1e-3
    near = [np.tensordot(t ** np.arange(len(c)), c, 1) for c in _chosen(curves, flags)]
    moved = iter(near)
    close = run(before, [next(moved) if flag else a for a, flag in zip(args, flags, strict=True)])
    slopes = iter(slope(before, args, flags, along))
    for got, value, other in zip(found, values, close, strict=True):
        if np.asarray(value).dtype.kind != "f":
            equal([got], [value])
            continue
        _near(got[0], value, 1e-12)
        _near(got[1], next(slopes), 1e-8)
        _near(np.tensordot(t ** np.arange(len(got)), got, 1), other, 1e-8)


def _like(rng: np.random.Generator, array: Any) -> Any:
    """Another sample from the same domain."""
    flat = np.asarray(array).ravel()
    if flat.dtype.kind != "f":
        return np.array(array)
    low, high = flat.min(initial=np.inf), flat.max(initial=-np.inf)
    return np.asarray(rng.uniform(low - 0.05, high + 0.05, np.shape(array)), flat.dtype)


def gradient(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """The last results times a direction are the slope along it."""
    flags = step.flags(before)
    along = _random(rng, _chosen(args, flags))
    grads = run(after, args)[-len(along) :]
    _near(_dot(grads, along), slope(before, args, flags, along)[0], 1e-8)


def jacobian(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Every block times a direction of its input adds up to the slope of its result."""
    flags = step.flags(before)
    along = _random(rng, _chosen(args, flags))
    blocks = iter(run(after, args))
    for wanted in slope(before, args, flags, along):
        products = [np.tensordot(next(blocks), t, axes=np.ndim(t)) for t in along]
        _near(sum(products), wanted, 1e-8)


def hessian(
    step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator
) -> None:
    """Every block times a direction of its last input adds up to the slope of a gradient."""
    jacobian(step, ad.gradient(before, step.flags(before)), after, args, rng)


def hvp(step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator) -> None:
    """The slope of the gradient along the direction."""
    flags = step.flags(before)
    along = _random(rng, _chosen(args, flags))
    wanted = slope(ad.gradient(before, flags), args, flags, along)
    for got, want in zip(run(after, [*args, *along]), wanted, strict=True):
        _near(got, want, 1e-8)


def gnvp(step: PassCall, before: Func, after: Func, args: Arrays, rng: np.random.Generator) -> None:
    """Times another direction, the product of both slopes."""
    flags = step.flags(before)
    along, other = (_random(rng, _chosen(args, flags)) for _ in range(2))
    products = _dot(run(after, [*args, *along]), other)
    _near(products, _dot(*(slope(before, args, flags, d) for d in (along, other))), 1e-8)


def equal(found: Arrays, wanted: Arrays, tolerance: float = 0.0, signs: bool = False) -> None:
    """The same dtypes, shapes and numbers; with `signs` those of zeros too."""
    for x, y in zip(wanted, found, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        np.testing.assert_allclose(y, x, rtol=tolerance, atol=tolerance)
        if signs and x.dtype.kind == "f":
            numbers = ~np.isnan(x)
            np.testing.assert_array_equal(np.signbit(y)[numbers], np.signbit(x)[numbers])


Meaning = Callable[[PassCall, Func, Func, Arrays, np.random.Generator], None]
DERIVATIVES: dict[str, Meaning] = {
    "tangent": tangent,
    "adjoint": adjoint,
    "batch": batch,
    "taylor": taylor,
    "gradient": gradient,
    "value_and_gradient": gradient,
    "jacobian": jacobian,
    "hessian": hessian,
    "hvp": hvp,
    "gnvp": gnvp,
}
