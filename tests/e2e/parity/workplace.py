"""Where the suite keeps what it makes: environments, model folders, Paddle's results, records."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def workplace() -> Path:
    """INSTSEG_PARITY_DIR, else build/parity. Nothing in it is needed twice; all of it can go."""
    return Path(os.environ.get("INSTSEG_PARITY_DIR", REPOSITORY / "build" / "parity")).resolve()


def reference_dir() -> Path:
    """The shared data: INSTSEG_REFERENCE_DIR, else beside the repository. May be absent."""
    return Path(os.environ.get("INSTSEG_REFERENCE_DIR", REPOSITORY.parent / "shared")).resolve()
