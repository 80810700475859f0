"""SciPy's special functions with static arguments; the others are in the ufunc table."""

from __future__ import annotations

import operator
from typing import Any

from tapec.trace.arrays.table import implements
from tapec.trace.numpy.decompose import emitted


@implements("polygamma")
def polygamma(n: Any, x: Any) -> Any:
    """``scipy.special.polygamma`` for an integer n."""
    return emitted("polygamma", x, n=operator.index(n))
