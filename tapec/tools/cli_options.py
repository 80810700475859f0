"""What commands share: the arguments of the user's function, and how mistakes end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click


@contextmanager
def _refusals() -> Iterator[None]:
    """Mistakes of the user end with one line and status 2, refusals of the compiler with 1."""
    from tapec.bench.spec import SpecError
    from tapec.errors import TapecError

    try:
        yield
    except SpecError as problem:
        raise click.UsageError(str(problem)) from None
    except TapecError as problem:
        raise click.ClickException(f"{type(problem).__name__}: {problem}") from None


def refusing(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        with _refusals():
            command(*args, **kwargs)

    return guarded


arg_option = click.option(
    "--arg",
    "specs",
    multiple=True,
    metavar="SPEC",
    help="One argument: 'float64[100]', 'float64[8,3]:0.5..2', 'int64[4]:0..9', 2.5, data.npy.",
)
seed_option = click.option("--seed", default=0, show_default=True, help="Seed of random arguments.")


def arguments(specs: tuple[str, ...], seed: int) -> tuple[Any, ...]:
    import numpy as np

    from tapec.bench.spec import parse_argument

    rng = np.random.default_rng(seed)
    return tuple(parse_argument(spec, rng) for spec in specs)
