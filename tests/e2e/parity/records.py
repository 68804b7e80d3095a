"""Figures of the checks, kept as JSON files: a part of the suite can be run again by itself."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from parity.workplace import REPOSITORY, workplace

Json = dict[str, Any]

WRITTEN: list[Path] = []
"""The files of this run."""


def write_record(check: str, model: str, program_format: str, photo: str, figures: Json) -> None:
    """Replaces the record of the same check, model, format and photo."""
    record = {
        "check": check,
        "model": model,
        "format": program_format,
        "photo": photo,
        "figures": figures,
        "commit": _commit(),
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    folder = workplace() / "records"
    folder.mkdir(parents=True, exist_ok=True)
    name = "_".join((check, model, program_format, photo)).replace(" ", "-")
    file = folder / f"{name}.json"
    file.write_text(json.dumps(record, indent=1), encoding="utf-8")
    WRITTEN.append(file)


def read_records() -> list[Json]:
    files = sorted((workplace() / "records").glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def _commit() -> str:
    """Short id of HEAD; "+" where files that the SDK is built from differ from it."""
    git = ["git", "-C", str(REPOSITORY)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    if head.returncode != 0:
        return "unknown"
    changed = [*git, "diff", "--quiet", "HEAD", "--", "cpp", "python"]
    return head.stdout.strip() + ("+" if subprocess.run(changed).returncode else "")
