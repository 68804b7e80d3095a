"""Runs commands inside this process."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """run("predict", model, picture) -> exit_code, stdout, stderr. What it lets through, raises."""

    def invoke(*arguments: object) -> Result:
        from instseg.cli.app import app

        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return invoke
