"""``python -m tapec``."""

from __future__ import annotations

from tapec.tools.cli import main

if __name__ == "__main__":
    main()
