"""The table of commands, the options of `instseg` itself, and how errors end a command."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import instseg
from instseg.cli.added_commands import add_commands
from instseg.cli.benchmark import benchmark
from instseg.cli.demo import demo
from instseg.cli.doctor import doctor
from instseg.cli.import_model import import_model
from instseg.cli.info import info
from instseg.cli.predict import predict
from instseg.errors import ImageError, InstsegError, InvalidArgument


class _Commands(TyperGroup):
    """Turns the project's errors into one message and an exit code, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (InstsegError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            typer.echo(f"instseg: {error}", err=True)
            wrong_usage = isinstance(error, InvalidArgument) and not isinstance(error, ImageError)
            raise typer.Exit(2 if wrong_usage else 1) from error


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"instseg {instseg.__version__}")
        raise typer.Exit


def _print_cmake_dir(wanted: bool) -> None:
    if wanted:
        typer.echo(Path(instseg.__file__).resolve().parent / "lib" / "cmake" / "instseg")
        raise typer.Exit


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    cmake_dir: Annotated[
        bool,
        typer.Option(
            "--cmake-dir",
            callback=_print_cmake_dir,
            is_eager=True,
            help="Print the folder of the CMake package, for -Dinstseg_DIR=.",
        ),
    ] = False,
) -> None:
    """Instance segmentation: find, box, label and mask the objects in pictures."""


app.command()(predict)
app.command("import")(import_model)
app.command()(info)
app.command()(benchmark)
app.command()(demo)
app.command()(doctor)
add_commands(app)
