"""Programs that claim much are refused in bounded memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bombs import BOMBS, HARMLESS

Outcomes = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    """What came of each, in a process whose memory is limited."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("bombs.py"))],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", BOMBS)
def test_program_that_claims_much_is_refused(name: str, outcomes: Outcomes) -> None:
    message = outcomes[name]["message"]
    assert (message == "imported") == (name in HARMLESS)
    assert "MemoryError" not in message  # refused before it was tried
    assert len(message) < 1000
    assert outcomes[name]["seconds"] < 30
