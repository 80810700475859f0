"""How translations are registered, and what they share: constants, refusals, stand-ins."""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.arguments import admitted
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.operands import any_symbolic, as_array, as_tracer, unwrap
from tapec.trace.arrays.session import current, where
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.packages import CLASSES, FUNCTIONS, OBJECTS, has_stand_in
from tapec.trace.staging.failures import expect
from tapec.tree import ComplexParts

F = TypeVar("F", bound=Callable[..., Any])


class StandIn:
    """What traced code sees in place of an object of SciPy's.

    `real` is that object, None where some of its arrays are traced.
    """

    real: Any = None
    title = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.real is None:
            raise refused(f"{self.title or type(self).__name__}.{name}")
        member = getattr(self.real, name)
        return on_constants(member) if callable(member) else known(member)

    def of(self, real: Any, *arrays: Any) -> Any:
        """This stand-in, of an object whose arrays have these stand-ins."""
        self.title = public_name(type(real))
        if not any_symbolic(arrays):
            self.real = real
        return self


# -- registers -------------------------------------------------------------------------------------


def translates(*functions: Any) -> Callable[[F], F]:
    """Register a translation: called where an argument is traced, with the options it has."""

    def register(function: F) -> F:
        for real in functions:
            FUNCTIONS[real] = _checked(real, function)
        return function

    return register


def solves(*functions: Any) -> Callable[[F], F]:
    """Register a translation of functions that take functions: it is called in any case.

    It gets SciPy's function first, and all arguments by name.
    """

    def register(function: F) -> F:
        for real in functions:
            FUNCTIONS[real] = _named(real, function)
        return function

    return register


def _named(real: Any, translation: Callable[..., Any]) -> Callable[..., Any]:
    theirs = signature(real)
    rest = [n for n, p in theirs.parameters.items() if p.kind is p.VAR_KEYWORD]

    @functools.wraps(real, updated=())
    def called(*args: Any, **kwargs: Any) -> Any:
        given = theirs.bind(*args, **kwargs).arguments
        further = given.pop(rest[0], {}) if rest else {}
        return translation(real, **given, **further)

    return called


def builds(*classes: Any) -> Callable[[F], F]:
    """Register what makes an object of a class from traced arrays."""

    def register(function: F) -> F:
        for real in classes:
            CLASSES[real] = _checked(real, function)
        return function

    return register


def always(*classes: Any) -> Callable[[F], F]:
    """Register what makes an object of a class, of constants too."""

    def register(function: F) -> F:
        for real in classes:
            CLASSES[real] = with_members(_admitting(real, function), real)
        return function

    return register


def stands_for(*classes: Any) -> Callable[[F], F]:
    """Register what makes the stand-in of an object of a class."""

    def register(function: F) -> F:
        OBJECTS.update(dict.fromkeys(classes, function))
        return function

    return register


def refuses(cure: str, *things: Any) -> None:
    """Register functions and classes that are refused on traced values, with what to do instead."""
    for real in things:

        def refuse(*args: Any, _name: str = public_name(real), **kwargs: Any) -> Any:
            raise refused(_name, cure)

        (CLASSES if isinstance(real, type) else FUNCTIONS)[real] = _on_traced(real, refuse)


def _on_traced(real: Any, translation: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy's own function where nothing is traced."""
    direct = on_constants(real)

    @functools.wraps(real, updated=())
    def called(*args: Any, **kwargs: Any) -> Any:
        made = translation if is_traced((args, kwargs)) else direct
        return made(*args, **kwargs)

    return with_members(called, real)


def with_members(function: Callable[..., Any], real: Any, own: Any = None) -> Callable[..., Any]:
    """What makes objects of a class, with the class's members: `own` ones, others of constants."""

    def member(name: str) -> Any:
        found = getattr(own, name, None)
        if found is not None:
            return found
        theirs = getattr(real, name)
        return on_constants(theirs) if callable(theirs) else theirs

    function.member = member  # type: ignore[attr-defined]
    return function


def _admitting(real: Any, translation: Callable[..., Any]) -> Callable[..., Any]:
    """The translation with SciPy's arguments; options that it lacks are refused."""
    name = public_name(real)

    @functools.wraps(real, updated=())
    def called(*args: Any, **kwargs: Any) -> Any:
        first, named = admitted(
            real, translation, args, kwargs, lambda argument: refused(f"{name} with {argument}=")
        )
        return translation(*first, **named)

    return called


def _checked(real: Any, translation: Callable[..., Any]) -> Callable[..., Any]:
    return _on_traced(real, _admitting(real, translation))


# -- constants -------------------------------------------------------------------------------------


def is_traced(x: Any) -> bool:
    """Whether traced values, or stand-ins that hold some, occur among (nested) arguments."""
    if type(x) in (list, tuple):
        return any(map(is_traced, x))
    if type(x) is dict:
        return any(map(is_traced, x.values()))
    return x.real is None if isinstance(x, StandIn) else any_symbolic(x)


def plain(x: Any) -> Any:
    """Arguments that are constants, as SciPy takes them."""
    if type(x) in (list, tuple):
        return type(x)(map(plain, x))
    if type(x) is dict:
        return {name: plain(value) for name, value in x.items()}
    if isinstance(x, StandIn):
        return x.real
    return unwrap(x) if isinstance(x, Tracer | ComplexParts) else x


def on_constants(real: Callable[..., Any]) -> Callable[..., Any]:
    """SciPy's own function, of constants; what it writes into are copies."""

    @functools.wraps(real, updated=())
    def called(*args: Any, **kwargs: Any) -> Any:
        if is_traced((args, kwargs)):
            raise refused(public_name(real))
        return known(real(*plain(args), **plain(kwargs)))

    return called


def known(made: Any) -> Any:
    """A result of SciPy's as traced code sees it."""
    if type(made) in (list, tuple):
        return type(made)(map(known, made))
    if has_stand_in(made):
        return OBJECTS[type(made)](made, concrete)
    return concrete(made)


# -- refusals and errors ---------------------------------------------------------------------------

CURE = "apply it to constants only, or call it as it is: tapec.custom_rule around tapec.opaque"


def public_name(thing: Any) -> str:
    """A function or class as users write it: `scipy.interpolate.griddata`."""
    module = str(getattr(thing, "__module__", "") or "")
    parts = [p for p in module.split(".") if not p.startswith("_")]
    return ".".join([*parts, getattr(thing, "__qualname__", str(thing))])


def refused(name: str, cure: str = CURE) -> UnsupportedOperation:
    """The error for what has no translation."""
    return UnsupportedOperation(
        f"{name} has no translation for traced arrays", where=where(), hint=cure
    )


def raises_unless(truth: Any, error: Exception) -> None:
    """Raise an error where a truth does not hold, now or when the program runs."""
    if any_symbolic(truth):
        session = current()
        assert session is not None
        expect(session, truth, error)
    elif not bool(truth):
        raise error


# -- arrays ----------------------------------------------------------------------------------------


def floats(x: Any) -> Any:
    """An argument as an array of floats."""
    made = as_tracer(as_array(x))
    return made if made._dtype[0] == "f" else TABLE["astype"](made, float)


def constant(x: Any, name: str, cure: str) -> Any:
    """An argument that must be known while tracing, as an array of NumPy's."""
    if any_symbolic(x):
        raise refused(name, cure)
    return np.asarray(plain(x))


def axis_first(y: Any, axis: int) -> Any:
    """An array with an axis in front."""
    return np.moveaxis(y, axis, 0)
