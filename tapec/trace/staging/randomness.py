"""The random generators of NumPy and Python; their modules are imported by the first trace."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def generators() -> tuple[type[Any], ...]:
    """The classes of generators that have a state."""
    import random

    from numpy.random import Generator, RandomState

    return (Generator, RandomState, random.Random)


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
