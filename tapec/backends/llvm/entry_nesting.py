"""LLVM text for containers: taken apart where calls pass them, made where calls return them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from tapec.backends.llvm import capi
from tapec.backends.llvm.abi import KernelAbi
from tapec.backends.llvm.function_text import FunctionText
from tapec.backends.llvm.names import KEY, RECORD
from tapec.backends.llvm.nesting import Result, inner, result_keys
from tapec.tree import Tree

SIZE_MASK = 2**63 - 1  # the top bit of nargsf only says that args[-1] may be borrowed

# The first blocks of a function that takes any call: `%nargs` arguments by position, `%total` in
# all. It goes on in the block `counted`.
COUNTED = f"""\
start:
  %nargs = and i64 %nargsf, {SIZE_MASK}
  %plain = icmp eq ptr %kwnames, null
  br i1 %plain, label %counted, label %named
named:
  %psize = getelementptr i8, ptr %kwnames, i64 {capi.SIZE}
  %nnames = load i64, ptr %psize
  br label %counted
counted:
  %extra = phi i64 [ 0, %start ], [ %nnames, %named ]
  %total = add i64 %nargs, %extra
"""


class Taking:
    """Takes the arguments out of a call, and checks that they nest as the signature says.

    With `into`, the last one is what receives the results: its leaves come last.
    """

    def __init__(self, text: FunctionText, sig: KernelAbi) -> None:
        self.text, self.sig = text, sig
        self._keys = itertools.count(len(sig.names))
        self.inside: set[str] = set()  # what a container holds, and only that

    def run(self) -> tuple[list[str], str]:
        """The leaves in order, and what is to receive the results, "" if nothing is."""
        self._check_call()
        trees = self.sig.passes
        things = [self._loaded("%args", k) for k in range(len(trees))]
        nested = zip(things, trees, strict=True)
        leaves = [leaf for thing, tree in nested for leaf in self._leaves(thing, tree)]
        return leaves, things[-1] if self.sig.into else ""

    def _check_call(self) -> None:
        text, names = self.text, self.sig.names
        nargs = text.value(f"and i64 %nargsf, {SIZE_MASK}")
        count = text.value(f"icmp eq i64 {nargs}, {len(self.sig.nesting.children[0].children)}")
        named = text.value(f"icmp {'ne' if names else 'eq'} ptr %kwnames, null")
        text.expect(text.conjunction([count, named]))
        if names:
            self._check_size("%kwnames", len(names))
        for k in range(len(names)):
            name = text.field("ptr", "%kwnames", capi.TUPLE_ITEMS + 8 * k)
            text.expect(text.value(f"call i1 @tapec.key(ptr {name}, ptr @{KEY}{k})"))

    def _loaded(self, items: str, k: int) -> str:
        slot = self.text.value(f"getelementptr ptr, ptr {items}, i64 {k}")
        return self.text.value(f"load ptr, ptr {slot}")

    def _check_size(self, thing: str, count: int) -> None:
        size = self.text.field("i64", thing, capi.SIZE)
        self.text.expect(self.text.value(f"icmp eq i64 {size}, {count}"))

    def _leaves(self, thing: str, tree: Tree) -> Iterator[str]:
        if tree.kind is None:
            yield thing
            return
        if tree.kind is type(None):
            self.text.expect(self.text.value(f"icmp eq ptr {thing}, @py.None"))
            return
        items = _ITEMS.get(tree.kind, Taking._of_tuple)(self, thing, tree)
        self.inside.update(items)
        for item, child in zip(items, tree.children, strict=True):
            yield from self._leaves(item, child)

    def _of_tuple(self, thing: str, tree: Tree) -> list[str]:
        assert tree.kind is not None
        plain = tree.kind is tuple
        kind = "py.tuple" if plain else f"{RECORD}{self.sig.records.index(tree.kind)}"
        self.text.expect(self.text.has_type(thing, kind))
        self._check_size(thing, len(tree.children))
        first = self.text.place(thing, capi.TUPLE_ITEMS)
        return [self._loaded(first, k) for k in range(len(tree.children))]

    def _of_list(self, thing: str, tree: Tree) -> list[str]:
        self.text.expect(self.text.has_type(thing, "py.list"))
        self._check_size(thing, len(tree.children))
        first = self.text.field("ptr", thing, capi.LIST_ITEMS)
        return [self._loaded(first, k) for k in range(len(tree.children))]

    def _of_dict(self, thing: str, tree: Tree) -> list[str]:
        """The values in order, which counts: code may iterate over them."""
        text = self.text
        text.expect(text.has_type(thing, "py.dict"))
        size = text.value(f"call i64 @PyDict_Size(ptr {thing})")
        text.expect(text.value(f"icmp eq i64 {size}, {len(tree.keys)}"))
        position = text.local("i64")
        text.emit(f"store i64 0, ptr {position}")
        return [self._item(thing, position, next(self._keys)) for _ in tree.keys]

    def _item(self, thing: str, position: str, key: int) -> str:
        passed = f"ptr {thing}, ptr {position}, ptr @{KEY}{key}"
        item = self.text.value(f"call ptr @tapec.item({passed})")
        self.text.expect(self.text.value(f"icmp ne ptr {item}, null"))
        return item


_ITEMS: dict[type, Callable[[Taking, str, Tree], list[str]]] = {
    list: Taking._of_list,
    dict: Taking._of_dict,
}


class Making:
    """Makes the containers of a result. Those of others are filled last, as that cannot fail."""

    def __init__(self, text: FunctionText, sig: KernelAbi, results: dict[int, str]) -> None:
        self.text, self.sig, self.results = text, sig, results
        last = len(sig.keys)
        self._keys = itertools.count(last - sum(1 for _ in result_keys(sig.tree)))
        self.fills: list[str] = []

    def run(self) -> str:
        """The result; what it is made of is no longer owned."""
        root = self._made(self.sig.tree)
        for fill in self.fills:
            self.text.emit(fill)
        return root

    def _made(self, tree: Result) -> str:
        if tree is None or (isinstance(tree, int) and tree < 0):
            thing = "@py.None" if tree is None else self.results[tree]
            self.text.emit(f"call void @Py_IncRef(ptr {thing})")
            self.text.owned.append(thing)
            return thing
        if isinstance(tree, int):
            return self.results[tree]
        if isinstance(tree, dict):
            return self._dict(tree)
        made = self.text.own(self.text.value(self._new(tree)))
        listed = isinstance(tree, list)
        first = (self.text.field("ptr", made, capi.LIST_ITEMS) if listed
                 else self.text.place(made, capi.TUPLE_ITEMS))  # fmt: skip
        for place, part in enumerate(tree):
            slot = self.text.value(f"getelementptr ptr, ptr {first}, i64 {place}")
            self.fills.append(f"store ptr {self._made(part)}, ptr {slot}")
        return made

    def _new(self, tree: tuple[Result, ...] | list[Result]) -> str:
        """A new container, empty as yet."""
        if type(tree) in (tuple, list):
            return f"call ptr @Py{type(tree).__name__.capitalize()}_New(i64 {len(tree)})"
        kind = f"@{RECORD}{self.sig.records.index(type(tree))}"
        return f"call ptr @PyType_GenericAlloc(ptr {kind}, i64 {len(tree)})"

    def _dict(self, tree: dict[object, Result]) -> str:
        """A dictionary holds references of its own, and is complete at once: this can fail."""
        made = self.text.own(self.text.value("call ptr @PyDict_New()"))
        keys = [next(self._keys) for _ in tree]
        for key, part in zip(keys, inner(tree), strict=True):
            item = self._made(part)
            call = f"call i32 @PyDict_SetItem(ptr {made}, ptr @{KEY}{key}, ptr {item})"
            done = self.text.value(f"icmp eq i32 {self.text.value(call)}, 0")
            self.text.expect(done, f"undo.{len(self.text.owned)}")
            self.fills.append(f"call void @Py_DecRef(ptr {item})")
        return made
