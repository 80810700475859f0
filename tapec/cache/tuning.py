"""Limits of the cache on disk."""

from __future__ import annotations

# All entries together: a kernel takes 10 to 100 kB, so that some thousands are kept
# [bytes; estimated].
LIMIT = 256 * 2**20
# One entry: larger programs are compiled again [bytes; estimated].
LARGEST_ENTRY = 32 * 2**20
# Between two sweeps of one process, the first at once: a sweep of 1,000 files takes 5 ms
# [writes; estimated].
WRITES_PER_SWEEP = 64
