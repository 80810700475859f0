"""Which of the user's classes are cloned, and how clones are recognised."""

from __future__ import annotations

import gc
import os
import types
from collections.abc import Sequence
from typing import Any

from tapec.trace.arrays.frames import is_hidden

STDLIB = (os.path.dirname(os.__file__),)
KEPT = "_tapec_kept"  # the key in a function's dictionary for its cached kernels
CLONED = "_tapec_cloned"  # the attribute of a cloned class that refers to the original


class CloneMeta(type):
    """The class of cloned classes: instances of the original are instances of the clone."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance, of another cloned class where `__new__` picks one."""
        if getattr(cls, "__new__", None) is object.__new__:
            return super().__call__(*args, **kwargs)
        made: Any = cls.__new__(cls, *args, **kwargs)  # type: ignore[arg-type]
        if isinstance(made, cls):
            type(made).__init__(made, *args, **kwargs)
        return made

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])

    def __eq__(cls, other: object) -> bool:
        return original(cls) is original(other)

    def __hash__(cls) -> int:
        return hash(original(cls))


def follows(code: types.CodeType) -> bool:
    """Whether calls into this code are traced through: the user's and libraries' Python."""
    file = code.co_filename
    if is_hidden(file) or file.startswith("<frozen"):
        return False
    return is_library(code) or not file.startswith(STDLIB)


def is_library(code: types.CodeType) -> bool:
    """Whether this is code of an installed package."""
    return "site-packages" in code.co_filename


def class_dict(cls: type) -> dict[str, Any]:
    """The dictionary behind a class's read-only one."""
    found: dict[str, Any] = gc.get_referents(cls.__dict__)[0]
    return found


def is_cloned(cls: type) -> bool:
    """Whether this is a clone of a class."""
    return CLONED in vars(cls)


def original(cls: Any) -> Any:
    """The class behind a clone; anything else as it is."""
    return vars(cls)[CLONED] if isinstance(cls, type) and is_cloned(cls) else cls


def may_be_another(cls: type, thing: Any) -> bool:
    """Whether another object with the same attributes can take an object's place."""
    return not is_cloned(cls) and _is_plain(cls) and hasattr(thing, "__dict__")


def may_stand_in(cls: type, thing: Any) -> bool:
    """Whether an object can have a stand-in, whose methods are clones."""
    return may_be_another(cls, thing) and any(
        _is_followed(m) for c in cls.__mro__ for m in vars(c).values()
    )


def makes_stand_ins(cls: type) -> bool:
    """Whether calling a class in traced code makes an instance of its clone.

    Exceptions, dataclasses (compared by class) and classes with slots stay as they are.
    """
    return (
        not is_cloned(cls)
        and _is_plain(cls)
        and not issubclass(cls, BaseException)
        and not hasattr(cls, "__dataclass_fields__")
        and any(_is_followed(m) for c in _own_classes(cls) for m in vars(c).values())
    )


def _own_classes(cls: type) -> Sequence[type]:
    """The classes of which one must have a method: those behind a picked subclass count, too."""
    return cls.__mro__ if _picks_subclass(cls.__new__) else (cls,)


def _is_plain(cls: type) -> bool:
    """Whether `object` makes the instances, and their attributes are in dictionaries."""
    new = getattr(cls, "__new__", None)
    return (new is object.__new__ or _picks_subclass(new)) and not any(
        "__slots__" in vars(c) for c in cls.__mro__[:-1]
    )


def _picks_subclass(new: Any) -> bool:
    """Whether this `__new__` is of SciPy's linear systems, which only chooses a subclass."""
    return getattr(new, "__module__", "") == "scipy.signal._ltisys"


def _is_followed(member: Any) -> bool:
    return isinstance(member, types.FunctionType) and follows(member.__code__)
