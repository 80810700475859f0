"""Strided places select what NumPy's basic indices select."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapec.ir.places import (
    RUN,
    Box,
    Entry,
    Spec,
    around,
    common,
    compose,
    cuts,
    dense,
    disjoint,
    elements,
    extents,
    fits,
    full_range,
    in_a_row,
    inside,
    kept,
    of_slice,
    overlap,
    part_of,
    progression,
    relative,
    runs,
    selected,
    size,
    slices,
    to_slice,
)

Array = np.ndarray[Any, Any]
N = 13
bounds = st.none() | st.integers(-N - 3, N + 3)
steps = st.integers(-4, 4).filter(bool)
shapes = st.lists(st.integers(1, 5), max_size=3).map(tuple)


def cut(n: int) -> st.SearchStrategy[Entry]:
    """Slices of an axis, empty ones too."""
    return st.builds(lambda a, b, s: of_slice(slice(a, b, s), n), bounds, bounds, steps)


def entries(n: int) -> st.SearchStrategy[Entry]:
    return st.integers(0, n - 1) | cut(n) if n else cut(n)


def place(data: st.DataObject, shape: tuple[int, ...]) -> Spec:
    return tuple(data.draw(entries(n)) for n in shape)


def numbered(shape: tuple[int, ...]) -> Array:
    """An array whose elements are all different."""
    return np.arange(prod(shape)).reshape(shape)


def read(x: Array, at: Spec) -> Array:
    return np.asarray(x[slices(at)])


def members(x: Array, at: Spec) -> set[int]:
    return set(read(x, at).ravel().tolist())


@given(st.integers(0, N), bounds, bounds, steps)
def test_slices_are_entries(n: int, start: int | None, stop: int | None, step: int) -> None:
    key, x = slice(start, stop, step), np.arange(n)
    entry = of_slice(key, n)
    assert fits(entry, n)
    assert list(elements(entry)) == x[key].tolist() == x[to_slice(entry)].tolist()


@given(st.integers(1, N), st.integers(-3, N + 3), st.integers(0, N), steps)
def test_what_leaves_an_axis_does_not_fit(n: int, start: int, count: int, step: int) -> None:
    chosen = [start + k * step for k in range(count)]
    assert fits((start, count, step), n) == all(0 <= k < n for k in chosen)
    assert fits(start, n) == (0 <= start < n)
    assert not fits((0, 2, 0), n)


@given(st.data(), shapes)
def test_shapes_are_numpys(data: st.DataObject, shape: tuple[int, ...]) -> None:
    at = place(data, shape)
    assert selected(at) == read(numbered(shape), at).shape
    assert selected(at) == tuple(len(elements(at[k])) for k in kept(at))
    assert (read(numbered(shape), full_range(shape)) == numbered(shape)).all()


@given(st.data(), shapes)
def test_a_place_in_a_place(data: st.DataObject, shape: tuple[int, ...]) -> None:
    outer = place(data, shape)
    inner = place(data, selected(outer))
    both, x = compose(outer, inner), numbered(shape)
    assert both is not None
    np.testing.assert_array_equal(read(x, both), read(read(x, outer), inner))


@given(st.data(), shapes)
def test_a_place_seen_from_another(data: st.DataObject, shape: tuple[int, ...]) -> None:
    """Found wherever all of it is there in steps of the other, and where it was put there."""
    part, container, x = place(data, shape), place(data, shape), numbered(shape)
    found = relative(part, container)
    if found is not None:
        seen = read(read(x, container), found)
        np.testing.assert_array_equal(seen.ravel(), read(x, part).ravel())
    inner = place(data, selected(container))
    both = compose(container, inner)
    assert both is not None
    again = relative(both, container)
    if prod(selected(both)):
        assert again is not None
        np.testing.assert_array_equal(read(read(x, container), again), read(x, both))


@given(entries(N), entries(N))
def test_parts_are_found_wherever_they_are(part: Entry, outer: Entry) -> None:
    found, have = part_of(part, outer), list(elements(outer))
    chosen = list(elements(part))
    if found is not None:
        assert [have[k] for k in elements(found)] == chosen
    else:
        assert not chosen or not set(chosen) <= set(have)


@given(entries(N), entries(N))
def test_what_two_entries_have_in_common(a: Entry, b: Entry) -> None:
    assert list(common(a, b)) == sorted({*elements(a)} & {*elements(b)})


@given(st.data(), shapes)
def test_disjoint_places_share_nothing(data: st.DataObject, shape: tuple[int, ...]) -> None:
    a, b, x = place(data, shape), place(data, shape), numbered(shape)
    assert disjoint(a, b) == (not members(x, a) & members(x, b))


@given(st.integers(1, N), st.lists(st.integers(-N - 2, N + 2), max_size=4))
def test_evenly_spaced_indices_are_an_entry(n: int, indices: list[int]) -> None:
    found, x = progression(np.array(indices, np.int64), n), np.arange(n)
    if found is not None:
        assert list(elements(found)) == x[np.array(indices, np.int64)].tolist()


@given(st.integers(2, N), st.data())
def test_progressions_are_found(n: int, data: st.DataObject) -> None:
    entry = data.draw(cut(n))
    chosen = np.array(elements(entry), np.int64)
    found = progression(chosen - n * data.draw(st.booleans()), n)
    assert (found == entry) if chosen.size > 1 else (found is None)
    k = data.draw(st.integers(-n, n - 1))
    assert progression(np.array(k), n) == k % n
    assert progression(np.array(n), n) is None


@given(st.data(), st.booleans())
def test_entries_in_a_row(data: st.DataObject, numbers: bool) -> None:
    sizes = data.draw(st.lists(st.integers(1, 1 if numbers else 4), min_size=1, max_size=5))
    starts = np.cumsum([0, *sizes]).tolist()
    row: list[Entry] = [
        start if numbers else (start, count, 1) for start, count in zip(starts, sizes, strict=False)
    ]
    mixed = data.draw(st.permutations(row))
    order = in_a_row(mixed, starts[-1])
    assert order is not None
    assert [mixed[k] for k in order] == row
    assert in_a_row(mixed, starts[-1] + 1) is None
    assert in_a_row([*mixed, mixed[0]], starts[-1]) is None
    if len(row) > 1:
        assert in_a_row(mixed[1:], starts[-1]) is None


def test_gaps_and_mixtures_are_no_row() -> None:
    assert in_a_row([(0, 2, 2), (1, 2, 2)], 4) is None
    assert in_a_row([0, (1, 2, 1)], 3) is None
    assert in_a_row([(1, 1, 1), (0, 1, -1)], 2) is None


def test_starts_known_at_run_time_only() -> None:
    at: Spec = (RUN, 3, (RUN, 4, 2), (1, 5, 1))
    assert runs(at) == (0, 2)
    assert selected(at) == (4, 5)
    assert compose(at, ((0, 2, 1), (1, 2, 2))) == (RUN, 3, (RUN, 2, 2), (2, 2, 2))
    assert compose(at, ((1, 2, 1), (0, 5, 1))) is None
    assert compose(at, (0, (0, 5, 1))) is None


def boxes(shape: tuple[int, ...]) -> st.SearchStrategy[Box]:
    side = [st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in shape]
    ends = st.tuples(*side).map(lambda sides: [(a, max(a + 1, b)) for a, b in sides])
    return ends


def cells(box: Box, shape: tuple[int, ...]) -> set[int]:
    return set(numbered(shape)[tuple(slice(a, b) for a, b in box)].ravel().tolist())


@given(st.data(), shapes)
def test_boxes_are_places_without_gaps(data: st.DataObject, shape: tuple[int, ...]) -> None:
    at = place(data, shape)
    assert dense(at) == all(np.all(np.diff(elements(e)) == 1) for e in at)
    if dense(at) and prod(selected(at)):
        assert cells(extents(at), shape) == members(numbered(shape), at)


@given(st.data(), shapes)
def test_boxes_inside_boxes(data: st.DataObject, shape: tuple[int, ...]) -> None:
    a, b = data.draw(boxes(shape)), data.draw(boxes(shape))
    one, other = cells(a, shape), cells(b, shape)
    assert prod(size(a)) == len(one)
    assert inside(a, b) == (one <= other)
    both = overlap([a, b])
    assert (set() if both is None else cells(both, shape)) == one & other
    if both is not None:
        rest = [cells(slab, shape) for slab in around(a, both)]
        assert set().union(*rest) == one - other
        assert sum(map(len, rest)) == len(one - other), "slabs do not overlap"


@given(st.data(), shapes)
def test_boxes_are_made_of_stretches(data: st.DataObject, shape: tuple[int, ...]) -> None:
    drawn = data.draw(st.lists(boxes(shape), max_size=3))
    for axis, stretches in enumerate(cuts(drawn, shape)):
        assert [k for a, b in stretches for k in range(a, b)] == list(range(shape[axis]))
        for box in drawn:
            first, end = box[axis]
            assert all((first <= a and b <= end) or b <= first or end <= a for a, b in stretches)
