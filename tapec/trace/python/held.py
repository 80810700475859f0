"""What containers hold, as reads of a walk (see `walk`)."""

from __future__ import annotations

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


def members(walk: Any, title: str, items: Any, hooked: bool) -> None:
    """Sets."""
    walk.owners.add(title, items)
    walk.edge("members", items, None, title, False)
