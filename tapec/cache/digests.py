"""Digests of contents, by BLAKE2."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

DIGEST = 32  # bytes


def _blake2b() -> Callable[..., Any]:
    """The function itself: `hashlib` would load all of OpenSSL, which takes ten times as long."""
    try:
        found: Callable[..., Any] = import_module("_blake2").blake2b
    except ImportError:
        found = import_module("hashlib").blake2b
    return found


_hash = _blake2b()


def digest(content: Any, key: str = "") -> bytes:
    """A digest of a content under a key: under another key it is another one."""
    return bytes(_hash(content, digest_size=DIGEST, key=key.encode()[:64]).digest())


def name_of(text: str) -> str:
    """A short name for a long text, another one for any other text."""
    data = text.encode("utf-8", "surrogatepass")
    return str(_hash(data, digest_size=20).hexdigest())
