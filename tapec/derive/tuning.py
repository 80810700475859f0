"""Numbers that decide speed and memory, never results: each with its unit and its source."""

from __future__ import annotations

# Functions without a dictionary whose kernels are kept. [functions; estimated]
MOST_KEPT = 64
