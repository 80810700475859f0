"""Which code of others always does the same: its name and version say what it is."""

from __future__ import annotations

import builtins
import os
import sys
import types
from typing import Any

# Packages whose functions are described by name and version.
TRUSTED = frozenset(
    ["abc", "builtins", "cmath", "collections", "copy", "dataclasses", "enum",
     "fractions", "functools", "itertools", "math", "numbers", "numpy", "operator", "scipy",
     "tapec", "types", "typing"]
)  # fmt: skip
# Names of NumPy's and SciPy's that read files, settings, or generators of random numbers.
IMPURE = frozenset(
    ["DataSource", "datasets", "datetime64", "f2py", "fromfile", "fromregex", "genfromtxt",
     "get_include", "get_printoptions", "get_type_hints", "getbufsize", "geterr", "geterrcall",
     "io", "load", "loadtxt", "memmap", "random", "rvs", "save", "savetxt", "savez",
     "savez_compressed", "set_printoptions", "setbufsize", "seterr", "seterrcall", "show_config",
     "show_runtime", "test"]
)  # fmt: skip
# Modules of NumPy's that are loaded when first asked for.
LAZY = frozenset(
    ["char", "dtypes", "exceptions", "fft", "lib", "linalg", "ma", "polynomial", "rec", "strings"]
)
# Names with which code reads what no walk can follow.
HIDDEN = frozenset(
    ["__annotations__", "__builtins__", "__closure__", "__code__", "__doc__", "__globals__",
     "__import__", "__loader__", "__slots__", "__spec__", "__subclasses__", "_getframe",
     "currentframe", "import_module", "methodcaller"]
)  # fmt: skip
# Builtin functions whose result is that of their arguments, and that change nothing else.
PURE = frozenset(
    ["abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr",
     "classmethod", "complex", "delattr", "dict", "dir", "divmod", "enumerate", "filter", "float",
     "format", "frozenset", "getattr", "hasattr", "hex", "int", "isinstance", "issubclass",
     "iter", "len", "list", "map", "max", "memoryview", "min", "next", "object", "oct", "ord",
     "pow", "property", "range", "repr", "reversed", "round", "set", "setattr", "slice", "sorted",
     "staticmethod", "str", "sum", "super", "tuple", "type", "vars", "zip", "NotImplemented",
     "Ellipsis", "True", "False", "None", "__debug__", "__build_class__"]
)  # fmt: skip


def package_of(module: str | None) -> str:
    """The package that a module is in."""
    return (module or "").partition(".")[0]


def version_of(module: str | None) -> str:
    """The version of the package that a module is in, where it has one."""
    package = sys.modules.get(package_of(module))
    return str(getattr(package, "__version__", ""))


def found_again(module: str | None, name: str) -> Any:
    """What the name of a module leads to."""
    found: Any = sys.modules.get(module or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def check_function(f: types.FunctionType) -> str:
    """Why a function of a package cannot be described by name and version; "" where it can."""
    package = package_of(f.__globals__.get("__name__"))
    home = getattr(sys.modules.get(package), "__file__", None)
    if package not in TRUSTED or home is None:
        return f"{f.__module__}.{f.__qualname__}"
    folder = os.path.dirname(home)
    if not f.__code__.co_filename.startswith((folder, "<")):
        return f"{f.__qualname__}, which takes the name of one of {package}"
    return ""


def is_pure_builtin(name: str) -> bool:
    """Whether a name of `builtins` is what it is in every process, and changes nothing."""
    thing = getattr(builtins, name, None)
    if isinstance(thing, type) and issubclass(thing, BaseException):
        return True
    genuine = isinstance(thing, type | types.BuiltinFunctionType | bool | None)
    genuine = genuine or thing in (Ellipsis, NotImplemented)
    return name in PURE and genuine and getattr(thing, "__module__", "builtins") == "builtins"
