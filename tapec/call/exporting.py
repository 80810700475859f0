"""From a kernel and its products to the programs that `tapec.export` writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tapec.call.products import ExportProduct, asked, product
from tapec.call.signature import Input, Signature
from tapec.errors import ExportError
from tapec.export.files import Exported, Options, export
from tapec.export.loaded import Loaded, load
from tapec.export.names import identifier, named_leaves
from tapec.export.program import Request, SparsePart, Structure
from tapec.trace.arrays.integers import NARROW, widened_array
from tapec.tree import flatten


def c_function(kernel: Any, args: tuple[Any, ...]) -> Loaded:
    """The C function of `Kernel.address`, made once for a program and what it captures."""
    asked_for = requested(whole(kernel, plain(args)), identifier(kernel.__name__))
    special = asked_for.special
    constants = [np.asarray(x) for x in (*asked_for.bound.values(), *special.hidden_inputs())]
    found = tuple((x.shape, x.tobytes()) for x in constants)
    with kernel._lock.held():
        key = special, *found
        if key not in kernel._c_functions:
            kernel._c_functions[key] = load(asked_for)
        made: Loaded = kernel._c_functions[key]
    return made


def whole(kernel: Any, args: tuple[Any, ...]) -> ExportProduct:
    """What a kernel itself computes."""
    return product("value", asked(kernel, 0, args, sparse=False))


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
    place = placed(path, kernel.__name__)
    name = identifier(options["prefix"] or place.name)
    if not of:
        raise ExportError("there is nothing to export", hint='say what, such as of="grad"')
    if len(set(of)) < len(of):
        raise ExportError(f"of={tuple(of)!r} names a product twice")
    question = asked(kernel, argnums, plain(args), sparse)
    requests = [
        requested(product(each, question), name if each == "value" else f"{name}_{each}")
        for each in of
    ]
    return export(place, requests, Options(**options))


_ENDINGS = frozenset([".h", ".o", ".so", ".c", ".dylib", ".dll"])


def placed(path: str | os.PathLike[str], name: str) -> Path:
    """The path of the files without endings; in a folder they are called like the function."""
    text = os.fspath(path)
    place = Path(text)
    if place.is_dir() or text.endswith(("/", os.sep)):
        return place / identifier(name)
    return place.with_suffix("") if place.suffix in _ENDINGS else place


def requested(p: ExportProduct, name: str) -> Request:
    """The program of a product, under this name."""
    if hasattr(p.kernel, "exported"):
        return _sparse(p, name)
    special = p.kernel.specialization(*p.args)
    examples = _inputs(flatten((p.args, {}))[0], special.signature)
    return Request(name, p.about, special, p.names, p.results, examples=examples)


def _sparse(p: ExportProduct, name: str) -> Request:
    """The nonzeros of sparse derivatives. Their layout, captured inputs, and integers that decide
    where nonzeros are, are part of the program."""
    form = p.kernel.exported(*p.args)
    inputs, first, traced = form.inputs, len(form.layout), len(form.original.signature.traced)
    special = form.kernel.specialization(*form.layout, *inputs, *form.directions)
    fixed = {*form.given, *range(traced, len(inputs))}
    bound = dict(enumerate(form.layout)) | {first + k: inputs[k] for k in fixed}
    trees = form.original.signature.tree.children[0].children
    leaves = list(named_leaves(p.names[: len(trees)], trees))
    hidden = [""] * (len(inputs) - traced)
    names = [""] * first + _inputs(leaves, form.original.signature) + hidden
    parts = {
        title or str(p.results): _parts(blocks, title or str(p.results))
        for title, blocks in form.blocks.items()
    }
    examples = [x for k, x in enumerate(inputs) if k not in fixed]
    of_all = f"{', '.join(form.results)} of {form.original.func.name}"
    return Request(
        name,
        of_all if form.results else p.about,
        special,
        [*names, *form.direction_names],
        form.results or p.results,
        bound,
        parts,
        [*examples, *flatten(tuple(form.directions))[0]],
    )


def _inputs(leaves: Sequence[Any], signature: Signature) -> list[Any]:
    """Those of the leaves that are inputs."""
    pairs = zip(leaves, signature.leaves, strict=True)
    return [x for x, kind in pairs if isinstance(kind, Input)]


def _parts(blocks: Sequence[Any], title: str) -> list[SparsePart]:
    """The matrices of one result; several are numbered."""
    titles = [title] if len(blocks) == 1 else [f"{title}{k}" for k in range(len(blocks))]
    return [_part(block, each) for block, each in zip(blocks, titles, strict=True)]


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
