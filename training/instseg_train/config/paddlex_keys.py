"""Keys of PaddleX that mean nothing here: read, named in a warning, and left."""

from __future__ import annotations

import logging
from typing import Any

_log = logging.getLogger("instseg")

_CARD = "a checkpoint of this package says itself which model it is"
_ENGINE = "Predict.engine and Predict.precision choose what runs the network"

# Key, or section with all of its keys -> what takes its place.
IGNORED_KEYS: dict[str, str] = {
    "Benchmark": "`instseg benchmark` measures",
    "Global.export_with_pir": "Export.program_format chooses the format",
    "Train.basic_config_path": "the recipe belongs to the model",
    "Train.uniform_output_enabled": "files always lie as with True",
    "Evaluate.basic_config_path": _CARD,
    "Export.basic_config_path": _CARD,
    "Predict.engine_config": _ENGINE,
    "Predict.genai_config": _ENGINE,
    "Predict.hpi_config": _ENGINE,
    "Predict.use_hpip": _ENGINE,
}
# Of this section any key.
_KERNEL_OPTION = ("Predict", "kernel_option")


def drop_ignored_keys(content: dict[str, Any]) -> None:
    """Takes the keys out of a configuration's content; warns of each that was given."""
    for key, reason in IGNORED_KEYS.items():
        *sections, last = key.split(".")
        section = _section(content, sections)
        if last in section:
            del section[last]
            _log.warning("%s of PaddleX has no effect here: %s.", key, reason)
    options = _section(content, _KERNEL_OPTION)
    for name in [name for name in options if name != "run_mode"]:
        del options[name]
        _log.warning("Predict.kernel_option.%s of PaddleX has no effect here: %s.", name, _ENGINE)
    if options.get("run_mode", "paddle") != "paddle":
        _log.warning("Predict.kernel_option.run_mode of PaddleX has no effect here: %s.", _ENGINE)


def _section(content: dict[str, Any], names: Any) -> dict[str, Any]:
    found: Any = content
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
