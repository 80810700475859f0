"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Kernels of so many functions that have no dictionary are kept. [functions; estimated]
MOST_KEPT = 64
