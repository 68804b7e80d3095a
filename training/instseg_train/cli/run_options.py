"""What the commands that run a configuration share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from instseg_train.config import Config

# Where the model does not matter.
ANY_MODEL = "Mask-RT-DETR-L"

ConfigOption = Annotated[
    str,
    typer.Option(
        "--config",
        "-c",
        metavar="NAME|FILE",
        help="Official name, or YAML file of keys.",
    ),
]
OverrideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--override", "-o", metavar="Section.key=value", help="Replaces a key; repeatable."
    ),
]
DatasetArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the data set.")]
DatasetOption = Annotated[
    Path | None, typer.Option("--dataset", help="Folder of the data set (Global.dataset_dir).")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", help="Folder for what is written (Global.output).")
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="cpu, cpu:2 (two processes), gpu, gpu:0, gpu:0,1 (Global.device)."),
]


def configuration(
    command: str,
    config: str,
    override: list[str] | None,
    options: Mapping[str, object],
    packages: tuple[str, ...] = (),
) -> Config:
    """The configuration that a command runs.

    command   as typed, for messages
    options   key -> the value of a direct option; None: not given. --override has the last word
    packages  modules that it needs, beside pydantic

    Raises MissingPackage, which names the extra, and what `read_config` raises.
    """
    from instseg.optional_package import require

    for package in ("pydantic", *packages):
        require(package, extra="train", purpose=command)
    from instseg_train.config import read_config

    direct = [f"{key}={value}" for key, value in options.items() if value is not None]
    return read_config(config, [*direct, *(override or ())])


def run_to_exit(config: Config) -> None:
    """Runs it; a failure ends the command with its exit code."""
    from instseg_train.workflow import run

    code = run(config)
    if code:
        raise typer.Exit(code)
