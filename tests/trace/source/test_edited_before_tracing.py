"""A file edited between the import of tapec and the first trace, which loads what reads sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import pathlib, sys
import numpy as np, tapec
sys.path.insert(0, sys.argv[1])
import edited
path = pathlib.Path(edited.__file__)
path.write_text(path.read_text().replace("2.0", "7.0"))
x = np.ones(2)
try:
    print(tapec.compile(edited.f)(x) == edited.f(x))
except tapec.TapecError:
    print("refused")
"""


def test_the_code_in_memory_counts(tmp_path: Path) -> None:
    text = "import numpy as np\ndef f(x):\n    return np.sum(x) * 2.0 if x[0] > 0 else np.sum(x)\n"
    (tmp_path / "edited.py").write_text(text)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.strip() in ("True", "refused")
