"""Programs as native code runs them: on arrays as they lie in memory.

Traced programs take and give real and imaginary parts as arrays of their own. NumPy keeps the two
parts of a number side by side: that is an array with one axis more, of length two. Arrays whose
axes lie in another order than C's are read as arrays in C order, of axes in that order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tapec.call.signature import Input, Signature
from tapec.call.values import passed
from tapec.ir.types import Type
from tapec.lazy import deferred
from tapec.pipeline import clean
from tapec.trace.arrays.layout import in_order, order_of
from tapec.trace.markers import ResultMarker
from tapec.tree import LEAF, Tree, complex_leaves, joined

if TYPE_CHECKING:
    import tapec.ir.rewrite as rewrite
    from tapec import ir
    from tapec.backends import llvm
    from tapec.ir import places, primitive
else:
    llvm, ir = deferred("tapec.backends.llvm"), deferred("tapec.ir")
    places, primitive, rewrite = map(
        deferred, ("tapec.ir.places", "tapec.ir.primitive", "tapec.ir.rewrite")
    )

# The names of complex element types by those of their parts.
COMPLEX = {"f64": "c128", "f32": "c64"}


@dataclass(frozen=True)
class NativeArray:
    """An argument or result of native code: element type, which may be complex, and shape.

    `python` says that it is a number of Python's rather than an array, `order` how the axes lie
    where that is not C order, the outermost first. Without axes it is one of NumPy's scalars, or an
    array where it is `boxed`.
    """

    dtype: str
    shape: tuple[int, ...]
    python: bool = False
    order: tuple[int, ...] = ()
    boxed: bool = False


@dataclass(frozen=True)
class NativeForm:
    """The arguments and results that native code has for a program.

    `firsts` are the numbers of the traced program's inputs that are real parts (their imaginary
    parts follow), `pairs` those of its results that are the two parts of one array. `leaves` and
    `tree` describe the result, with one marker for each complex array.
    """

    inputs: tuple[NativeArray, ...]
    results: tuple[NativeArray, ...]
    arguments: Tree
    tree: Tree
    leaves: tuple[Any, ...]
    firsts: frozenset[int] = frozenset()
    pairs: tuple[tuple[int, int], ...] = ()

    def given(self, inputs: Sequence[Any]) -> list[Any]:
        """The inputs of the traced program as native code takes them."""
        made, rest = [], iter(enumerate(inputs))
        for k, value in rest:
            made.append(joined(value, next(rest)[1]) if k in self.firsts else value)
        return made

    def parts(self, values: Sequence[Any]) -> list[Any]:
        """The results of native code as the traced program gives them."""
        if not self.pairs:
            return list(values)
        firsts, seconds = dict(self.pairs), {im for _, im in self.pairs}
        made: dict[int, Any] = {}
        given = iter(values)
        for k in range(len(values) + len(self.pairs)):
            if k in firsts:
                whole = next(given)
                made[k], made[firsts[k]] = whole.real, whole.imag
            elif k not in seconds:
                made[k] = next(given)
        return [made[k] for k in range(len(made))]

    def args(self) -> list[Any]:
        """The arguments of native code that calls pass."""
        return [passed(i.dtype, i.shape, i.python, i.order, i.boxed) for i in self.inputs]

    def outs(self, own: int, errors: bool) -> list[Any]:
        """Its results, of which the function returns the first `own`."""
        markers = {m.index: m for m in self.leaves if isinstance(m, ResultMarker)}
        last = len(self.results) - 1

        def kind(k: int) -> Any:
            if errors and k == last:
                return "scalar"
            if k >= own or self.results[k].shape:
                return "array"
            return _scalar_kind(markers[k]) if k in markers else "scalar"

        orders = {k: m.order for k, m in markers.items()}
        return [
            llvm.Output(r.dtype, r.shape, kind(k), orders.get(k, ()))
            for k, r in enumerate(self.results)
        ]

    @property
    def packed(self) -> bool:
        """Whether anything is not as in the traced program."""
        return bool(self.firsts or self.pairs or any(i.order for i in self.inputs))

    def of(self, func: ir.Func) -> ir.Func:
        """The program with these arguments and results."""
        return clean(self._packed(func)) if self.packed else func

    def _packed(self, func: ir.Func) -> ir.Func:
        orders = {k: i.order for k, i in enumerate(self.inputs) if i.order}
        return packed(func, self.firsts, self.pairs, orders)


def _scalar_kind(marker: ResultMarker) -> str:
    """What a result without axes is."""
    return "array" if marker.boxed else "python" if marker.python_scalar else "scalar"


def native_form(
    results: Sequence[Type], signature: Signature, tree: Tree, leaves: Sequence[Any], fixed: bool
) -> NativeForm:
    """The form of a program with such results; one that is `fixed` keeps its parts apart."""
    kinds = [leaf for leaf in signature.leaves if isinstance(leaf, Input)]
    inputs = tuple(NativeArray(i.type.dtype, i.type.shape, i.python, boxed=i.boxed) for i in kinds)
    plain = tuple(NativeArray(t.dtype, t.shape) for t in results)
    whole = NativeForm(inputs, plain, signature.tree, tree, tuple(leaves))
    if fixed:
        return whole
    if not (complex_leaves(signature.tree) or complex_leaves(tree)):
        ordered = zip(inputs, kinds, strict=True)
        return replace(whole, inputs=tuple(replace(i, order=own_order(k)) for i, k in ordered))
    firsts = frozenset(_complex_inputs(signature))
    outer, kept, pairs = _packed_results(results, tree, list(leaves))
    return replace(
        whole,
        inputs=tuple(_joined(inputs, firsts, {k + 1 for k in firsts})),
        results=tuple(_joined(plain, {re for re, _ in pairs}, {im for _, im in pairs})),
        arguments=_collapsed(signature.tree, iter(_is_pair(signature))),
        tree=outer,
        leaves=tuple(kept),
        firsts=firsts,
        pairs=tuple(pairs),
    )


def own_order(leaf: Input) -> tuple[int, ...]:
    """The axes of an argument without gaps that is not in C order, the outermost first."""
    shape = leaf.type.shape
    if leaf.strides is None or 1 in shape:
        return ()
    order = order_of(shape, leaf.strides)
    return order if in_order(shape, order) == leaf.strides else ()


def _joined(
    arrays: Sequence[NativeArray], firsts: Collection[int], seconds: Collection[int]
) -> Iterator[NativeArray]:
    """The arrays with complex ones in place of the real parts, and no imaginary parts."""
    for k, array in enumerate(arrays):
        if k in firsts:
            yield replace(array, dtype=COMPLEX[array.dtype])
        elif k not in seconds:
            yield array


# -- arguments -------------------------------------------------------------------------------------


def _nodes(tree: Tree, start: int = 0) -> Iterator[int]:
    """The first leaves of the complex nodes, in order."""
    if tree.kind is complex:
        yield start
        return
    for child in tree.children:
        yield from _nodes(child, start)
        start += child.size


def _is_pair(signature: Signature) -> list[bool]:
    """Whether each complex argument consists of two inputs of one type."""
    found = []
    for k in _nodes(signature.tree):
        one, other = signature.leaves[k : k + 2]
        found.append(isinstance(one, Input) and one == other and one.type.dtype in COMPLEX)
    return found


def _complex_inputs(signature: Signature) -> Iterator[int]:
    """The real parts of complex arguments, by their numbers among the inputs."""
    numbers = {k: n for n, k in enumerate(signature.traced)}
    for k, pair in zip(_nodes(signature.tree), _is_pair(signature), strict=True):
        if pair:
            yield numbers[k]


def _collapsed(tree: Tree, packed: Iterator[bool]) -> Tree:
    """The tree with leaves in place of the complex nodes that are packed."""
    if tree.kind is complex:
        return LEAF if next(packed) else tree
    return replace(tree, children=tuple(_collapsed(c, packed) for c in tree.children))


# -- results ---------------------------------------------------------------------------------------


def _packed_results(
    results: Sequence[Type], tree: Tree, leaves: list[Any]
) -> tuple[Tree, list[Any], list[tuple[int, int]]]:
    """Structure and leaves of the result with complex arrays as one, and the pairs of results."""
    counts = Counter(m.index for m in leaves if isinstance(m, ResultMarker))
    nodes = {k: leaves[k : k + 2] for k in _nodes(tree)}
    packed = {k: _is_whole(results, pair, counts) for k, pair in nodes.items()}
    pairs = [(nodes[k][0].index, nodes[k][1].index) for k, whole in packed.items() if whole]
    dropped = sorted(im for _, im in pairs)
    made = [
        _renumbered(leaf, dropped) for k, leaf in enumerate(leaves) if not packed.get(k - 1, False)
    ]
    return _collapsed(tree, iter(packed.values())), made, pairs


def _is_whole(results: Sequence[Type], pair: Sequence[Any], counts: Counter[int]) -> bool:
    """Whether two parts are results of one complex array that nothing else shares."""
    if not all(isinstance(m, ResultMarker) and not m.is_view for m in pair):
        return False
    one, other = pair
    types = [results[m.index] for m in pair]
    alike = types[0] == types[1] and types[0].dtype in COMPLEX and one.index < other.index
    same = one.python_scalar == other.python_scalar and one.order == other.order
    return alike and same and counts[one.index] == counts[other.index] == 1


def _renumbered(leaf: Any, dropped: Sequence[int]) -> Any:
    if not isinstance(leaf, ResultMarker):
        return leaf
    return replace(leaf, index=leaf.index - sum(k < leaf.index for k in dropped))


# -- the program -----------------------------------------------------------------------------------


def packed(
    func: ir.Func,
    firsts: frozenset[int],
    pairs: Sequence[tuple[int, int]],
    orders: Mapping[int, tuple[int, ...]],
) -> ir.Func:
    """The program on arrays of pairs, and on arrays with their axes in these orders."""
    builder = ir.Builder()
    args: list[ir.Value] = []
    for k, p in enumerate(func.params):
        if k in firsts:
            both = builder.param(Type(p.type.dtype, (*p.type.shape, 2)), p.hint)
            place = places.full_range(p.type.shape)
            args += [_emit(builder, "index", [both], at=(*place, part)) for part in (0, 1)]
        elif k in orders:
            lying = Type(p.type.dtype, tuple(p.type.shape[axis] for axis in orders[k]))
            back = tuple(orders[k].index(axis) for axis in range(len(orders[k])))
            args.append(_emit(builder, "transpose", [builder.param(lying, p.hint)], perm=back))
        elif k - 1 not in firsts:
            args.append(builder.param(p.type, p.hint))
    values = rewrite.replay(func, builder, args)
    seconds, dropped = dict(pairs), {im for _, im in pairs}
    results = []
    for k, value in enumerate(values):
        if k in seconds:
            parts = [value, values[seconds[k]]]
            results.append(_emit(builder, "stack", parts, axis=len(value.type.shape)))
        elif k not in dropped:
            results.append(value)
    return builder.func(func.name, results)


def _emit(builder: ir.Builder, name: str, operands: list[ir.Value], **attrs: Any) -> ir.Value:
    return builder.emit(primitive.lookup(name), operands, attrs, ()).results[0]
