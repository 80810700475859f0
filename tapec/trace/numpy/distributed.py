"""Which objects of scipy.stats have stand-ins in traced code, and which."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from tapec.trace.numpy.distributions import Distribution, Frozen, is_distribution, is_frozen
from tapec.trace.numpy.multivariate import is_multivariate, multivariate


def of_statistics(thing: Any) -> bool:
    """Whether methods of it have translations."""
    return is_distribution(thing) or is_frozen(thing) or is_multivariate(thing)


def is_part(thing: Any) -> bool:
    """Whether it is what such an object is made of, as a covariance."""
    return type(thing).__module__ == "scipy.stats._covariance"


def methods_of(thing: Any) -> set[str]:
    """The methods of a distribution of the user's, which the public ones call."""
    return {n for c in type(thing).__mro__ for n in vars(c)} if is_distribution(thing) else set()


def distributed(thing: Any, placed: Callable[[Any], Any]) -> Any:
    """The stand-in of a distribution; None for other objects.

    `placed` makes what stands in traced code for functions, numbers and arrays of outside.
    """

    def follow(method: Any, owner: Any) -> Any:
        function = getattr(method, "__func__", None)
        return method if function is None else types.MethodType(placed(function), owner)

    if is_distribution(thing):
        return Distribution(thing, follow)
    if is_frozen(thing):
        return Frozen(Distribution(thing.dist, follow), placed(thing.args), placed(thing.kwds))
    return multivariate(thing, placed)
