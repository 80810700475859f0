"""The command line: ``tapec bench | dump | check | export | opt | ops | surface | ...``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

import click

from tapec.cache.shared import CACHE
from tapec.tools.caching import cache
from tapec.tools.cli_bench import bench
from tapec.tools.cli_export import export
from tapec.tools.cli_options import arg_option, arguments, refusing, seed_option

if TYPE_CHECKING:
    from tapec.ir import Func

STAGES = ("trace", "optimized", "tangent", "adjoint", "loops", "llvm", "asm")
PRODUCTS = ("value", "grad", "jacobian", "hessian", "tangent", "adjoint")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tapec", message="tapec %(version)s")
def main() -> None:
    """tapec: compiled derivatives of plain NumPy functions."""
    CACHE.enabled = False  # these commands show and time what compiling does


main.add_command(cache)
main.add_command(export)
main.add_command(bench)


@main.command()
@click.argument("target")
@arg_option
@seed_option
@click.option(
    "--of",
    "product",
    type=click.Choice(PRODUCTS),
    default="value",
    show_default=True,
    help="Which program.",
)
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="optimized",
    show_default=True,
    help="At which stage.",
)
@refusing
def dump(target: str, specs: tuple[str, ...], seed: int, product: str, stage: str) -> None:
    """Print a program of TARGET (module:function) at a stage of compilation."""
    from tapec.bench.spec import load_function
    from tapec.bench.user import product_of

    kernel, args = product_of(load_function(target), arguments(specs, seed), product)
    click.echo(str(kernel.ir(stage, *args)))


@main.command()
@click.argument("target")
@arg_option
@seed_option
@click.option(
    "--order", type=click.IntRange(1, 2), default=2, show_default=True, help="Highest derivative."
)
@refusing
def check(target: str, specs: tuple[str, ...], seed: int, order: int) -> None:
    """Compare the derivatives of TARGET by every route; status 1 if any differ."""
    from tapec.bench.spec import load_function
    from tapec.bench.user import require_differentiable
    from tapec.tools.check import examine

    function, args = load_function(target), arguments(specs, seed)
    require_differentiable(function, args)
    report = examine(function, *args, order=order)
    click.echo(str(report))
    if not report.ok:
        sys.exit(1)


def _passes(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """List all passes and stop."""
    from tapec.tools.opt import summaries

    if wanted:
        for name, text in summaries():
            click.echo(f"{name:<20} {text}")
        context.exit()


@main.command()
@click.argument("file", type=click.File())
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_passes,
    help="List the passes and stop.",
)
@click.option(
    "--run", "wanted", default="", metavar="PASS,...", help="Such as simplify,tangent(x),dce."
)
@click.option("--verify-each", is_flag=True, help="Verify the program after every pass.")
@click.option(
    "--print-after", "shown", metavar="PASS|all", help="Show the program after it, on stderr."
)
@refusing
def opt(file: TextIO, wanted: str, verify_each: bool, shown: str | None) -> None:
    """Run passes on the program in FILE, or on standard input for -, and print what comes out.

    A derivative is a pass too: tangent, adjoint, gradient, jacobian, ... take the names of the
    parameters to derive by, as in tangent(x, y), and batch those to map, as in batch(x, size=8).
    """
    from tapec.ir.parser import parse
    from tapec.ir.printer import print_func
    from tapec.passes import run
    from tapec.tools.opt import checked_name, steps

    pipeline = steps(wanted)
    chosen = checked_name(shown, pipeline)

    def watch(name: str, before: Func, after: Func, seconds: float) -> None:
        if chosen in ("all", name):
            click.echo(f"# after {name}\n{print_func(after)}", err=True)

    func = parse(file.read(), file.name)
    click.echo(print_func(run(pipeline, func, watch=watch, check=verify_each)))


@main.command()
@click.option("--markdown", is_flag=True, help="As the page tapec/ir/OPS.md.")
def ops(markdown: bool) -> None:
    """The primitives: operands, derivative, native form."""
    from tapec.ir import optable

    click.echo(optable.markdown() if markdown else optable.text(), nl=not markdown)


@main.command()
@click.option("--markdown", is_flag=True, help="As the page docs/surface.md.")
@click.argument("modules", nargs=-1)
def surface(markdown: bool, modules: tuple[str, ...]) -> None:
    """Which functions of NumPy and SciPy work: every one is traced (takes minutes)."""
    from tapec.tools import surface as page

    found = page.survey(*([modules] if modules else []))
    if markdown:
        click.echo(page.markdown(found), nl=False)
        return
    for entry in found:
        click.echo(f"{entry.module}.{entry.name}: {entry.state} {entry.said}".rstrip())


@main.command()
def info() -> None:
    """Versions, backends, processor, settings."""
    from tapec.bench.info import facts

    rows = facts()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")
