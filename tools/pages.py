"""Write the program texts of `docs/architecture.md` anew: `python tools/pages.py`.

A comment `<!-- shows: EXPRESSION -->` stands before each block of text that the page prints; the
expression is evaluated after the page's Python blocks have run. A test compares page and program.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGES = (Path(__file__).parents[1] / "docs" / "architecture.md",)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"(<!-- shows: (.*?) -->\n```\w*\n)(.*?)(?=^```)", re.MULTILINE | re.DOTALL)


def fresh(page: str) -> str:
    """The page with every shown text as the code prints it now."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in PYTHON.finditer(page):
        exec(compile("\n" * page.count("\n", 0, block.start(1)) + block[1], "page", "exec"), names)
    return SHOWN.sub(lambda shown: f"{shown[1]}{str(eval(shown[2], names)).rstrip()}\n", page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(fresh(path.read_text()))
