"""What tests of calls share."""

from __future__ import annotations

from typing import Any

import pytest

from tapec.backends import fastcall
from tapec.call.kernel import Kernel


@pytest.fixture
def python_calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The calls of kernels that went through Python."""
    seen: list[Any] = []
    original = Kernel.__call__

    def call(self: Kernel, *args: Any, **kwargs: Any) -> Any:
        seen.append((args, kwargs))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Kernel, "__call__", call)
    fastcall.enable_vectorcall(Kernel)
    return seen
