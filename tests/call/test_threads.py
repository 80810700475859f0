"""Threads that compile and call at once, in a process where nothing is loaded yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import threading

import numpy as np

import tapec


def energy(x):
    y = np.zeros(3)
    y[0] = np.exp(-x @ x)
    y[1:] = np.sin(x[:2])
    return np.sum(y**2)


shared = tapec.compile(energy)
found = []


def work():
    for i in range(int(sys.argv[2])):
        kernel = shared.grad if sys.argv[1] == "shared" else tapec.grad(energy)
        found.append(kernel(np.full(3, 0.1 * (i % 5)))[0])


threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert len(found) == 4 * int(sys.argv[2])
assert len(set(found)) <= 5
"""


@pytest.mark.parametrize("arguments", [("shared", "300"), ("own", "3")])
def test_first_calls_from_several_threads(arguments: tuple[str, str]) -> None:
    """What two threads load at once is loaded once, and never freed under a caller."""
    subprocess.run([sys.executable, "-c", SCRIPT, *arguments], check=True, timeout=120)
