"""Writes a result's files and prints what it is, or why there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from instseg.cli.output_files import OutputFiles
from instseg.cli.result_text import result_place
from instseg.errors import InstsegError
from instseg.result import Result


def report_result(
    result: Result,
    position: int,
    files: OutputFiles | None,
    bar: Any,
    text: Callable[[Result], str],
    *,
    name_files: bool = False,
) -> bool:
    """Prints and writes one result; False if it failed.

    position    of its item among those that `files` knows
    bar         a progress bar to clear before printing
    text        what to print of a result whose files were written
    name_files  print the files' paths below
    """
    written: list[Path] = []
    error: Exception | None = result.error
    if error is None and files is not None:
        try:
            written = files.write(position, result)
        except (InstsegError, OSError) as problem:
            error = problem
    bar.clear()
    if error is not None:
        message, place = str(error), result_place(result)
        typer.echo(f"instseg: {message if place in message else f'{place}: {message}'}", err=True)
        return False
    typer.echo(text(result))
    for path in written if name_files else ():
        typer.echo(f"  {path}")
    return True
