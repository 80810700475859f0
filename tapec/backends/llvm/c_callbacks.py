"""The C functions that SciPy's routines take in place of Python ones (`scipy.LowLevelCallable`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Callback:
    """A function type: LLVM's parameters, where the kernel's first arguments and its results lie
    (`dtype` is that of the arguments), which parameters are checked against their numbers of
    elements, and whether a last one is the user's data."""

    returns: str
    params: str
    source: str
    target: str
    dtype: str = "f64"
    checks: tuple[tuple[str, str, str], ...] = ()
    data: bool = False
    before: str = ""  # what makes memory of arguments passed by value


_X = "  store double %x, ptr %in\n"
_COUNT = (("i32", "%n", "inputs"),)
CALLBACKS: Mapping[str, Callback] = {
    # scipy.integrate.quad, nquad and kin
    "double (double)": Callback("double", "double %x", "%in", "%out", before=_X),
    "double (double, void *)": Callback(
        "double", "double %x, ptr %data", "%in", "%out", data=True, before=_X
    ),
    "double (int, double *)": Callback("double", "i32 %n, ptr %xs", "%xs", "%out", checks=_COUNT),
    "double (int, double *, void *)": Callback(
        "double", "i32 %n, ptr %xs, ptr %data", "%xs", "%out", checks=_COUNT, data=True
    ),
    # scipy.ndimage.generic_filter
    "int (double *, npy_intp, double *, void *)": Callback(
        "i32",
        "ptr %buffer, i64 %n, ptr %value, ptr %data",
        "%buffer",
        "%value",
        checks=(("i64", "%n", "inputs"),),
        data=True,
    ),
    # scipy.ndimage.generic_filter1d
    "int (double *, npy_intp, double *, npy_intp, void *)": Callback(
        "i32",
        "ptr %line, i64 %n, ptr %filtered, i64 %m, ptr %data",
        "%line",
        "%filtered",
        checks=(("i64", "%n", "inputs"), ("i64", "%m", "outputs")),
        data=True,
    ),
    # scipy.ndimage.geometric_transform
    "int (npy_intp *, double *, int, int, void *)": Callback(
        "i32",
        "ptr %there, ptr %here, i32 %n, i32 %m, ptr %data",
        "%there",
        "%here",
        "i64",
        checks=(("i32", "%n", "inputs"), ("i32", "%m", "outputs")),
        data=True,
    ),
}


def canonical(signature: str) -> str:
    """A signature as in the table: one space between words, `npy_intp` for its other names."""
    text = re.sub(r"\s*([(),*])\s*", r"\1", " ".join(signature.split()))
    text = re.sub(r"\b(intptr_t|Py_ssize_t|ssize_t|long long|long)\b", "npy_intp", text)
    text = text.replace("*", " *").replace(",", ", ").replace("(", " (", 1)
    return text
