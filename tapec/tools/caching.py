"""``tapec cache``: what is kept on disk."""

from __future__ import annotations

import click

from tapec.cache.shared import CACHE
from tapec.config import SETTINGS


@click.group()
def cache() -> None:
    """The compiled programs on disk, which the next process finds again."""


@cache.command("info")
def cache_info() -> None:
    """Where it is, how many programs are in it, and how large they are."""
    store = CACHE.opened()
    count, size = store.size()
    click.echo(f"folder   {store.path}")
    click.echo(f"entries  {count}, {size / 2**20:.1f} of {store.limit / 2**20:.0f} MB")
    click.echo(f"in use   {'yes' if SETTINGS.cache else 'no, TAPEC_CACHE is 0'}")


@cache.command("clear")
def cache_clear() -> None:
    """Remove all of them."""
    store = CACHE.opened()
    click.echo(f"removed {store.clear()} entries of {store.path}")
