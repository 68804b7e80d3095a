"""What a model is called."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .inference_config import InferenceConfig


def model_name(config: InferenceConfig, folder: Path) -> str:
    """Global.model_name; else the folder's name without the endings that archives have.

    A folder whose name says nothing gives "unnamed" and the arch.
    """
    if config.model_name:
        return config.model_name
    name = re.sub(r"[-_](infer|inference|pir|old)$", "", folder.resolve().name)
    if name.lower() in ("", "export", "infer", "inference", "inference_model", "model", "output"):
        return f"unnamed {config.arch}"
    return os.fsencode(name).decode("utf-8", "replace")
