"""Functions, classes and objects of SciPy that traced code sees translations of.

The translations of `scipy.optimize` are in `tapec.scipy.optimize`, and so on. Some of them
differentiate, so their room stands above the derivatives; it is found by the name of SciPy's
module, and loaded when traced code first meets something of that module.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapec.lazy import deferred, loaded

if TYPE_CHECKING:
    from tapec.trace.arrays.tracer import Tracer
    from tapec.trace.numpy import distributed
    from tapec.trace.python import proxy
else:
    distributed = deferred("tapec.trace.numpy.distributed")
    proxy = deferred("tapec.trace.python.proxy")

# The modules of SciPy that have a room of translations.
TRANSLATED = frozenset(
    [
        "array_api", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal",
        "sparse", "spatial", "stats",
    ]
)  # fmt: skip

# Classes that name another module than the one of their translation.
_HIDDEN = {
    ("builtins", "SuperLU"): "scipy.sparse.linalg",
    ("numpy", "poly1d"): "numpy.polynomial",
    ("scipy._lib.array_api_extra._lib._at", "at"): "scipy.array_api",
}

# Translations by SciPy's own function or class.
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
CLASSES: dict[Any, Callable[..., Any]] = {}
# What makes the stand-in of an object, given what makes those of its arrays.
Placed = Callable[[Any], Any]
OBJECTS: dict[type, Callable[[Any, Placed], Any]] = {}


def _is_translated(thing: Any) -> bool:
    """Whether there is a room for the module of something; it is loaded then."""
    module = getattr(thing, "__module__", None) or ""
    module = _HIDDEN.get((module, getattr(thing, "__name__", "")), module)
    package, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    if package == "numpy" and room == "polynomial":
        loaded("tapec.scipy.polynomial_classes")
        loaded("tapec.scipy.powers")
        return True
    if package != "scipy" or room not in TRANSLATED:
        return False
    loaded(f"tapec.scipy.{room}")
    return True


def translation(function: Any) -> Callable[..., Any] | None:
    """The translation of a function, None where it has none."""
    return FUNCTIONS.get(function) if _is_translated(function) else None


def class_translation(cls: type) -> Any:
    """What stands for a class of SciPy's, None where it is no translated one."""
    if not _is_translated(cls) or cls not in CLASSES:
        return None
    return _stand_in(cls, CLASSES[cls])


@functools.cache
def _stand_in(cls: type, made_by: Callable[..., Any]) -> Any:
    class MembersOfTranslation(proxy.Meta):
        """Members of the class are those of its translation."""

        def __getattr__(cls, name: str) -> Any:
            if name in ("real", "make"):
                raise AttributeError(name)
            return cls.make.member(name)

    class Translated(metaclass=MembersOfTranslation):
        real, make = cls, made_by

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return made_by(*args, **kwargs)

        @staticmethod
        def accepts(tracer: Tracer) -> bool:
            """No array is one of these objects."""
            return False

    Translated.__name__ = cls.__name__
    return Translated


def _is_of_stats(thing: Any) -> bool:
    """Whether a class of it is of scipy.stats, asked before anything is loaded."""
    return any((c.__module__ or "").startswith("scipy.stats") for c in type(thing).__mro__)


def _of_statistics(thing: Any) -> bool:
    return _is_of_stats(thing) and distributed.of_statistics(thing)


def has_stand_in(thing: Any) -> bool:
    """Whether this is an object of SciPy's that traced code sees a translation of."""
    return _of_statistics(thing) or (_is_translated(type(thing)) and type(thing) in OBJECTS)


def stand_in_of(thing: Any, placed: Placed) -> Any:
    """The translation of an object; `placed` makes the stand-ins of its arrays."""
    if _of_statistics(thing):
        return distributed.distributed(thing, placed)
    return OBJECTS[type(thing)](thing, placed)


def state_of(thing: Any) -> set[str]:
    """The attributes that an object's translation reads, whatever the code around it names."""
    if _is_of_stats(thing) and (distributed.is_part(thing) or distributed.of_statistics(thing)):
        return {*getattr(thing, "__dict__", ()), *distributed.methods_of(thing)}
    return {*getattr(thing, "__dict__", ())} if has_stand_in(thing) else set()


__all__ = [
    "CLASSES",
    "FUNCTIONS",
    "OBJECTS",
    "class_translation",
    "has_stand_in",
    "stand_in_of",
    "state_of",
    "translation",
]
