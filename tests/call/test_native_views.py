"""Results that are views of arguments or of other results: as NumPy's, and without Python."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tapec
from tapec.backends import fastcall
from tapec.backends.llvm import available
from tapec.errors import DTypeError

pytestmark = [
    pytest.mark.skipif(not available()[0], reason=available()[1]),
    pytest.mark.skipif(not fastcall.SUPPORTED, reason="no vectorcall on this interpreter"),
]

OWN = 4  # the flag of arrays that own their memory, as NumPy's reshaped copies do not

LOOKS: dict[str, Callable[[Any], Any]] = {
    "rows": lambda a: a[1:],
    "every other": lambda a: a[..., ::2],
    "backwards": lambda a: a[::-1],
    "transposed": lambda a: a.T,
    "raveled": lambda a: a.reshape(-1),
    "new axis": lambda a: a[:, None],
    "spread": lambda a: np.broadcast_to(a, (2, *a.shape)),
    "all": lambda a: a[...],
}


def looked(a: Any, names: list[str]) -> Any:
    for name in names:
        a = LOOKS[name](a)
    return a


def steps(a: Any) -> list[int]:
    """The strides of axes that have a second element."""
    return [s for s, n in zip(a.strides, a.shape, strict=True) if n > 1]


def alike(found: list[Any], wanted: list[Any], x: Any, own: Any) -> None:
    """Equal arrays that lie alike in memory, and share it with the same others."""
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)
        if np.shares_memory(b, own) or np.shares_memory(b, wanted[0]):
            assert (steps(a), a.flags.num | OWN) == (steps(b), b.flags.num | OWN)
    shared = [
        [np.shares_memory(a, b) for a in (*some, base) for b in some]
        for some, base in ((found, x), (wanted, own))
    ]
    assert shared[0] == shared[1]


@given(
    st.lists(
        st.tuples(st.booleans(), st.lists(st.sampled_from([*LOOKS]), max_size=3)),
        min_size=1,
        max_size=3,
        unique_by=str,
    ),
    st.sampled_from(["f8", "f4", "i8", "?"]),
    st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_any_views(results: list[tuple[bool, list[str]]], dtype: str, frozen: bool) -> None:
    def f(x: Any) -> Any:
        y = x + x
        return [y, *(looked(x if given else y, names) for given, names in results)]

    kernel = tapec.compile(f)
    x = np.arange(12).astype(dtype).reshape(3, 4)
    x.flags.writeable = not frozen
    for _ in range(3):
        alike(kernel(x), f(x), x, x)


@pytest.mark.parametrize("name", [name for name in LOOKS if name != "all"])
def test_python_is_not_asked(name: str, python_calls: list[Any]) -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        return {"argument": LOOKS[name](x), "result": y, "part": LOOKS[name](y)}

    kernel, x = tapec.compile(f), np.arange(12.0).reshape(3, 4)
    kernel(x)
    del python_calls[:]
    found = kernel(x)
    assert python_calls == []
    alike([*found.values()], [*f(x).values()], x, x)
    x[...] = 7.0
    assert np.all(found["argument"] == 7.0)


def test_views_keep_their_arrays_alive(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda x: (np.sin(x)[2:], np.cos(x)[::2]))
    x = np.linspace(0, 1, 50)
    kernel(x), kernel(x)
    before = sys.getrefcount(x)
    views = [kernel(x)[1] for _ in range(100)]
    gc.collect()
    assert sys.getrefcount(x) == before
    assert all(np.array_equal(v, views[0]) for v in views)
    np.testing.assert_allclose(views[0], np.cos(x)[::2], rtol=1e-15)


def test_dtypes_that_are_equal_but_not_the_same(python_calls: list[Any]) -> None:
    """As unpickled arrays have them."""
    kernel, x = tapec.compile(lambda x: x * 2.0), np.arange(4.0)
    kernel(x)
    del python_calls[:]
    for other in (pickle.loads(pickle.dumps(x)), x.astype(copy.copy(x.dtype))):
        assert np.array_equal(kernel(other), x * 2.0)
    assert python_calls == []
    with pytest.raises(DTypeError, match="astype"):
        kernel(x.astype(">f8"))


def test_many_programs_and_unpickled_arrays(python_calls: list[Any]) -> None:
    kernel = tapec.compile(lambda x: x + 1.0)
    arrays = [pickle.loads(pickle.dumps(np.ones(n))) for n in range(1, 20)]
    for x in arrays:
        kernel(x)
    del python_calls[:]
    assert all(np.array_equal(kernel(x), x + 1.0) for x in arrays)
    assert python_calls == []
