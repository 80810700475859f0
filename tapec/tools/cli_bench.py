"""``tapec bench``: what to time, against whom, and where the figures go."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tapec.tools.cli_options import arg_option, arguments, refusing, seed_option

if TYPE_CHECKING:
    from tapec.bench.case import Case
    from tapec.bench.command import Files
    from tapec.bench.records import Measurement


@click.command()
@click.argument("target", required=False)
@arg_option
@seed_option
@click.option(
    "--suite",
    default="speed",
    show_default=True,
    type=click.Choice(("speed", "npbench-kind", "hessians")),
    help="Which set of cases.",
)
@click.option(
    "--case", "cases", multiple=True, metavar="GLOB", help="Only these cases of the suite."
)
@click.option("--first", is_flag=True, help="Time the first gradient of fresh processes instead.")
@click.option(
    "--peers",
    default="none",
    show_default=True,
    metavar="all|none|jax,...",
    help="Others to compare with.",
)
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds.")
@click.option("--list", "only_list", is_flag=True, help="List the cases and stop.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all figures.",
)
@click.option(
    "--plot",
    "plot_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw .png, .svg or .pdf.",
)
@click.option(
    "--markdown",
    "page_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a table for a page.",
)
@click.option(
    "--compare",
    "earlier",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show what changed since the run that wrote this JSON.",
)
@click.option(
    "--fail-above",
    type=click.FloatRange(min=0),
    metavar="PERCENT",
    help="With --compare: status 1 where anything takes so much longer.",
)
@refusing
def bench(
    target: str | None,
    specs: tuple[str, ...],
    seed: int,
    suite: str,
    cases: tuple[str, ...],
    first: bool,
    peers: str,
    quick: bool,
    only_list: bool,
    json_file: Path | None,
    plot_file: Path | None,
    page_file: Path | None,
    earlier: Path | None,
    fail_above: float | None,
) -> None:
    """Time values and derivatives, each verified before: the embedded suite, or TARGET.

    TARGET is your own function, module:function or file.py:function, with one --arg for each
    of its arguments.
    """
    from tapec.bench.extra import require

    require()
    from rich.console import Console

    from tapec.bench import compare, report
    from tapec.bench.command import Files, execute

    files = Files(json_file, plot_file, page_file)
    if first:
        _writable(files)
        _first(json_file)
        return
    chosen = _selected(target, specs, seed, suite, cases)
    _writable(files)
    before = _records(earlier, fail_above)
    console = Console()
    if only_list:
        report.listing(console, chosen)
        return
    records = execute(console, chosen, _peer_names(peers), quick, files)
    changed = compare.changes(before, records) if before else []
    if before:
        compare.show(console, changed)
    slow = fail_above is not None and any(c.slower_than(fail_above) for c in changed)
    if slow or any(record.bad for record in records):
        sys.exit(1)


def _first(file: Path | None) -> None:
    from rich.console import Console

    from tapec.bench import first

    first.show(Console(), first.measure(), file)


def _records(earlier: Path | None, fail_above: float | None) -> list[Measurement]:
    from tapec.bench.records import read_json

    if earlier is None:
        if fail_above is not None:
            raise click.UsageError("--fail-above needs --compare FILE")
        return []
    try:
        return read_json(earlier)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--compare") from None


def _selected(
    target: str | None, specs: tuple[str, ...], seed: int, suite: str, cases: tuple[str, ...]
) -> tuple[Case, ...]:
    """The user's function as the only case, or the cases of the suite that match."""
    from tapec.bench.spec import load_function
    from tapec.bench.user import user_case

    if target is not None:
        if cases:
            raise click.UsageError("give TARGET or --case, not both")
        return (user_case(target, load_function(target), arguments(specs, seed)),)
    if specs:
        raise click.UsageError("--arg needs a TARGET such as module:function")
    from tapec.bench.suites import select

    found = select(suite, cases)
    if not found:
        raise click.UsageError(f"no case matches {', '.join(cases)}; see tapec bench --list")
    return found


def _peer_names(peers: str) -> tuple[str, ...]:
    from tapec.bench.peers import parse

    try:
        return parse(peers)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--peers") from None


def _writable(files: Files) -> None:
    """Refuse before two minutes of measuring what could not be saved after."""
    from tapec.bench.plot import FORMATS

    for option, path in files.named().items():
        if not path.absolute().parent.is_dir():
            raise click.BadParameter(f"no directory {path.parent}", param_hint=option)
    if files.plot is not None and files.plot.suffix.lstrip(".").lower() not in FORMATS:
        raise click.BadParameter(
            f"the suffix must be one of {', '.join(FORMATS)}", param_hint="--plot"
        )
