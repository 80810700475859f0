"""What to do instead of calling functions that have no translation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import name_of

CURE = "rewrite it with supported NumPy functions, or apply it to constants only"
_SIZE = "how many elements there are is known at run time only: use np.where(mask, x, 0) or x[mask]"
_NAMES: dict[str, str] = {
    _SIZE: "argwhere unique setdiff1d union1d intersect1d trim_zeros setxor1d unique_all "
    "unique_counts unique_inverse unique_values",
    "make a new one: a = np.resize(a, shape)": "ndarray.resize",
    "how many numbers there are depends on values: start + step * np.arange(n)": "arange",
    "np.lib.stride_tricks.sliding_window_view is translated": "as_strided",
}
CURES: dict[str, str] = {name: cure for cure, names in _NAMES.items() for name in names.split()}


def unsupported(function: Any, what: str = "") -> UnsupportedOperation:
    """The error for a function (or an argument of it) without a translation."""
    key = name_of(function)
    name = (
        key
        if "linalg." in key or key.startswith("scipy.stats.")
        else getattr(function, "__name__", str(function))
    )
    # Ufuncs that NumPy lacks are SciPy's: ufuncs do not name their module.
    special = isinstance(function, np.ufunc) and not hasattr(np, name)
    prefix = (
        "" if name.startswith(("ndarray.", "scipy.")) else "scipy.special." if special else "np."
    )
    return UnsupportedOperation(
        f"{prefix}{name}{what} has no translation for traced arrays",
        where=where(),
        hint=CURES.get(key, CURE),
    )
