"""The table from NumPy names to translations, filled by the modules of each family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from tapec.lazy import IMPORTING, loaded

F = TypeVar("F", bound=Callable[..., Any])


class Table(dict[str, Callable[..., Any]]):
    """Translations by name. Modules of rare ones are loaded when a name is not found yet."""

    def __init__(self) -> None:
        self.rest: Sequence[str] = ()  # what loads those modules

    def _load(self) -> None:
        with IMPORTING:  # another thread may be loading them
            rest, self.rest = self.rest, ()
            for name in rest:
                loaded(name)

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name):
            self._load()
        return super().__contains__(name)

    def __missing__(self, name: str) -> Callable[..., Any]:
        if name not in self:
            raise KeyError(name)
        return self[name]

    def entered(self, name: str) -> Callable[..., Any]:
        """A translation that is there already, for modules that are being imported."""
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The translation, or the default."""
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        self._load()
        return super().__iter__()


# "sum", "linalg.norm", "add", ...: translations, called with tracers among the arguments.
TABLE = Table()

# Functions that may give a view of an argument or the argument itself: their translations do so
# where NumPy's do, of constant arrays too.
VIEWS = frozenset([
    "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require", "copy",
    "astype", "reshape", "ravel", "transpose", "permute_dims", "matrix_transpose",
    "linalg.matrix_transpose", "swapaxes", "moveaxis", "rollaxis", "squeeze", "expand_dims",
    "atleast_1d", "atleast_2d", "atleast_3d", "flip", "flipud", "fliplr", "rot90", "broadcast_to",
    "broadcast_arrays", "diagonal", "linalg.diagonal", "diag", "meshgrid", "ix_", "unstack",
    "sliding_window_view", "as_strided", "split", "array_split", "hsplit", "vsplit", "dsplit",
    "real", "imag", "real_if_close",
])  # fmt: skip
# All that our own code does even where nothing is traced.
OWN = VIEWS | {
    "zeros_like", "empty_like", "ones_like", "full_like", "full", "empty", "fromiter", "shape",
    "ndim", "size", "einsum", "nan_to_num", "copyto", "fill_diagonal", "put", "place", "putmask",
    "put_along_axis", "shares_memory", "may_share_memory",
}  # fmt: skip


# "sort", "transpose", ...: methods of arrays that differ from the function of that name.
METHODS: dict[str, Callable[..., Any]] = {}


# "flags", ...: attributes of traced arrays.
ATTRIBUTES: dict[str, Callable[[Any], Any]] = {}


def method_of_arrays(*names: str) -> Callable[[F], F]:
    """Register the decorated function as these methods of arrays, traced or constant."""

    def register(function: F) -> F:
        METHODS.update(dict.fromkeys(names, function))
        return function

    return register


def implements(*names: str) -> Callable[[F], F]:
    """Register the decorated function as the translation of these NumPy functions."""

    def register(function: F) -> F:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return register


def name_of(function: Any) -> str:
    """The key in the table of a NumPy function or ufunc."""
    name = str(getattr(function, "__name__", function))
    module = getattr(function, "__module__", "") or ""
    known = getattr(np, name, None)
    if known is function:
        return name
    if module.startswith("scipy.linalg"):
        return f"scipy.linalg.{name}"
    for package in ("scipy._lib", "scipy.stats"):
        if module.startswith(package):
            return f"{package}.{name}"
    if "linalg" in module:
        return f"linalg.{name}"
    if module.startswith(("numpy.fft", "scipy.fft")):
        return f"fft.{name}"
    if module.startswith("scipy.signal"):
        return f"scipy.signal.{name}"
    # np.polynomial.polynomial.polyval is not np.polyval.
    if known is not None and module.startswith("numpy.") and not isinstance(function, np.ufunc):
        return f"{module.rpartition('.')[2].strip('_')}.{name}"
    return name
