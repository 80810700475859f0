"""Functions that all wrappers share: checking an array, making one, raising, going to Python.

They are compiled once per process and stay loaded, so the code of a kernel may be freed while a
call that its entry passed on to Python is still running.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapec.backends.fastcall import call_slowly, immortal
from tapec.backends.llvm import capi, target
from tapec.backends.llvm.jit import Library, emit_object, exported_names, load_object
from tapec.backends.llvm.raised import reraise
from tapec.backends.locks import ForkedLock
from tapec.cache.shared import CACHE
from tapec.errors import BackendError
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.backends.llvm import runtime_text
else:
    runtime_text = deferred("tapec.backends.llvm.runtime_text")

_LOADING = ForkedLock()
_loaded: dict[int, tuple[Callable[..., Any], Library]] = {}  # by slow path, never dropped


def symbols(slow: Callable[..., Any] = call_slowly) -> dict[str, int]:
    """All symbols of a wrapper whose mismatching calls become `slow(self, *args, **kwargs)`.

    `slow` must be one of a few functions of a program: it is never released. The default runs
    `__call__` of the object's class. Raises BackendError where native calls are not possible.
    """
    usable, reason = capi.supported()
    if not usable:
        raise BackendError(reason)
    return {**capi.process_symbols(), **_runtime(slow)}


def _runtime(slow: Callable[..., Any]) -> dict[str, int]:
    """Addresses of the shared functions."""
    with _LOADING.held():  # a second copy would be freed while kernels still call it
        if id(slow) not in _loaded:
            given = {
                **capi.process_symbols(),
                "tapec.slow": id(immortal(slow)),
                "tapec.reraise": id(immortal(reraise)),
            }
            image, exports = _object()
            _loaded[id(slow)] = (slow, load_object(image, given, exports=exports))
    library = _loaded[id(slow)][1]
    return {name: library.address(name) for name in library.exports}


def _object() -> tuple[bytes, tuple[str, ...]]:
    """The shared functions as an object file, and their names."""
    key = CACHE.key("runtime", target.host().key)
    known = CACHE.read(key).content
    if known is not None:
        names, _, image = known.partition(b"\n")
        return image, tuple(names.decode().split())
    text = runtime_text.runtime_text()
    image, exports = emit_object(text, opt=0), exported_names(text)
    CACHE.write(key, " ".join(exports).encode() + b"\n" + image)
    return image, exports
