"""What is refused on traced values, and what to do instead."""

from __future__ import annotations

import types

from scipy import ndimage

from tapec.scipy.registry import refuses
from tapec.trace.python.packages import FUNCTIONS

_REST = (
    "filters (convolve, gaussian_filter, ...), map_coordinates and maps of whole images are "
    "translated; labels and morphology are constants"
)

for _name, _thing in vars(ndimage).items():
    public = isinstance(_thing, types.FunctionType) and not _name.startswith("_")
    if public and _thing not in FUNCTIONS:
        refuses(_REST, _thing)
