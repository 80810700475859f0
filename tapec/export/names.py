"""Names of C for arguments and results, after those in the user's code."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tapec.tree import Tree

# Words that are no names in C or C++, and names that examples use.
_WORDS = """alignas alignof and argc argv asm auto bitand bitor bool break case catch char char16_t
char32_t char8_t class co_await co_return co_yield compl concept const const_cast consteval
constexpr constinit continue decltype default delete do double dynamic_cast element else enum EOF
errno explicit export extern false float for fprintf friend goto if INFINITY inline int int32_t
int64_t long mutable namespace NAN new noexcept not NULL nullptr operator or printf private
protected public register reinterpret_cast requires restrict return short signed SIZE_MAX size_t
sizeof static static_assert static_cast status stderr stdin stdout strcmp struct switch template
this thread_local throw true try typedef typeid typename union unsigned using virtual void
volatile wchar_t while xor"""
_RESERVED = frozenset(_WORDS.split())


def named_leaves(names: Iterable[Any], trees: Iterable[Tree]) -> Iterator[str]:
    """Names of the leaves of some objects: that of the object, with keys or numbers inside."""
    for name, tree in zip(names, trees, strict=True):
        if tree.kind is None:
            yield str(name)
        else:
            keys = tree.keys or getattr(tree.kind, "_fields", ())
            keys = ("re", "im") if tree.kind is complex else keys
            numbered = (f"{name}{k}" for k in range(len(tree.children)))
            inner = [f"{name}_{key}" for key in keys] or numbered
            yield from named_leaves(inner, tree.children)


class CNames:
    """Identifiers of C that differ from each other, in capitals too: macros are named by them."""

    def __init__(self, *taken: str) -> None:
        self._taken = {name.upper() for name in taken}

    def new(self, title: str) -> str:
        """An identifier like `title`."""
        name = base = identifier(title)
        count = 1
        while name.upper() in self._taken:
            count += 1
            name = f"{base}_{count}"
        self._taken.add(name.upper())
        return name


def identifier(title: str) -> str:
    """A name of C, C++ and Python like a title."""
    name = re.sub(r"\W", "_", title, flags=re.ASCII).strip("_") or "x"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if name in _RESERVED or keyword.iskeyword(name) else name
