"""tapec: derivatives of plain NumPy functions as native kernels."""

from __future__ import annotations

__version__ = "0.1.0"
