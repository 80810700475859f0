"""A mistake of ours is no reason to trace a loop in another way; an error of the user's code is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tapec
from tapec.trace.staging.for_loop import For

ROOT = Path(__file__).parents[2] / "tapec"


@pytest.mark.parametrize("mistake", [AttributeError, AssertionError, TypeError])
def test_mistakes_of_ours_are_not_unrolled(
    mistake: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        if mistake is AttributeError:
            object().missing  # type: ignore[attr-defined] # noqa: B018
        if mistake is TypeError:
            len(3)  # type: ignore[arg-type]
        raise AssertionError

    code = broken.__code__.replace(co_filename=str(ROOT / "trace" / "staging" / "planted.py"))
    broken.__code__ = code
    monkeypatch.setattr(For, "stage", broken)

    def total(x):
        y = x * 1.0
        for _ in range(1000):
            y = y * 0.5 + x
        return np.sum(y)

    with pytest.raises(mistake):
        tapec.compile(total)(np.ones(3))


def test_errors_of_the_users_code_choose_another_route() -> None:
    def total(x):
        seen = {}
        for k in range(400):
            seen[k] = x * k
            x = x * 0.5 + seen[k]
        return np.sum(x)

    kernel = tapec.compile(total)
    np.testing.assert_allclose(kernel(np.full(2, 1e-3)), total(np.full(2, 1e-3)), rtol=1e-12)
