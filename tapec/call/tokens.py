"""Values as texts that another process finds again: equal texts mean equal programs.

What has no such text raises Unportable, and the program that reads it is compiled in each process.
Objects that a walk has looked into are described by the reads that it noted; here they are but
numbered, in the order in which they are met.
"""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
import functools
import pickle
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tapec.cache.digests import digest
from tapec.call.plain import Token, Unportable, code, content, plain
from tapec.call.trusted import TRUSTED, check_function, found_again, package_of, version_of
from tapec.lazy import deferred
from tapec.trace.python.classes import follows, is_library
from tapec.trace.python.edges import ABSENT, is_plain
from tapec.trace.python.users import is_users

if TYPE_CHECKING:
    from tapec.ir import printer
else:
    printer = deferred("tapec.ir.printer")


class Tokens:
    """Describes values, each object once."""

    def __init__(self, seen: Mapping[int, Any] | None = None) -> None:
        self.seen = {} if seen is None else seen  # what a walk has looked into
        self.contents: dict[int, Token] = {}  # of arrays, by identity
        self._numbers: dict[int, tuple[int, Any]] = {}

    def of(self, value: Any) -> Token:
        """The token of a value."""
        if value is ABSENT:
            return "absent"
        if is_plain(value):
            return plain(value)
        known = self._numbers.get(id(value))
        if known is not None:
            return "again", known[0]
        number = len(self._numbers)
        self._numbers[id(value)] = number, value
        kind: Any = type(value)
        return number, _name(kind), _rule(kind)(self, value)

    def all(self, values: Any) -> tuple[Token, ...]:
        """The tokens of several values."""
        return tuple(map(self.of, values))


# ---- objects -----------------------------------------------------------------------------------


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _array(tokens: Tokens, array: Any) -> Token:
    found = tokens.contents[id(array)] = content(array)
    return found


def _function(tokens: Tokens, f: Any) -> Token:
    cells = [_cell_content(c) for c in f.__closure__ or ()]
    if follows(f.__code__) and not is_library(f.__code__):
        if id(f) not in tokens.seen:
            raise Unportable(f"the function {f.__qualname__}, which is reached in a hidden way")
        return f.__module__, f.__qualname__, code(f.__code__)
    reason = check_function(f)
    if reason:
        raise Unportable(reason)
    if f.__globals__.get("__name__") == "dataclasses":  # what it makes of a class's fields
        return f.__qualname__
    defaults = (f.__defaults__, f.__kwdefaults__) if package_of(f.__module__) == "tapec" else ()
    return f.__module__, f.__qualname__, code(f.__code__), tokens.all((*cells, *defaults))


def _cell_content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def _builtin(tokens: Tokens, f: Any) -> Token:
    owner = getattr(f, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType):
        return "bound", f.__name__, tokens.of(owner)
    return _of_library(tokens, f)


def _of_library(tokens: Tokens, thing: Any) -> Token:
    """A function or class that its module's name leads to."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")
    if package_of(module) not in TRUSTED or found_again(module, name) is not thing:
        raise Unportable(f"{module}.{name}")
    return module, name, version_of(module)


def _ufunc(tokens: Tokens, f: Any) -> Token:
    homes = (np, sys.modules.get("scipy.special"))
    if not any(getattr(home, f.__name__, None) is f for home in homes):
        raise Unportable(f"the ufunc {f.__name__}")
    return f.__name__, tuple(f.types), version_of("scipy")


_MADE_BY_PYTHON = 1 << 9  # a flag of types: others are there for good


def _class(tokens: Tokens, cls: Any) -> Token:
    if issubclass(cls, enum.Enum):
        return _enumeration(tokens, cls)
    if not cls.__flags__ & _MADE_BY_PYTHON:
        return cls.__module__, cls.__qualname__, version_of(cls.__module__)
    if not is_users(cls):
        return _of_library(tokens, cls)
    if id(cls) not in tokens.seen:
        raise Unportable(f"the class {cls.__qualname__}, which is reached in a hidden way")
    if getattr(cls, "_is_runtime_protocol", False) or _registered(cls):
        raise Unportable(f"{cls.__qualname__}, to which classes belong that do not derive from it")
    fields = getattr(cls, "_fields", ()) if issubclass(cls, tuple) else ()
    bases = [(c.__module__, c.__qualname__) if is_users(c) else tokens.of(c) for c in cls.__mro__]
    return fields, bases, tokens.of(type(cls))


def _registered(cls: Any) -> bool:
    """Whether classes were registered with an abstract one."""
    dump = getattr(abc, "_get_dump", lambda cls: [True])
    return isinstance(cls, abc.ABCMeta) and bool(dump(cls)[0])


def _enumeration(tokens: Tokens, cls: Any) -> Token:
    own = [m for m in vars(cls).values() if isinstance(m, types.FunctionType | property)]
    if any(getattr(m, "__module__", "enum") != "enum" and is_users(cls) for m in own):
        raise Unportable(f"methods of the enumeration {cls.__qualname__}")
    members = tuple((name, tokens.of(m.value)) for name, m in cls.__members__.items())
    return cls.__module__, cls.__qualname__, members


def _module(tokens: Tokens, module: Any) -> Token:
    if not is_users(module) and package_of(module.__name__) not in TRUSTED:
        raise Unportable(f"the package {module.__name__}")
    if is_users(module) and "__getattr__" in vars(module):
        raise Unportable(f"names that {module.__name__} makes when asked for")
    return module.__name__, version_of(module.__name__)


# Classes whose own methods read nothing but what is asked for by name.
_BARE = (object, types.SimpleNamespace, typing.Generic, dict, list, tuple, set, Exception,
         BaseException, ValueError, ArithmeticError)  # fmt: skip


def _object(tokens: Tokens, thing: Any) -> Token:
    cls: Any = type(thing)
    if cls.__module__.partition(".")[0] == "tapec" and not is_users(cls):
        return _ours(tokens, thing)
    if isinstance(thing, enum.Enum):
        return thing.name, tokens.of(cls)
    if cls.__module__ == "typing" or cls in (types.GenericAlias, types.UnionType):
        return repr(thing)
    others = [c for c in cls.__mro__ if not is_users(c) and c not in _BARE]
    if others or id(thing) not in tokens.seen:
        return _pickled(thing)
    return tokens.of(cls)


def _pickled(thing: Any) -> Token:
    """An object of NumPy or SciPy by all it holds."""
    cls = type(thing)
    if package_of(cls.__module__) not in ("numpy", "scipy", "fractions"):
        raise Unportable(f"a {_name(cls)}")
    if cls.__module__.startswith("numpy.random"):
        raise Unportable("a generator of random numbers")
    try:
        data = pickle.dumps(thing, protocol=4)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise Unportable(f"a {_name(cls)}: {error}") from None
    return digest(data).hex(), version_of(cls.__module__)


# What objects of ours remember of earlier calls.
_REMEMBERED = frozenset(["__signature__", "__doc__", "_regions", "__wrapped__", "__dict__"])


def _ours(tokens: Tokens, thing: Any) -> Token:
    """A kernel, a transform or a rule: what it was made of."""
    if _name(type(thing)) == "tapec.ir.core.Func":
        return digest(printer.print_func(thing).encode()).hex()
    if _name(type(thing)) == "tapec.call.kernel.Kernel":
        return tokens.all((thing.__wrapped__, *sorted(thing._options.items())))
    held = getattr(thing, "__dict__", None)
    if held is None and dataclasses.is_dataclass(thing):
        held = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
    if held is None:
        raise Unportable(f"a {_name(type(thing))}")
    own = {k: v for k, v in held.items() if k not in _REMEMBERED and not k.startswith("_tapec")}
    return tuple((k, tokens.of(own[k])) for k in sorted(own))


def _field(tokens: Tokens, field: Any) -> Token:
    flags = field.name, field.init, field.compare, field.kw_only
    return flags, tokens.all((field.default, field.default_factory))


def _container(tokens: Tokens, items: Any) -> Token:
    """Items that a walk has looked at are its reads; of others, all."""
    if id(items) in tokens.seen:
        return len(items)
    return tokens.all(items)


def _mapping(tokens: Tokens, items: Any) -> Token:
    if id(items) in tokens.seen:
        return len(items)
    return tuple((tokens.of(k), tokens.of(v)) for k, v in items.items())


def _members(tokens: Tokens, items: Any) -> Token:
    if id(items) in tokens.seen:
        return len(items)
    if not all(map(is_plain, items)):
        raise Unportable("a set of objects")
    return tuple(sorted(repr(tokens.of(x)) for x in items))


def _memory(tokens: Tokens, f: Any) -> Token:
    """A function with a memory of its results, which may be of another state."""
    if f.cache_info().currsize:
        raise Unportable(f"results that {f.__qualname__} remembers")
    return tokens.of(f.__wrapped__)


def _refused(tokens: Tokens, thing: Any) -> Token:
    raise Unportable(f"a {_name(type(thing))}")


Rule = Callable[[Tokens, Any], Token]
_RULES: dict[type, Rule] = {
    np.ndarray: _array,
    np.ufunc: _ufunc,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _builtin,
    types.MethodType: lambda tokens, m: tokens.all((m.__func__, m.__self__)),
    types.CellType: lambda tokens, cell: tokens.of(_cell_content(cell)),
    types.ModuleType: _module,
    functools.partial: lambda tokens, p: tokens.all((p.func, p.args, p.keywords)),
    staticmethod: lambda tokens, m: tokens.of(m.__func__),
    classmethod: lambda tokens, m: tokens.of(m.__func__),
    property: lambda tokens, p: tokens.all((p.fget, p.fset, p.fdel)),
    functools.cached_property: lambda tokens, p: tokens.of(p.func),
    type(functools.lru_cache(lambda: None)): _memory,
    np.vectorize: lambda tokens, v: tokens.all((v.pyfunc, v.signature, v.otypes, *v.excluded)),
    types.MethodDescriptorType: lambda tokens, m: (tokens.of(m.__objclass__), m.__name__),
    types.WrapperDescriptorType: lambda tokens, m: (tokens.of(m.__objclass__), m.__name__),
    types.MemberDescriptorType: lambda tokens, m: (m.__objclass__.__qualname__, m.__name__),
    types.GetSetDescriptorType: lambda tokens, m: (m.__objclass__.__qualname__, m.__name__),
    type(np.sum): _of_library,
    type: _class,
    dataclasses.Field: _field,
    type(dataclasses.MISSING): lambda tokens, missing: "missing",
    type(vars(collections.namedtuple("_", "x"))["x"]): lambda tokens, f: repr(f.__reduce__()[1]),
    list: _container,
    tuple: _container,
    dict: _mapping,
    set: _members,
    types.GeneratorType: _refused,
    object: _object,
}


@functools.lru_cache(maxsize=1024)
def _rule(kind: type) -> Rule:
    if kind.__name__ == "_DataclassParams":
        return lambda tokens, params: repr(params)
    found = next(c for c in kind.__mro__ if c in _RULES)
    derived = found in (list, tuple, dict) and kind is not found and is_users(kind)
    return _object if derived or (found is np.ndarray and kind is not found) else _RULES[found]
