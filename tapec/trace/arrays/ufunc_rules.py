"""Element types in which universal functions compute, and where they refuse them."""

from __future__ import annotations

from tapec.errors import DTypeError
from tapec.trace.arrays.halves import bytes_error
from tapec.trace.arrays.promote import Key, common
from tapec.trace.arrays.session import where


def arithmetic(*keys: Key) -> Key:
    """Of arithmetic: two booleans of Python's are integers there."""
    dtype, weak = common(*keys)
    if dtype == "bool" and all(k[0] == "bool" for k in keys) and weak:
        return "i64", weak
    return dtype, weak


def numbers(*keys: Key) -> Key:
    """Of what takes no booleans."""
    dtype, weak = common(*keys)
    if dtype == "bool":
        raise DTypeError("np.positive takes numbers, not booleans", where=where())
    return dtype, weak


def integers(*keys: Key) -> Key:
    """Of operations on bits."""
    dtype, weak = common(*keys)
    if dtype[0] == "f":
        raise DTypeError("bitwise operations need integers or booleans", where=where())
    return dtype, weak


def logical(*keys: Key) -> Key:
    """Of truths."""
    return "bool", False


def conjugates(key: Key) -> Key:
    """Of conjugates."""
    if key[0] == "bool" and not key[1]:
        raise bytes_error("conjugates")
    return common(key)
