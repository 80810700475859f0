"""The examples in the docstrings of custom_rule, implicit, checkpoint and stop_gradient run."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest

import tapec


@pytest.mark.parametrize(
    "thing",
    [tapec.custom_rule, tapec.implicit, tapec.checkpoint, tapec.stop_gradient],
    ids=lambda f: f.__name__,
)
def test_examples(thing: Any) -> None:
    (found,) = doctest.DocTestFinder(recurse=False).find(
        thing, thing.__name__, globs={"np": np, "tapec": tapec}
    )
    assert found.examples
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found)
    assert result.failed == 0
