"""`instseg import`: from an official folder to a network folder."""

from pathlib import Path
from typing import Annotated

import typer

from instseg.cli.model_options import CacheDir
from instseg.errors import InvalidArgument


def import_model(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="Official model folder, or an official name.")
    ],
    destination: Annotated[
        Path, typer.Argument(metavar="DST", help="Network folder to make; appears whole or not.")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace DST if it is a network folder.")
    ] = False,
    with_program: Annotated[
        bool,
        typer.Option(
            "--with-program",
            help="Take the model's own program along, for an engine that runs it whole: "
            "Paddle Inference from C++.",
        ),
    ] = False,
    cache_dir: CacheDir = None,
) -> None:
    """Make a network folder.

    C++ programs load it, and it is what to ship: `instseg.json` and ONNX files. Python and the
    other commands take official folders directly; they import them into the cache.
    """
    from instseg import importer
    from instseg.cli.progress_bar import stage_bar
    from instseg.model_store import locate_model

    with stage_bar() as progress:
        folder = locate_model(source, cache_dir, progress)
        if importer.is_network_folder(folder):
            raise InvalidArgument(f"{folder} is a network folder already: copy it as it is.")
        importer.import_model(
            folder,
            destination,
            overwrite=overwrite,
            with_program=with_program,
            progress=progress,
        )
    size_bytes = sum(path.stat().st_size for path in destination.iterdir())
    typer.echo(f"{destination}: {size_bytes / 1e6:.1f} MB")
