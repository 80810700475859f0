"""Several functions as one C library."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tapec.call.exporting import placed, plain, requested, whole
from tapec.call.foreign import Foreign
from tapec.call.kernel import Kernel
from tapec.errors import ExportError
from tapec.export.files import Exported, Options, export
from tapec.export.names import CNames, identifier


def to_c(
    path: str | os.PathLike[str],
    functions: Mapping[str, tuple[Any, ...]],
    *,
    prefix: str | None = None,
    cpu: str = "native",
    triple: str | None = None,
    blas: str = "{}_",
    shared: bool = True,
    link: Sequence[str] = (),
) -> Exported:
    """Write several functions as one C library: `functions` are (function, *arguments) by name.

    Functions may be kernels, sparse ones too; NAME becomes `PREFIX_NAME`, where the prefix is the
    last part of the path unless it is given. Files and options are those of `Kernel.export`, and so
    are errors.

    >>> import tempfile
    >>> f, x = lambda x: np.sum(x**2), np.ones(3)
    >>> path = tempfile.mkdtemp() + "/problem"
    >>> parts = {"objective": (f, x), "gradient": (tapec.grad(f), x)}
    >>> tapec.to_c(path, parts, shared=False).functions
    ('problem_objective', 'problem_gradient')
    """
    place = placed(path, "functions")
    name = identifier(prefix or place.name)
    if not functions:
        raise ExportError("there is nothing to export", hint='give {"value": (f, x)}')
    requests, names = [], CNames()
    for key, (f, *args) in functions.items():
        kernel = f if isinstance(f, Foreign) else Kernel(f)
        asked_for = replace(whole(kernel, plain(tuple(args))), results=key)
        requests.append(requested(asked_for, names.new(f"{name}_{key}")))
    return export(place, requests, Options(prefix, cpu, triple, blas, shared, link))
