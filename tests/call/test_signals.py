"""Signals and other threads while a kernel runs that does not end by itself."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import pytest

import tapec


class Stopped(Exception):
    """What the handler raises."""


def endless(x: Any) -> Any:
    total = 0.0
    while total < x[0]:
        total = total + 0.0 * np.sin(total)
    return total


def long(x: Any) -> Any:
    for k in range(10**9):
        for i in range(x.shape[0]):
            x[i] = x[i] + 1e-9 * np.cos(x[i] + k)
    return np.sum(x)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signals here")
@pytest.mark.parametrize("f", [endless, long])
def test_a_handler_ends_a_kernel_and_other_threads_run_meanwhile(f: Any) -> None:
    def handler(*_: Any) -> None:
        raise Stopped

    kernel = tapec.compile(f, backend="llvm")
    x = np.full(40, 1.0)
    kernel.specialization(x)
    before = signal.signal(signal.SIGUSR1, handler)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    start = time.monotonic()
    try:
        timer.start()
        with pytest.raises(Stopped):
            kernel(x)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - start < 30.0, "about a second, on a busy machine more"
    assert np.all(x == 1.0)
