"""Commands of other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from instseg.cli import added_commands as module
from instseg.errors import InstsegError


def test_commands_come_by_name_and_a_broken_one_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("works", "instseg.cli.doctor:doctor", module.GROUP),
        EntryPoint("broken", "instseg_of_nobody:command", module.GROUP),
    ]
    monkeypatch.setattr(module, "entry_points", lambda group: points)
    commands = dict(module.added_commands())
    assert list(commands) == ["broken", "works"]
    assert commands["works"].__name__ == "doctor"
    assert "No module named 'instseg_of_nobody'" in str(commands["broken"].__doc__)
    with pytest.raises(InstsegError, match=r"command broken \(instseg_of_nobody:command\)"):
        commands["broken"]()


def test_a_command_with_sub_commands_becomes_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    group = typer.Typer(help="The group.")

    @group.command()
    def first() -> None:
        typer.echo("first was called")

    @group.command()
    def second() -> None:
        """Is not called."""

    commands = [("group", group), ("single", lambda: typer.echo("single was called"))]
    monkeypatch.setattr(module, "added_commands", lambda: iter(commands))
    app = typer.Typer()
    module.add_commands(app)
    assert CliRunner().invoke(app, ["group", "first"]).stdout == "first was called\n"
    assert CliRunner().invoke(app, ["single"]).stdout == "single was called\n"
    assert "The group." in CliRunner().invoke(app, ["--help"]).stdout
