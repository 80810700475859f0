"""Results of functions as lists of arrays, and as one number that depends on all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def parts(made: Any) -> list[np.ndarray[Any, Any]]:
    """One result, or those of a tuple."""
    return [np.asarray(x) for x in (made if isinstance(made, tuple) else (made,))]


def weighted(f: Callable[..., Any]) -> Callable[..., Any]:
    """A number that depends on all elements of all results, each in its own way."""

    def g(*operands: Any) -> Any:
        made = f(*operands)
        total = 0.0
        for k, x in enumerate(made if isinstance(made, tuple) else (made,)):
            weights = np.cos(np.arange(x.size) + k).reshape(x.shape)
            total = total + np.sum(weights * x * (1.0 + 0.1 * x))
        return total

    return g
