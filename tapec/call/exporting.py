"""From a kernel and its products to the programs that `tapec.export` writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tapec.call.products import ExportProduct, asked, product
from tapec.call.signature import Input, Signature, parameter_names
from tapec.errors import ExportError
from tapec.export.files import Exported, Options, export
from tapec.export.loaded import Loaded, load
from tapec.export.names import identifier, named_leaves
from tapec.export.program import Request, SparsePart, Structure
from tapec.trace.arrays.integers import NARROW, widened_array
from tapec.tree import flatten


def request(kernel: Any, special: Any, name: str = "") -> Request:
    """The program of a kernel at a signature."""
    positional = special.signature.tree.children[0].children
    known = parameter_names(kernel.__wrapped__)
    names = [known[k] if k < len(known) else f"arg{k}" for k in range(len(positional))]
    title = identifier(name or kernel.__name__)
    return Request(title, f"value of {kernel.__name__}", special, names, "value")


def c_function(kernel: Any, args: tuple[Any, ...]) -> Loaded:
    """The C function of `Kernel.address`, made once for a program and what it captures."""
    special = kernel.specialization(*plain(args))
    captured = [np.array(x) for x in special.hidden_inputs()]
    with kernel._lock.held():
        known = kernel._c_functions.setdefault(special, [])
        for before, loaded in known:
            if all(a.tobytes() == b.tobytes() for a, b in zip(before, captured, strict=True)):
                return loaded  # type: ignore[no-any-return]
        known.append((captured, load(request(kernel, special))))
        return known[-1][1]  # type: ignore[no-any-return]


def plain(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments as C passes them: arrays in C order, of integers that programs compute in."""
    leaves, tree = flatten(args)
    made: tuple[Any, ...] = tree.unflatten(map(_plain_leaf, leaves))
    return made


def _plain_leaf(x: Any) -> Any:
    if type(x) is not np.ndarray:
        return x
    array = widened_array(x) if x.dtype.name in NARROW else x
    return array if array.flags.c_contiguous else np.array(array, order="C")


def export_kernel(
    kernel: Any,
    path: str | os.PathLike[str],
    args: tuple[Any, ...],
    of: Sequence[str],
    argnums: int | Sequence[int],
    sparse: bool,
    options: dict[str, Any],
) -> Exported:
    """`Kernel.export`."""
    place = _place(path, kernel.__name__)
    name = identifier(place.name)
    if not of:
        raise ExportError("there is nothing to export", hint='say what, such as of="grad"')
    if len(set(of)) < len(of):
        raise ExportError(f"of={tuple(of)!r} names a product twice")
    question = asked(kernel, argnums, plain(args), sparse)
    requests = [
        _requested(product(each, question), name if each == "value" else f"{name}_{each}")
        for each in of
    ]
    return export(place, requests, Options(**options))


def _place(path: str | os.PathLike[str], name: str) -> Path:
    """The path of the files without endings; in a folder they are called like the function."""
    text = os.fspath(path)
    place = Path(text)
    folder = place.is_dir() or text.endswith(("/", os.sep))
    return place / identifier(name) if folder else place


def _requested(p: ExportProduct, name: str) -> Request:
    if hasattr(p.kernel, "exported"):
        return _sparse(p, name)
    special = p.kernel.specialization(*p.args)
    return Request(
        name, p.about, special, p.names, p.results, examples=_examples(special.signature, p.args)
    )


def _sparse(p: ExportProduct, name: str) -> Request:
    """The nonzeros of a sparse kernel: its layout and captured inputs are part of the program."""
    original, plan, inputs = p.kernel.exported(*p.args)
    special = plan.kernel.specialization(*plan.layout, *inputs)
    first, given = len(plan.layout), len(original.signature.traced)
    bound = dict(enumerate(plan.layout))
    bound |= {first + k: inputs[k] for k in range(given, len(inputs))}
    positional = original.signature.tree.children[0].children
    leaves = zip(named_leaves(p.names, positional), original.signature.leaves, strict=True)
    titles = [title for title, leaf in leaves if isinstance(leaf, Input)]
    names = [""] * first + titles + [""] * (len(inputs) - given)
    blocks = [block for row in plan.blocks for block in row]
    parts = [
        _part(block, str(p.results) if len(blocks) == 1 else f"{p.results}{k}")
        for k, block in enumerate(blocks)
    ]
    examples = _examples(original.signature, p.args)
    return Request(name, p.about, special, names, p.results, bound, parts, examples)


def _part(block: Any, title: str) -> SparsePart:
    found, template = block.nonzeros, block.template
    return SparsePart(
        title,
        found.start,
        found.stop - found.start,
        Structure(template.format, template.shape, _TABLES[template.format](template)),
    )


# The index arrays of a sparse matrix, by what they are called in a header.
_TABLES: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "csr": lambda m: {"row_starts": m.indptr, "columns": m.indices},
    "csc": lambda m: {"column_starts": m.indptr, "rows": m.indices},
    "coo": lambda m: {"rows": m.coords[0], "columns": m.coords[1]},
}


def _examples(signature: Signature, args: Any) -> list[Any]:
    """The values of the arguments that C passes."""
    leaves = flatten((args, {}))[0]
    return [x for x, kind in zip(leaves, signature.leaves, strict=True) if isinstance(kind, Input)]
