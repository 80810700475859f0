"""What the code of scipy.stats calls besides NumPy: choices by masks, and ufuncs of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapec.trace.arrays.operands import as_array
from tapec.trace.arrays.table import TABLE, implements
from tapec.trace.numpy.select import where


@implements("scipy._lib.apply_where")
def apply_where(
    cond: Any, args: Any, f1: Callable[..., Any], f2: Callable[..., Any] | None = None, *,
    fill_value: Any = None, xp: Any = None,
) -> Any:  # fmt: skip
    """One function where the condition holds, another elsewhere; both are computed everywhere."""
    operands = tuple(map(as_array, args if isinstance(args, tuple | list) else (args,)))
    return where(cond, f1(*operands), fill_value if f2 is None else f2(*operands))


@implements("scipy._lib._lazyselect")
def lazyselect(
    condlist: Sequence[Any], choicelist: Sequence[Any], arrays: Sequence[Any], default: Any = 0
) -> Any:
    """The function of the first condition that holds."""
    operands = tuple(map(as_array, arrays))
    made = default
    for condition, choice in reversed([*zip(condlist, choicelist, strict=True)]):
        made = where(condition, choice(*operands), made)
    return made


@implements("_beta_ppf")
def beta_ppf(q: Any, a: Any, b: Any) -> Any:
    """Quantiles of beta variables."""
    return TABLE["betaincinv"](a, b, q)


@implements("_cauchy_ppf")
def cauchy_ppf(q: Any, loc: Any, scale: Any) -> Any:
    """Quantiles of Cauchy's variables."""
    return loc - scale / np.tan(math.pi * q)


@implements("_cauchy_isf")
def cauchy_isf(q: Any, loc: Any, scale: Any) -> Any:
    """Upper quantiles of Cauchy's variables."""
    return loc + scale / np.tan(math.pi * q)


@implements("_ncx2_pdf")
def ncx2_pdf(x: Any, df: Any, nc: Any) -> Any:
    """The density of noncentral chi-squared variables, by a scaled Bessel function."""
    order = 0.5 * df - 1.0
    root = np.sqrt(x) - np.sqrt(nc)
    power = np.exp(0.5 * order * np.log(x / nc) - 0.5 * root * root)
    return 0.5 * power * TABLE["ive"](order, np.sqrt(nc * x))


@implements("_ncx2_sf")
def ncx2_sf(x: Any, df: Any, nc: Any) -> Any:
    """The upper tail of noncentral chi-squared variables."""
    return 1.0 - TABLE["chndtr"](x, df, nc)
