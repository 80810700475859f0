"""The diagonal of a Hessian, along sums of unit arrays whose elements do not meet in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from tapec import pipeline
from tapec.derive.bundle_programs import Programs
from tapec.ir import Type
from tapec.sparse import colouring as colourings
from tapec.sparse.dependence import dependence
from tapec.sparse.rows import symmetrised


def coloured_diagonal(p: Programs) -> list[Any]:
    """The second derivative of the one result by every element of the independent inputs."""
    func = pipeline.clean(p.gradient_func())
    first = func.with_results(func.results[1:])
    pattern = sp.csr_array(sp.vstack(dependence(first, p.flags).patterns, format="csr"))
    colours = colourings.neighbours_apart(symmetrised(pattern))
    count = int(colours.max(initial=0)) + 1
    places = _split(colours, p.into)
    many = count if count > 1 else None
    seeds = [_of_colours(c, count, t) for c, t in zip(places, p.into, strict=True)]
    found = p.curved(p.flags, seeds, many)
    return [_picked(y, c, t) if many else y for y, c, t in zip(found, places, p.into, strict=True)]


def _split(numbers: Any, types: Sequence[Type]) -> list[Any]:
    return np.split(numbers, np.cumsum([t.size for t in types])[:-1])


def _of_colours(colours: Any, count: int, t: Type) -> Any:
    """For every colour the sum of its unit arrays; no axis for one colour."""
    seeds = (np.arange(count)[:, None] == colours).astype(t.numpy)
    return seeds.reshape((count, *t.shape) if count > 1 else t.shape)


def _picked(y: Any, colours: Any, t: Type) -> Any:
    """Of every element the derivative along its own colour."""
    return y.reshape((-1, t.size))[colours, np.arange(t.size)].reshape(t.shape)
