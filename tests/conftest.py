"""Options and fixtures shared by all tests."""

from __future__ import annotations

import os

# Every program that a step makes is verified, in worker and child processes too: they inherit this.
# Before tapec is imported, since its settings are read once.
os.environ.setdefault("TAPEC_CHECK", "1")
# No test writes into the cache of the user that runs it: tests of the cache have one of their own.
os.environ.setdefault("TAPEC_CACHE", "0")

import numpy as np
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--bless``."""
    parser.addoption("--bless", action="store_true", help="rewrite the expected text of file tests")


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(20240917)
