"""The comparison of routes to a kernel runs, and prints a row for each."""

from __future__ import annotations

import pytest

from tapec.bench import c_calls


@pytest.mark.slow
def test_every_route_is_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(c_calls, "RUNS", 2)
    c_calls.main()
    rows = capsys.readouterr().out.splitlines()[1:]
    routes = {row[25:43].strip() for row in rows}
    assert {"Python", "ctypes", "ctypes, arrays", "ctypes, pointers"} <= routes
    assert all(float(row.split()[-1]) > 0 for row in rows)
