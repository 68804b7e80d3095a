"""Makes the modules of this folder and of tests/python importable, and a picture."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from pictures import write_photo


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    write_photo(path, 60, 90)
    return path
