"""Functions of NumPy and SciPy that ops are declared to be: natively, on the declared samples.

Values are NumPy's own, gradients those of differences, second derivatives those of differences of
gradients, and lanes those of a loop. A new op is tested by being declared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special
from support.results import parts, weighted
from support.rules_support import attribute_sets, sample
from support.sampling import sampled

import tapec
from tapec.ir import PRIMITIVES
from tapec.ir.primitive import Primitive

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Declared:
    """A public function at a sample: `f(*operands)` is the function with the attributes given."""

    primitive: Primitive
    name: str
    attrs: dict[str, Any]
    operands: tuple[Array, ...]

    def __str__(self) -> str:
        shapes = "x".join(map(str, self.operands[0].shape))
        return " ".join([self.name, shapes, *(f"{k}={v}" for k, v in self.attrs.items())])

    @property
    def f(self) -> Callable[..., Any]:
        """Attributes go where the public function has parameters of their names, or of its own."""
        module, _, last = self.name.rpartition(".")
        real = getattr(getattr(np, module) if module else special, last)
        rule = self.primitive.public[self.name]
        if rule is None:
            return real
        names = list(inspect.signature(rule).parameters)[1:]
        attrs, count = self.attrs, len(self.operands)

        def f(*operands: Any) -> Any:
            rest = iter(operands)
            given = [
                attrs[n] if n in attrs else next(rest)
                for n in map(str.lower, names[: count + len(attrs)])
            ]
            return real(*given)

        return f


def cases() -> list[Declared]:
    rng = np.random.default_rng(11)
    found = []
    for p in PRIMITIVES.values():
        for name in p.public:
            if p.kind == "elementwise":
                shapes = [(40,)] * len(p.domain)
                points = sample(p, ("f64",) * len(p.domain), shapes)
                found += [Declared(p, name, a, tuple(points)) for a in attribute_sets(p)]
            else:
                for s in p.samples:
                    operands = tuple(rng.standard_normal(shape) for shape in s.shapes)
                    found.append(Declared(p, name, dict(s.attrs), operands))
    return found


CASES = cases()


@pytest.mark.parametrize("c", sampled(CASES, 2), ids=str)
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_values(c: Declared, dtype: str) -> None:
    operands = [x.astype(dtype) for x in c.operands]
    kernel = tapec.compile(c.f)
    for got, want in zip(parts(kernel(*operands)), parts(c.f(*operands)), strict=True):
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        if dtype == "f4" and c.primitive.results != 1:
            got, want = np.abs(got), np.abs(want)  # NumPy's LAPACK may choose other signs
        np.testing.assert_allclose(got, want, *((1e-13, 1e-13) if dtype == "f8" else (3e-4, 3e-5)))
    assert "backend: native" in str(kernel.explain(*operands))


def active(c: Declared) -> tuple[int, ...]:
    """The operands that have derivatives."""
    if c.primitive.kind != "elementwise":
        return tuple(range(len(c.operands)))
    return tuple(k for k, rule in enumerate(c.primitive.partials) if rule is not None)


@pytest.mark.parametrize("c", sampled(CASES, 4), ids=str)
def test_derivatives_are_differences(c: Declared) -> None:
    g, chosen, h = weighted(c.f), active(c), 1e-5
    rng = np.random.default_rng(1)
    ds = [rng.standard_normal(x.shape) * (k in chosen) for k, x in enumerate(c.operands)]
    small = [d * 0.01 for d in ds] if c.primitive.domain else ds

    def at(t: float) -> list[Array]:
        return [x + t * d for x, d in zip(c.operands, small, strict=True)]

    slope = (g(*at(h)) - g(*at(-h))) / (2 * h)
    gradient = tapec.grad(g, chosen)
    found = sum(np.sum(p * small[k]) for p, k in zip(gradient(*c.operands), chosen, strict=True))
    np.testing.assert_allclose(found, slope, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        tapec.jvp(g, c.operands, tuple(small))[1], found, rtol=1e-10, atol=1e-12
    )
    moved = tapec.jvp(lambda *x: gradient(*x), c.operands, tuple(small))[1]
    for got, low, high in zip(moved, gradient(*at(-h)), gradient(*at(h)), strict=True):
        np.testing.assert_allclose(got, (high - low) / (2 * h), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("c", sampled(CASES, 6), ids=str)
def test_many_at_once(c: Declared) -> None:
    g = weighted(c.f)
    stacks = [np.stack([x, 1.01 * x, 0.99 * x]) for x in c.operands]
    for f in (g, tapec.grad(g, active(c))):
        got = parts(tapec.vmap(f)(*stacks))
        want = [parts(f(*row)) for row in zip(*stacks, strict=True)]
        for k, part in enumerate(got):
            np.testing.assert_allclose(part, [row[k] for row in want], rtol=1e-10, atol=1e-12)
