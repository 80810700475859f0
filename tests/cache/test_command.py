"""`tapec cache`."""

from __future__ import annotations

from click.testing import CliRunner

from tapec.cache.store import Store
from tapec.tools.cli import main


def test_info_and_clear(disk: Store) -> None:
    disk.write("a" * 40, b"code")
    told = CliRunner().invoke(main, ["cache", "info"]).output
    assert str(disk.path) in told
    assert "entries  1, 0.0 of 256 MB" in told
    assert "in use   no, TAPEC_CACHE is 0" in told  # as for all tests
    assert "removed 1 entries" in CliRunner().invoke(main, ["cache", "clear"]).output
    assert disk.size() == (0, 0)
