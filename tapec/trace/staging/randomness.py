"""The random generators of NumPy and Python; their modules are imported by the first trace."""

from __future__ import annotations

import functools
import sys
from typing import Any


def generators() -> tuple[type[Any], ...]:
    """The classes of generators that have a state, of the modules that are loaded."""
    return _generators("numpy.random" in sys.modules, "random" in sys.modules)


@functools.cache
def _generators(numpys: bool, pythons: bool) -> tuple[type[Any], ...]:
    found: list[type[Any]] = []
    if numpys:
        from numpy.random import Generator, RandomState

        found += [Generator, RandomState]
    if pythons:
        import random

        found.append(random.Random)
    return tuple(found)


def is_consumable(value: Any) -> bool:
    """Whether using an object advances a hidden state: iterators and random generators."""
    return hasattr(type(value), "__next__") or isinstance(value, generators())


@functools.cache
def hidden() -> tuple[tuple[str, Any], ...]:
    """The generators behind the functions of np.random and of random, with the modules' names."""
    import random

    from numpy.random import mtrand

    return (("np.random", mtrand._rand), ("random", random._inst))


def any_source() -> Any:
    """NumPy's global generator, which stands for those that cannot be found."""
    return hidden()[0][1]
