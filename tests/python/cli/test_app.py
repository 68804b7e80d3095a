"""`instseg` itself: its options, help and unknown commands."""

from pathlib import Path
from typing import Any

import pytest

import instseg

COMMANDS = [
    *("predict", "import", "info", "benchmark", "demo", "doctor"),
    *("check-dataset", "config", "convert", "demo-dataset", "evaluate", "export", "split", "train"),
]


def test_version(run: Any) -> None:
    assert run("--version").stdout == f"instseg {instseg.__version__}\n"


def test_cmake_dir_holds_the_package(run: Any) -> None:
    folder = Path(run("--cmake-dir").stdout.strip())
    assert (folder / "instsegConfig.cmake").is_file()


def test_help_lists_every_command_with_a_whole_sentence(run: Any) -> None:
    for done in (run("--help"), run()):
        text = done.stdout or done.stderr
        for command in COMMANDS:
            [line] = [line for line in text.splitlines() if line.split()[:1] == [command]]
            assert line.endswith(".")
            assert not line.endswith("...")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Any, command: str) -> None:
    done = run(command, "--help")
    assert done.exit_code == 0
    assert f"Usage: instseg {command}" in done.stdout.replace("Usage: root", "Usage: instseg")


def test_an_unknown_command(run: Any) -> None:
    done = run("predit")
    assert done.exit_code == 2
    assert "predit" in done.stderr
