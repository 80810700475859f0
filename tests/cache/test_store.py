"""Entries on disk: what is written is read, and what somebody else could have written is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tapec.cache import store as module
from tapec.cache.store import MAGIC, Store

KEY, CONTENT = "a" * 40, b"some machine code" * 10
unix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are of Unix")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "deep" / "cache")
    assert made.write(KEY, CONTENT) == ""
    return made


def entry(store: Store) -> Path:
    (path,) = store.path.glob("*.entry")
    return path


def test_what_is_written_is_read(store: Store) -> None:
    assert store.read(KEY).content == CONTENT
    assert store.read("b" * 40) == (None, "")
    assert store.size() == (1, entry(store).stat().st_size)


@unix
def test_folder_and_files_are_the_owners_alone(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o700
    assert entry(store).stat().st_mode & 0o777 == 0o600


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"x",
    "no magic": lambda data: data[len(MAGIC) :],
    "another file": lambda data: b"#!/bin/sh\n" * 20,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_entries_are_absent(store: Store, name: str) -> None:
    path = entry(store)
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    found = store.read(KEY)
    assert found.content is None
    assert "damaged" in found.reason or "no entry" in found.reason


def test_any_changed_byte_is_seen(store: Store) -> None:
    path, rng = entry(store), np.random.default_rng(0)
    data = path.read_bytes()
    for place in rng.choice(len(data), 40, replace=False):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(changed))
        assert store.read(KEY).content is None


def test_an_entry_under_another_name_is_none(store: Store) -> None:
    other = "b" * 40
    os.rename(entry(store), store.path / f"{other}.entry")
    assert "damaged" in store.read(other).reason


@unix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_files_that_others_may_write_are_refused(store: Store, mode: int) -> None:
    os.chmod(entry(store), mode)
    assert "others may write" in store.read(KEY).reason


@unix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_folders_that_others_may_write_are_refused(store: Store, mode: int) -> None:
    os.chmod(store.path, mode)
    again = Store(store.path)
    assert "others may write" in again.read(KEY).reason
    assert "others may write" in again.write(KEY, CONTENT)


@unix
def test_what_belongs_to_another_user_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: store.path.stat().st_uid + 1)
    assert "another user" in store.read(KEY).reason
    assert "another user" in Store(store.path).write(KEY, CONTENT)


@unix
def test_links_are_not_followed(store: Store, tmp_path: Path) -> None:
    path = entry(store)
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    assert store.read(KEY).content is None
    linked = tmp_path / "linked"
    linked.symlink_to(store.path)
    assert "link" in Store(linked).read(KEY).reason


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "cache")
    assert store.write(KEY, CONTENT) != ""
    assert store.read(KEY).content is None


def test_entries_that_were_not_used_go_first(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", limit=10_000)
    keys = [f"{k:040}" for k in range(8)]
    for age, key in enumerate(keys):
        store.write(key, bytes(2_000))
        os.utime(store.path / f"{key}.entry", (1_000 + age, 1_000 + age))
    store.read(keys[0])  # is new again
    store.sweep()
    left = {p.stem for p in store.path.glob("*.entry")}
    assert keys[0] in left
    assert keys[7] in left
    assert keys[1] not in left
    assert store.size()[1] <= 10_000


def test_writing_sweeps_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITES_PER_SWEEP", 4)
    store = Store(tmp_path / "cache", limit=50_000)
    for k in range(100):
        store.write(f"{k:040}", bytes(2_000))
        assert store.size()[1] <= 50_000 + 4 * 3_000


def test_large_contents_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ENTRY", 100)
    store = Store(tmp_path / "cache")
    assert "more than one entry" in store.write(KEY, bytes(101))
    assert store.size() == (0, 0)


def test_clear_leaves_nothing(store: Store) -> None:
    (store.path / "1-1.new").write_bytes(b"left by a process that died")
    assert store.clear() == 2
    assert list(store.path.iterdir()) == []


def test_many_threads_write_and_read_whole_entries(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    contents = [bytes([k]) * 5_000 for k in range(4)]

    def work(k: int) -> bool:
        store.write(KEY, contents[k % 4])
        return store.read(KEY).content in contents

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert store.size()[0] == 1
