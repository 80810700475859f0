"""Every `*.tape` file under tests/files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import filetest

FILES = Path(__file__).parent
CASES = sorted(FILES.rglob("*.tape"))


@pytest.mark.parametrize("path", CASES, ids=lambda p: str(p.relative_to(FILES)))
def test_file(path: Path, request: pytest.FixtureRequest) -> None:
    filetest.check(filetest.read(path), bless=bool(request.config.getoption("--bless")))
