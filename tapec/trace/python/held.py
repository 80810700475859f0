"""What containers hold, as reads of a walk (see `walk`)."""

from __future__ import annotations

import collections
import contextvars
import os
import sys
import types
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tapec.trace.python.edges import is_plain


def sequence(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """Lists, tuples and deques: entry by entry, long ones of plain values at once."""
    walk.owners.add(title, items)
    if type(items) is not tuple and (len(items) > 8 and all(map(is_plain, items))):
        walk.edge("items", items, None, title, False)
        return
    if type(items) is not tuple:
        walk.edge("length", items, None, f"the length of {title}", False)
    for k in range(len(items)):
        walk.edge("entry", items, k, f"{title}[{k}]", hooked)


def dictionary(walk: Any, title: str, items: dict[Any, Any], hooked: bool) -> None:
    """Dictionaries, which the function may change."""
    walk.owners.add(title, items)
    walk.edge("keys", items, None, f"the keys of {title}", False)
    for key in list(items):
        walk.edge("item", items, key, f"{title}[{key!r}]", hooked)


def mapping(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """What shows dictionaries without being one."""
    walk.edge("shown keys", items, None, f"the keys of {title}", False)
    for key in list(items):
        walk.edge("shown", items, key, f"{title}[{key!r}]", False)


def shown(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """What shows a list without being one."""
    walk.edge("length", items, None, f"the length of {title}", False)
    for k in range(len(items)):
        walk.edge("entry", items, k, f"{title}[{k}]", False)


def buffer(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """Numbers in memory, as in `array.array` and `bytearray`: all at once."""
    walk.edge("bytes", items, None, f"the content of {title}", False)


def referent(walk: Any, title: str, reference: Any, hooked: bool) -> None:
    """What a weak reference refers to."""
    walk.edge("referent", reference, None, f"{title}()", False)


def value(walk: Any, title: str, variable: Any, hooked: bool) -> None:
    """What a context variable is set to."""
    walk.edge("value", variable, None, f"{title}.get()", False)


def members(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """Sets."""
    walk.owners.add(title, items)
    walk.edge("members", items, None, title, False)


Rule = Callable[[Any, str, Any, bool], None]
# By the class, or the builtin class that it derives from.
RULES: dict[type, Rule] = {
    list: sequence,
    tuple: sequence,
    collections.deque: sequence,
    dict: dictionary,
    collections.OrderedDict: dictionary,
    collections.defaultdict: dictionary,
    set: members,
    collections.ChainMap: mapping,
    types.MappingProxyType: mapping,
    type(os.environ): mapping,
    bytearray: buffer,
    memoryview: buffer,
    collections.UserDict: mapping,
    collections.UserList: shown,
    weakref.WeakValueDictionary: mapping,
    weakref.WeakKeyDictionary: mapping,
    weakref.ref: referent,
    contextvars.ContextVar: value,
}


def rule_of(kind: type) -> Rule | None:
    """The rule of a class of the standard library, by what its objects can do."""
    data = any(c.__module__ == "_ctypes" and c.__name__ == "_CData" for c in kind.__mro__)
    if data or kind.__module__ == "array":
        return buffer
    if kind.__module__.partition(".")[0] not in sys.stdlib_module_names:
        return None
    if kind.__module__ == "builtins" or issubclass(kind, Sequence):
        return None
    return mapping if issubclass(kind, Mapping) else None
