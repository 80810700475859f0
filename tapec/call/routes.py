"""Entries of native code: which calls of a program go there without passing through Python."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tapec.call.sharing import pairs_apart
from tapec.call.signature import Input
from tapec.ir.types import dtype_name
from tapec.lazy import deferred
from tapec.trace.markers import ResultMarker

if TYPE_CHECKING:
    from tapec.backends import llvm
    from tapec.backends.llvm import elements, nesting
    from tapec.call.specialize import Specialization
else:
    llvm = deferred("tapec.backends.llvm")
    nesting = deferred("tapec.backends.llvm.nesting")
    elements = deferred("tapec.backends.llvm.elements")


class Route(NamedTuple):
    """An entry, and the calls that it takes."""

    library: Any
    signature: Any


def direct(special: Specialization) -> Route | None:
    """The entry made with the program; None where calls must go through Python."""
    made = special.compiled
    if made is None or made.library is None or not special.calling.native:
        return None
    if special.exclusive and not _checked_natively(special):
        return None
    return Route(made.library, made.kernel.signature)


def receiving(special: Specialization) -> Route | None:
    """An entry for calls with `out`, which must not be what the program captures."""
    own = direct(special)
    if own is None or special.captured_arrays or special.results.orders:
        return None
    named = nesting.is_passed(nesting.shape_of(own.signature.tree))
    return _other(special, into=True) if named else None


def gathering(special: Specialization) -> Route | None:
    """An entry for arrays with gaps, but for those whose gaps the program asked for."""
    own = direct(special)
    if own is None or special.exclusive or special.form.firsts:
        return None
    args = own.signature.args
    kept = special.asked.union(range(len(special.form.inputs), len(args)))
    given = [arg if k in kept else arg.with_gaps for k, arg in enumerate(args)]
    return _other(special, args=tuple(given)) if given != list(args) else None


def changing(special: Specialization) -> Route | None:
    """An entry for programs that write into their arguments, or return them."""
    made, calling = special.compiled, special.calling
    if made is None or made.library is None or not (calling.is_taken and _is_simple(special)):
        return None
    own = made.kernel.signature
    pairs = pairs_apart(special.exclusive, own.args)
    seen = [m for m in special.results.views if m.steps]
    views = [_view(m, own) for m in seen]
    places = {m: len(own.outs) + k for k, m in enumerate(seen)}
    numbers = [places.get(m, m.index if m.argument < 0 else -1 - m.argument)
               for m in special.leaves]  # fmt: skip
    results = [k for k in numbers if k >= 0]
    if pairs is None or None in views or len({*results}) < len(results):
        return None
    written = frozenset(special.mutated)
    return _other(
        special,
        args=tuple(
            replace(a, writeable=True) if k in written else a for k, a in enumerate(own.args)
        ),
        result=special.tree.unflatten(numbers),
        stored=tuple((special.returned_count + k, p) for k, p in enumerate(special.mutated)),
        apart=pairs,
        views=tuple(views),
        layout=calling.nests,
        fixed=calling.constants,
    )


def _view(marker: ResultMarker, own: Any) -> Any:
    """A view of an argument or output; None where only a call finds out what it shows.

    NumPy says what it is, on an array like that one whose memory is not touched.
    """
    base = own.outs[marker.index] if marker.argument < 0 else own.args[marker.argument]
    array = _like(base)
    if array is None or any(kind == "dynamic" for kind, _ in marker.steps):
        return None
    shown = marker.seen(array, ())
    if type(shown) is not np.ndarray or not shown.size:
        return None
    return llvm.View(
        marker.index if marker.argument < 0 else -1 - marker.argument,
        dtype_name(shown.dtype),
        shown.shape,
        shown.strides,
        shown.ctypes.data - array.ctypes.data,
        shown.flags.writeable,
    )


def _like(thing: Any) -> Any:
    """An array that lies in memory as this argument or output; None for numbers."""
    kind = elements.ELEMENTS[thing.dtype].numpy
    if isinstance(thing, llvm.ArrayArg):
        return None if thing.order or thing.number else np.empty(thing.shape, kind)
    if not isinstance(thing, llvm.Output) or thing.kind != "array":
        return None
    order = thing.order or tuple(range(len(thing.shape)))
    return np.empty(thing.shape, kind).transpose(np.argsort(order))


def widening(special: Specialization) -> Route | None:
    """An entry for arrays of integer types that programs read as int64."""
    made, calling = special.compiled, special.calling
    if made is None or made.library is None or not (calling.is_taken and calling.direct):
        return None
    if not special.plain or special.writes or special.exclusive:
        return None
    given = [leaf for leaf in special.signature.leaves if isinstance(leaf, Input)]
    if special.form.firsts or any(i.narrow not in ("", *elements.NARROW) for i in given):
        return None
    if any(i.narrow and not i.type.shape for i in given):
        return None
    names = [i.narrow for i in given]
    own = made.kernel.signature.args
    args = [replace(a, narrow=n) if n else a for a, n in zip(own, names, strict=False)]
    return _other(
        special,
        args=(*args, *own[len(names) :]),
        layout=calling.nests,
        fixed=calling.constants,
    )


def _is_simple(special: Specialization) -> bool:
    """Whether a call changes nothing but arrays among its arguments, and returns arrays alone."""
    if not all(isinstance(m, ResultMarker) for m in special.leaves):
        return False
    signature = special.signature
    plain = not (signature.strided or signature.narrow or special.form.packed)
    numbers = any(not special.face.params[k].shape for k in special.mutated)
    nested = nesting.is_returned(special.tree)
    others = special.captured_arrays or special.effects
    return plain and nested and not (numbers or others)


def _other(special: Specialization, **changes: Any) -> Route:
    signature = replace(special.compiled.kernel.signature, **changes)
    return Route(special.compiled.entry(signature), signature)


def _checked_natively(special: Specialization) -> bool:
    """Whether native code sees to it that arguments lie apart where they must."""
    pairs = pairs_apart(special.exclusive, special.abi().args)
    return pairs is not None and not special.captured_arrays
