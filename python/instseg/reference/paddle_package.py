"""The Paddle package: whether it is here, without importing it, and its import."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from instseg.errors import EngineError

REFERENCE_ENGINE = "paddle"
PRECISIONS = ("fp32",)
INSTALL = "pip install 'instseg[paddle]'"
OLDEST = 3
# Each brings the module `paddle`; the first is built with CUDA.
_DISTRIBUTIONS = ("paddlepaddle-gpu", "paddlepaddle")


def paddle_engine() -> dict[str, Any]:
    """The reference engine's row in the table of engines; see `engine_table.engines`.

    Told from what is installed: importing Paddle takes seconds.
    """
    installed = _installed()
    row = {
        "name": REFERENCE_ENGINE,
        "available": False,
        "version": "",
        "devices": ["cpu"],
        "precisions": list(PRECISIONS),
        "remedy": "",
    }
    if installed is None:
        return {
            **row,
            "remedy": f"the package paddlepaddle is not installed; install it with: {INSTALL}",
        }
    name, found = installed
    if int(found.partition(".")[0]) < OLDEST:
        return {**row, "remedy": f"{name} {found} is too old; install {OLDEST}.0 or newer"}
    if find_spec("cv2") is None:
        return {
            **row,
            "remedy": "OpenCV, which prepares its images, is not installed; install it with: "
            "pip install opencv-python-headless",
        }
    devices = ["cpu", "gpu"] if name.endswith("-gpu") else ["cpu"]
    return {**row, "available": True, "version": found, "devices": devices}


def import_paddle() -> Any:
    """The module `paddle`, with `paddle.inference`; raises EngineError, saying what to do."""
    engine = paddle_engine()
    if not engine["available"]:
        raise EngineError(f'The engine "{REFERENCE_ENGINE}" is not available: {engine["remedy"]}.')
    try:
        # Paddle warns where there is no ccache, which only building its extensions needs.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_module("paddle.inference")
            return import_module("paddle")
    except Exception as error:  # a broken binary fails in many ways
        raise EngineError(
            f"Paddle {engine['version']} is installed but cannot be imported: {error}. Install it "
            f"again: {INSTALL}"
        ) from error


def _installed() -> tuple[str, str] | None:
    """Name and version of the distribution that brings Paddle."""
    for name in _DISTRIBUTIONS:
        try:
            return name, version(name)
        except PackageNotFoundError:
            continue
    return None
