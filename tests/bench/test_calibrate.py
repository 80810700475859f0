"""The measurements behind the numbers of native code run, and take other values back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tapec.backends.llvm import available, chunks, tuning
from tapec.bench import calibrate

pytestmark = pytest.mark.skipif(not available()[0], reason=available()[1])


@pytest.mark.parametrize("name", calibrate.MEASUREMENTS)
def test_measurements_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, value in (("OPS", 300), ("LENGTH", 1000), ("RUNS", 1)):
        monkeypatch.setattr(calibrate, number, value)
    lines = list(calibrate.MEASUREMENTS[name]())
    assert len(lines) > 1
    assert all("ms" in line or "us" in line or "ns" in line for line in lines)
    assert chunks.CHUNK_OPS == tuning.CHUNK_OPS


def test_numbers_that_say_they_are_measured_name_a_measurement() -> None:
    text = " ".join(Path(tuning.__file__).read_text().replace("#", "").split())
    named = re.findall(r"python -m tapec\.bench\.calibrate (\w+)", text)
    assert named
    assert set(named) <= set(calibrate.MEASUREMENTS)
