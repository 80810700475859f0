"""The command ``tapec export``: C functions of the user's function, in files."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tapec.tools.cli_options import arg_option, arguments, refusing, seed_option


def _numbers(_: click.Context, __: click.Parameter, text: str) -> tuple[int, ...] | int:
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no list of numbers such as 0 or 0,2") from None
    return found[0] if len(found) == 1 else found


@click.command()
@click.argument("target")
@arg_option
@seed_option
@click.option(
    "--of",
    default="value",
    show_default=True,
    metavar="PRODUCT,...",
    help="value, grad, value_and_grad, jac, hess, lower_hess, hvp, gnvp, jvp, vjp.",
)
@click.option(
    "--argnums",
    default="0",
    show_default=True,
    callback=_numbers,
    metavar="N,...",
    help="Arguments to differentiate by.",
)
@click.option("--sparse", is_flag=True, help="Jacobians and Hessians as nonzeros of CSR matrices.")
@click.option(
    "-o",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="Folder of the files.",
)
@click.option("--name", help="Name of the files; by default the function's.")
@click.option("--prefix", help="What names in C begin with; by default the name of the files.")
@click.option(
    "--cpu", default="native", show_default=True, help="native, generic, x86-64-v2, -v3, -v4."
)
@click.option("--triple", help="Another machine, such as aarch64-linux-gnu.")
@click.option(
    "--blas",
    default="{}_",
    show_default=True,
    metavar="SYMBOL",
    help="Symbols of BLAS and LAPACK, {} for the routine.",
)
@click.option("--no-shared", is_flag=True, help="No shared library: no C compiler is needed.")
@click.option("--link", default="", metavar="FLAGS", help="For the shared library: '-lopenblas'.")
@refusing
def export(
    target: str,
    specs: tuple[str, ...],
    seed: int,
    of: str,
    argnums: int | tuple[int, ...],
    sparse: bool,
    folder: Path,
    name: str | None,
    prefix: str | None,
    cpu: str,
    triple: str | None,
    blas: str,
    no_shared: bool,
    link: str,
) -> None:
    """Write TARGET (module:function) as C: object, shared library, header and example.

    One --arg for each argument gives types and shapes; values are those of the example.
    """
    import tapec
    from tapec.bench.spec import load_function
    from tapec.bench.user import require_runs

    function, args = load_function(target), arguments(specs, seed)
    require_runs(function, args)
    kernel = function if isinstance(function, tapec.Kernel) else tapec.compile(function)
    made = kernel.export(
        folder / (name or kernel.__name__),
        *args,
        of=[part.strip() for part in of.split(",") if part.strip()],
        argnums=argnums,
        sparse=sparse,
        prefix=prefix,
        cpu=cpu,
        triple=triple,
        blas=blas,
        shared=not no_shared,
        link=shlex.split(link),
    )
    click.echo(str(made))
    click.echo(f"link with {made.libraries}")
