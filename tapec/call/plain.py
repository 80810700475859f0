"""Plain values and code as texts that another process finds again."""

from __future__ import annotations

import functools
import re
import types
from typing import Any

import numpy as np

from tapec.cache.digests import digest, name_of
from tapec.trace.python.edges import exact

Token = Any  # nested tuples of texts, numbers and bytes


class Unportable(Exception):
    """A value that cannot be told from others in another process."""


def plain(value: Any) -> Token:
    """The token of a value that is told apart by type and content alone."""
    kind = type(value)
    if kind is types.CodeType:
        return code(value)
    if kind is tuple:
        return "tuple", tuple(map(plain, value))
    if kind is frozenset:
        return "frozenset", tuple(sorted(map(repr, map(plain, value))))
    if isinstance(value, np.dtype):
        return "dtype", repr(value)
    if isinstance(value, np.generic) and value.dtype.hasobject:
        raise Unportable("a NumPy object")
    return kind.__name__, repr(exact(value)[1])


# What differs between sessions in the names of files that notebooks give to cells.
_CELL = re.compile(r"^.*ipykernel_\d+.|(?<=<ipython-input-)\d+-")


@functools.lru_cache(maxsize=4096)
def code(value: types.CodeType) -> Token:
    """A digest of code: what it does, and where it is, as errors say so."""
    parts = (
        value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_cellvars,
        value.co_argcount, value.co_posonlyargcount, value.co_kwonlyargcount, value.co_flags,
        _CELL.sub("", value.co_filename), value.co_firstlineno, value.co_linetable,
        value.co_qualname, value.co_exceptiontable, tuple(map(plain, value.co_consts)),
    )  # fmt: skip
    return "code", name_of(repr(parts))


def content(array: Any) -> Token:
    """All that a program can see of an array."""
    if type(array) is not np.ndarray or array.dtype.hasobject:
        raise Unportable(f"an array of {array.dtype} and class {type(array).__name__}")
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    return repr(array.dtype), array.shape, array.strides, array.flags.num, digest(data).hex()
