"""Largest and smallest complex numbers, by real and then by imaginary parts; covariances."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.trace.complex.array import METHODS, apply, both, pair, rule
from tapec.trace.complex.factors import adjoint
from tapec.trace.numpy.shape import axes_of
from tapec.tree import is_complex


def _first(z: Any, largest: bool) -> Any:
    """Where the first of the largest numbers is along the last axis, or the first NaN."""
    real, imag = (z.real, z.imag) if largest else (-z.real, -z.imag)
    tied = real == np.max(real, axis=-1, keepdims=True)
    imag = np.where(tied, imag, -np.inf)
    here = tied & (imag == np.max(imag, axis=-1, keepdims=True))
    lost = np.isnan(z.real) | np.isnan(z.imag)
    return np.argmax(np.where(np.any(lost, axis=-1, keepdims=True), lost, here), axis=-1)


def _flat(z: Any, axis: Any) -> tuple[Any, list[int]]:
    """The numbers with the axes joined into one, the last; and which axes these are."""
    axes = list(axes_of(axis, z.ndim))
    rest = [a for a in range(z.ndim) if a not in axes]
    moved = np.transpose(z, (*rest, *axes))
    return np.reshape(moved, (*(z.shape[a] for a in rest), -1)), axes


def _extreme(name: str, largest: bool) -> None:
    @rule(f"a{name}", name)
    def extreme(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        flat, axes = _flat(a, axis)
        made = np.take_along_axis(flat, _first(flat, largest)[..., None], axis=-1)[..., 0]
        if keepdims is True:
            made = made.reshape([1 if k in axes else n for k, n in enumerate(a.shape)])
        return made

    @rule(f"arg{name}")
    def place(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
        flat, axes = _flat(a, axis)
        made = _first(flat, largest)
        if keepdims is True:
            made = np.reshape(made, [1 if k in axes else n for k, n in enumerate(a.shape)])
        return made

    @rule(f"{name}imum")
    def of_two(x1: Any, x2: Any) -> Any:
        (a, b), (c, d) = _parts(x1), _parts(x2)
        wins = (a > c) | ((a == c) & (b >= d)) if largest else (a < c) | ((a == c) & (b <= d))
        wins = wins | np.isnan(a) | np.isnan(b)
        return pair(np.where(wins, a, c), np.where(wins, b, d))

    for method in (name, f"arg{name}"):
        METHODS[method] = lambda z, *args, n=method, **kwargs: apply(n, (z, *args), kwargs)


def _parts(x: Any) -> tuple[Any, Any]:
    return (x.real, x.imag) if is_complex(x) else (x, 0.0 * x)


_extreme("max", True)
_extreme("min", False)


# -- covariances -----------------------------------------------------------------------------------


@rule("cov")
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None) -> Any:
    """Covariances of variables: of the rows, unless `rowvar` is false."""
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate([x, _variables(y, rowvar)])
    total = x.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    deviation = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(deviation @ adjoint(deviation) / float(total))


def _variables(m: Any, rowvar: bool) -> Any:
    if m.ndim < 2:
        return m[None]
    return m if rowvar or m.shape[0] == 1 else m.T


@rule("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """Correlations of variables; real and imaginary parts lie between -1 and 1."""
    c = cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    size = np.sqrt(np.diagonal(c).real)
    return both(lambda part: np.clip(part, -1.0, 1.0), c / size[:, None] / size[None, :])
