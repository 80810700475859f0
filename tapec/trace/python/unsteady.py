"""Functions that give something else at each call: clocks, and random numbers without a state.

A compiled function would keep what they gave while it was traced, so traced code may not call them.
Generators with a state are looked at before and after tracing, see `outside`.
"""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

from tapec.errors import EffectError
from tapec.lazy import loaded
from tapec.trace.arrays.session import current, where
from tapec.trace.staging.randomness import hidden

# By the names of modules, which need not be imported for this.
_UNSTEADY = {
    "time": frozenset(
        ["asctime", "clock_gettime", "clock_gettime_ns", "ctime", "gmtime", "localtime",
         "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
         "process_time_ns", "strftime", "thread_time", "thread_time_ns", "time", "time_ns"]
    ),
    "secrets": frozenset(["randbelow", "token_bytes", "token_hex", "token_urlsafe"]),
    "uuid": frozenset(["uuid1", "uuid4", "uuid6", "uuid7"]),
    "posix": frozenset(["getrandom", "times", "urandom"]),
    "nt": frozenset(["times", "urandom"]),
}  # fmt: skip
_OF_NOW = frozenset(["now", "utcnow", "today"])
# Clocks that show any time they are given, by the number of arguments.
_SHOWING = {"asctime": 1, "ctime": 1, "gmtime": 1, "localtime": 1, "strftime": 2}
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
_METHODS = (types.MethodType, types.BuiltinFunctionType)


def _by_seed() -> dict[int, Any]:
    """What gives with a seed what the seed says, by identity, of modules that are loaded."""
    return _seeded("numpy.random" in sys.modules, "random" in sys.modules)


@functools.cache
def _seeded(numpys: bool, pythons: bool) -> dict[int, Any]:
    found: list[Any] = []
    if numpys:
        r = loaded("numpy.random")
        found += [r.default_rng, r.SeedSequence, r.RandomState, r.PCG64, r.PCG64DXSM, r.MT19937,
                  r.Philox, r.SFC64]  # fmt: skip
    if pythons:
        found.append(loaded("random").Random)
    return {id(x): x for x in found}


def _is_systems(owner: Any) -> bool:
    """Whether this is a generator that has no state."""
    random = sys.modules.get("random")
    return random is not None and isinstance(owner, random.SystemRandom)


def steady(function: Any) -> Any:
    """A function itself; for one that gives something else each time, one that refuses to."""
    if not is_unsteady(function):
        return function

    @functools.wraps(function, updated=())
    def refused(*args: Any, **kwargs: Any) -> Any:
        if current() is None or _is_said(function, args, kwargs):
            return function(*args, **kwargs)
        raise EffectError(
            f"{_name(function)}() gives something else at each call, but compiled code would keep "
            "what it gives now",
            where=where(),
            hint="call it outside, and pass the result as an argument",
        )

    return refused


def is_unsteady(function: Any) -> bool:
    """Whether a function gives something else at each call with the same arguments."""
    kind = type(function)
    if kind in _FUNCTIONS and function.__name__ in _UNSTEADY.get(function.__module__, ()):
        return True
    return id(function) in _by_seed() or (kind in _METHODS and _is_unsteady_method(function))


def _is_unsteady_method(method: Any) -> bool:
    owner = method.__self__
    if any(owner is source for _, source in hidden()):
        return method.__name__ not in ("get_state", "getstate")
    if isinstance(owner, type):
        return method.__name__ in _OF_NOW and any(c.__module__ == "datetime" for c in owner.__mro__)
    return _is_systems(owner)


def _is_said(function: Any, args: Any, kwargs: Any) -> bool:
    """Whether the arguments say what the function gives."""
    given = sum(x is not None for x in (*args, *kwargs.values()))
    needed = 1 if id(function) in _by_seed() else _SHOWING.get(function.__name__, 99)
    return given >= needed


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    first = owner.__name__ if isinstance(owner, type) else getattr(function, "__module__", "")
    return f"{first}.{function.__name__}" if first else str(function.__name__)


__all__ = ["is_unsteady", "steady"]
