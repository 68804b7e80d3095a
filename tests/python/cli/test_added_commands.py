"""Commands of other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

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
