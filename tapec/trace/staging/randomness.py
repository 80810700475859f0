"""The random generators of NumPy and Python, as far as their modules are loaded."""

from __future__ import annotations

import functools
import sys
from typing import Any

from tapec.lazy import loaded


def generators() -> tuple[type[Any], ...]:
    """The classes of generators that have a state, of the modules that are loaded."""
    return _generators("numpy.random" in sys.modules, "random" in sys.modules)


@functools.cache
def _generators(numpys: bool, pythons: bool) -> tuple[type[Any], ...]:
    found: list[type[Any]] = []
    if numpys:
        numpy = loaded("numpy.random")
        found += [numpy.Generator, numpy.RandomState]
    if pythons:
        found.append(loaded("random").Random)
    return tuple(found)


def is_consumable(value: Any) -> bool:
    """Whether using an object advances a hidden state: iterators and random generators."""
    return hasattr(type(value), "__next__") or isinstance(value, generators())


def hidden() -> tuple[tuple[str, Any], ...]:
    """The generators behind the functions of np.random and of random, with the modules' names."""
    return _hidden("numpy.random" in sys.modules, "random" in sys.modules)


@functools.cache
def _hidden(numpys: bool, pythons: bool) -> tuple[tuple[str, Any], ...]:
    found: list[tuple[str, Any]] = []
    if numpys:
        found.append(("np.random", any_source()))
    if pythons:
        found.append(("random", loaded("random")._inst))
    return tuple(found)


def any_source() -> Any:
    """NumPy's global generator, which stands for those that cannot be found."""
    return loaded("numpy.random").mtrand._rand
