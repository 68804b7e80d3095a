"""What runs an exported model on the devices of a configuration."""

from __future__ import annotations

from instseg_train.config import Devices


def engine_and_device(engine: str, devices: Devices) -> tuple[str, str]:
    """Both as options of `instseg.Predictor`; of several devices the first.

    "auto" is Paddle on a GPU: the engines that it chooses from by itself compute on the processor.
    """
    chosen = "paddle" if engine == "auto" and devices.kind == "gpu" else engine
    return chosen, devices.first
