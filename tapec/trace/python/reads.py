"""Which names code reads: globals, attributes, and modules it imports itself."""

from __future__ import annotations

import dis
import functools
import types
from typing import NamedTuple

# With one of these names around, any attribute may be read.
DYNAMIC = frozenset(
    ["__dict__", "__getattribute__", "asdict", "astuple", "attrgetter", "delattr", "dir", "fields",
     "getattr", "hasattr", "replace", "setattr", "vars"]
)  # fmt: skip
_GLOBAL = frozenset(["LOAD_GLOBAL", "LOAD_NAME"])
_NAMES = frozenset(["LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"])
_METHOD = frozenset(["LOAD_METHOD", "LOAD_ATTR"])
_STORE = frozenset(["STORE_GLOBAL", "STORE_ATTR"])
_APPENDS = frozenset(["append", "extend"])
_IMPORT = frozenset(["IMPORT_NAME", "IMPORT_FROM"])


class Reads(NamedTuple):
    """What one code object and the functions inside it read, by name."""

    globals: frozenset[str]
    attributes: frozenset[str]
    imports: frozenset[str]
    appended: frozenset[str]  # names in `name.append(...)`
    read: frozenset[str]  # names in any other use
    stored: frozenset[str]  # globals and attributes that are assigned
    dynamic: frozenset[str]  # what reads attributes by name, and texts that may be these names

    def counting(self, names: frozenset[str]) -> Reads:
        """The same where assigning one of these names counts as reading it."""
        more = self.stored & names
        if not more:
            return self
        return self._replace(globals=self.globals | more, attributes=self.attributes | more)


@functools.lru_cache(maxsize=4096)
def reads(code: types.CodeType) -> Reads:
    """The names that this code reads."""
    inner = [reads(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    found: dict[bool, set[str]] = {True: set(), False: set()}
    imports: set[str] = set()
    uses: dict[bool, set[str]] = {True: set(), False: set()}
    stored: set[str] = set()
    before = None
    for i in dis.get_instructions(code):
        if before is not None:
            uses[i.opname in _METHOD and i.argval in _APPENDS].add(before)
        is_name = i.opname in _NAMES or i.opname in _METHOD
        before = i.argval if is_name and isinstance(i.argval, str) else None
        if i.opname in _STORE:
            stored.add(i.argval)
        elif i.opname in _IMPORT:
            imports.add(i.argval)
        elif i.opname.startswith("LOAD_") and isinstance(i.argval, str) and i.arg is not None:
            found[i.opname in _GLOBAL].add(i.argval)
    local = {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
    attributes = (found[False] & {*code.co_names}) | (found[False] - local)
    dynamic = DYNAMIC & (found[True] | local | attributes)
    texts = {c for c in code.co_consts if isinstance(c, str)} if dynamic else set()
    return Reads(
        frozenset(found[True]).union(*(r.globals for r in inner)),
        frozenset(attributes | imports).union(*(r.attributes for r in inner)),
        frozenset(imports).union(*(r.imports for r in inner)),
        frozenset(uses[True]).union(*(r.appended for r in inner)),
        frozenset(uses[False]).union(*(r.read for r in inner)),
        frozenset(stored).union(*(r.stored for r in inner)),
        frozenset(dynamic | texts).union(*(r.dynamic for r in inner)),
    )
