"""The same Python code bound to another array library: ``np`` becomes ``jax.numpy`` and so on."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Mapping
from types import CellType, FunctionType
from typing import Any

from tapec.bench.case import Function

Substitutes = Mapping[Any, Any]


def imported(name: str) -> Any:
    """A peer's module, imported when first needed; its types are not checked."""
    return importlib.import_module(name)


def rebind(function: Function, substitutes: Substitutes) -> Function:
    """A clone of ``function`` whose globals and closure see the substitutes.

    Keys are modules or objects (``numpy``, ``scipy.special.erf``), found by identity. Helpers
    from the same module, and helpers of helpers, are cloned too.
    """
    if not isinstance(function, FunctionType):
        return function
    return _Rebinder(substitutes).clone(function)


class _Rebinder:
    """One walk over a function and its helpers; the memo closes recursions."""

    def __init__(self, substitutes: Substitutes) -> None:
        self._table = {id(old): new for old, new in substitutes.items()}
        self._done: dict[int, FunctionType] = {}

    def clone(self, function: FunctionType) -> FunctionType:
        known = self._done.get(id(function))
        if known is not None:
            return known
        scope: dict[str, Any] = {"__builtins__": builtins, "__name__": function.__module__}
        cells = tuple(CellType() for _ in function.__closure__ or ())
        clone = FunctionType(
            function.__code__, scope, function.__name__, function.__defaults__, cells
        )
        clone.__kwdefaults__ = function.__kwdefaults__
        self._done[id(function)] = clone
        home = function.__module__
        for name in _names(function):
            if name in function.__globals__:
                scope[name] = self._swap(function.__globals__[name], home)
        for cell, old in zip(cells, function.__closure__ or (), strict=True):
            cell.cell_contents = self._swap(old.cell_contents, home)
        return clone

    def _swap(self, value: Any, home: str) -> Any:
        if id(value) in self._table:
            return self._table[id(value)]
        if isinstance(value, FunctionType) and value.__module__ == home:
            return self.clone(value)
        return value


def _names(function: FunctionType) -> set[str]:
    """Global names used by the code and by the functions nested in it."""
    names: set[str] = set()
    pending = [function.__code__]
    while pending:
        code = pending.pop()
        names.update(code.co_names)
        pending.extend(c for c in code.co_consts if isinstance(c, type(code)))
    return names
