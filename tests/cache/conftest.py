"""A cache of its own for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapec.backends.llvm import available
from tapec.cache.shared import CACHE
from tapec.cache.store import Store


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The cache of this process, in a folder of its own."""
    if not available()[0]:
        pytest.skip("needs llvmlite")
    store = Store(tmp_path / "cache")
    monkeypatch.setattr(CACHE, "store", store)
    monkeypatch.setattr(CACHE, "enabled", True)
    return store
