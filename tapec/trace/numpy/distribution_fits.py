"""Fits by maximum likelihood that have a formula, and distributions that have none at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.operands import any_symbolic, as_array
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE

Fit = Callable[..., tuple[Any, Any]]


def _fit(location: Callable[[Any], Any], scale: Callable[[Any, Any], Any]) -> Fit:
    """The fit of a location and of a scale beside it, either of which may be given."""

    def fit(data: Any, *, floc: Any = None, fscale: Any = None) -> tuple[Any, Any]:
        x = np.ravel(as_array(data)) * 1.0
        if floc is not None and fscale is not None:
            raise ValueError("All parameters fixed. There is nothing to optimize.")
        loc = location(x) if floc is None else floc
        return loc, scale(x, loc) if fscale is None else fscale

    return fit


# Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994.
FITS: Mapping[str, Fit] = {
    "norm": _fit(np.mean, lambda x, loc: np.sqrt(np.mean((x - loc) ** 2))),
    "expon": _fit(np.min, lambda x, loc: np.mean(x) - loc),
    "laplace": _fit(lambda x: TABLE["median"](x), lambda x, loc: np.mean(np.absolute(x - loc))),
}


# Whose functions of traced values are refused, or those of traced shapes; and what to do.
_REFUSED: Mapping[str, tuple[bool, str]] = {
    "levy_stable": (
        False,
        "SciPy chooses between integrals by values: integrate the characteristic function, "
        "np.trapezoid(np.real(np.exp(-1j * t * x) * phi(t)), t) / (2 * np.pi)",
    ),
    "kappa4": (
        True,
        "write its formula: f = (1 - k*x) ** (1/k - 1) * (1 - h * (1 - k*x) ** (1/k)) ** (1/h - 1)",
    ),
}


def refuse_untranslated(of: Any, function: str, args: Any, kwargs: Any) -> None:
    """Raise for a distribution that cannot be followed, with what to do instead."""
    name = of._real.name
    if name not in _REFUSED:
        return
    shapes_only, cure = _REFUSED[name]
    if not shapes_only or any_symbolic(of._parameters(args[1:], kwargs)[0]):
        raise UnsupportedOperation(
            f"scipy.stats.{name}.{function} has no translation for traced "
            + ("shapes" if shapes_only else "values"),
            where=where(),
            hint=cure,
        )
