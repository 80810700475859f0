"""Numbers that shape the files written, never results: each with its unit and its source."""

from __future__ import annotations

# Lines of tables in headers are filled up to this width. [characters; estimated]
LINE_WIDTH = 92
# Examples hold so many elements of an argument, and repeat them. [elements; estimated]
EXAMPLE_ELEMENTS = 100_000
# Examples print so many elements of a result unless asked for all. [elements; estimated]
EXAMPLE_SHOWN = 10
