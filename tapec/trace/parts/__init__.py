"""Arrays whose length is known when the program runs: slices to traced places, masks."""

from __future__ import annotations

from tapec.trace.parts import indexing, items, places, rules  # noqa: F401
