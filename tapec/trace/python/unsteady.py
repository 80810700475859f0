"""Functions that give something else at each call: clocks, and random numbers without a state.

A compiled function would keep what they gave while it was traced, so traced code may not call them.
Generators with a state are looked at before and after tracing, see `outside`.
"""

from __future__ import annotations

import datetime
import functools
import os
import random
import secrets
import time
import types
import uuid
from typing import Any

import numpy as np

from tapec.errors import EffectError
from tapec.trace.arrays.session import current, where

_CLOCKS = [
    "asctime",
    "clock_gettime",
    "clock_gettime_ns",
    "ctime",
    "gmtime",
    "localtime",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "strftime",
    "thread_time",
    "thread_time_ns",
    "time",
    "time_ns",
]
_OF_NOW = frozenset(["now", "utcnow", "today"])
# With a seed these give what the seed says.
_SEEDED = (np.random.default_rng, np.random.SeedSequence, np.random.RandomState, random.Random,
           np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox,
           np.random.SFC64)  # fmt: skip
_OF_SYSTEM = (os.urandom, getattr(os, "getrandom", None), os.times, uuid.uuid1, uuid.uuid4)
_OF_SECRETS = [getattr(secrets, name) for name in secrets.__all__ if name != "compare_digest"]
_UNSTEADY = {
    id(f): f
    for f in (*[getattr(time, n, None) for n in _CLOCKS], *_OF_SECRETS, *_OF_SYSTEM, *_SEEDED)
    if f is not None
}
# Clocks that show any time they are given.
_SHOWING = (time.asctime, time.ctime, time.gmtime, time.localtime)
_BY_ARGUMENT = {id(f): 1 for f in (*_SEEDED, *_SHOWING)} | {id(time.strftime): 2}
# The generators behind the functions of np.random and of random.
_HIDDEN = (np.random.mtrand._rand, random._inst)
_METHODS = (types.MethodType, types.BuiltinFunctionType)


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
    if id(function) in _UNSTEADY:
        return True
    if not isinstance(function, _METHODS):
        return False
    owner = function.__self__
    if isinstance(owner, type) and issubclass(owner, datetime.date):
        return function.__name__ in _OF_NOW
    if owner is _HIDDEN[0] or owner is _HIDDEN[1]:
        return function.__name__ not in ("get_state", "getstate")
    return isinstance(owner, random.SystemRandom)


def _is_said(function: Any, args: Any, kwargs: Any) -> bool:
    """Whether the arguments say what the function gives."""
    given = [x for x in (*args, *kwargs.values()) if x is not None]
    return len(given) >= _BY_ARGUMENT.get(id(function), 99)


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    first = owner.__name__ if isinstance(owner, type) else getattr(function, "__module__", "")
    return f"{first}.{function.__name__}" if first else str(function.__name__)


__all__ = ["is_unsteady", "steady"]
