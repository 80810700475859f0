"""Native code through LLVM: target, JIT, call path.

Importing this package imports neither llvmlite nor LLVM; the first compilation does. Ask
`available` before relying on it.
"""

from __future__ import annotations

from tapec.backends.llvm.target import available

__all__ = ["available"]
