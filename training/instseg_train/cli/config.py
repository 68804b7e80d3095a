"""`instseg config show` and `instseg config list`."""

from typing import Annotated

import typer

from instseg_train.cli.run_options import OverrideOption, configuration

config = typer.Typer(
    help="Show the configurations of the models.", no_args_is_help=True, rich_markup_mode=None
)


@config.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="Official name, or YAML file.")],
    override: OverrideOption = None,
) -> None:
    """Print a configuration with all of its keys, to be kept as a file and changed."""
    read = configuration("instseg config show", name, override, {})
    from instseg_train.config import dump_config

    typer.echo(dump_config(read), nl=False)


@config.command("list")
def list_names() -> None:
    """Print the names of the models."""
    from instseg.model_names import OFFICIAL_MODELS

    for name in OFFICIAL_MODELS:
        typer.echo(name)
