"""The abstract signature of a call: which leaves are traced, with which types; the cache key."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.types import Type, dtype_name
from tapec.trace.arrays.integers import NARROW, widened_array
from tapec.trace.arrays.layout import Strides, canonical, canonical_of, order_alone
from tapec.trace.python.edges import exact, is_plain
from tapec.tree import Tree, complex_leaves, flatten

# Python numbers are traced as scalars that adapt to the arrays they meet (NumPy 2, "weak").
WEAK: dict[type, str] = {float: "f64", int: "i64", bool: "bool"}


@dataclass(frozen=True, slots=True)
class Static:
    """A leaf that is part of the program: values are compared exactly, objects by identity."""

    value: Any = field(compare=False)
    key: Any = None


@dataclass(frozen=True, slots=True)
class Input:
    """A leaf that is an input of the program."""

    type: Type
    python: bool = False  # an exact Python float, int or bool
    narrow: str = ""  # NumPy's name of an integer type that is read as int64
    strides: Strides | None = None  # in elements, gaps and all as `layout.canonical` has them
    boxed: bool = False  # an array without axes, not one of NumPy's scalars

    @property
    def without_gaps(self) -> Input:
        """The same with the axes in their order, but no gaps between elements."""
        return replace(self, strides=order_alone(self.type.shape, self.strides))


Leaf = Static | Input


def leaf_of(value: Any, static: bool = False, part: bool = False) -> Leaf:
    """How one leaf of a call enters the program; a `part` is one of a complex array."""
    if static:
        return _static(value)
    kind = type(value)
    if kind in WEAK:
        return Input(Type(WEAK[kind]), python=True)
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "OUSVMm":
            return _static(value)
        if not isinstance(value, np.generic) and _behaves_otherwise(kind):
            raise DTypeError(
                f"an argument is a {kind.__name__}, which behaves otherwise than its data",
                hint="pass the data, np.asarray(x), or call the code by tapec.opaque",
            )
        boxed = not (value.shape or isinstance(value, np.generic))
        if value.dtype.name in NARROW:
            return Input(Type("i64", tuple(value.shape)), narrow=value.dtype.name, boxed=boxed)
        t = Type(dtype_name(value.dtype), tuple(value.shape))
        strides = part_strides(value) if part else canonical_of(value)
        return Input(t, strides=strides, boxed=boxed)
    return _static(value)


def part_strides(part: Any) -> Strides | None:
    """The canonical strides of the complex array that this is a part of."""
    if isinstance(part, np.generic) or not part.ndim:
        return None
    strides = tuple(s // (2 * part.itemsize) for s in part.strides)
    return canonical(part.shape, strides)


_INERT = frozenset(
    ["__module__", "__doc__", "__new__", "__dict__", "__weakref__", "__qualname__", "__slots__",
     "__array_finalize__", "__annotations__", "__firstlineno__", "__static_attributes__"]
)  # fmt: skip


def _behaves_otherwise(kind: Any) -> bool:
    """Whether a class of arrays has methods of its own: masks, products of matrices, units."""
    own = kind.__mro__[: kind.__mro__.index(np.ndarray)]
    return any(vars(c).keys() - _INERT for c in own if c is not np.memmap)


def _static(value: Any) -> Static:
    if isinstance(value, np.ndarray):
        return Static(value, (value.dtype.str, value.shape, value.tobytes()))
    return Static(value, _static_key(value))


def _static_key(value: Any) -> Any:
    """Immutable values by type and content, also in tuples; all else by identity."""
    if is_plain(value):
        return exact(value)
    if isinstance(value, tuple):
        return type(value), tuple(map(_static_key, value))
    if dataclasses.is_dataclass(value) and _is_frozen(value):
        fields = [getattr(value, f.name) for f in dataclasses.fields(value)]
        return type(value), tuple(map(_static_key, fields))
    return "id", id(value)


def _is_frozen(value: Any) -> bool:
    return bool(value.__dataclass_params__.frozen) and not isinstance(value, type)


@dataclass(frozen=True, slots=True)
class Signature:
    """Structure of the arguments, and every leaf's role. Hashable: equal calls share a program."""

    tree: Tree
    leaves: tuple[Leaf, ...]

    @property
    def traced(self) -> tuple[int, ...]:
        """Positions of the leaves that are inputs."""
        return tuple(k for k, leaf in enumerate(self.leaves) if isinstance(leaf, Input))

    @property
    def narrow(self) -> frozenset[int]:
        """Positions of the leaves of integer types that are read as int64."""
        leaves = enumerate(self.leaves)
        return frozenset(k for k, leaf in leaves if isinstance(leaf, Input) and leaf.narrow)

    @property
    def strided(self) -> tuple[int, ...]:
        """The inputs, among the traced leaves, that are not in C order."""
        given = [leaf for leaf in self.leaves if isinstance(leaf, Input)]
        return tuple(k for k, leaf in enumerate(given) if leaf.strides is not None)

    @property
    def without_gaps(self) -> Signature:
        """The same with inputs whose elements have no gaps between them."""
        if not self.strided:
            return self
        return replace(
            self,
            leaves=tuple(
                leaf.without_gaps if isinstance(leaf, Input) and leaf.strides else leaf
                for leaf in self.leaves
            ),
        )

    @property
    def kinds(self) -> list[type]:
        """The user's classes among the containers."""
        found: dict[type, None] = {}
        pending = [self.tree]
        while pending:
            tree = pending.pop()
            if tree.kind is not None and tree.kind.__module__ != "builtins":
                found[tree.kind] = None
            pending += tree.children
        return list(found)

    def token(self, of: Callable[[Any], Any]) -> Any:
        """The signature as a key, where `of` gives one for a constant, a class or a name."""
        leaves = [of(x.value) if isinstance(x, Static) else repr(x) for x in self.leaves]
        return leaves, _shape(self.tree, of)

    def rebuild(
        self, inputs: Iterable[Any], static: Callable[[Any], Any] = lambda value: value
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments with these in place of the traced leaves, and `static` of the others."""
        given = iter(inputs)
        replaced = [
            static(leaf.value) if isinstance(leaf, Static) else next(given) for leaf in self.leaves
        ]
        args, kwargs = self.tree.unflatten(replaced)
        return args, kwargs


def _shape(tree: Tree, of: Callable[[Any], Any]) -> Any:
    if tree.kind is None:
        return None
    return of(tree.kind), [of(k) for k in tree.keys], [_shape(c, of) for c in tree.children]


def input_reader(signature: Signature) -> Callable[[Sequence[Any]], list[Any]]:
    """A function that takes the inputs of a program out of the leaves of a call."""
    traced, narrow = signature.traced, signature.narrow
    if not narrow:
        return lambda leaves: [leaves[k] for k in traced]
    return lambda leaves: [widened_array(leaves[k]) if k in narrow else leaves[k] for k in traced]


def abstract(
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    static: Callable[[Any], bool],
    pinned: frozenset[int],
) -> tuple[Signature, list[Any]]:
    """The signature of a call, and the values of all its leaves.

    `static(k)` says whether positional argument k is static as a whole; `pinned` are leaf
    positions that tracing found it must know.
    """
    leaves: list[Any] = []
    kinds: list[Leaf] = []
    trees: list[Tree] = []
    for key, arg in [*enumerate(args), *kwargs.items()]:
        fixed = static(key)
        found, tree = flatten(arg, is_leaf=(lambda _: True) if fixed else None)
        trees.append(tree)
        parts = complex_leaves(tree)
        kinds += [
            leaf_of(v, fixed or len(leaves) + i in pinned, i in parts) for i, v in enumerate(found)
        ]
        leaves += found
    keys, split = list(kwargs), len(args)
    tree = Tree(
        tuple,
        (),
        (Tree(tuple, (), tuple(trees[:split])), Tree(dict, tuple(keys), tuple(trees[split:]))),
    )
    return Signature(tree, tuple(kinds)), leaves


def static_test(
    f: Callable[..., Any], nums: Iterable[int], names: Iterable[str]
) -> Callable[[Any], bool]:
    """Whether an argument, by position or by name, is declared static."""
    declared: set[Any] = set(nums) | set(names)
    if not declared:
        return lambda k: False
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    for k, name in enumerate(parameters):
        if k in declared or k - len(parameters) in declared or name in declared:
            declared |= {k, name}
    return declared.__contains__


def has_parameter(f: Callable[..., Any], name: str) -> bool:
    """Whether a function, or the one that a transform derives from, has a parameter of a name."""
    while not hasattr(f, "__code__"):
        inner = getattr(f, "__wrapped__", None) or getattr(f, "f", None) or getattr(f, "func", None)
        if inner is None:
            return False
        f = inner
    code = f.__code__
    return name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def parameter_names(f: Callable[..., Any]) -> list[str]:
    """Names of the positional parameters of a function, or of the one a transform derives from."""
    while not hasattr(f, "__code__"):
        inner = getattr(f, "__wrapped__", None) or getattr(f, "f", None)
        if inner is None:
            return []
        f = inner
    code = f.__code__
    return list(code.co_varnames[: code.co_argcount])


def program_name(f: Callable[..., Any]) -> str:
    """A function's name as a program's: letters, digits, dots; `f` for a lambda."""
    name = getattr(f, "__name__", type(f).__name__)
    return name.replace("<lambda>", "f").replace("<", "").replace(">", "")


def leaf_hints(f: Callable[..., Any], tree: Tree) -> list[str]:
    """Names for the leaves of (args, kwargs): the argument's own, numbered inside containers."""
    names = parameter_names(f)
    args, named = tree.children
    hints: list[str] = []
    for k, child in enumerate(args.children):
        hints += _numbered(names[k] if k < len(names) else f"arg{k}", child)
    for key, child in zip(named.keys, named.children, strict=True):
        hints += _numbered(key, child)
    return hints


def _numbered(name: str, tree: Tree) -> list[str]:
    return [name] if tree.kind is None else [f"{name}{k}" for k in range(tree.size)]


def roots_of(f: Callable[..., Any], signature: Signature) -> list[tuple[str, Any]]:
    """The roots of captured state: the function, and objects among its arguments."""
    hints = leaf_hints(f, signature.tree)
    static = zip(hints, signature.leaves, strict=True)
    given = [(hint, leaf.value) for hint, leaf in static if isinstance(leaf, Static)]
    return [("", f), *given]
