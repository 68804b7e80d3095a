"""Commands that other packages bring, by the entry points `instseg.commands`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points

import typer

from instseg.errors import InstsegError

GROUP = "instseg.commands"

Command = Callable[..., None] | typer.Typer


def add_commands(app: typer.Typer) -> None:
    """Adds each to `app`, one with sub-commands as a group of its own."""
    for name, command in added_commands():
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


def added_commands() -> Iterator[tuple[str, Command]]:
    """(name, function or group) of each, by name. One that cannot be loaded says why when it is
    called, so that it never stops the others."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            command: Command = point.load()
        except Exception as error:
            command = _broken(point, error)
        yield point.name, command


def _broken(point: EntryPoint, error: Exception) -> Command:
    def command() -> None:
        raise InstsegError(f"The command {point.name} ({point.value}) cannot be loaded: {error!r}.")

    command.__doc__ = f"(cannot be loaded: {error!r})"
    return command
